/** `lastword fru edit` and `internaluse`: changes parts of an inventory. FRU storage definition 1.0, sections 9 to 12. */
import type { Fru } from '../../client/fru.ts'
import { LastwordError } from '../../protocol/error.ts'
import { fruText } from '../../protocol/fru/field.ts'
import { decodeFru, decodeFruHeader, type FruInventory } from '../../protocol/fru/inventory.ts'
import { subcommand } from '../declare.ts'
import { hexBytes } from '../hex.ts'
import { readNamedFile, writeNamedFile } from '../named-file.ts'
import { choice, file, integer, mapped, optional, text, UsageError } from '../params.ts'

export const idArg = integer('ID', 'FRU device ID', { max: 0xff })

/** Throws LastwordError FRU_BAD where something is wrong with it. */
async function wholeInventory(fru: Fru, id: number, signal: AbortSignal): Promise<FruInventory> {
  const { inventory, problems } = await fru.inventory(id, { signal })
  if (problems.length === 0) return inventory
  throw new LastwordError('FRU_BAD', `FRU ${id}: ${problems[0]}`, {
    hint: 'What is damaged is not written over.',
  })
}

/** ipmitool names a field by the letter of its area and its place in it. */
const areaLetters = { c: 'chassis', b: 'board', p: 'product' } as const
export type FruTextArea = (typeof areaLetters)[keyof typeof areaLetters]

export const edit = subcommand({
  name: 'edit',
  summary: 'changes a text of an inventory',
  args: {
    id: idArg,
    what: choice(['field'], 'a text'),
    area: mapped(areaLetters, 'chassis, board or product'),
    field: integer('FIELD', 'its place in the area, from 0', { max: 30 }),
    text: text('TEXT', 'the new text'),
  },
  async run({ bmc, signal }, { id, what, area, field, text: given }) {
    const { fru } = await bmc()
    const inventory = await wholeInventory(fru, id, signal)
    const changed = { ...inventory, [area]: withField(inventory[area], field, given, area) }
    await fru.writeInventory(id, changed, { signal })
    return { fruId: id, area, [what]: field, text: given }
  },
  view: as =>
    as.lines(({ fruId, area, field, text: shown }) => `FRU ${fruId}, ${area} field ${field}: ${shown}`),
})

/** Texts in the order in which they stand in the area, the maker's own behind the others. */
function withField(content: FruInventory[FruTextArea], place: number, given: string, area: FruTextArea) {
  const names = Object.keys(content ?? {}).filter(
    name => typeof content?.[name as keyof typeof content] === 'object' && name !== 'custom',
  )
  const custom = content?.custom ?? []
  if (content === undefined || place >= names.length + custom.length) {
    throw new UsageError(
      `the ${area} area has ${content === undefined ? 'no fields' : `fields 0 to ${names.length + custom.length - 1}`}`,
    )
  }
  const field = fruText(given)
  const name = names[place]
  if (name !== undefined) return { ...content, [name]: field }
  return { ...content, custom: custom.with(place - names.length, field) }
}

export const internaluse = subcommand({
  name: 'internaluse',
  summary: 'the part of an inventory that its device uses for itself',
  args: {
    id: idArg,
    action: choice(['info', 'print', 'read', 'write'], 'its length, its bytes, into a file, or from a file'),
    file: optional(file('FILE', 'of read and write')),
  },
  async run({ bmc, signal }, { id, action, file: path }) {
    const needsFile = action === 'read' || action === 'write'
    if (needsFile !== (path !== undefined))
      throw new UsageError(`fru internaluse: ${action} takes ${needsFile ? 'a file' : 'no file'}`)
    const { fru, url } = await bmc()
    const raw = await fru.read(id, { signal })
    const area = decodeFru(raw).inventory.internalUse ?? new Uint8Array(0)
    if (action === 'info') return { fruId: id, bytes: area.length }
    if (area.length === 0)
      throw new LastwordError('FRU_BAD', `FRU ${id}: it has no internal use area`).at(url)
    if (path === undefined) return { fruId: id, bytes: area.length, data: area }
    if (action === 'read') writeNamedFile(path, area)
    else
      await fru.write(id, decodeFruHeader(raw)['internal use'], fitting(readNamedFile(path), area), {
        signal,
      })
    return { fruId: id, bytes: area.length, file: path }
  },
  view: as =>
    as.record(
      ['FRU', ({ fruId }) => fruId],
      ['bytes', ({ bytes }) => bytes],
      ['data', ({ data }) => (data === undefined ? undefined : hexBytes(data))],
      ['file', ({ file: path }) => path],
    ),
})

/** Throws UsageError for more than there is room for. */
function fitting(given: Uint8Array, area: Uint8Array): Uint8Array {
  if (given.length <= area.length) return given
  throw new UsageError(`the file has ${given.length} bytes, the area ${area.length}`)
}
