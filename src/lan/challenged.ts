/** Log-ins that RAKP 2 has answered: one that does not come back with RAKP 3 had a wrong password, as RAKP 2 has told it. */
import type { LanAccount, LanAccounts } from './accounts.ts'
import type { Failures, Lockout } from './lockout.ts'
import { earliest, type Pending, PendingTable } from './pending.ts'

export interface Challenge extends Pending {
  sinceMs: number
  account: LanAccount
  /** It counts as failed. */
  failure: Failures | null
}

/** Far more than a console needs to see what RAKP 2 says and to answer it. */
const PATIENCE_MS = 1000
/** Far more than there are sessions: who has so many under way is guessing. */
const MAX_CHALLENGED = 256

export class ChallengedLogins<T extends Challenge> {
  readonly #lockout: Lockout
  readonly #accounts: LanAccounts
  /** What comes back late may still be right; until then it counts. */
  readonly #late = new PendingTable<T>({ capacity: MAX_CHALLENGED })
  readonly #waiting = new PendingTable<T>({
    capacity: MAX_CHALLENGED,
    lifeMs: PATIENCE_MS,
    onGone: (entry, nowMs) => {
      this.#fail(entry, nowMs)
      entry.sinceMs = nowMs
      this.#late.add(entry)
    },
  })

  constructor({ lockout, accounts }: { lockout: Lockout; accounts: LanAccounts }) {
    this.#lockout = lockout
    this.#accounts = accounts
  }

  get size(): number {
    return this.#waiting.size + this.#late.size
  }

  /** Whether there are some that are not yet counted as failed. */
  get isWaiting(): boolean {
    return this.#waiting.size > 0
  }

  get(id: number): T | undefined {
    return this.#waiting.get(id) ?? this.#late.get(id)
  }

  add(entry: T): void {
    this.#waiting.add(entry)
  }

  /** It has come back, and how it ended is not a matter of its password. */
  drop(entry: T): void {
    this.#waiting.delete(entry)
    this.#late.delete(entry)
  }

  /** It has come back with a wrong password, or to say that it had one. */
  dropFailed(entry: T, nowMs: number): void {
    this.drop(entry)
    this.#fail(entry, nowMs)
  }

  /** It has come back with the right password. */
  dropRight(entry: T): void {
    this.drop(entry)
    if (entry.failure !== null) this.#lockout.takeBack(entry.failure)
  }

  nextDueMs(): number | null {
    return earliest([this.#waiting.nextDueMs(), this.#late.nextDueMs()])
  }

  clear(): void {
    this.#waiting.clear()
    this.#late.clear()
  }

  expire(nowMs: number): void {
    this.#waiting.expire(nowMs)
    this.#late.expire(nowMs)
  }

  #fail(entry: T, nowMs: number): void {
    const { account, peer } = entry
    entry.failure ??= this.#lockout.noteFailure(account.id, peer, this.#accounts.lockout, nowMs)
  }
}
