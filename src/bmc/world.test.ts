import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  ChassisControl,
  ChassisIdentify,
  GetAcpiPowerState,
  GetChassisCapabilities,
  GetChassisStatus,
  GetSystemRestartCause,
  SetAcpiPowerState,
  SetChassisCapabilities,
  SetFrontPanelButtonEnables,
  SetPowerRestorePolicy,
} from '../protocol/commands/chassis.ts'
import { ColdReset } from '../protocol/commands/device.ts'
import { GetFruInventoryAreaInfo, ReadFruData, WriteFruData } from '../protocol/commands/fru.ts'
import { GetLanConfigurationParameters, SetLanConfigurationParameters } from '../protocol/commands/lan.ts'
import {
  AddSdr,
  ClearSdrRepository,
  DeleteSdr,
  GetSdr,
  ReserveSdrRepository,
} from '../protocol/commands/sdr.ts'
import {
  GetSensorHysteresis,
  GetSensorReading,
  GetSensorReadingFactors,
  GetSensorThresholds,
  GetSensorType,
  RearmSensorEvents,
  SetSensorEventEnable,
  SetSensorHysteresis,
  SetSensorReading,
  SetSensorThresholds,
  SetSensorType,
} from '../protocol/commands/sensor.ts'
import { GetUserAccess, SetUserAccess, SetUserName, SetUserPassword } from '../protocol/commands/user.ts'
import { decodeParameter, encodeParameter } from '../protocol/parameter.ts'
import { LanParameter } from '../protocol/parameters/lan.ts'
import { decodeSdr, type FullSensorRecord } from '../protocol/sdr/record.ts'
import { scaleOf, toValue } from '../protocol/sensor/conversion.ts'
import { BmcAccounts } from './accounts.ts'
import { Fixture } from './testing.ts'
import { type BmcConfigInput, bmcConfig, bmcConfigSchema } from './world/config.ts'
import { configProblems } from './world/config-check.ts'
import { defaultConfig } from './world/default-world.ts'
import { factorsOf } from './world/factors.ts'
import { parseConfig } from './world/read-config.ts'
import { makeWorld } from './world/world.ts'

type SensorInput = NonNullable<BmcConfigInput['sensors']>[number]

const cpu: SensorInput = {
  kind: 'analog',
  name: 'CPU',
  type: 'temperature',
  unit: 'degrees C',
  value: 40,
  hysteresis: 3,
  thresholds: { upperNonCritical: 80, upperCritical: 90, lowerNonCritical: 10 },
}

/** A world of one sensor, number 1. */
function withSensor(sensor: SensorInput): Fixture {
  return new Fixture({}, { sensors: [sensor] })
}

function analogOf(fixture: Fixture) {
  const sensor = fixture.bmc.sensors.at(1)
  assert.ok(sensor?.kind === 'analog')
  return sensor
}

/** Offset and direction of each event. */
function told(fixture: Fixture): string[] {
  return fixture.events.map(({ data, event }) => `${event.deassertion ? '-' : '+'}${data[0]! & 0x0f}`)
}

