import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CodecError } from '../bytes.ts'
import { BerReader, BerTag, berObjectId, berUnsigned } from './ber.ts'
import { decodePet, encodePet, type PlatformEventTrap } from './pet.ts'

const fan: PlatformEventTrap = {
  community: 'public',
  agentAddress: '192.0.2.7',
  uptime: 123456,
  sensorType: 4,
  eventType: 1,
  offset: 2,
  isDeassertion: false,
  guid: Uint8Array.from({ length: 16 }, (_, index) => index + 1),
  sequenceNumber: 0x1234,
  localTime: Date.UTC(2024, 0, 1) / 1000,
  utcOffset: -60,
  trapSourceType: 0x20,
  eventSourceType: 0x20,
  severity: 0x10,
  sensorDevice: 0x20,
  sensorNumber: 0x31,
  entityId: 29,
  entityInstance: 1,
  eventData: Uint8Array.of(0x52, 0x10, 0x20, 0, 0, 0, 0, 0),
  languageCode: 25,
  manufacturerId: 0x1bf2,
  systemId: 0x0101,
  custom: Uint8Array.of(0xc1),
}

describe('a Platform Event Trap', () => {
  it('is an SNMP version 1 trap of enterprise 3183.1.1', () => {
    // As tshark 4.0 decodes it: community public, agent 192.0.2.7, specific trap 262402, time stamp 123456.
    const expected = [
      '306c 020100 0406 7075626c6963 a45f',
      '0609 2b06010401986f0101 4004 c0000207 020106 0203 040102 4303 01e240',
      '303f 303d 060a 2b06010401986f010101 042f',
      '0102030405060708090a0b0c0d0e0f10 1234 30e72400 ffc4 20 20 10 20 31 1d 01',
      '5210200000000000 19 00001bf2 0101 c1',
    ]
    const hex = expected.join('').replaceAll(' ', '')
    assert.equal(Buffer.from(encodePet(fan)).toString('hex'), hex)
  })

  it('is read back as it was written', () => {
    assert.deepEqual(decodePet(encodePet(fan)), fan)
    const byte = fc.nat(255)
    const always = {
      community: fc.string({ unit: fc.constantFrom('a', 'B', '9', 'ä'), maxLength: 30 }),
      agentAddress: fc.ipV4(),
      uptime: fc.nat(0xffffffff),
      sensorType: byte,
      eventType: byte,
      offset: fc.nat(15),
      isDeassertion: fc.boolean(),
      guid: fc.uint8Array({ minLength: 16, maxLength: 16 }),
      sequenceNumber: fc.nat(0xffff),
      trapSourceType: byte,
      eventSourceType: byte,
      severity: byte,
      sensorDevice: byte,
      sensorNumber: byte,
      entityId: byte,
      entityInstance: byte,
      eventData: fc.uint8Array({ minLength: 8, maxLength: 8 }),
      languageCode: byte,
      manufacturerId: fc.nat(0xffffffff),
      systemId: fc.nat(0xffff),
      custom: fc.uint8Array({ maxLength: 200 }),
    }
    const sometimes = {
      localTime: fc.integer({ min: 883_612_801, max: 0xffffffff }),
      // One minute west would be written as FFFFh, which is "not told".
      utcOffset: fc.integer({ min: -1440, max: 1440 }).filter(minutes => minutes !== -1),
    }
    const requiredKeys = Object.keys(always) as (keyof typeof always)[]
    const traps = fc.record({ ...always, ...sometimes }, { requiredKeys })
    fc.assert(
      fc.property(traps, trap => {
        assert.deepEqual(decodePet(encodePet(trap)), structuredClone(trap))
      }),
    )
  })

  it('that is none is refused, whatever the datagram', () => {
    const raw = encodePet(fan)
    for (let length = 0; length < raw.length; length++)
      assert.throws(() => decodePet(raw.subarray(0, length)), CodecError)
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 80 }),
        fc.nat(raw.length - 1),
        fc.nat(255),
        (bytes, at, value) => {
          const changed = raw.slice()
          changed[at] = value
          for (const datagram of [bytes, changed])
            try {
              decodePet(datagram)
            } catch (error) {
              assert.ok(error instanceof CodecError, String(error))
            }
        },
      ),
    )
    const other = Buffer.from(raw)
    other[other.indexOf(0x98)] = 0x99
    assert.throws(() => decodePet(other), { code: 'BAD_VALUE', message: /enterprise is/ })
  })
})

describe('the Basic Encoding Rules', () => {
  it('write numbers and object identifiers as X.690 says', () => {
    assert.deepEqual(berUnsigned(BerTag.Integer, 0), Uint8Array.of(2, 1, 0))
    assert.deepEqual(berUnsigned(BerTag.Integer, 127), Uint8Array.of(2, 1, 127))
    assert.deepEqual(berUnsigned(BerTag.Integer, 128), Uint8Array.of(2, 2, 0, 128))
    assert.deepEqual(
      berObjectId('1.3.6.1.4.1.3183.1.1'),
      Uint8Array.of(6, 9, 0x2b, 6, 1, 4, 1, 0x98, 0x6f, 1, 1),
    )
    assert.equal(new BerReader(berObjectId('1.3.6.1.4.1.3183.1.1')).objectId(), '1.3.6.1.4.1.3183.1.1')
  })
})
