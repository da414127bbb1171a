import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RequestOf } from '../protocol/command.ts'
import { GetWatchdogTimer, ResetWatchdogTimer, SetWatchdogTimer } from '../protocol/commands/watchdog.ts'
import { Fixture } from './testing.ts'

type Timer = RequestOf<typeof SetWatchdogTimer>

const noUse = { biosFrb2: false, biosPost: false, osLoad: false, smsOs: false, oem: false }
const timer: Timer = {
  timer: { use: 'smsOs', dontStop: false, dontLog: false },
  actions: { timeout: 'none', preTimeout: 'none' },
  preTimeoutSeconds: 0,
  clearExpired: noUse,
  initialCountdown: 50,
}

/** A BMC whose watchdog was set so, and runs. */
function running(changes: Partial<Timer['timer']> = {}): Fixture {
  const fixture = new Fixture()
  fixture.run(SetWatchdogTimer, { ...timer, timer: { ...timer.timer, ...changes } })
  fixture.run(ResetWatchdogTimer, {})
  return fixture
}

describe('a watchdog', () => {
  it('that runs out is an event, and none with "don\'t log"; either way it is remembered until it is cleared', () => {
    for (const dontLog of [false, true]) {
      const fixture = running({ dontLog })
      fixture.pass(5)
      assert.equal(fixture.events.length, dontLog ? 0 : 1)
      assert.deepEqual(fixture.run(GetWatchdogTimer, {}).expired, { ...noUse, smsOs: true })
      fixture.run(SetWatchdogTimer, timer)
      assert.equal(fixture.run(GetWatchdogTimer, {}).expired.smsOs, true)
      fixture.run(SetWatchdogTimer, { ...timer, clearExpired: { ...noUse, smsOs: true } })
      assert.equal(fixture.run(GetWatchdogTimer, {}).expired.smsOs, false)
    }
  })

  it('is stopped when it is set anew, and with "don\'t stop" counts on from the new value', () => {
    for (const dontStop of [false, true]) {
      const fixture = running()
      fixture.pass(4)
      fixture.run(SetWatchdogTimer, { ...timer, timer: { ...timer.timer, dontStop }, initialCountdown: 30 })
      fixture.pass(2)
      const now = fixture.run(GetWatchdogTimer, {})
      assert.deepEqual([now.timer.running, now.presentCountdown], dontStop ? [true, 10] : [false, 30])
    }
  })

  it('that stands still is not started by "don\'t stop"', () => {
    const fixture = new Fixture()
    fixture.run(SetWatchdogTimer, { ...timer, timer: { ...timer.timer, dontStop: true } })
    fixture.pass(10)
    assert.equal(fixture.run(GetWatchdogTimer, {}).timer.running, false)
    assert.deepEqual(fixture.events, [])
  })
})
