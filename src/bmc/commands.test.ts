import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  ColdReset,
  GetDeviceGuid,
  GetDeviceId,
  GetSelfTestResults,
  WarmReset,
} from '../protocol/commands/device.ts'
import { GetEventReceiver, PlatformEvent, SetEventReceiver } from '../protocol/commands/event.ts'
import { GetBmcGlobalEnables, SetBmcGlobalEnables } from '../protocol/commands/messaging.ts'
import {
  AddSelEntry,
  ClearSel,
  DeleteSelEntry,
  GetAuxiliaryLogStatus,
  GetSelAllocationInfo,
  GetSelEntry,
  GetSelInfo,
  GetSelTime,
  GetSelTimeUtcOffset,
  PartialAddSelEntry,
  ReserveSel,
  SetAuxiliaryLogStatus,
  SetSelTime,
  SetSelTimeUtcOffset,
} from '../protocol/commands/sel.ts'
import { execute } from './execute.ts'
import type { Caller } from './serve.ts'
import { bound, Fixture } from './testing.ts'

describe('the BMC itself', () => {
  it('says who it is and that it is well', () => {
    const guid = Uint8Array.from({ length: 16 }, (_, i) => i)
    const { run } = bound(new Fixture({ identity: { deviceId: 7, firmwareMinor: 42, guid } }))
    const id = run(GetDeviceId, {})
    assert.deepEqual([id.deviceId, id.firmwareMinor, id.ipmiVersion], [7, 42, '2.0'])
    assert.deepEqual(run(GetDeviceGuid, {}).guid, guid)
    assert.deepEqual(run(GetSelfTestResults, {}), { result: 'passed', detail: 0 })
  })

  it('is reset once its answer is out, and then its reservations are gone', () => {
    const fixture = new Fixture()
    const { reservationId } = fixture.run(ReserveSel, {})
    fixture.run(WarmReset, {})
    assert.deepEqual(fixture.resets, ['warm'])
    assert.equal(fixture.code(ClearSel, { reservationId, action: 'getStatus' }), 0xc5)
    fixture.run(ColdReset, {})
    assert.deepEqual(fixture.resets, ['warm', 'cold'])
  })

  it('has its event receiver set and back to itself by a cold reset', () => {
    const { run } = bound(new Fixture())
    run(SetEventReceiver, { slaveAddress: 0x81, unit: { lun: 2 } })
    assert.deepEqual(run(GetEventReceiver, {}), { slaveAddress: 0x81, unit: { lun: 2 } })
    run(WarmReset, {})
    assert.equal(run(GetEventReceiver, {}).slaveAddress, 0x81, 'a warm one keeps what it was told')
    run(ColdReset, {})
    assert.deepEqual(run(GetEventReceiver, {}), { slaveAddress: 0x20, unit: { lun: 0 } })
  })

  it('logs a platform event unless logging is turned off', () => {
    const fixture = new Fixture()
    const event = {
      generatorId: 0x41,
      evmRev: 3,
      sensorType: 0x20,
      sensorNumber: 0x73,
      event: { type: 0x6f, deassertion: false },
      data: Uint8Array.of(0xa1, 1, 2),
    }
    fixture.run(PlatformEvent, event)
    assert.equal(fixture.bmc.sel.length, 1)
    const { enables } = fixture.run(GetBmcGlobalEnables, {})
    fixture.run(SetBmcGlobalEnables, { enables: { ...enables, systemEventLogging: false } })
    fixture.run(PlatformEvent, event)
    assert.equal(fixture.bmc.sel.length, 1)
  })
})

