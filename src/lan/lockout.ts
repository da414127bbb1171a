/** Counts wrong passwords and keeps a user out when they were too many. IPMI 2.0 rev 1.1, table 23-4, parameter 26. */
import type { LockoutPolicy } from './accounts.ts'
import type { Peer } from './server-session.ts'

/** What is counted of one user, until it is forgotten. */
export interface Failures {
  count: number
  lastMs: number
  lockedAtMs: number | null
}

export interface LockOut {
  userId: number
  /** Failed log-ins in a row. */
  count: number
  /** 0: until it is lifted by hand. */
  lockoutMs: number
  /** Where the last of them came from. */
  from: Peer
}

export interface LogInState {
  /** Failed log-ins in a row. */
  failed: number
  /** Null: not locked out; Infinity: until it is lifted by hand. */
  lockedUntilMs: number | null
}

export class Lockout {
  /** Log-ins with a wrong password since the start, of all users. */
  failedLogIns = 0
  /** A user has just been locked out. */
  onLockOut: ((lockOut: LockOut) => void) | null = null
  readonly #byUser = new Map<number, Failures>()

  isLockedOut(userId: number, policy: LockoutPolicy, nowMs: number): boolean {
    const failures = this.#byUser.get(userId)
    if (failures === undefined || failures.lockedAtMs === null) return false
    if (nowMs < endOf(failures.lockedAtMs, policy)) return true
    this.#byUser.delete(userId)
    return false
  }

  /** What it returns can be taken back. */
  noteFailure(userId: number, from: Peer, policy: LockoutPolicy, nowMs: number): Failures {
    this.failedLogIns++
    const before = this.#byUser.get(userId)
    // A log-in that was begun before the lock does not shorten it, nor make it longer.
    if (before !== undefined && this.isLockedOut(userId, policy, nowMs)) return before
    const failures =
      before !== undefined && before.lockedAtMs === null && isFresh(before, policy, nowMs)
        ? before
        : { count: 0, lastMs: nowMs, lockedAtMs: null }
    this.#byUser.set(userId, failures)
    failures.count++
    failures.lastMs = nowMs
    if (policy.threshold > 0 && failures.count >= policy.threshold) {
      failures.lockedAtMs = nowMs
      this.onLockOut?.({ userId, count: failures.count, lockoutMs: policy.lockoutMs, from })
    }
    return failures
  }

  /** One that was noted was none. */
  takeBack(failures: Failures): void {
    this.failedLogIns--
    failures.count--
  }

  noteSuccess(userId: number): void {
    this.#byUser.delete(userId)
  }

  stateOf(userId: number, policy: LockoutPolicy, nowMs: number): LogInState {
    const isLocked = this.isLockedOut(userId, policy, nowMs)
    const failures = this.#byUser.get(userId)
    if (failures === undefined) return { failed: 0, lockedUntilMs: null }
    const { count, lockedAtMs } = failures
    if (isLocked && lockedAtMs !== null) return { failed: count, lockedUntilMs: endOf(lockedAtMs, policy) }
    return { failed: isFresh(failures, policy, nowMs) ? count : 0, lockedUntilMs: null }
  }

  /** Lifts a lock-out by hand. */
  lift(userId: number): void {
    this.#byUser.delete(userId)
  }
}

function endOf(lockedAtMs: number, { lockoutMs }: LockoutPolicy): number {
  return lockoutMs === 0 ? Number.POSITIVE_INFINITY : lockedAtMs + lockoutMs
}

function isFresh({ lastMs }: Failures, { resetMs }: LockoutPolicy, nowMs: number): boolean {
  return resetMs === 0 || nowMs - lastMs < resetMs
}
