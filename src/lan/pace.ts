/** How long to wait for an answer and how many requests to have in flight, learnt from the answers. RFC 6298, RFC 5681. */

export interface PaceOptions {
  /** The first wait, while nothing is known. */
  firstWaitMs: number
  /** The longest wait before a request is sent again. */
  longestWaitMs: number
  maxInFlight: number
}

const SHORTEST_WAIT_MS = 250
const START_IN_FLIGHT = 4

export class Pace {
  readonly #options: PaceOptions
  #smoothedMs: number | null = null
  #variationMs = 0
  #window: number
  #threshold: number
  #lastLossMs = Number.NEGATIVE_INFINITY

  constructor(options: PaceOptions) {
    this.#options = options
    this.#window = Math.min(START_IN_FLIGHT, options.maxInFlight)
    this.#threshold = options.maxInFlight
  }

  /** Requests that may be in flight now. */
  get inFlight(): number {
    return Math.floor(this.#window)
  }

  /** How long the n-th sending (from 1) of a request is waited for. */
  waitMs(sending: number): number {
    const { firstWaitMs, longestWaitMs } = this.#options
    const base =
      this.#smoothedMs === null
        ? firstWaitMs
        : Math.max(SHORTEST_WAIT_MS, this.#smoothedMs + 4 * this.#variationMs)
    return Math.min(base * 2 ** Math.min(sending - 1, 10), Math.max(longestWaitMs, base))
  }

  /** An answer to a request that was sent once. */
  noteRoundTrip(ms: number): void {
    if (this.#smoothedMs === null) {
      this.#smoothedMs = ms
      this.#variationMs = ms / 2
    } else {
      this.#variationMs = 0.75 * this.#variationMs + 0.25 * Math.abs(this.#smoothedMs - ms)
      this.#smoothedMs = 0.875 * this.#smoothedMs + 0.125 * ms
    }
    const growth = this.#window < this.#threshold ? 1 : 1 / this.#window
    this.#window = Math.min(this.#window + growth, this.#options.maxInFlight)
  }

  /** A request got no answer, or the BMC was busy; several at once count as one. */
  noteLoss(nowMs: number): void {
    if (nowMs - this.#lastLossMs < (this.#smoothedMs ?? this.#options.firstWaitMs)) return
    this.#lastLossMs = nowMs
    this.#window = Math.max(1, this.#window / 2)
    this.#threshold = this.#window
  }
}
