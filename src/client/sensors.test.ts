/** Sensors and FRU inventories of a BMC that refuses, is slow, and lies. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { GetFruInventoryAreaInfo, ReadFruData, WriteFruData } from '../protocol/commands/fru.ts'
import { GetSensorReading, GetSensorReadingFactors } from '../protocol/commands/sensor.ts'
import { CompletionCode } from '../protocol/completion-code.ts'
import { LastwordError } from '../protocol/error.ts'
import {
  type CompactSensorRecord,
  encodeSdr,
  type FullSensorRecord,
  type SensorRecord,
} from '../protocol/sdr/record.ts'
import { FakeBmc, recordStore, withSdrs } from './fake-bmc.test.fixture.ts'
import { expandShared } from './sensors.ts'

const shared = {
  owner: { id: 0x20, lun: 0, channel: 0 },
  entity: { id: 3, instance: 1, isLogical: false },
  initialization: {
    scanningOn: true,
    eventsOn: true,
    initSensorType: false,
    initHysteresis: false,
    initThresholds: false,
    initEvents: false,
    initScanning: false,
    isSettable: false,
  },
  capabilities: {
    eventControl: 'perState',
    thresholds: 'readable',
    hysteresis: 'none',
    autoRearm: false,
    ignoreIfAbsent: false,
  },
  assertionMask: 0,
  deassertionMask: 0,
  oem: 0,
} as const

const units = { isPercentage: false, modifierUse: 'none', rate: 'none', base: 1, modifier: 0 } as const

function full(number: number, change: Partial<FullSensorRecord> = {}): FullSensorRecord {
  return {
    kind: 'full',
    recordId: number,
    ...shared,
    sensorNumber: number,
    sensorType: 1,
    event: { type: 1 },
    readingMask: 0x3f,
    units: { ...units, analogFormat: 'unsigned' },
    linearization: 'linear',
    factors: {
      m: 1,
      tolerance: 0,
      b: 0,
      accuracy: 0,
      accuracyExponent: 0,
      direction: 'unspecified',
      resultExponent: 0,
      bExponent: 0,
    },
    analog: { nominalGiven: false, normalMaximumGiven: false, normalMinimumGiven: false },
    nominal: 0,
    normalMaximum: 0,
    normalMinimum: 0,
    maximum: 255,
    minimum: 0,
    thresholds: {
      upperNonRecoverable: 100,
      upperCritical: 90,
      upperNonCritical: 80,
      lowerNonRecoverable: 1,
      lowerCritical: 2,
      lowerNonCritical: 3,
    },
    hysteresis: { positive: 0, negative: 0 },
    id: `T${number}`,
    ...change,
  }
}

function compact(number: number, change: Partial<CompactSensorRecord> = {}): CompactSensorRecord {
  return {
    kind: 'compact',
    recordId: number,
    ...shared,
    sensorNumber: number,
    sensorType: 8,
    event: { type: 0x6f },
    readingMask: 0xff,
    units: { ...units, base: 0, analogFormat: 'none' },
    sharing: {
      count: 1,
      idModifier: 'numeric',
      direction: 'unspecified',
      idOffset: 0,
      incrementsInstance: false,
    },
    hysteresis: { positive: 0, negative: 0 },
    id: `P${number}`,
    ...change,
  }
}

function sensorsOf(records: SensorRecord[]): FakeBmc {
  return withSdrs(new FakeBmc(), recordStore(records.map(encodeSdr)))
}

const status = { unavailable: false, scanning: true, eventMessages: true }

describe('sensors', () => {
  it('of 200 are read in little more round trips than the window forces', async () => {
    const fake = sensorsOf(Array.from({ length: 200 }, (_, index) => full(index + 1)))
    fake.on(GetSensorReading, ({ sensorNumber }) => ({ reading: sensorNumber, status, states: 0 }))
    const sensors = await fake.connect().sensors.list()
    assert.deepEqual(
      sensors.map(sensor => sensor.value),
      Array.from({ length: 200 }, (_, index) => index + 1),
    )
    assert.ok(fake.roundTrips <= (2 * 200) / fake.window + 15, `${fake.roundTrips} round trips`)
  })

  it('of which the BMC answers what makes no sense are not read, and the others are', async () => {
    const fake = sensorsOf([full(1), full(2), full(3)])
    const whole = Uint8Array.of(CompletionCode.Ok, 50, 0xc0, 0, 0)
    fake.on(GetSensorReading, ({ sensorNumber }) => (sensorNumber === 2 ? whole.subarray(0, 2) : whole))
    const sensors = await fake.connect().sensors.list()
    assert.deepEqual(
      sensors.map(({ status, value }) => [status, value]),
      [
        ['ok', 50],
        ['notRead', undefined],
        ['ok', 50],
      ],
    )
  })

  it('that refuse are not read, and the others are', async () => {
    const fake = sensorsOf([full(1), full(2), full(3)])
    fake.on(GetSensorReading, ({ sensorNumber }) => {
      if (sensorNumber === 2) return CompletionCode.NotPresent
      return { reading: 50, status: { ...status, unavailable: sensorNumber === 3 }, states: 0 }
    })
    const sensors = await fake.connect().sensors.list()
    assert.deepEqual(
      sensors.map(({ status, value }) => [status, value]),
      [
        ['ok', 50],
        ['notRead', undefined],
        ['notRead', undefined],
      ],
    )
  })

  it('that are answered wrongly are not read, and surplus bytes do no harm', async () => {
    const fake = sensorsOf([full(1), full(2), full(3)])
    fake.on(GetSensorReading, ({ sensorNumber }) => {
      if (sensorNumber === 1) return Uint8Array.of(0, 50)
      if (sensorNumber === 2) return Uint8Array.of(0)
      return Uint8Array.of(0, 50, 0xc0, 0, 0, 1, 2, 3)
    })
    const sensors = await fake.connect().sensors.list()
    assert.deepEqual(
      sensors.map(({ value }) => value),
      [undefined, undefined, 50],
    )
  })

  it('tell which thresholds are crossed and how bad that is', async () => {
    const fake = sensorsOf([full(0b000000), full(0b001000), full(0b000010), full(0b111000), full(0b000111)])
    fake.on(GetSensorReading, ({ sensorNumber }) => ({ reading: 0, status, states: sensorNumber }))
    const sensors = await fake.connect().sensors.list()
    assert.deepEqual(
      sensors.map(sensor => sensor.status),
      ['ok', 'nonCritical', 'critical', 'nonRecoverable', 'nonRecoverable'],
    )
    assert.deepEqual(sensors[1]!.states, ['upperNonCritical'])
    assert.deepEqual(sensors[0]!.thresholds, {
      lowerNonCritical: 3,
      lowerCritical: 2,
      lowerNonRecoverable: 1,
      upperNonCritical: 80,
      upperCritical: 90,
      upperNonRecoverable: 100,
    })
  })

  it('of states give their words', async () => {
    const fake = sensorsOf([compact(1)])
    fake.on(GetSensorReading, () => ({ reading: 0, status, states: 0b1001, moreStates: 0x81 }))
    const [sensor] = await fake.connect().sensors.list()
    assert.deepEqual(sensor!.states, ['Presence detected', 'Power Supply AC lost', 'state 8'])
    assert.equal(sensor!.unit, '')
    assert.equal(sensor!.value, undefined)
  })

  it('that are not linear are read with the factors of their reading', async () => {
    const fake = sensorsOf([full(1, { linearization: 'nonLinear' })])
    fake.on(GetSensorReading, () => ({ reading: 20, status, states: 0 }))
    fake.on(GetSensorReadingFactors, ({ reading }) => ({
      nextReading: 0xff,
      factors: { ...full(1).factors, m: reading },
    }))
    const [sensor] = await fake.connect().sensors.list()
    assert.equal(sensor!.value, 400)
  })

  it('of another controller or LUN are asked for there, not read when it is away, nor when they are software', async () => {
    const away = { id: 0x72, lun: 1, channel: 7 }
    const fake = sensorsOf([
      full(1),
      full(2, { owner: { id: 0x20, lun: 2, channel: 0 } }),
      full(3, { owner: away }),
      full(4, { owner: { id: 0x41, lun: 0, channel: 0 } }),
    ])
    fake.on(GetSensorReading, ({ sensorNumber }) => {
      if (sensorNumber === 3) throw new LastwordError('BRIDGE_TIMEOUT', 'nobody answers')
      return { reading: 7, status, states: 0 }
    })
    const sensors = await fake.connect().sensors.list()
    assert.deepEqual(
      sensors.map(({ value }) => value),
      [7, 7, undefined, undefined],
    )
    assert.deepEqual(fake.elsewhere, [
      { kind: 'systemInterface', lun: 2 },
      { kind: 'ipmb', channel: 7, slaveAddr: 0x72, lun: 1 },
    ])
  })

  it('that share a record are several, each with number, name and instance', () => {
    const sharing = {
      count: 3,
      idModifier: 'alpha',
      direction: 'unspecified',
      idOffset: 25,
      incrementsInstance: true,
    } as const
    assert.deepEqual(
      expandShared(compact(5, { sharing })).map(({ id, sensorNumber, entity }) => [
        id,
        sensorNumber,
        entity.instance,
      ]),
      [
        ['P5Z', 5, 1],
        ['P5AA', 6, 2],
        ['P5AB', 7, 3],
      ],
    )
    assert.deepEqual(expandShared(full(1)), [full(1)])
  })

  it('can be given up', async () => {
    const fake = sensorsOf([full(1)])
    const { sensors } = fake.connect()
    await assert.rejects(sensors.list({ signal: AbortSignal.abort() }), { code: 'ABORTED' })
  })
})

function fruOf(content: Uint8Array, mostBytes: number, unit: 'byte' | 'word' = 'byte'): FakeBmc {
  const bytes = unit === 'word' ? 2 : 1
  return new FakeBmc()
    .on(GetFruInventoryAreaInfo, () => ({ sizeBytes: content.length, unit }))
    .on(ReadFruData, ({ offset, count }) => {
      if (count * bytes > mostBytes) return CompletionCode.CannotReturnRequestedBytes
      return { count, data: content.slice(offset * bytes, (offset + count) * bytes) }
    })
    .on(WriteFruData, ({ offset, data }) => {
      content.set(data, offset * bytes)
      return { count: data.length / bytes }
    })
}

describe('a FRU inventory', () => {
  const content = (length: number) => Uint8Array.from({ length }, (_, index) => (index * 7) & 0xff)

  it('is read whatever the BMC can give at once, in bytes or in words', async () => {
    for (const mostBytes of [255, 128, 100, 32, 20, 8])
      for (const unit of ['byte', 'word'] as const) {
        const bmc = fruOf(content(1000), mostBytes, unit).connect()
        assert.deepEqual(await bmc.fru.read(0), content(1000))
      }
  })

  it('is written and read back, in bytes or in words', async () => {
    for (const unit of ['byte', 'word'] as const) {
      const bmc = fruOf(new Uint8Array(256), 64, unit).connect()
      await bmc.fru.write(0, 32, content(100))
      assert.deepEqual((await bmc.fru.read(0)).subarray(32, 132), content(100))
    }
  })

  it('is waited for while it is busy', async () => {
    const fake = fruOf(content(100), 64)
    let tries = 0
    fake.onRequest = () => tries++
    fake.on(ReadFruData, ({ offset, count }) =>
      ++tries < 3 ? 0x81 : { count, data: content(100).slice(offset, offset + count) },
    )
    assert.deepEqual(await fake.connect().fru.read(0), content(100))
  })

  it('of a BMC that gives less than it said is an error', async () => {
    const fake = fruOf(content(100), 64)
    fake.on(GetFruInventoryAreaInfo, () => ({ sizeBytes: 200, unit: 'byte' as const }))
    await assert.rejects(fake.connect().fru.read(0), { code: 'FRU_BAD', message: /nothing at 100 of 200/ })
    await assert.rejects(fruOf(content(100), 64).connect().fru.inventory(0), { code: 'FRU_BAD' })
  })

  it('with random answers ends with bytes or one typed error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1 }), async answers => {
        const fake = fruOf(content(300), 64)
        let asked = 0
        fake.on(ReadFruData, () => answers[asked++ % answers.length]!)
        try {
          await fake.connect().fru.read(0)
        } catch (error) {
          assert.match((error as { code: string }).code, /^(RESPONSE_\w+|COMPLETION_CODE|FRU_BAD)$/)
        }
      }),
      { numRuns: 50 },
    )
  })
})