describe('the SEL by its commands', () => {
  it('gives an entry by its ID, the first and the last, whole or in part', () => {
    const fixture = new Fixture()
    for (const fill of [1, 2, 3]) fixture.add(fill)
    const whole = { reservationId: 0, offset: 0, count: 0xff }
    const second = fixture.run(GetSelEntry, { ...whole, recordId: 2 })
    assert.deepEqual([second.nextRecordId, second.data.length, second.data[5]], [3, 16, 2])
    assert.equal(fixture.run(GetSelEntry, { ...whole, recordId: 0 }).data[5], 1)
    const last = fixture.run(GetSelEntry, { ...whole, recordId: 0xffff })
    assert.deepEqual([last.nextRecordId, last.data[5]], [0xffff, 3])
    assert.equal(fixture.code(GetSelEntry, { ...whole, recordId: 9 }), 0xcb)
    const { reservationId } = fixture.run(ReserveSel, {})
    const part = fixture.run(GetSelEntry, { reservationId, recordId: 2, offset: 5, count: 4 })
    assert.deepEqual(part.data, Uint8Array.of(2, 2, 2, 2))
    assert.equal(fixture.code(GetSelEntry, { reservationId: 0, recordId: 2, offset: 5, count: 4 }), 0xc5)
    assert.equal(fixture.code(GetSelEntry, { reservationId, recordId: 2, offset: 5, count: 14 }), 0xc9)
  })

  it('counts what it holds', () => {
    const fixture = new Fixture({ selCapacity: 3 })
    fixture.add(1)
    const info = fixture.run(GetSelInfo, {})
    assert.deepEqual([info.entries, info.freeBytes, info.lastAdded], [1, 32, 1_700_000_000])
    assert.deepEqual(fixture.run(GetSelAllocationInfo, {}), {
      units: 3,
      unitBytes: 16,
      freeUnits: 2,
      largestFreeUnits: 2,
      maxRecordUnits: 1,
    })
    fixture.add(2)
    fixture.add(3)
    assert.throws(() => fixture.add(4), { completionCode: 0xc4 })
    assert.equal(fixture.run(GetSelInfo, {}).supports.overflow, true)
  })

  it('deletes an entry and clears itself under the latest reservation only', () => {
    const fixture = new Fixture()
    for (const fill of [1, 2, 3]) fixture.add(fill)
    const { reservationId: stale } = fixture.run(ReserveSel, {})
    const { reservationId } = fixture.run(ReserveSel, {})
    assert.equal(fixture.code(DeleteSelEntry, { reservationId: stale, recordId: 2 }), 0xc5)
    assert.equal(fixture.code(DeleteSelEntry, { reservationId: 0, recordId: 2 }), 0xc5)
    assert.equal(fixture.code(DeleteSelEntry, { reservationId, recordId: 9 }), 0xcb)
    assert.deepEqual(fixture.run(DeleteSelEntry, { reservationId, recordId: 2 }), { recordId: 2 })
    assert.equal(fixture.code(ClearSel, { reservationId, action: 'initiate' }), 0xc5, 'a deletion ends it')
    assert.equal(fixture.bmc.sel.length, 2)
    fixture.nowMs += 5000
    const again = fixture.run(ReserveSel, {})
    const cleared = fixture.run(ClearSel, { ...again, action: 'initiate' })
    assert.equal(cleared.erasure.progress, 'completed')
    assert.deepEqual([fixture.bmc.sel.length, fixture.bmc.sel.lastErased], [0, 1_700_000_005])
  })

  it('takes an entry in parts, and refuses parts that are not in order or too long', () => {
    const fixture = new Fixture()
    const { reservationId } = fixture.run(ReserveSel, {})
    const raw = Uint8Array.of(0, 0, 0xe1, ...new Array<number>(13).fill(9))
    const part = (recordId: number, offset: number, state: 'more' | 'last', data: Uint8Array) => ({
      reservationId,
      recordId,
      offset,
      progress: { state },
      data,
    })
    const { recordId } = fixture.run(PartialAddSelEntry, part(0, 0, 'more', raw.subarray(0, 6)))
    assert.equal(fixture.code(PartialAddSelEntry, part(recordId, 7, 'more', raw.subarray(7))), 0xc9)
    fixture.run(PartialAddSelEntry, part(recordId, 6, 'last', raw.subarray(6)))
    assert.equal(fixture.bmc.sel.records[0]![4], 9)
    fixture.run(PartialAddSelEntry, part(0, 0, 'more', raw))
    assert.equal(fixture.code(PartialAddSelEntry, part(1, 16, 'last', Uint8Array.of(1))), 0x80)
    fixture.run(PartialAddSelEntry, part(0, 0, 'more', raw.subarray(0, 6)))
    assert.equal(fixture.code(PartialAddSelEntry, part(1, 6, 'last', Uint8Array.of(1))), 0x80)
    assert.equal(fixture.code(PartialAddSelEntry, { ...part(0, 0, 'more', raw), reservationId: 77 }), 0xc5)
    assert.equal(fixture.bmc.sel.length, 1)
  })

  it('keeps the time and the offset from UTC that it is told', () => {
    const fixture = new Fixture()
    fixture.run(SetSelTime, { time: 1_000_000_000 })
    fixture.nowMs += 7000
    assert.equal(fixture.run(GetSelTime, {}).time, 1_000_000_007)
    fixture.run(SetSelTimeUtcOffset, { minutes: -90 })
    assert.equal(fixture.run(GetSelTimeUtcOffset, {}).minutes, -90)
    fixture.run(SetSelTimeUtcOffset, {})
    assert.equal(fixture.run(GetSelTimeUtcOffset, {}).minutes, undefined)
    assert.equal(fixture.code(SetSelTimeUtcOffset, { minutes: 1441 }), 0xc9)
  })

  it('remembers what is said of another log', () => {
    const { run } = bound(new Fixture())
    assert.deepEqual(run(GetAuxiliaryLogStatus, { log: { type: 'mca' } }), {
      time: 0xffffffff,
      data: new Uint8Array(4),
    })
    run(SetAuxiliaryLogStatus, { log: { type: 'mca' }, time: 5, data: Uint8Array.of(3, 0, 0, 0) })
    assert.deepEqual(run(GetAuxiliaryLogStatus, { log: { type: 'mca' } }), {
      time: 5,
      data: Uint8Array.of(3, 0, 0, 0),
    })
  })
})

