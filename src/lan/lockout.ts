/** Counts wrong passwords and keeps a user out when they were too many. IPMI 2.0 rev 1.1, table 23-4, parameter 26. */
import type { LockoutPolicy } from './accounts.ts'

interface Failures {
  count: number
  lastMs: number
  lockedAtMs: number | null
}

export class Lockout {
  /** Log-ins with a wrong password since the start, of all users. */
  failedLogIns = 0
  /** A user has just been locked out. */
  onLockedOut: ((userId: number) => void) | null = null
  readonly #byUser = new Map<number, Failures>()

  isLockedOut(userId: number, policy: LockoutPolicy, nowMs: number): boolean {
    const failures = this.#byUser.get(userId)
    if (failures === undefined || failures.lockedAtMs === null) return false
    if (policy.lockoutMs === 0 || nowMs - failures.lockedAtMs < policy.lockoutMs) return true
    this.#byUser.delete(userId)
    return false
  }

  noteFailure(userId: number, policy: LockoutPolicy, nowMs: number): void {
    this.failedLogIns++
    // A log-in that was begun before the lock does not shorten it, nor make it longer.
    if (this.isLockedOut(userId, policy, nowMs)) return
    const before = this.#byUser.get(userId)
    const isFresh = before !== undefined && (policy.resetMs === 0 || nowMs - before.lastMs < policy.resetMs)
    const count = (isFresh ? before.count : 0) + 1
    const isLocked = policy.threshold > 0 && count >= policy.threshold
    this.#byUser.set(userId, { count, lastMs: nowMs, lockedAtMs: isLocked ? nowMs : null })
    if (isLocked) this.onLockedOut?.(userId)
  }

  noteSuccess(userId: number): void {
    this.#byUser.delete(userId)
  }

  /** Lifts a lock-out by hand. */
  lift(userId: number): void {
    this.#byUser.delete(userId)
  }
}
