/** Events on their way to users: delivered to all who listen, kept (bounded) while nobody does. */
import { callAll } from './call-all.ts'
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
    const listeners = users.filter(user => user.getsEvents)
    if (listeners.length > 0) this.delivered++
    else if (this.#waiting.length < MAX_WAITING_EVENTS) this.#waiting.push(event)
    else this.dropped++
    callAll(listeners, user => user.handlers.onEvent?.(event))
  }

  /** Hands what was kept to the first who listens. */
  handOver(user: IpmiUser): void {
    callAll(this.#waiting.splice(0), event => {
      this.delivered++
      user.handlers.onEvent?.(event)
    })
  }
}