describe('a threshold sensor', () => {
  it('raises an event when its value passes a threshold, and clears it only behind the hysteresis', () => {
    const fixture = withSensor(cpu)
    for (const value of [79, 80, 85, 78, 77.6, 77, 76, 90, 40])
      fixture.bmc.sensors.setValue(analogOf(fixture), value)
    assert.deepEqual(told(fixture), ['+7', '-7', '+7', '+9', '-7', '-9'])
    assert.deepEqual([...fixture.events[0]!.data], [0x57, 80, 80])
    assert.deepEqual(fixture.events[0]!.event, { type: 1, deassertion: false })
  })

  it('does the same below', () => {
    const fixture = withSensor(cpu)
    for (const value of [10, 11, 13, 14]) fixture.bmc.sensors.setValue(analogOf(fixture), value)
    assert.deepEqual(told(fixture), ['+0', '-0'])
  })

  it('raises as many events up as down, whatever its value does', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 120 }), { maxLength: 50 }), values => {
        const fixture = withSensor(cpu)
        for (const value of [...values, 40]) fixture.bmc.sensors.setValue(analogOf(fixture), value)
        for (const offset of [0, 7, 9]) {
          const ups = told(fixture).filter(text => text === `+${offset}`).length
          const downs = told(fixture).filter(text => text === `-${offset}`).length
          assert.equal(ups, downs)
        }
      }),
      { numRuns: 50 },
    )
  })

  it('compares signed readings as such', () => {
    const fixture = withSensor({ ...cpu, signed: true, thresholds: { lowerCritical: -20 }, hysteresis: 0 })
    for (const value of [5, -10, -20, -21, -3]) fixture.bmc.sensors.setValue(analogOf(fixture), value)
    assert.deepEqual(told(fixture), ['+2', '-2'])
  })

  it('tells the reading, what it has passed, its thresholds and hysteresis, and takes others', () => {
    const fixture = withSensor(cpu)
    fixture.bmc.sensors.setValue(analogOf(fixture), 85)
    const reading = fixture.run(GetSensorReading, { sensorNumber: 1 })
    assert.deepEqual([reading.reading, reading.states], [85, 0xc8])
    const thresholds = fixture.run(GetSensorThresholds, { sensorNumber: 1 })
    assert.deepEqual([thresholds.upperNonCritical, thresholds.readable.upperNonRecoverable], [80, false])
    const none = {
      ...thresholds.readable,
      upperNonCritical: false,
      lowerNonCritical: false,
      upperCritical: false,
    }
    fixture.run(SetSensorThresholds, {
      sensorNumber: 1,
      ...thresholds,
      set: { ...none, upperNonCritical: true },
      upperNonCritical: 95,
    })
    assert.deepEqual(told(fixture), ['+7', '-7'])
    fixture.run(SetSensorHysteresis, { sensorNumber: 1, mask: 0xff, positive: 1, negative: 2 })
    const hysteresis = fixture.run(GetSensorHysteresis, { sensorNumber: 1, mask: 0xff })
    assert.deepEqual(hysteresis, { positive: 1, negative: 2 })
    const unknown = { ...none, upperNonRecoverable: true }
    assert.equal(fixture.code(SetSensorThresholds, { sensorNumber: 1, ...thresholds, set: unknown }), 0xcc)
    assert.equal(fixture.code(GetSensorReading, { sensorNumber: 9 }), 0xcb)
  })

  it('leaves an upper threshold behind the positive hysteresis, a lower one behind the negative', () => {
    const fixture = withSensor(cpu)
    fixture.run(SetSensorHysteresis, { sensorNumber: 1, mask: 0xff, positive: 2, negative: 5 })
    for (const value of [80, 79, 78, 77]) fixture.bmc.sensors.setValue(analogOf(fixture), value)
    assert.deepEqual(told(fixture), ['+7', '-7'])
    assert.equal(fixture.events[1]?.data[1], 77)
    for (const value of [10, 13, 15, 16]) fixture.bmc.sensors.setValue(analogOf(fixture), value)
    assert.deepEqual(told(fixture), ['+7', '-7', '+0', '-0'])
    assert.equal(fixture.events[3]?.data[1], 16)
  })

  it('raises only events that are enabled, and raises them anew when it is re-armed', () => {
    const fixture = withSensor(cpu)
    const enable = { scanning: true, eventMessages: true, action: 'disableSelected' as const }
    fixture.run(SetSensorEventEnable, { sensorNumber: 1, enable, assertion: 1 << 7, deassertion: 0 })
    fixture.bmc.sensors.setValue(analogOf(fixture), 95)
    assert.deepEqual(told(fixture), ['+9'])
    fixture.run(RearmSensorEvents, { sensorNumber: 1, rearm: { which: 'all' } })
    assert.deepEqual(told(fixture), ['+9', '+9'])
  })

  it('has its thresholds back after a reset of the BMC, and its value by hand still', () => {
    const fixture = withSensor(cpu)
    fixture.bmc.sensors.setValue(analogOf(fixture), 85)
    fixture.run(SetSensorHysteresis, { sensorNumber: 1, mask: 0xff, positive: 9, negative: 9 })
    fixture.run(ColdReset, {})
    assert.equal(fixture.run(GetSensorHysteresis, { sensorNumber: 1, mask: 0xff }).positive, 3)
    assert.equal(fixture.run(GetSensorReading, { sensorNumber: 1 }).reading, 85)
  })

  it('follows its script by itself', () => {
    const fixture = withSensor({
      ...cpu,
      value: {
        script: [
          [0, 40],
          [5, 95],
          [10, 40],
        ],
      },
    })
    fixture.pass(12)
    assert.deepEqual(told(fixture), ['+7', '+9', '-7', '-9'])
  })

  it('wanders between two values, the same way at each start, and each BMC on its own way', () => {
    const walk: SensorInput = {
      ...cpu,
      value: { walk: { min: 20, max: 60, periodSeconds: 30 } },
      thresholds: {},
    }
    const way = (index: number) => {
      const fixture = new Fixture({ index }, { sensors: [walk] })
      return Array.from({ length: 200 }, () => {
        fixture.pass(3)
        return fixture.run(GetSensorReading, { sensorNumber: 1 }).reading
      })
    }
    const [first, again, other] = [way(0), way(0), way(1)]
    assert.deepEqual(first, again)
    assert.notDeepEqual(first, other)
    assert.ok(first.every(value => value >= 20 && value <= 60))
    assert.ok(Math.max(...first) - Math.min(...first) > 20, 'it goes about')
    const steps = first.slice(1).map((value, i) => Math.abs(value - first[i]!))
    assert.ok(Math.max(...steps) < 12, 'and does not jump')
  })

  it('has no reading while its host is off', () => {
    const fixture = withSensor({ ...cpu, needsPower: true })
    fixture.run(ChassisControl, { action: 'powerDown' })
    assert.equal(fixture.run(GetSensorReading, { sensorNumber: 1 }).status.unavailable, true)
  })

  it('can be set through IPMI', () => {
    const fixture = withSensor(cpu)
    const operation = {
      reading: 'write' as const,
      assertion: 'keep' as const,
      deassertion: 'keep' as const,
      eventData: 'keep' as const,
    }
    fixture.run(SetSensorReading, { sensorNumber: 1, operation, reading: 81 })
    assert.deepEqual(told(fixture), ['+7'])
  })
})