describe('a caller', () => {
  it('may do what its privilege level allows, and is answered D4h else', () => {
    const fixture = new Fixture()
    const user: Caller = { channel: 1, privilege: 2 }
    const operator: Caller = { channel: 1, privilege: 3 }
    const record = { kind: 'oem' as const, recordId: 0, recordType: 0xe0, data: new Uint8Array(13) }
    assert.equal(fixture.code(GetSelInfo, {}, user), 0)
    assert.equal(fixture.code(AddSelEntry, { record }, user), 0xd4)
    assert.equal(fixture.code(AddSelEntry, { record }, operator), 0)
    assert.equal(fixture.code(ColdReset, {}, operator), 0xd4)
    assert.deepEqual(fixture.resets, [])
    assert.equal(fixture.code(ColdReset, {}, { channel: 1, privilege: 4 }), 0)
  })

  it('is told what is wrong with a request that is none', () => {
    const { bmc } = new Fixture()
    assert.deepEqual([...execute(bmc, Uint8Array.of(0x18, 0xee))], [0x1c, 0xee, 0xc1])
    assert.deepEqual([...execute(bmc, Uint8Array.of(0x19, 0x01))], [0x1d, 0x01, 0xc2])
    assert.deepEqual([...execute(bmc, Uint8Array.of(0x18, 0x01, 0))], [0x1c, 0x01, 0xc7])
    assert.deepEqual([...execute(bmc, Uint8Array.of(0x28, 0x47, 0, 0, 1, 2, 3, 4))], [0x2c, 0x47, 0xcc])
    assert.deepEqual([...execute(bmc, Uint8Array.of(0x18))], [0x1c, 0x00, 0xc7])
  })
})
