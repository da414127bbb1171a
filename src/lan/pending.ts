/** Log-ins that have begun and are not finished: a bounded table, so that strangers cannot fill it up. */
import type { Peer } from './server-session.ts'

export interface Pending {
  readonly id: number
  readonly peer: Peer
  readonly sinceMs: number
}

/** A log-in takes less; the specification's limit is 60 s. */
const PENDING_MS = 20_000

export interface PendingTableOptions<T> {
  capacity: number
  lifeMs?: number
  /** It is too old, or made room for another one, at this time. */
  onGone?: (entry: T, nowMs: number) => void
}

/** The first of several times at which something is due; null when nothing is. */
export function earliest(times: readonly (number | null)[]): number | null {
  const due = times.filter(time => time !== null)
  return due.length === 0 ? null : Math.min(...due)
}

export class PendingTable<T extends Pending> {
  readonly #capacity: number
  readonly #lifeMs: number
  readonly #onGone: (entry: T, nowMs: number) => void
  readonly #byId = new Map<number, T>()

  constructor({ capacity, lifeMs = PENDING_MS, onGone = () => {} }: PendingTableOptions<T>) {
    this.#capacity = capacity
    this.#lifeMs = lifeMs
    this.#onGone = onGone
  }

  get size(): number {
    return this.#byId.size
  }

  get(id: number): T | undefined {
    return this.#byId.get(id)
  }

  /** The oldest makes room: a flood of beginnings may spoil a beginning, never a session. */
  add(entry: T): void {
    if (this.#byId.size >= this.#capacity) {
      const [oldest] = this.#byId.values()
      this.delete(oldest!)
      this.#onGone(oldest!, entry.sinceMs)
    }
    this.#byId.set(entry.id, entry)
  }

  delete(entry: T): void {
    this.#byId.delete(entry.id)
  }

  clear(): void {
    this.#byId.clear()
  }

  /** When the oldest goes; null when there is none. */
  nextDueMs(): number | null {
    const [oldest] = this.#byId.values()
    return oldest === undefined ? null : oldest.sinceMs + this.#lifeMs
  }

  expire(nowMs: number): void {
    for (const entry of this.#byId.values()) {
      const dueMs = entry.sinceMs + this.#lifeMs
      if (nowMs < dueMs) return
      this.delete(entry)
      this.#onGone(entry, dueMs)
    }
  }
}