describe("a sensor's type", () => {
  it('can be changed, and its events tell it; what compares with thresholds goes on to', () => {
    const fixture = new Fixture({}, { sensors: [cpu] })
    const sensorNumber = 1
    fixture.run(SetSensorType, { sensorNumber, sensorType: 0x0b, eventType: 0x01 })
    assert.deepEqual(fixture.run(GetSensorType, { sensorNumber }), { sensorType: 0x0b, eventType: 1 })
    const sensor = fixture.bmc.sensors.at(1)
    assert.ok(sensor?.kind === 'analog')
    fixture.bmc.sensors.setValue(sensor, 250)
    assert.equal(fixture.events.at(-1)?.sensorType, 0x0b)
    assert.equal(fixture.code(SetSensorType, { sensorNumber, sensorType: 1, eventType: 0x6f }), 0xcc)
    assert.equal(fixture.code(SetSensorType, { sensorNumber: 9, sensorType: 1, eventType: 1 }), 0xcb)
  })
})

describe('a discrete sensor', () => {
  const drive: SensorInput = { kind: 'discrete', name: 'Drive', type: 'drive slot / bay', states: [0] }

  it('says nothing of what holds at the start, and tells what comes and goes', () => {
    const fixture = withSensor(drive)
    const sensor = fixture.bmc.sensors.at(1)
    assert.ok(sensor?.kind === 'discrete')
    fixture.pass(3)
    assert.deepEqual(told(fixture), [])
    fixture.bmc.sensors.setStates(sensor, 0b11)
    fixture.bmc.sensors.setStates(sensor, 0b10)
    assert.deepEqual(told(fixture), ['+1', '-0'])
    const reading = fixture.run(GetSensorReading, { sensorNumber: 1 })
    assert.deepEqual([reading.states, reading.moreStates], [0b10, 0x80])
    fixture.bmc.sensors.setStates(sensor, null)
    assert.deepEqual(told(fixture), ['+1', '-0', '+0', '-1'])
  })

  it('raises only events that are enabled, under the type that it was given', () => {
    const fixture = withSensor(drive)
    const sensor = fixture.bmc.sensors.at(1)
    assert.ok(sensor?.kind === 'discrete')
    fixture.pass(1)
    const enable = { scanning: true, eventMessages: true, action: 'disableSelected' as const }
    fixture.run(SetSensorEventEnable, { sensorNumber: 1, enable, assertion: 1 << 2, deassertion: 0 })
    fixture.run(SetSensorType, { sensorNumber: 1, sensorType: 0x21, eventType: 0x6f })
    fixture.bmc.sensors.setStates(sensor, 0b111)
    assert.deepEqual(told(fixture), ['+1'])
    assert.equal(fixture.events.at(-1)?.sensorType, 0x21)
  })

  it('may follow the power', () => {
    const fixture = withSensor({ ...drive, states: { on: [0], off: [1] } })
    fixture.pass(1)
    fixture.run(ChassisControl, { action: 'powerDown' })
    fixture.pass(1)
    assert.deepEqual(told(fixture), ['-0', '+1'])
  })
})

