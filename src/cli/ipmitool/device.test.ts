import { after, before, it } from 'node:test'
import fc from 'fast-check'
import { describeNeeds } from '../../lab/kernel/needs-programs.ts'
import { AnsweringRig } from '../../lab/lan/answering-rig.ts'
import { GetChassisStatus } from '../../protocol/commands/chassis.ts'
import { GetDeviceId } from '../../protocol/commands/device.ts'
import { GetSelAllocationInfo, GetSelInfo, GetSelTime } from '../../protocol/commands/sel.ts'
import { CompletionCode } from '../../protocol/completion-code.ts'
import { chassisStatus } from './chassis-status.ts'
import { mcInfo } from './mc-info.ts'
import { assertSameLines, bytes, decoded } from './same-lines.test.fixture.ts'
import { selInfo, selTime } from './sel-info.ts'

const runs = { numRuns: 30 }
const byte = fc.integer({ min: 0, max: 0xff })
const ok = (data: Uint8Array) => Uint8Array.from([CompletionCode.Ok, ...data])

describeNeeds('ipmitool')('in ipmitool’s words', () => {
  let rig: AnsweringRig
  before(async () => {
    rig = await AnsweringRig.start()
  })
  after(() => rig[Symbol.asyncDispose]())

  /** Random revisions and support, makers with product tables and without, with and without auxiliary bytes. */
  const makers = fc.oneof(
    fc.constantFrom(0, 0xfffff, 0xfffffe, 2, 343, 674, 10876, 15000, 19046, 24339, 49769),
    fc.integer({ min: 0, max: 0xffffff }),
  )
  const products = fc.oneof(
    fc.constantFrom(0, 0x0c, 0x1b, 0x0100, 0x1b00),
    fc.integer({ min: 0, max: 0xffff }),
  )
  const versions = fc.constantFrom(0x51, 0x02, 0x01)

  it('mc info is what ipmitool prints', async () => {
    const ids = fc.tuple(
      bytes(3),
      byte,
      versions,
      bytes(1),
      makers,
      products,
      fc.constantFrom(0, 4).chain(bytes),
    )
    await fc.assert(
      fc.asyncProperty(ids, async ([head, minor, version, supports, maker, product, aux]) => {
        const codes = [maker & 0xff, (maker >> 8) & 0xff, maker >> 16, product & 0xff, product >> 8]
        const response = ok(Uint8Array.from([...head, minor, version, ...supports, ...codes, ...aux]))
        rig.raw(GetDeviceId.netFn, GetDeviceId.cmd, () => response)
        assertSameLines(mcInfo(decoded(GetDeviceId, response)!), await rig.ipmitool(['mc', 'info']))
      }),
      runs,
    )
  })

  it('chassis status is what ipmitool prints', async () => {
    const statuses = fc
      .oneof(
        bytes(3),
        bytes(4),
        bytes(3).map(data => Uint8Array.from([...data, 0])),
      )
      .map(ok)
    await fc.assert(
      fc.asyncProperty(statuses, async response => {
        rig.raw(GetChassisStatus.netFn, GetChassisStatus.cmd, () => response)
        const ours = chassisStatus(decoded(GetChassisStatus, response)!)
        assertSameLines(ours, await rig.ipmitool(['chassis', 'status']))
      }),
      runs,
    )
  })

  const interesting = fc.constantFrom(
    0,
    1,
    59,
    86_399,
    86_400,
    31_536_000,
    0x1fffffff,
    0x20000000,
    0xfffffffe,
    0xffffffff,
  )
  const times = fc.oneof(interesting, fc.integer({ min: 0, max: 0xffffffff }))
  const counts = fc.oneof(
    fc.constantFrom(0, 1, 4095, 4096, 0xfffe, 0xffff),
    fc.integer({ min: 0, max: 0xffff }),
  )

  it('sel info is what ipmitool prints, whether the BMC tells of its allocation or not', async () => {
    const allocations = fc.oneof(bytes(9).map(ok), fc.constant(Uint8Array.of(CompletionCode.InvalidCommand)))
    const infos = fc.tuple(fc.constantFrom(0x51, 0x02, 0x20, 0), counts, counts, times, times, bytes(1))
    await fc.assert(
      fc.asyncProperty(
        infos,
        allocations,
        async ([version, entries, free, added, erased, [flags]], allocation) => {
          const raw = Buffer.alloc(15)
          raw.set([0, version])
          raw.writeUInt16LE(entries, 2)
          raw.writeUInt16LE(free, 4)
          raw.writeUInt32LE(added, 6)
          raw.writeUInt32LE(erased, 10)
          raw.set([flags!], 14)
          rig
            .raw(GetSelInfo.netFn, GetSelInfo.cmd, () => raw)
            .raw(GetSelAllocationInfo.netFn, GetSelAllocationInfo.cmd, () => allocation)
          const ours = selInfo(decoded(GetSelInfo, raw)!, decoded(GetSelAllocationInfo, allocation))
          assertSameLines(ours, await rig.ipmitool(['sel', 'info']))
        },
      ),
      runs,
    )
  })

  it('sel time get is what ipmitool prints', async () => {
    await fc.assert(
      fc.asyncProperty(times, async time => {
        rig.on(GetSelTime, () => ({ time }))
        assertSameLines(selTime(time), await rig.ipmitool(['sel', 'time', 'get']))
      }),
      runs,
    )
  })
})
