import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { needs } from '../../lab/kernel/needs-programs.ts'
import { serveSdrs, serveSel } from '../../lab/lan/answered-records.ts'
import { AnsweringRig } from '../../lab/lan/answering-rig.ts'
import { selRecords, sensors } from './random-records.test.fixture.ts'
import { sensorAnswers, serveSensors } from './random-sensors.test.fixture.ts'
import { assertSameLines, drawn, seeds } from './same-lines.test.fixture.ts'
import { sdrElist, sdrList } from './sdr-list.ts'
import { selElist, selList } from './sel-list.ts'
import { sensorList } from './sensor-list.ts'

const bulk = { numRuns: 3, endOnFailure: true, includeErrorInReport: true } as const

describe('in ipmitool’s words', needs('ipmitool'), () => {
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

  it('sel list and sel elist are what ipmitool prints of 500 random records, in several time zones and with -Z', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, fc.constantFrom(...zones), fc.boolean(), async (seed, tz, isUtc) => {
        process.env.TZ = tz
        const records = drawn(selRecords, seed)
        const sdrs = drawn(sensors, seed)
        serveSel(rig, records)
        serveSdrs(rig, sdrs)
        const flags = isUtc ? ['-Z'] : []
        assertSameLines(selList(records, { isUtc }), await rig.ipmitool([...flags, 'sel', 'list']))
        assertSameLines(selElist(records, sdrs, { isUtc }), await rig.ipmitool([...flags, 'sel', 'elist']))
      }),
      bulk,
    )
  })

  it('sdr list, sdr elist and sensor list are what ipmitool prints of 200 random sensors and readings', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async seed => {
        const sdrs = drawn(sensors, seed)
        serveSdrs(rig, sdrs)
        serveSensors(rig, seed)
        const answers = sensorAnswers(sdrs, seed)
        assertSameLines(sdrList(answers), await rig.ipmitool(['sdr', 'list']))
        assertSameLines(sdrElist(answers), await rig.ipmitool(['sdr', 'elist']))
        assertSameLines(sensorList(answers), await rig.ipmitool(['sensor', 'list']))
      }),
      bulk,
    )
  })
})
