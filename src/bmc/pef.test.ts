import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ResponseOf } from '../protocol/command.ts'
import {
  ActivatePowerLimit,
  GetAssetTag,
  GetDcmiCapabilitiesInfo,
  GetDcmiSensorInfo,
  GetPowerLimit,
  GetPowerReading,
  GetTemperatureReadings,
  SetAssetTag,
  SetPowerLimit,
} from '../protocol/commands/dcmi.ts'
import {
  AlertImmediate,
  GetLastProcessedEventId,
  PetAcknowledge,
  SetPefConfigurationParameters,
} from '../protocol/commands/pef.ts'
import { decodeSelRecord, type SystemEventRecord } from '../protocol/sel-record.ts'
import { PefFixture, pefConfig } from './pef.test.fixture.ts'
import { matches } from './pef.ts'
import { Fixture } from './testing.ts'

describe('platform event filtering', () => {
  it('sends an event as a trap to each destination of the configuration', () => {
    const fixture = new PefFixture()
    fixture.setCpu(95)
    assert.deepEqual(
      fixture.traps.map(({ address }) => address),
      ['192.0.2.7', '192.0.2.8'],
    )
    const { trap } = fixture.traps[0]!
    assert.deepEqual([trap.sensorType, trap.eventType, trap.offset, trap.isDeassertion], [1, 1, 9, false])
    assert.equal(trap.community, 'public')
    const { sensorNumber, entityId, entityInstance, eventData } = trap
    assert.deepEqual([sensorNumber, entityId, entityInstance], [1, 3, 2])
    assert.deepEqual([...eventData.subarray(0, 3)], [0x59, 95, 90])
    fixture.setCpu(40)
    assert.equal(fixture.traps[2]!.trap.isDeassertion, true)
  })

  it('repeats what is not acknowledged, as often as it should, and no more', () => {
    const fixture = new PefFixture()
    fixture.setCpu(95)
    fixture.pass(60)
    const numbers = fixture.traps.filter(({ address }) => address === '192.0.2.8')
    assert.equal(numbers.length, 4, 'once and three times again')
    assert.equal(new Set(numbers.map(({ trap }) => trap.sequenceNumber)).size, 1)
    fixture.setCpu(40)
    const { sequenceNumber } = fixture.traps.at(-1)!.trap
    const acknowledge = {
      sequenceNumber,
      localTimestamp: 0,
      eventSourceType: 0x20,
      sensorDevice: 0x20,
      sensorNumber: 1,
      eventData: new Uint8Array(3),
    }
    const sofar = fixture.traps.length
    fixture.run(PetAcknowledge, acknowledge)
    fixture.pass(30)
    assert.equal(fixture.traps.length, sofar)
    assert.equal(fixture.code(PetAcknowledge, acknowledge), 0xcb)
  })

  it('does what a filter says, once that is set over IPMI', () => {
    const fixture = new PefFixture({ pef: { enabled: true } })
    const { filter } = fixture.filter(3)
    fixture.changeFilter(3, {
      configuration: { type: 'software', enabled: true },
      actions: { ...filter.actions, powerDown: true, reset: true },
      sensorNumber: 1,
    })
    fixture.setCpu(95)
    assert.deepEqual(fixture.actions, ['powerDown'], 'the stronger of two actions')
    assert.equal(fixture.run(GetLastProcessedEventId, {}).lastBmcProcessedId, 1)
    fixture.run(SetPefConfigurationParameters, { selector: 7, data: Uint8Array.of(3, 0x00) })
    assert.equal(fixture.filter(3).filter.configuration.enabled, false, 'parameter 7 is a part of 6')
    assert.equal(fixture.filter(3).filter.sensorNumber, 1)
  })

  it('sends the latest event at once when it is told to', () => {
    const fixture = new PefFixture({ pef: { enabled: false, destinations: [{ address: '192.0.2.9' }] } })
    const alert = { destination: 1, operation: 'initiate' as const }
    const request = { channel: 1, alert, string: { selector: 0, send: false } }
    assert.equal(fixture.code(AlertImmediate, request), 0xcb)
    fixture.setCpu(95)
    fixture.run(AlertImmediate, request)
    assert.equal(fixture.traps.length, 1)
    const status = fixture.run(AlertImmediate, { ...request, alert: { ...alert, operation: 'getStatus' } })
    assert.equal(status.status, 'normalEnd')
  })

  it('compares event data with masks as section 17.8 says', () => {
    const fixture = new PefFixture()
    fixture.setCpu(95)
    const event = fixture.bmc.sel.records.map(decodeSelRecord)[0] as SystemEventRecord
    const { filter } = fixture.filter(2)
    const with1 = (data1: typeof filter.data1) => matches({ ...filter, data1 }, event)
    assert.ok(with1({ andMask: 0, compare1: 0, compare2: 0 }))
    assert.ok(with1({ andMask: 0x0f, compare1: 0xff, compare2: 0x09 }))
    assert.ok(!with1({ andMask: 0x0f, compare1: 0xff, compare2: 0x08 }))
    assert.ok(with1({ andMask: 0x0f, compare1: 0x00, compare2: 0x0b }))
    assert.ok(!with1({ andMask: 0x0f, compare1: 0x00, compare2: 0x06 }))
    assert.ok(!matches({ ...filter, offsetMask: 1 << 7 }, event))
    assert.ok(!matches({ ...filter, sensorType: 2 }, event))
  })
})

