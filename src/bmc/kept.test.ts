/** What software has set is there again after the process's end; what the specification calls volatile is not. */
import assert from 'node:assert/strict'
import fs, { mkdtempSync, rmSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import {
  ChassisControl,
  GetPohCounter,
  GetSystemRestartCause,
  SetPowerCycleInterval,
  SetPowerRestorePolicy,
} from '../protocol/commands/chassis.ts'
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

describe('what is done to the power', () => {
  /** The one that is there is killed: nothing of it is closed, and the next one starts from what it has kept. */
  const startAgain = () => new Fixture({ stateDir: dir, stateLock: 'owner' })
  const answered = (fixture: Fixture, action: 'powerUp' | 'powerDown' | 'powerCycle' | 'softShutdown') => {
    fixture.run(ChassisControl, { action })
    fixture.bmc.flush()
  }

  it('is carried out after a kill: the second half of a power cycle, and a shutdown that was begun', () => {
    const first = startAgain()
    first.run(SetPowerCycleInterval, { seconds: 20 })
    answered(first, 'powerCycle')
    const second = startAgain()
    second.pass(19)
    assert.equal(second.bmc.chassis.isOn, false)
    second.pass(1)
    assert.deepEqual([second.bmc.chassis.isOn, second.actions], [true, ['powerUp']])
    assert.deepEqual(second.run(GetSystemRestartCause, {}), { cause: 'chassisControl', channel: 15 })
    answered(second, 'softShutdown')
    const third = startAgain()
    assert.equal(third.bmc.chassis.isOn, true)
    third.pass(2)
    assert.deepEqual([third.bmc.chassis.isOn, third.actions], [false, ['powerDown']])
    const fourth = startAgain()
    fourth.pass(60)
    assert.deepEqual([fourth.bmc.chassis.isOn, fourth.actions], [false, []], 'once')
  })

  it('happens at once when its time came meanwhile, and no later than ever when the clock was set back', () => {
    const first = startAgain()
    answered(first, 'powerCycle')
    const late = startAgain()
    late.nowMs += 3_600_000
    late.bmc.tick()
    assert.equal(late.bmc.chassis.isOn, true)
    answered(late, 'powerCycle')
    const early = startAgain()
    early.pass(2)
    assert.equal(early.bmc.chassis.isOn, true)
  })

  it('and not finished gives way to a restore policy that says on or off', () => {
    for (const [policy, action, isOn] of [
      ['alwaysOff', 'powerCycle', false],
      ['alwaysOn', 'softShutdown', true],
    ] as const) {
      const first = startAgain()
      answered(first, 'powerUp')
      first.run(SetPowerRestorePolicy, { policy })
      answered(first, action)
      const again = startAgain()
      assert.equal(again.bmc.chassis.isOn, isOn, policy)
      again.run(SetPowerRestorePolicy, { policy: 'previous' })
      again.pass(10)
      assert.equal(again.bmc.chassis.isOn, isOn, policy)
      const third = startAgain()
      third.pass(10)
      assert.equal(third.bmc.chassis.isOn, isOn, `${policy}, as it was before`)
    }
  })

  it('is what a policy says at the next start, also when the power was never changed', () => {
    const first = startAgain()
    first.run(SetPowerRestorePolicy, { policy: 'alwaysOn' })
    first.bmc.flush()
    const on = startAgain()
    assert.equal(on.run(GetSystemRestartCause, {}).cause, 'restoreAlwaysOn')
    on.run(SetPowerRestorePolicy, { policy: 'alwaysOff' })
    on.bmc.flush()
    assert.equal(startAgain().bmc.chassis.isOn, false)
  })

  it('is over when the host is turned off in the middle of a power cycle', () => {
    const first = startAgain()
    first.pass(120)
    answered(first, 'powerCycle')
    answered(first, 'powerDown')
    assert.equal(first.bmc.chassis.onMinutes, 2)
    first.pass(10)
    const again = startAgain()
    again.pass(10)
    assert.deepEqual([first.bmc.chassis.isOn, again.bmc.chassis.isOn], [false, false])
  })
})

describe('the power-on hours', () => {
  const HOUR_SECONDS = 3600
  let clock = { nowMs: 0 }
  const open = () => new Fixture({ stateDir: dir, stateLock: 'owner', nowMs: () => clock.nowMs })
  const pass = (fixture: Fixture, seconds: number) => {
    for (let passed = 0; passed < seconds; passed += 30) {
      clock.nowMs += 30_000
      fixture.bmc.tick()
    }
  }
  beforeEach(() => {
    clock = { nowMs: 1_700_000_000_000 }
  })

  it('go on after a kill, but for a minute, and after an end in order to the second', () => {
    const first = open()
    pass(first, 3 * HOUR_SECONDS + 30)
    const killed = open()
    assert.equal(killed.run(GetPohCounter, {}).count, 3)
    assert.equal(killed.bmc.chassis.onMinutes, 180)
    pass(killed, 30)
    killed.bmc.close()
    const ended = open()
    pass(ended, 30)
    assert.equal(ended.bmc.chassis.onMinutes, 181)
  })

  it('count what the host was on, and not what it was off', () => {
    const first = open()
    pass(first, HOUR_SECONDS)
    first.run(ChassisControl, { action: 'powerDown' })
    pass(first, HOUR_SECONDS)
    assert.equal(first.bmc.chassis.onMinutes, 60)
    const off = open()
    pass(off, HOUR_SECONDS)
    assert.equal(off.bmc.chassis.onMinutes, 60)
    off.run(ChassisControl, { action: 'powerUp' })
    pass(off, HOUR_SECONDS)
    assert.equal(off.bmc.chassis.onMinutes, 120)
    const on = open()
    pass(on, HOUR_SECONDS)
    assert.equal(on.bmc.chassis.onMinutes, 180)
  })

  it('are written down once a minute, wherever the disk refuses, and cost no request a wait', () => {
    const errors: string[] = []
    const onError = ({ code }: { code: string }) => errors.push(code)
    const fixture = new Fixture({ stateDir: dir, nowMs: () => clock.nowMs, onError })
    const real = fs.writeSync
    let writes = 0
    fs.writeSync = () => {
      writes++
      throw new Error('ENOSPC')
    }
    syncBuiltinESMExports()
    for (let tick = 0; tick < 100; tick++) {
      clock.nowMs += 1200
      fixture.run(GetPohCounter, {})
      fixture.bmc.tick()
    }
    fs.writeSync = real
    syncBuiltinESMExports()
    assert.deepEqual([writes, errors], [2, ['STATE_WRITE', 'STATE_WRITE']])
    fixture.bmc.close()
  })
})
