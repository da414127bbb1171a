/** Which sequence numbers a session has seen: each is taken once, in a window. IPMI 2.0 rev 1.1, section 13.28 (6.12.13). */

/** How far behind the newest a packet may come; a bit each. */
const BEHIND = 31
/**
 * How far ahead of the newest a packet may be. The specification says 16, which a burst of losses gets a session stuck
 * on; who can sign a packet may go on after a longer one.
 */
const AHEAD = 1024
const HALF = 0x80000000

export class SeqWindow {
  #newest: number
  /** Bit n: the newest minus n was seen. */
  #seen = 1

  /** `newest` counts as seen. */
  constructor(newest = 0) {
    this.#newest = newest
  }

  get newest(): number {
    return this.#newest
  }

  /** True when it may be taken; nothing is noted, so that a packet can be checked for its signature first. */
  accepts(sequence: number): boolean {
    if (sequence === 0) return false
    const distance = (sequence - this.#newest) >>> 0
    if (distance < HALF) return distance !== 0 && distance <= AHEAD
    const behind = (this.#newest - sequence) >>> 0
    return behind <= BEHIND && ((this.#seen >>> behind) & 1) === 0
  }

  note(sequence: number): void {
    const distance = (sequence - this.#newest) >>> 0
    if (distance < HALF) {
      this.#seen = distance > BEHIND ? 1 : ((this.#seen << distance) | 1) >>> 0
      this.#newest = sequence
    } else this.#seen = (this.#seen | (1 << ((this.#newest - sequence) >>> 0))) >>> 0
  }
}

/** Whether a packet was sent after another of the same session. */
export function isAfter(sequence: number, other: number): boolean {
  const distance = (sequence - other) >>> 0
  return distance !== 0 && distance < HALF
}

/** The sequence number after this one; 0 is outside of sessions. */
export function nextSequence(sequence: number): number {
  return sequence === 0xffffffff ? 1 : sequence + 1
}
