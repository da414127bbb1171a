/**
 * Whether it pays to wait awake: to be woken costs a process more than most answers do, so that who asked again at once
 * before is waited for with open eyes, for a moment that is not longer than that.
 */

/** Longer than a client on the same host takes to ask again, much shorter than a network's round trip. */
const AWAKE_MS = 0.1
/** A wait in vain doubles the proof that the next one wants, one that was not halves it. */
const MOST_PROOF = 1024

export class AwakeWait {
  #answeredMs = Number.NEGATIVE_INFINITY
  #untilMs = Number.NEGATIVE_INFINITY
  #wasAwake = false
  /** How often in a row somebody asked again at once. */
  #quick = 0
  #proof = 1

  /** Something came in and was answered. */
  answered(arrivedMs: number, nowMs: number): void {
    const isQuick = arrivedMs - this.#answeredMs <= AWAKE_MS
    if (this.#wasAwake)
      this.#proof = isQuick ? Math.max(this.#proof / 2, 1) : Math.min(this.#proof * 2, MOST_PROOF)
    this.#quick = isQuick ? this.#quick + 1 : 0
    this.#answeredMs = nowMs
    this.#wasAwake = this.#quick >= this.#proof
    this.#untilMs = this.#wasAwake ? nowMs + AWAKE_MS : nowMs
  }

  isAwake(nowMs: number): boolean {
    return nowMs < this.#untilMs
  }
}
