/** What software has set is there again after the process's end; what the specification calls volatile is not. */
import assert from 'node:assert/strict'
import fs, { mkdtempSync, rmSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { ColdReset } from '../protocol/commands/device.ts'
import { GetEventReceiver, SetEventReceiver } from '../protocol/commands/event.ts'
import { GetBmcGlobalEnables, SetBmcGlobalEnables } from '../protocol/commands/messaging.ts'
import {
  GetSensorEventEnable,
  GetSensorHysteresis,
  GetSensorThresholds,
  GetSensorType,
  SetSensorEventEnable,
  SetSensorHysteresis,
  SetSensorThresholds,
  SetSensorType,
} from '../protocol/commands/sensor.ts'
import { GetWatchdogTimer, ResetWatchdogTimer, SetWatchdogTimer } from '../protocol/commands/watchdog.ts'
import { thresholdNames } from '../protocol/sensor/event-types.ts'
import { Fixture } from './testing.ts'
import type { BmcConfigInput } from './world/config.ts'

type SensorInput = NonNullable<BmcConfigInput['sensors']>[number]

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lastword-kept-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const analog = {
  kind: 'analog' as const,
  name: 'Inlet',
  type: 1,
  unit: 1,
  value: 22,
  thresholds: { upperCritical: 40 },
}
const bothSensors: SensorInput[] = [analog, { kind: 'discrete', name: 'Drive', type: 0x0d }]
const [inlet, drive] = [1, 2]

function open(sensors = bothSensors): Fixture {
  return new Fixture({ stateDir: dir }, { sensors })
}

const none = Object.fromEntries(thresholdNames.map(name => [name, false])) as Record<
  (typeof thresholdNames)[number],
  boolean
>
const zeros = Object.fromEntries(thresholdNames.map(name => [name, 0])) as Record<
  (typeof thresholdNames)[number],
  number
>

function setThreshold(fixture: Fixture, upperCritical: number): void {
  fixture.run(SetSensorThresholds, {
    ...zeros,
    sensorNumber: inlet,
    set: { ...none, upperCritical: true },
    upperCritical,
  })
}

function setAll(fixture: Fixture): void {
  setThreshold(fixture, 35)
  fixture.run(SetSensorHysteresis, { sensorNumber: inlet, mask: 0xff, positive: 3, negative: 4 })
  fixture.run(SetSensorEventEnable, {
    sensorNumber: drive,
    enable: { action: 'disableSelected', scanning: true, eventMessages: false },
    assertion: 1,
    deassertion: 2,
  })
  fixture.run(SetSensorType, { sensorNumber: drive, sensorType: 0x08, eventType: 0x6f })
  fixture.run(SetEventReceiver, { slaveAddress: 0x24, unit: { lun: 2 } })
}

function allOf(fixture: Fixture) {
  return {
    upperCritical: fixture.run(GetSensorThresholds, { sensorNumber: inlet }).upperCritical,
    hysteresis: fixture.run(GetSensorHysteresis, { sensorNumber: inlet, mask: 0xff }),
    enables: fixture.run(GetSensorEventEnable, { sensorNumber: drive }),
    type: fixture.run(GetSensorType, { sensorNumber: drive }),
    receiver: fixture.run(GetEventReceiver, {}),
  }
}

describe('what software has set', () => {
  it('of sensors and the event receiver is there after the process has ended', () => {
    const first = open()
    const before = allOf(first)
    setAll(first)
    const set = allOf(first)
    assert.equal(set.upperCritical, 35)
    for (const [what, value] of Object.entries(set))
      assert.notDeepEqual(value, before[what as keyof typeof before], what)
    first.bmc.close()
    const again = open()
    assert.deepEqual(allOf(again), set)
    // The thresholds are those that are compared with.
    const sensor = again.bmc.sensors.byName('Inlet')
    assert.ok(sensor?.kind === 'analog')
    again.bmc.sensors.setValue(sensor, 36)
    assert.equal(again.events.length, 1)
    again.bmc.close()
  })

  it('goes back to the records by a cold reset, for good (section 20.2)', () => {
    const first = open()
    const before = allOf(first)
    setAll(first)
    // A reset waits for what is not on the disk yet.
    first.bmc.flush()
    first.run(ColdReset, {})
    assert.deepEqual(allOf(first), before)
    first.bmc.close()
    const again = open()
    assert.deepEqual(allOf(again), before)
    again.bmc.close()
  })

  it('is not given to another sensor that has its number now', () => {
    const first = open()
    setAll(first)
    first.bmc.close()
    const again = open([{ ...analog, name: 'Outlet' }])
    assert.equal(again.run(GetSensorThresholds, { sensorNumber: inlet }).upperCritical, 40)
    again.bmc.close()
  })

  it('and what the disk has refused is undone in memory too', () => {
    const fixture = open()
    const real = fs.writeSync
    fs.writeSync = () => {
      throw new Error('ENOSPC')
    }
    syncBuiltinESMExports()
    setThreshold(fixture, 35)
    fixture.bmc.flush()
    fs.writeSync = real
    syncBuiltinESMExports()
    assert.equal(fixture.run(GetSensorThresholds, { sensorNumber: inlet }).upperCritical, 40)
    fixture.bmc.close()
  })

  it('but is volatile is as after power has come: global enables, and a watchdog that was never set', () => {
    const first = open()
    const enables = first.run(GetBmcGlobalEnables, {})
    first.run(SetBmcGlobalEnables, { enables: { ...enables.enables, eventMessageBuffer: true } })
    first.run(SetWatchdogTimer, {
      timer: { use: 'smsOs', dontStop: false, dontLog: false },
      actions: { timeout: 'hardReset', preTimeout: 'none' },
      preTimeoutSeconds: 0,
      clearExpired: { biosFrb2: false, biosPost: false, osLoad: false, smsOs: false, oem: false },
      initialCountdown: 100,
    })
    first.run(ResetWatchdogTimer, {})
    assert.notDeepEqual(first.run(GetBmcGlobalEnables, {}), enables)
    first.bmc.close()
    const again = open()
    assert.deepEqual(again.run(GetBmcGlobalEnables, {}), enables)
    assert.equal(again.run(GetWatchdogTimer, {}).timer.running, false)
    assert.equal(again.code(ResetWatchdogTimer, {}), 0x80)
    again.bmc.close()
  })
})
