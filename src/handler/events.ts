/** Events on their way to users: delivered to all who listen, kept (bounded) while nobody does. */
import { callAll, type PanicMark } from './call-all.ts'
import type { IpmiUser } from './user.ts'

/** Linux keeps 25. */
export const MAX_WAITING_EVENTS = 25

export class EventDelivery {
  readonly #waiting: Uint8Array[] = []
  readonly #host: PanicMark
  /** Events that came while nobody listened and the store was full. */
  dropped = 0
  delivered = 0

  constructor(host: PanicMark) {
    this.#host = host
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** `record` is copied. */
  deliver(record: Uint8Array, users: readonly IpmiUser[]): void {
    const event = record.slice()
    const listeners = users.filter(listens)
    if (listeners.length > 0) this.delivered++
    else if (this.#waiting.length < MAX_WAITING_EVENTS) this.#waiting.push(event)
    else this.dropped++
    callAll(listeners, this.#host, user => user.handlers.onEvent?.(event))
  }

  /** Hands what was kept to the first who listens, for as long as it does. */
  handOver(user: IpmiUser): void {
    callAll(this.#waitingFor(user), this.#host, event => {
      this.delivered++
      user.handlers.onEvent?.(event)
    })
  }

  *#waitingFor(user: IpmiUser): Generator<Uint8Array> {
    while (listens(user) && !this.#host.runToCompletion) {
      const event = this.#waiting.shift()
      if (event === undefined) return
      yield event
    }
  }
}

function listens(user: IpmiUser): boolean {
  return user.getsEvents && !user.isDestroyed && user.handlers.onEvent !== undefined
}
