import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CodecError } from '../bytes.ts'
import { decodeSdr, decodeSdrHeader, encodeSdr, type FullSensorRecord, SdrType } from './record.ts'

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'))
}

/** A temperature sensor with a little of everything. */
const cpuTemp: FullSensorRecord = {
  kind: 'full',
  recordId: 0x1234,
  version: 0x51,
  owner: { id: 0x20, lun: 1, channel: 2 },
  sensorNumber: 0x30,
  entity: { id: 3, instance: 1, isLogical: true },
  initialization: {
    scanningOn: true,
    eventsOn: true,
    initSensorType: false,
    initHysteresis: true,
    initThresholds: true,
    initEvents: true,
    initScanning: true,
    isSettable: false,
  },
  capabilities: {
    eventControl: 'perState',
    thresholds: 'settable',
    hysteresis: 'readable',
    autoRearm: true,
    ignoreIfAbsent: false,
  },
  sensorType: 1,
  event: { type: 1 },
  assertionMask: 0x7a95,
  deassertionMask: 0x7a95,
  readingMask: 0x3f3f,
  units: {
    isPercentage: false,
    modifierUse: 'none',
    rate: 'none',
    analogFormat: 'twosComplement',
    base: 1,
    modifier: 0,
  },
  linearization: 'linear',
  factors: {
    m: -300,
    tolerance: 5,
    b: 511,
    accuracy: 1000,
    accuracyExponent: 2,
    direction: 'input',
    resultExponent: -2,
    bExponent: 7,
  },
  analog: { nominalGiven: true, normalMaximumGiven: false, normalMinimumGiven: true },
  nominal: 0x20,
  normalMaximum: 0x40,
  normalMinimum: 0x05,
  maximum: 0x7f,
  minimum: 0x80,
  thresholds: {
    upperNonRecoverable: 0x60,
    upperCritical: 0x5a,
    upperNonCritical: 0x50,
    lowerNonRecoverable: 0x01,
    lowerCritical: 0x02,
    lowerNonCritical: 0x03,
  },
  hysteresis: { positive: 2, negative: 3 },
  oem: 0xab,
  id: 'CPU 1 Temp',
}

describe('a sensor data record', () => {
  it('is written as section 43.1 lays it out', () => {
    assert.deepEqual(
      encodeSdr(cpuTemp),
      bytes(`3412 51 01 35
        20 21 30  03 81 7b 58 01 01  957a 957a 3f3f
        80 01 00  00 d4 85 ff 68 f9 e7
        05 20 40 05 7f 80  60 5a 50 01 02 03  02 03 0000 ab
        ca ${Buffer.from('CPU 1 Temp').toString('hex')}`),
    )
    assert.deepEqual(decodeSdr(encodeSdr(cpuTemp)), cpuTemp)
  })

  it('tells type and length in its header before the rest is read', () => {
    assert.deepEqual(decodeSdrHeader(encodeSdr(cpuTemp).subarray(0, 5)), {
      recordId: 0x1234,
      version: 0x51,
      type: SdrType.full,
      length: 53,
    })
  })

  for (const [kind, type] of [...Object.entries(SdrType), ['other', 0x77] as const]) {
    it(`of kind ${kind} is read back as it was written`, () => {
      let whole = 0
      fc.assert(
        fc.property(fc.uint8Array({ minLength: 48, maxLength: 64 }), body => {
          const raw = Uint8Array.from([1, 0, 0x51, type, body.length, ...body])
          let record: ReturnType<typeof decodeSdr>
          try {
            record = decodeSdr(raw)
            encodeSdr(record)
          } catch (error) {
            assert.ok(error instanceof CodecError, String(error))
            return
          }
          whole++
          assert.equal(record.kind, kind)
          assert.deepEqual(decodeSdr(encodeSdr(record)), record)
        }),
      )
      assert.ok(whole > 20)
    })
  }

  it('that is shorter than its header tells, or than its kind must be, is refused', () => {
    const raw = encodeSdr(cpuTemp)
    assert.throws(() => decodeSdr(raw.subarray(0, 40)), { code: 'TOO_SHORT', message: /its header tells 58/ })
    const cut = raw.slice(0, 30)
    cut[4] = 25
    assert.throws(() => decodeSdr(cut), { code: 'TOO_SHORT' })
    assert.throws(() => decodeSdr(Uint8Array.of(1, 0, 0x51)), { code: 'TOO_SHORT' })
  })

  it('whose ID string is longer than the record keeps what is there of it', () => {
    const raw = encodeSdr(cpuTemp)
    raw[47] = 0xdf
    assert.equal((decodeSdr(raw) as FullSensorRecord).id, 'CPU 1 Temp')
  })

  it('has its ID string in Latin 1, and in other encodings where that is needed', () => {
    for (const id of ['', 'Ångström', 'THIS NAME HAS MORE THAN 31 LETTERS', 'Ω heater'])
      assert.equal((decodeSdr(encodeSdr({ ...cpuTemp, id })) as FullSensorRecord).id, id)
    assert.throws(() => encodeSdr({ ...cpuTemp, id: 'a very long name in lower case letters' }), {
      code: 'BAD_VALUE',
    })
  })
})
