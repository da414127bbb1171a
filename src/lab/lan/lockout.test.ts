import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PayloadType } from '../../protocol/commands/payload.ts'
import { NetFn } from '../../protocol/net-fn.ts'
import { needs } from '../kernel/needs-programs.ts'
import {
  accounts,
  Gate,
  LOCKOUT_MS,
  NAME_AT,
  OTHER_ID,
  other,
  RANDOM_AT,
  ROLE_AT,
  THRESHOLD,
  USER_ID,
} from './gate.ts'
import { LanRig, user } from './rig.ts'
import { fairWeather, VirtualLan, type Weather } from './virtual-lan.ts'

/** So long a log-in may be silent after RAKP 2. */
const PATIENCE_MS = 1000

describe('a log-in that goes silent when RAKP 2 has told it that its password is wrong', () => {
  it('counts as failed after a second, so that the user is locked out by as many as the threshold', () => {
    const gate = new Gate()
    for (let i = 0; i < THRESHOLD; i++) gate.begin('guess')
    assert.equal(gate.failedAfter(PATIENCE_MS - 1), 0)
    assert.equal(gate.failedAfter(1), THRESHOLD)
    assert.throws(() => gate.begin(user.password), /never came/)
    gate.nowMs += LOCKOUT_MS
    assert.equal(gate.begin(user.password)(), null)
  })

  it('is counted without a tick, when the next one comes', () => {
    const gate = new Gate()
    for (let i = 0; i < THRESHOLD; i++) gate.begin('guess')
    gate.nowMs = PATIENCE_MS
    assert.throws(() => gate.begin(user.password), /never came/)
  })

  it('makes a machine that is idle want a tick by then', () => {
    const gate = new Gate()
    gate.nowMs = 500
    gate.begin('guess')
    assert.equal(gate.server.pollTimeout(), 500 + PATIENCE_MS)
    assert.equal(gate.server.isHurried, true)
    gate.failedAfter(PATIENCE_MS)
    assert.equal(gate.server.isHurried, false)
  })

  it('counts once, also when it says late that it gives up', () => {
    const gate = new Gate()
    const goOn = gate.begin('guess')
    gate.failedAfter(PATIENCE_MS)
    goOn()
    assert.equal(gate.server.beginnings, 0)
    assert.equal(gate.failedAfter(PATIENCE_MS), 1)
    gate.begin('guess')()
    assert.equal(gate.server.lockout.failedLogIns, 2)
  })

  it('counts once, however often its RAKP 1 is repeated, the same or with another random number', () => {
    const gate = new Gate()
    gate.begin('guess')
    for (let i = 0; i < 8; i++) {
      assert.equal(gate.sendAgain(PayloadType.Rakp1), 0)
      const change = (rakp1: Uint8Array) => {
        rakp1[RANDOM_AT]! ^= i + 1
      }
      assert.equal(gate.sendAgain(PayloadType.Rakp1, change), 0)
      assert.equal(gate.failedAfter(PATIENCE_MS / 4), i < 3 ? 0 : 1)
    }
    assert.equal(gate.failedAfter(PATIENCE_MS), 1)
  })

  it('counts whatever it sends in between: another name, or a level that it may not have', () => {
    const gate = new Gate()
    gate.begin('guess')
    const name = Buffer.from(other.name)
    assert.notEqual(
      gate.sendAgain(PayloadType.Rakp1, rakp1 => rakp1.set(name, NAME_AT)),
      0,
    )
    assert.notEqual(
      gate.sendAgain(PayloadType.Rakp1, rakp1 => rakp1.fill(0, ROLE_AT, ROLE_AT + 1)),
      0,
    )
    assert.equal(gate.failedAfter(PATIENCE_MS), 1)
    assert.equal(gate.failedAfter(0, OTHER_ID), 0)
  })

  it('counts at once when others push it out, which takes the name of a user', () => {
    const gate = new Gate()
    gate.begin('guess')
    for (let i = 0; i < 255; i++) gate.begin('guess', other.name)
    for (let i = 0; i < 1000; i++) gate.sendAgain(PayloadType.OpenSessionRequest)
    assert.equal(gate.failedAfter(0), 0)
    gate.begin('guess', other.name)
    assert.equal(gate.failedAfter(0), 1)
  })
})