describe('what a sensor record tells', () => {
  it('gives back the value that was configured, for each linearization', () => {
    const linearizations = [
      'linear',
      'ln',
      'log10',
      'log2',
      'square',
      'cube',
      'squareRoot',
      'cubeRoot',
    ] as const
    for (const linearization of linearizations) {
      const fixture = withSensor({
        ...cpu,
        thresholds: {},
        linearization,
        resolution: 0.05,
        offset: 0.05,
        value: 1,
      })
      const record = decodeSdr(fixture.bmc.sdrs.records()[1]!.raw) as FullSensorRecord
      const { reading } = fixture.run(GetSensorReading, { sensorNumber: 1 })
      const value = toValue(reading, scaleOf(record))!
      assert.ok(Math.abs(value - 1) < 0.1, `${linearization}: ${value}`)
    }
  })

  it('of a non-linear sensor needs the factors of the reading', () => {
    const curve: [number, number][] = [
      [0, 0],
      [100, 50],
      [200, 250],
    ]
    const fixture = withSensor({ ...cpu, thresholds: {}, curve, value: 150 })
    const { reading } = fixture.run(GetSensorReading, { sensorNumber: 1 })
    assert.equal(reading, 150)
    const { factors, nextReading } = fixture.run(GetSensorReadingFactors, { sensorNumber: 1, reading })
    assert.equal(toValue(reading, { factors, linearization: 'nonLinear', analogFormat: 'unsigned' }), 150)
    assert.equal(fixture.run(GetSensorReadingFactors, { sensorNumber: 1, reading: 7 }).nextReading, 100)
    assert.equal(nextReading, 150)
  })

  it('finds factors for any line, exact where that is possible', () => {
    for (const [slope, offset] of [
      [1, 0],
      [0.06, 0],
      [100, 0],
      [0.5, -64],
      [2.5, 1000],
      [0.001, 12.5],
    ] as const) {
      const factors = factorsOf(slope, offset)
      const at = (raw: number) =>
        toValue(raw, { factors, linearization: 'linear', analogFormat: 'unsigned' })!
      for (const raw of [0, 1, 100, 255]) {
        const wanted = slope * raw + offset
        assert.ok(
          Math.abs(at(raw) - wanted) < 1e-6 * Math.max(1, Math.abs(wanted)),
          `${slope} ${offset} ${raw}`,
        )
      }
    }
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 1000, noNaN: true }), slope => {
        const factors = factorsOf(slope, 0)
        const value = toValue(200, { factors, linearization: 'linear', analogFormat: 'unsigned' })!
        assert.ok(Math.abs(value / (200 * slope) - 1) < 0.011, `${slope}: ${value}`)
      }),
    )
  })
})

