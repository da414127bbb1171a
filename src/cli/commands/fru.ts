/** `lastword fru`: what the parts of the machine say of themselves. IPMI 2.0 rev 1.1, section 34. */
import type { Bmc } from '../../client/bmc.ts'
import { CompletionCodeError, completionText } from '../../protocol/completion-code.ts'
import { LastwordError } from '../../protocol/error.ts'
import { boardDate } from '../../protocol/fru/areas.ts'
import type { FruField } from '../../protocol/fru/field.ts'
import { type DecodedFru, decodeFru, type FruInventory } from '../../protocol/fru/inventory.ts'
import type { FruLocatorRecord, McLocatorRecord } from '../../protocol/sdr/record.ts'
import { isoTime } from '../../protocol/time-stamp.ts'
import { bridged } from '../connection/open.ts'
import { type Context, group, subcommand } from '../declare.ts'
import {
  type FruAnswer,
  type FruDevice,
  fruLocators,
  fruPrint,
  fruPrintFails,
} from '../ipmitool/fru-print.ts'
import { readNamedFile, writeNamedFile } from '../named-file.ts'
import { file, optional } from '../params.ts'
import { phrase } from '../phrase.ts'
import { readRecords } from '../sensors.ts'
import { edit, type FruTextArea, idArg, internaluse } from './fru-edit.ts'

const BMC_ADDRESS = 0x20

interface ReadDevice extends FruDevice {
  name: string
}

/** The BMC's own inventory and those that the SDRs tell of; one after the other, each with many requests under way. */
async function readDevices(context: Context, only: number | undefined): Promise<ReadDevice[]> {
  const bmc = await context.bmc()
  const { signal } = context
  if (only !== undefined) {
    const read = () => bmc.fru.read(only, { signal })
    const answer = await contentOf(read, context.format === 'ipmitool' ? 'told' : 'thrown')
    return [{ fruId: only, name: `FRU ${only}`, answer, isAlone: true }]
  }
  const [{ supports }, records] = await Promise.all([bmc.identify({ signal }), readRecords(context)])
  const locators = fruLocators(records)
  using progress = await context.progress('reading inventories', locators.length + 1)
  const own = supports.fruInventory ? await contentOf(() => bmc.fru.read(0, { signal })) : 'unsupported'
  const devices: ReadDevice[] = [{ fruId: 0, name: 'Builtin FRU Device', answer: own }]
  for (const record of locators) {
    progress.to(devices.length)
    const fruId = record.kind === 'fruLocator' ? record.device.fruId : 0
    const owner = controllerOf(bmc, record)
    devices.push({
      record,
      fruId,
      name: record.id,
      answer: await contentOf(() => owner.fru.read(fruId, { signal })),
    })
  }
  return devices
}

/** The controller that holds the inventory, as a BMC behind the BMC. */
function controllerOf(bmc: Bmc, record: FruLocatorRecord | McLocatorRecord): Bmc {
  const isController = record.kind === 'mcLocator'
  const address = isController ? record.slaveAddress : record.device.accessAddress << 1
  const channel = isController ? record.channel : 0
  return address === BMC_ADDRESS || address === 0 ? bmc : bridged(bmc, { target: address, channel })
}

/** A device that is not there is no reason not to show the others; the one that was asked for is an error. */
async function contentOf(
  read: () => Promise<Uint8Array>,
  refusal: 'told' | 'thrown' = 'told',
): Promise<FruAnswer> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof CompletionCodeError && refusal === 'told') return error.completionCode
    const isSilent = error instanceof LastwordError && ['FRU_BAD', 'BRIDGE_TIMEOUT'].includes(error.code)
    if (isSilent) return 'noResponse'
    throw error
  }
}

function decoded({ answer }: ReadDevice): DecodedFru {
  const nothing = (problem: string) => ({ inventory: { multiRecords: [] }, problems: [problem] })
  if (answer === 'unsupported') return nothing('the BMC has no inventory of its own')
  if (answer === 'noResponse') return nothing('it does not answer')
  if (typeof answer === 'number') return nothing(`it is not there: ${completionText(answer)}`)
  try {
    return decodeFru(answer)
  } catch (error) {
    return nothing((error as Error).message)
  }
}

/** Inventories that cannot be read; one that is not there is no fault. */
function tellProblems({ problem }: Context, bmc: Bmc, devices: readonly ReadDevice[]): void {
  for (const device of devices) {
    const isBad = device.answer instanceof Uint8Array || device.answer === 'noResponse'
    const { inventory, problems } = decoded(device)
    const isEmpty = Object.keys(inventory).length === 1 && inventory.multiRecords.length === 0
    if (isBad && isEmpty && problems.length > 0)
      problem(new LastwordError('FRU_BAD', `FRU ${device.fruId}: ${problems[0]}`).at(bmc.url))
  }
}