describe('a user who logs in rightly', () => {
  it('is let in many times at once, whoever guesses meanwhile', () => {
    const gate = new Gate()
    const right = Array.from({ length: 20 }, () => gate.begin(user.password))
    for (let i = 0; i < THRESHOLD; i++) gate.begin('guess')
    gate.nowMs = PATIENCE_MS - 1
    for (const goOn of right) assert.equal(goOn(), null)
    assert.equal(gate.server.sessions.size, right.length)
  })

  it('has no failures any more, after a slow log-in too', () => {
    const gate = new Gate()
    gate.begin('guess')
    assert.equal(gate.failedAfter(PATIENCE_MS), 1)
    gate.begin(user.password)()
    assert.equal(gate.failedAfter(0), 0)
    const slow = gate.begin(user.password)
    assert.equal(gate.failedAfter(5000), 1)
    assert.equal(slow(), null)
    assert.equal(gate.failedAfter(PATIENCE_MS), 0)
  })

  it('takes back what a slow log-in has counted, also where no session is left', () => {
    const gate = new Gate('2.0', { maxSessions: 1 })
    assert.equal(gate.begin(user.password)(), null)
    gate.begin('guess')
    const slow = gate.begin(other.password, other.name)
    assert.equal(gate.failedAfter(PATIENCE_MS), 1)
    assert.equal(gate.failedAfter(0, OTHER_ID), 1)
    assert.match(slow()!.code, /NO_SESSION_LEFT/)
    assert.equal(gate.failedAfter(0, OTHER_ID), 0)
    assert.equal(gate.failedAfter(0), 1)
    assert.equal(gate.server.lockout.failedLogIns, 1)
  })

  it('does not lift a lock-out that has begun by coming back late', () => {
    const gate = new Gate()
    const slow = gate.begin(user.password)
    gate.failedAfter(PATIENCE_MS)
    gate.begin('guess')()
    slow()
    assert.equal(gate.server.sessions.size, 0)
    assert.equal(gate.failedAfter(0), THRESHOLD)
  })

  it('is not locked out by losses and delays, and has no failures in the end', () => {
    const weathers: Weather[] = [
      { ...fairWeather, loss: 0.3, longestMs: 20 },
      { ...fairWeather, repetition: 0.5, longestMs: 300 },
      { ...fairWeather, shortestMs: 400, longestMs: 900 },
    ]
    for (const weather of weathers) {
      for (let seed = 1; seed <= 30; seed++) {
        const lan = new VirtualLan(weather, seed, { server: { accounts }, client: { timeoutMs: 20_000 } })
        let error = lan.ask(NetFn.App, 1).error
        for (let tries = 1; error !== null && tries < 5; tries++) {
          assert.equal(error.code, 'TIMEOUT')
          error = lan.ask(NetFn.App, 1).error
        }
        assert.equal(error, null)
        lan.pass(PATIENCE_MS)
        assert.deepEqual(lan.server.lockout.stateOf(USER_ID, accounts.lockout, lan.nowMs), {
          failed: 0,
          lockedUntilMs: null,
        })
      }
    }
  })
})

describe('a user who is locked out', () => {
  it('is told of once, with what the last log-in came from', () => {
    const gate = new Gate()
    const told: unknown[] = []
    gate.server.lockout.onLockOut = lockOut => told.push(lockOut)
    for (let i = 0; i < 5; i++) gate.begin('guess')
    gate.failedAfter(PATIENCE_MS)
    const from = { address: '192.0.2.1', port: 5001 }
    assert.deepEqual(told, [{ userId: USER_ID, count: THRESHOLD, lockoutMs: LOCKOUT_MS, from }])
  })

  for (const version of ['2.0', '1.5'] as const) {
    it(`stays out, also by a log-in of IPMI ${version} that was begun before the lock and has the right password`, () => {
      const gate = new Gate(version)
      const right = gate.begin(user.password)
      const wrong = Array.from({ length: 10 }, () => gate.begin('guess'))
      for (const goOn of wrong) goOn()
      gate.nowMs = 2000
      right()
      assert.deepEqual([...gate.server.sessions.all()], [])
      gate.nowMs = 2000 + LOCKOUT_MS
      gate.begin(user.password)()
      assert.equal([...gate.server.sessions.all()].length, 1)
    })
  }
})

// The lock-out is not to wait for what else the BMC wakes for, the soonest of which is after 20 s.
describe('whatever program guesses', { timeout: 15_000 }, () => {
  const lockout = { threshold: 3, resetMs: 60_000, lockoutMs: 60_000 }
  const guesses = ['wrong1', 'wrong2', 'wrong3']

  async function isLockedOutBy(guess: (rig: LanRig, password: string) => Promise<unknown>) {
    await using rig = await LanRig.start({ lockout })
    const lockedOut = new Promise(resolve => {
      rig.server.machine.lockout.onLockOut = resolve
    })
    for (const password of guesses) await guess(rig, password)
    await lockedOut
    await assert.rejects(rig.connect(), { code: 'NO_SUCH_USER' })
    assert.equal(rig.server.machine.lockout.failedLogIns, guesses.length)
  }

  it('the user is locked out, by our client', () =>
    isLockedOutBy((rig, password) => assert.rejects(rig.connect({ password }), { code: 'BAD_PASSWORD' })))

  it('the user is locked out, by ipmitool', needs('ipmitool'), () =>
    isLockedOutBy(async (rig, password) => {
      const { exitCode } = await rig.ipmitool(['mc', 'guid'], { user: { ...user, password } })
      assert.notEqual(exitCode, 0)
    }),
  )

  it('the user is locked out, by FreeIPMI', needs('ipmi-raw'), () =>
    isLockedOutBy(async (rig, password) => {
      const args = ['-D', 'LAN_2_0', '-p', password, '0', '6', '1']
      assert.notEqual((await rig.freeipmi('ipmi-raw', args)).exitCode, 0)
    }),
  )
})