describe('the SDR repository', () => {
  it('can be read whole or in pieces, added to, deleted from and cleared under reservation', () => {
    const fixture = withSensor(cpu)
    const [, raw] = fixture.bmc.sdrs.records().map(record => record.raw)
    const { reservationId } = fixture.run(ReserveSdrRepository, {})
    const piece = fixture.run(GetSdr, { reservationId, recordId: 2, offset: 5, count: 10 })
    assert.deepEqual(piece.data, raw!.subarray(5, 15))
    assert.equal(fixture.code(GetSdr, { reservationId: 0, recordId: 2, offset: 5, count: 10 }), 0xc5)
    const { recordId } = fixture.run(AddSdr, { record: raw! })
    assert.equal(recordId, 3)
    assert.equal(fixture.code(DeleteSdr, { reservationId, recordId: 2 }), 0xc5, 'adding ends a reservation')
    const again = fixture.run(ReserveSdrRepository, {})
    fixture.run(DeleteSdr, { ...again, recordId: 2 })
    assert.deepEqual(
      fixture.bmc.sdrs.records().map(({ id }) => id),
      [1, 3],
    )
    const last = fixture.run(ReserveSdrRepository, {})
    fixture.run(ClearSdrRepository, { ...last, action: 'initiate' })
    assert.equal(fixture.code(GetSdr, { reservationId: 0, recordId: 0, offset: 0, count: 0xff }), 0xcb)
  })
})

describe('a FRU inventory', () => {
  it('is read as it was configured and written, in pieces', () => {
    const fixture = new Fixture({}, { frus: [{ id: 3, name: 'Board', product: { name: 'thing' } }] })
    const { sizeBytes } = fixture.run(GetFruInventoryAreaInfo, { fruId: 3 })
    assert.equal(sizeBytes, 512)
    fixture.run(WriteFruData, { fruId: 3, offset: 250, data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10) })
    const read = fixture.run(ReadFruData, { fruId: 3, offset: 248, count: 14 })
    assert.deepEqual([...read.data], [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 0])
    assert.equal(fixture.code(WriteFruData, { fruId: 3, offset: 510, data: Uint8Array.of(1, 2, 3) }), 0xc9)
    assert.equal(fixture.code(ReadFruData, { fruId: 4, offset: 0, count: 1 }), 0xcb)
  })
})

describe('the chassis', () => {
  it('turns off, on, and off and on again, and remembers why', () => {
    const fixture = new Fixture()
    fixture.run(ChassisControl, { action: 'powerDown' })
    assert.equal(fixture.run(GetChassisStatus, {}).power.isOn, false)
    assert.equal(fixture.code(ChassisControl, { action: 'powerCycle' }), 0xd5)
    fixture.run(ChassisControl, { action: 'powerUp' })
    fixture.run(ChassisControl, { action: 'powerCycle' })
    assert.equal(fixture.run(GetChassisStatus, {}).power.isOn, false)
    fixture.pass(2)
    const status = fixture.run(GetChassisStatus, {})
    assert.deepEqual([status.power.isOn, status.lastEvent.ipmiCommand], [true, true])
    assert.equal(fixture.run(GetSystemRestartCause, {}).cause, 'chassisControl')
    fixture.run(ChassisControl, { action: 'softShutdown' })
    fixture.pass(3)
    assert.equal(fixture.bmc.chassis.isOn, false)
    assert.deepEqual(fixture.actions, [
      'powerDown',
      'powerUp',
      'powerDown',
      'powerUp',
      'softShutdown',
      'powerDown',
    ])
  })

  it('keeps what it is told of capabilities, ACPI, policy, buttons and identification', () => {
    const fixture = new Fixture()
    const before = fixture.run(GetChassisCapabilities, {})
    const { diagnosticInterrupt: _d, powerInterlock: _p, ...provides } = before.provides
    fixture.run(SetChassisCapabilities, { ...before, provides: { ...provides, intrusionSensor: false } })
    assert.equal(fixture.run(GetChassisCapabilities, {}).provides.intrusionSensor, false)
    const system = { state: 's3' as const, set: true }
    fixture.run(SetAcpiPowerState, { system, device: { state: 'd1', set: false } })
    assert.deepEqual(fixture.run(GetAcpiPowerState, {}), { system: 's3', device: 'd0' })
    fixture.run(SetPowerRestorePolicy, { policy: 'alwaysOn' })
    fixture.run(SetFrontPanelButtonEnables, {
      disable: { powerOff: true, reset: false, diagnosticInterrupt: false, standby: false },
    })
    fixture.run(ChassisIdentify, { intervalSeconds: 5 })
    const status = fixture.run(GetChassisStatus, {})
    assert.equal(status.power.restorePolicy, 'alwaysOn')
    assert.equal(status.frontPanel?.powerOffDisabled, true)
    assert.equal(status.chassis.identify, 'temporary')
    fixture.pass(6)
    assert.equal(fixture.run(GetChassisStatus, {}).chassis.identify, 'off')
  })

  it('is turned off by the watchdog, which says so', () => {
    const fixture = new Fixture()
    fixture.bmc.watchdog.set({
      timer: { use: 'smsOs', dontStop: false, dontLog: false },
      actions: { timeout: 'hardReset', preTimeout: 'none' },
      preTimeoutSeconds: 0,
      clearExpired: { biosFrb2: false, biosPost: false, osLoad: false, smsOs: false, oem: false },
      initialCountdown: 15,
    })
    fixture.bmc.watchdog.restart()
    fixture.pass(2)
    assert.deepEqual(fixture.actions, ['hardReset'])
    assert.equal(fixture.run(GetSystemRestartCause, {}).cause, 'watchdog')
    assert.equal(fixture.events.length, 1)
  })
})

