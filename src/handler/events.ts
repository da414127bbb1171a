/** Events on their way to users: delivered to all who listen, kept (bounded) while nobody does. */
import type { IpmiUser } from './user.ts'

/** Linux keeps 25. */
export const MAX_WAITING_EVENTS = 25

export class EventDelivery {
  readonly #waiting: Uint8Array[] = []
  /** Events that came while nobody listened and the store was full. */
  dropped = 0
  delivered = 0

  get waiting(): number {
    return this.#waiting.length
  }

  /** `record` is copied. */
  deliver(record: Uint8Array, users: readonly IpmiUser[]): void {
    const event = record.slice()
    let listeners = 0
    for (const user of users) {
      if (!user.getsEvents) continue
      listeners++
      user.handlers.onEvent?.(event)
    }
    if (listeners > 0) this.delivered++
    else if (this.#waiting.length < MAX_WAITING_EVENTS) this.#waiting.push(event)
    else this.dropped++
  }

  /** Hands what was kept to the first who listens. */
  handOver(user: IpmiUser): void {
    for (const event of this.#waiting.splice(0)) {
      this.delivered++
      user.handlers.onEvent?.(event)
    }
  }
}
