import { after, before, it } from 'node:test'
import fc from 'fast-check'
import { describeNeeds } from '../../lab/kernel/needs-programs.ts'
import { serveSdrs, serveSel } from '../../lab/lan/answered-records.ts'
import { AnsweringRig } from '../../lab/lan/answering-rig.ts'
import { GetDeviceId } from '../../protocol/commands/device.ts'
import { DELL } from './dell-events.ts'
import { deviceId, makerEvents, otherRecords, selRecords, sensors } from './random-records.test.fixture.ts'
import { sensorAnswers, serveSensors } from './random-sensors.test.fixture.ts'
import { assertSameLines, drawn, seeds } from './same-lines.test.fixture.ts'
import { sdrElist, sdrList } from './sdr-list.ts'
import { selElist, selList } from './sel-list.ts'
import { sensorList } from './sensor-list.ts'
import type { Style } from './style.ts'

const flagPairs = fc.record({ isUtc: fc.boolean(), isCsv: fc.boolean() })

function flagsOf({ isUtc, isCsv }: Style): string[] {
  return [...(isUtc ? ['-Z'] : []), ...(isCsv ? ['-c'] : [])]
}

const bulk = { numRuns: 4, endOnFailure: true, includeErrorInReport: true } as const

describeNeeds('ipmitool')('in ipmitool’s words', () => {
  let rig: AnsweringRig
  const zone = process.env.TZ
  before(async () => {
    rig = await AnsweringRig.start()
  })
  after(async () => {
    await rig[Symbol.asyncDispose]()
    if (zone === undefined) delete process.env.TZ
    else process.env.TZ = zone
  })

  const zones = [
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'Asia/Kolkata',
    'America/Sao_Paulo',
    'Australia/Lord_Howe',
  ]

  it('sel list and sel elist are what ipmitool prints of 500 random records, in several time zones, with -Z and -c', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, fc.constantFrom(...zones), flagPairs, async (seed, tz, style) => {
        process.env.TZ = tz
        const records = drawn(selRecords, seed)
        const sdrs = drawn(sensors, seed)
        serveSel(rig, records)
        serveSdrs(rig, sdrs)
        const flags = flagsOf(style)
        assertSameLines(selList({ records }, style), await rig.ipmitool([...flags, 'sel', 'list']))
        assertSameLines(selElist({ records, sdrs }, style), await rig.ipmitool([...flags, 'sel', 'elist']))
      }),
      bulk,
    )
  })

  it('sel list of a Dell is what ipmitool prints of 500 random events, with what it finds in their data', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async seed => {
        const records = drawn(makerEvents, seed)
        serveSel(rig, records)
        rig.on(GetDeviceId, () => ({ ...deviceId, manufacturerId: DELL }))
        assertSameLines(selList({ records, maker: DELL }), await rig.ipmitool(['sel', 'list']))
        rig.on(GetDeviceId, () => deviceId)
      }),
      bulk,
    )
  })

  it('sdr list, sdr elist and sensor list are what ipmitool prints of 200 random sensors and readings, with -c too', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, flagPairs, async (seed, style) => {
        const flags = flagsOf(style)
        const sdrs = drawn(sensors, seed)
        serveSdrs(rig, sdrs)
        serveSensors(rig, seed)
        const answers = sensorAnswers(sdrs, seed)
        assertSameLines(sdrList(answers, style), await rig.ipmitool([...flags, 'sdr', 'list']))
        assertSameLines(sdrElist(answers, style), await rig.ipmitool([...flags, 'sdr', 'elist']))
        assertSameLines(sensorList(answers, style), await rig.ipmitool([...flags, 'sensor', 'list']))
      }),
      bulk,
    )
  })

  it('sdr list all and sdr elist all are what ipmitool prints of random locators and event-only records, with -c too', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, flagPairs, async (seed, style) => {
        const flags = flagsOf(style)
        const records = drawn(otherRecords, seed)
        serveSdrs(rig, records)
        const rows = records.map(record => ({ record }))
        assertSameLines(sdrList(rows, style), await rig.ipmitool([...flags, 'sdr', 'list', 'all']))
        assertSameLines(sdrElist(rows, style), await rig.ipmitool([...flags, 'sdr', 'elist', 'all']))
      }),
      bulk,
    )
  })
})