describe('DCMI', () => {
  const temperature = { sensorType: 1, entityId: 65, entityInstance: 0, firstInstance: 0 }

  it('tells power, temperatures and where their records are', () => {
    const fixture = new Fixture({}, { ...pefConfig, dcmi: { watts: 250 } })
    const average = { time: 0, unit: 'seconds' } as const
    const power = fixture.run(GetPowerReading, { mode: 'systemPower', average })
    assert.deepEqual([power.currentWatts, power.averageWatts, power.state.isMeasuring], [250, 250, true])
    const info = fixture.run(GetDcmiSensorInfo, temperature)
    assert.deepEqual(info, { totalInstances: 1, count: 1, recordIds: [2] })
    const { readings } = fixture.run(GetTemperatureReadings, temperature)
    assert.deepEqual(readings, [{ celsius: 40, entityInstance: 2 }])
    assert.equal(fixture.run(GetDcmiCapabilitiesInfo, { selector: 1 }).minor, 5)
    assert.equal(fixture.code(GetDcmiCapabilitiesInfo, { selector: 9 }), 0xc9)
  })

  it('takes enhanced power statistics over the time that is asked for, and no other', () => {
    const watts = { walk: { min: 100, max: 900, periodSeconds: 60 } }
    const fixture = new Fixture({}, { dcmi: { watts } })
    fixture.pass(3600)
    const over = (time: number, unit: 'seconds' | 'minutes' | 'hours') =>
      ({ mode: 'enhancedSystemPower', average: { time, unit } }) as const
    const spread = ({ minimumWatts, maximumWatts }: ResponseOf<typeof GetPowerReading>) =>
      maximumWatts - minimumWatts
    const [seconds, hour] = [over(5, 'seconds'), over(1, 'hours')].map(asked =>
      fixture.run(GetPowerReading, asked),
    )
    assert.deepEqual([seconds!.periodMs, hour!.periodMs], [5000, 3_600_000])
    assert.ok(spread(seconds!) < spread(hour!) / 2, `${spread(seconds!)} ${spread(hour!)}`)
    assert.equal(fixture.code(GetPowerReading, over(6, 'seconds')), 0xc9)
    assert.equal(fixture.code(GetPowerReading, over(0, 'seconds')), 0xc9)
  })

  it('keeps an asset tag and a power limit', () => {
    const fixture = new Fixture({}, { dcmi: { assetTag: 'old' } })
    fixture.run(SetAssetTag, { offset: 0, count: 6, data: Buffer.from('rack 9') })
    assert.equal(Buffer.from(fixture.run(GetAssetTag, { offset: 0, count: 16 }).data).toString(), 'rack 9')
    assert.equal(fixture.code(GetPowerLimit, {}), 0x80)
    const limit = {
      exceptionAction: 'logEvent' as const,
      limitWatts: 300,
      correctionTimeMs: 1000,
      samplingPeriodSeconds: 5,
    }
    assert.equal(fixture.code(ActivatePowerLimit, { active: true }), 0xd5)
    fixture.run(SetPowerLimit, limit)
    fixture.run(ActivatePowerLimit, { active: true })
    assert.deepEqual(fixture.run(GetPowerLimit, {}), limit)
    assert.equal(fixture.code(SetPowerLimit, { ...limit, limitWatts: 9000 }), 0x84)
  })
})