const print = subcommand({
  name: 'print',
  summary: 'the inventories',
  args: { id: optional(idArg) },
  async run(context, { id }) {
    const devices = await readDevices(context, id)
    if (context.format !== 'ipmitool') tellProblems(context, await context.bmc(), devices)
    return devices
  },
  data: devices =>
    devices.map(device => {
      const { inventory, problems } = decoded(device)
      return { fruId: device.fruId, name: device.name, ...areasData(inventory), problems }
    }),
  view: as => as.lines(devices => devices.map(deviceText).join('\n')),
  ipmitool(devices, { fail }) {
    if (fruPrintFails(devices)) fail()
    return fruPrint(devices)
  },
})

const areas: readonly FruTextArea[] = ['chassis', 'board', 'product']

/** Fields as plain text. */
function areasData(inventory: FruInventory) {
  const made = inventory.board === undefined ? undefined : boardDate(inventory.board)
  const entries = areas.flatMap(area => {
    const content = inventory[area]
    if (content === undefined) return []
    return [
      [area, Object.fromEntries(Object.entries(content).map(([name, value]) => [name, plainField(value)]))],
    ]
  })
  return {
    ...Object.fromEntries(entries),
    ...(made === undefined ? {} : { boardMade: isoTime(made) }),
    multiRecords: inventory.multiRecords,
  } as Record<string, unknown>
}

function plainField(value: number | FruField | FruField[]): unknown {
  if (typeof value === 'number') return value
  return Array.isArray(value) ? value.map(field => field.text) : value.text
}

function deviceText(device: ReadDevice): string {
  const { inventory, problems } = decoded(device)
  const lines = areas.flatMap(area => {
    const content = inventory[area]
    return content === undefined
      ? []
      : Object.entries(content).flatMap(([name, value]) => fieldLines(area, name, value))
  })
  const made = inventory.board === undefined ? undefined : boardDate(inventory.board)
  if (made !== undefined) lines.push(['board made', isoTime(made)])
  if (inventory.multiRecords.length > 0) lines.push(['multi-records', String(inventory.multiRecords.length)])
  const width = Math.max(0, ...lines.map(([label]) => label.length))
  return [
    `${device.name} (FRU ${device.fruId})`,
    ...lines.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`.trimEnd()),
    ...problems.map(problem => `  ${problem}`),
    '',
  ].join('\n')
}

type Line = [label: string, value: string]

function fieldLines(area: FruTextArea, name: string, value: number | FruField | FruField[]): Line[] {
  if (name === 'language' || name === 'madeMinutes') return []
  if (typeof value === 'number') return [[`${area} ${phrase(name)}`, String(value)]]
  const fields = Array.isArray(value) ? value : [value]
  return fields.filter(field => field.text !== '').map(field => [`${area} ${phrase(name)}`, field.text])
}

const list = subcommand({
  name: 'list',
  summary: 'the devices that have an inventory',
  run: async ({ bmc, signal }) => (await bmc()).fru.list({ signal }),
  data: devices => devices.map(({ fruId, name }) => ({ fruId, name })),
  view: as =>
    as.table('There is none.', ['FRU', device => device.fruId, 'right'], ['name', device => device.name]),
})

const read = subcommand({
  name: 'read',
  summary: 'writes the bytes of an inventory into a file',
  args: { id: idArg, file: file('FILE', 'where to') },
  async run({ bmc, signal }, { id, file: path }) {
    const raw = await (await bmc()).fru.read(id, { signal })
    writeNamedFile(path, raw)
    return { file: path, bytes: raw.length }
  },
  view: as => as.lines(({ file: path, bytes }) => `${bytes} bytes are in ${path}.`),
})

const write = subcommand({
  name: 'write',
  summary: 'writes the bytes of a file into an inventory',
  args: { id: idArg, file: file('FILE', 'an inventory') },
  async run({ bmc, signal }, { id, file: path }) {
    const raw = readNamedFile(path)
    await (await bmc()).fru.write(id, 0, raw, { signal })
    return { fruId: id, bytes: raw.length }
  },
  view: as => as.lines(({ fruId, bytes }) => `${bytes} bytes are written to FRU ${fruId}.`),
})

export const fru = group(
  'fru',
  'what the parts of the machine say of themselves',
  [print, list, read, write, edit, internaluse],
  { whenAlone: 'print' },
)
