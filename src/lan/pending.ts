/** Log-ins that have begun and are not finished: a bounded table, so that strangers cannot fill it up. */
import type { Peer } from './server-session.ts'

export interface Pending {
  readonly id: number
  readonly peer: Peer
  readonly sinceMs: number
}

/** A log-in takes less; the specification's limit is 60 s. */
const PENDING_MS = 20_000

export class PendingTable<T extends Pending> {
  readonly #capacity: number
  readonly #byId = new Map<number, T>()

  constructor(capacity: number) {
    this.#capacity = capacity
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
      const [oldest] = this.#byId.keys()
      this.#byId.delete(oldest!)
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
    return oldest === undefined ? null : oldest.sinceMs + PENDING_MS
  }

  expire(nowMs: number): void {
    for (const entry of this.#byId.values()) {
      if (nowMs < entry.sinceMs + PENDING_MS) return
      this.#byId.delete(entry.id)
    }
  }
}