describe('users and LAN parameters', () => {
  const noChange = { ipmiMessaging: true, linkAuthentication: true, callbackOnly: false, changeFlags: true }

  it('are what the LAN channel lets in', () => {
    const fixture = new Fixture()
    const accounts = new BmcAccounts(fixture.bmc)
    const list = () => [...accounts.users()].map(({ id, name, privilege }) => [id, name, privilege])
    assert.deepEqual(list(), [])
    fixture.run(SetUserName, { userId: 4, name: 'oper' })
    const user = { id: 4, passwordSize: 'bytes20' as const }
    const password = new Uint8Array(20)
    password.set(Buffer.from('secret of 20 bytes!!'))
    fixture.run(SetUserPassword, { user, operation: 'set', password })
    fixture.run(SetUserAccess, {
      access: { channel: 1, ...noChange },
      userId: 4,
      privilegeLimit: 'operator',
    })
    assert.deepEqual(list(), [], 'not yet enabled')
    fixture.run(SetUserPassword, { user, operation: 'enable', password: new Uint8Array(0) })
    assert.deepEqual(list(), [[4, 'oper', 3]])
    const restrict = (callbackOnly: boolean) =>
      fixture.run(SetUserAccess, {
        access: { channel: 1, ...noChange, callbackOnly },
        userId: 4,
        privilegeLimit: 'operator',
      })
    restrict(true)
    assert.deepEqual(list(), [[4, 'oper', 1]], 'nobody is called back over LAN')
    restrict(false)
    assert.deepEqual(list(), [[4, 'oper', 3]])
    assert.equal(fixture.code(SetUserPassword, { user, operation: 'test', password }), 0)
    const wrong = password.slice().fill(1)
    assert.equal(fixture.code(SetUserPassword, { user, operation: 'test', password: wrong }), 0x80)
    const short = { ...user, passwordSize: 'bytes16' as const }
    const half = password.subarray(0, 16)
    assert.equal(fixture.code(SetUserPassword, { user: short, operation: 'test', password: half }), 0x81)
    const access = fixture.run(GetUserAccess, { channel: 1, userId: 4 })
    assert.deepEqual(
      [access.enabled, access.access.privilegeLimit],
      [{ count: 1, status: 'enabled' }, 'operator'],
    )
    assert.equal(fixture.code(SetUserName, { userId: 1, name: 'x' }), 0xcc)
  })

  it('are set, read back, and refused where they are read-only or unknown', () => {
    const fixture = new Fixture()
    const get = (selector: number, setSelector = 0) =>
      fixture.run(GetLanConfigurationParameters, {
        from: { channel: 1, revisionOnly: false },
        selector,
        setSelector,
        blockSelector: 0,
      })
    const set = (selector: number, data: Uint8Array) =>
      fixture.code(SetLanConfigurationParameters, { channel: 1, selector, data })
    const { ipAddress, communityString } = LanParameter
    assert.equal(set(3, encodeParameter(ipAddress, '10.1.2.3')), 0)
    assert.equal(decodeParameter(ipAddress, get(3).data), '10.1.2.3')
    assert.equal(decodeParameter(communityString, get(16).data), 'public')
    assert.equal(set(3, Uint8Array.of(1, 2)), 0xc7)
    assert.equal(set(1, Uint8Array.of(0)), 0x82)
    assert.equal(set(99, Uint8Array.of(0)), 0x80)
    assert.equal(set(0, Uint8Array.of(1)), 0)
    assert.equal(set(0, Uint8Array.of(1)), 0x81)
    assert.equal(get(18, 4).data[0], 4)
    assert.throws(() => get(18, 5), { completionCode: 0xc9 })
  })
})

