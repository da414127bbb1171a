import { after, before, it } from 'node:test'
import fc from 'fast-check'
import { describeNeeds } from '../../lab/kernel/needs-programs.ts'
import { serveSdrs } from '../../lab/lan/answered-records.ts'
import { AnsweringRig } from '../../lab/lan/answering-rig.ts'
import { GetDeviceId } from '../../protocol/commands/device.ts'
import { GetFruInventoryAreaInfo, ReadFruData } from '../../protocol/commands/fru.ts'
import { CompletionCode } from '../../protocol/completion-code.ts'
import type { FruLocatorRecord, SdrRecord } from '../../protocol/sdr/record.ts'
import { type FruAnswer, fruLocators, fruPrint } from './fru-print.ts'
import { deviceId, noSupport } from './random-records.test.fixture.ts'
import { assertSameLines, bytes, drawn, seeds } from './same-lines.test.fixture.ts'

const byte = fc.integer({ min: 0, max: 255 })

/** Binary, BCD plus, six bits, Latin 1; one byte of Latin 1 would be the end mark. */
const field = fc
  .tuple(fc.constantFrom(0, 1, 2, 3, 3, 3, 3), fc.constantFrom(0, 0, 1, 2, 3, 4, 5, 8, 13, 30, 63))
  .filter(([encoding, length]) => encoding !== 3 || length !== 1)
  .chain(([encoding, length]) => bytes(length).map(raw => [(encoding << 6) | length, ...raw]))

/** Version, length, head and fields, custom ones too, end mark, filling, a checksum that is right or not. */
function area(headBytes: number, fields: number) {
  const list = fc.array(field, { minLength: fields, maxLength: fields + 3 })
  return fc.tuple(bytes(headBytes), list, fc.constantFrom(0, 0, 1)).map(([head, content, wrongBy]) => {
    const body = [...head, ...content.flat(), 0xc1]
    const units = Math.ceil((body.length + 3) / 8)
    const raw = new Uint8Array(units * 8)
    raw.set([1, units, ...body])
    raw[raw.length - 1] = (wrongBy - raw.reduce((sum, value) => sum + value, 0)) & 0xff
    return raw
  })
}

const parts = fc.record(
  { internalUse: bytes(8), chassis: area(1, 2), board: area(4, 5), product: area(1, 7) },
  { requiredKeys: [] },
)

const inventory = fc
  .tuple(parts, fc.constantFrom(0, 0, 0, 7))
  .map(([{ internalUse, chassis, board, product }, wrongBy]) => {
    const header = [1, 0, 0, 0, 0, 0, 0]
    const content: number[] = []
    for (const [i, part] of [internalUse, chassis, board, product].entries()) {
      if (part === undefined) continue
      header[1 + i] = 1 + content.length / 8
      content.push(...part)
    }
    const checksum = (wrongBy - header.reduce((sum, value) => sum + value, 0)) & 0xff
    return Uint8Array.from([...header, checksum, ...content])
  })

const senseless = fc.constantFrom(new Uint8Array(64).fill(0xff), new Uint8Array(64))
const answers = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: inventory },
    senseless,
    byte.filter(code => code !== CompletionCode.NodeBusy && code !== 0),
  ),
  { minLength: 60, maxLength: 60 },
)

const locator = fc
  .tuple(
    fc.string({ minLength: 0, maxLength: 15 }),
    fc.constantFrom(0x10, 0x10, 0x10, 0x07, 0x08, 0x0f, 0x11),
    fc.constantFrom(0, 0, 2, 3),
    fc.constantFrom(true, true, false),
  )
  .map(
    ([id, deviceType, deviceTypeModifier, isLogical]): Omit<FruLocatorRecord, 'recordId'> => ({
      kind: 'fruLocator',
      device: { accessAddress: 0x10, fruId: 0, bus: 0, lun: 0, isLogical, channel: 0 },
      deviceType,
      deviceTypeModifier,
      entity: { id: 7, instance: 1, isLogical: false },
      oem: 0,
      id,
    }),
  )
const locators = fc.array(locator, { minLength: 60, maxLength: 60 })

describeNeeds('ipmitool')('in ipmitool’s words', () => {
  let rig: AnsweringRig
  before(async () => {
    rig = await AnsweringRig.start()
  })
  after(() => rig[Symbol.asyncDispose]())

  function serveFrus(frus: readonly FruAnswer[]): void {
    rig
      .on(GetDeviceId, () => ({
        ...deviceId,
        supports: { ...noSupport, fruInventory: frus[0] !== 'unsupported' },
      }))
      .on(GetFruInventoryAreaInfo, ({ fruId }) => {
        const answer = frus[fruId]
        if (answer instanceof Uint8Array) return { sizeBytes: answer.length, unit: 'byte' as const }
        return typeof answer === 'number' ? answer : CompletionCode.NotPresent
      })
      .on(ReadFruData, ({ fruId, offset, count }) => {
        const data = (frus[fruId] as Uint8Array).subarray(offset, offset + count)
        return { count: data.length, data }
      })
  }

  it('fru print is what ipmitool prints of random inventories, of senseless ones, and of refusals', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, fc.boolean(), async (seed, isSupported) => {
        const frus: FruAnswer[] = drawn(answers, seed)
        if (!isSupported) frus[0] = 'unsupported'
        const sdrs: SdrRecord[] = drawn(locators, seed).map((record, i) => ({
          ...record,
          recordId: i + 1,
          device: { ...record.device, fruId: i },
        }))
        serveFrus(frus)
        serveSdrs(rig, sdrs)
        const others = fruLocators(sdrs).map(record => {
          const { fruId } = (record as FruLocatorRecord).device
          return { record, fruId, answer: frus[fruId]! }
        })
        const ours = fruPrint([{ fruId: 0, answer: frus[0]! }, ...others])
        assertSameLines(ours, await rig.ipmitool(['fru', 'print']))
      }),
      { numRuns: 5, endOnFailure: true, includeErrorInReport: true },
    )
  })
})