describe('a configuration', () => {
  it('without which there is one gives a server with 40 sensors', () => {
    const world = makeWorld(bmcConfig.parse(defaultConfig))
    assert.equal(world.sensors.length, 40)
    assert.equal(new Set(world.sensors.map(({ name }) => name)).size, 40)
    assert.deepEqual([...new Set(world.sdrs.map(raw => decodeSdr(raw).kind))].sort(), [
      'compact',
      'eventOnly',
      'fruLocator',
      'full',
      'mcLocator',
      'oem',
    ])
    const quiet = new Fixture({ world })
    quiet.pass(120)
    assert.deepEqual(told(quiet), [], 'its values stay within their thresholds')
  })

  it('that is wrong is refused with file, line and field', () => {
    const cases: [string, RegExp][] = [
      [
        'sensors:\n  - kind: analog\n    name: A\n    type: warmth\n    unit: volts\n    value: 1\n',
        /^f:4: sensors\[0\]\.type: 'warmth' is no sensor type$/,
      ],
      ['lan:\n  channel: 1\n  cipherSuites: [3, 4]\n', /^f:3: lan\.cipherSuites\[1\]: /],
      ['name: x\nlna: {}\n', /^f:2: lna: there is no such field$/],
      ['users:\n  - name: a\n    password: ""\n', /^f:3: users\[0\]\.password: /],
      ['a: [1\nb: 2\n', /^f:\d: /],
      [
        'sensors:\n  - kind: analog\n    name: A\n    type: fan\n    unit: RPM\n    value: { walk: { min: 1 } }\n',
        /^f:6: sensors\[0\]\.value\.walk\.max: /,
      ],
    ]
    for (const [text, message] of cases)
      assert.throws(() => parseConfig(text, 'f'), { code: 'CONFIG', message })
  })

  it('whose fields are each fine and do not go together is refused in the same way', () => {
    const analog = 'kind: analog, type: fan, unit: RPM'
    const cases: [string, RegExp][] = [
      [
        `sensors:\n  - { ${analog}, name: A, value: 1, number: 5 }\n  - { ${analog}, name: B, value: 1, number: 5 }\n`,
        /^f:3: sensors\[1\]\.number: 5 is taken/,
      ],
      [
        `sensors:\n  - { ${analog}, name: A, value: 1 }\n  - { ${analog}, name: A, value: 1 }\n`,
        /^f:3: sensors\[1\]\.name: "A" is taken/,
      ],
      [
        'users:\n  - { name: a, id: 3 }\n  - name: b\n    id: 3\n',
        /^f:4: users\[1\]\.id: 3 is taken by another before it$/,
      ],
      [
        'users:\n  - { name: "€" }\n  - name: "ääääääääää"\n',
        /^f:3: users\[1\]\.name: has more than 16 bytes$/,
      ],
      [
        'users:\n  - { name: a }\n  - { name: a, privilege: user }\n  - { name: a }\n',
        /^f:4: users\[2\]\.name: "a" at level admin is taken by another before it$/,
      ],
      ['lan:\n  cipherSuites: []\n', /^f:2: lan\.cipherSuites: .* nobody can log in$/],
      ['frus:\n  - { id: 0, name: A }\n  - { id: 0, name: B }\n', /^f:3: frus\[1\]\.id: 0 is taken/],
      [
        `frus:\n  - { id: 0, name: A, sizeBytes: 64, product: { manufacturer: ${'a'.repeat(60)} } }\n`,
        /^f:2: frus\[0\]: FRU 'A': /,
      ],
      [
        'satellites:\n  - { name: a, address: 0x24 }\n  - { name: b, address: 0x24 }\n',
        /^f:3: satellites\[1\]\.address: 36 is taken/,
      ],
      [
        `satellites:\n  - name: a\n    address: 0x24\n    sensors:\n      - { ${analog}, name: A, value: 9000 }\n`,
        /^f:5: satellites\[0\]\.sensors\[0\]\.value: 9000 is beyond the readings, which go from 0 to 255/,
      ],
      [
        `sensors:\n  - { ${analog}, name: A, value: 1, thresholds: { upperCritical: 5, upperNonCritical: 6 } }\n`,
        /^f:2: sensors\[0\]\.thresholds\.upperCritical: 5 is less than upperNonCritical, 6$/,
      ],
      [
        `sensors:\n  - { ${analog}, name: A, value: { script: [[5, 1], [0, 2]] } }\n`,
        /^f:2: sensors\[0\]\.value\.script\[1\]\[0\]: 0 comes after 5$/,
      ],
      [
        `sensors:\n  - { ${analog}, name: A, value: { walk: { min: 9, max: 2 } } }\n`,
        /^f:2: sensors\[0\]\.value\.walk\.max: 2 is less than min, 9$/,
      ],
      [
        `sensors:\n  - { ${analog}, name: A, value: 3, curve: [[0, 5], [0, 7]] }\n`,
        /^f:2: sensors\[0\]\.curve\[1\]\[0\]: 0 comes after 0$/,
      ],
      [
        'sensors:\n  - { kind: discrete, name: A, type: Processor, states: [0], supports: [1] }\n',
        /^f:2: sensors\[0\]\.states\[0\]: 0 is not among what it supports$/,
      ],
    ]
    for (const [text, message] of cases)
      assert.throws(() => parseConfig(text, 'f'), { code: 'CONFIG', message }, text)
  })

  it('may have no suite where there is IPMI 1.5, and a user of one name at several levels', () => {
    parseConfig('lan: { cipherSuites: [], ipmi15: [md5] }\n', 'f')
    parseConfig('users:\n  - { name: a }\n  - { name: a, privilege: user }\n', 'f')
  })

  it('that says nothing is as none: the server with its user, whose password is drawn', () => {
    for (const text of ['', 'null\n', '---\n# nothing yet\n'])
      assert.deepEqual(parseConfig(text, 'f'), bmcConfig.parse(defaultConfig))
  })

  it('whose aliases stand for more and more is refused where they do', () => {
    const [first, ...others] = ['a', 'b', 'c', 'd', 'e'] as const
    const lists = others.map((name, i) => {
      const before = [first, ...others][i]
      return `${name}: &${name} [${Array(9).fill(`*${before}`)}]\n`
    })
    assert.throws(() => parseConfig(`name: x\n${first}: &${first} [1]\n${lists.join('')}`, 'f'), {
      code: 'CONFIG',
      message: 'f:6: e: aliases (*) stand for too much there',
    })
  })

  it('of the server that there is without one has nothing wrong', () => {
    assert.deepEqual(configProblems(bmcConfig.parse(defaultConfig)), [])
  })

  it('may be empty', () => {
    assert.equal(makeWorld(parseConfig('{}', 'f')).sensors.length, 0)
  })
})

describe('docs/bmc.schema.json', () => {
  it('is what the code makes of it (node scripts/bmc-schema.mjs)', () => {
    const published = readFileSync(new URL('../../docs/bmc.schema.json', import.meta.url), 'utf8')
    assert.deepEqual(JSON.parse(published), JSON.parse(JSON.stringify(bmcConfigSchema())))
  })
})
