/** Hands out rqSeq, so that a late answer is not taken for that of a newer request. IPMI 2.0 rev 1.1, section 6.12. */

const SEQUENCES = 64
/** Within so many newer requests a BMC may still take the same bytes under the same number for a repetition. */
const APART = 40

interface Slot {
  isTaken: boolean
  /** An answer to an earlier sending may come until then. */
  quietUntilMs: number
  /** Answers that may still come: it was sent more often than it was answered. */
  lateAnswers: number
  order: number
}

export class RqSeqs {
  readonly #slots: Slot[]
  #next: number
  #order = 0

  /** `first` from 0 to 63. */
  constructor(first: number) {
    this.#next = first % SEQUENCES
    const free = {
      isTaken: false,
      quietUntilMs: Number.NEGATIVE_INFINITY,
      lateAnswers: 0,
      order: Number.NEGATIVE_INFINITY,
    }
    this.#slots = Array.from({ length: SEQUENCES }, () => ({ ...free }))
  }

  /** Counts the requests. */
  get order(): number {
    return this.#order
  }

  /** A free number, or null when there is none now. */
  take(nowMs: number): number | null {
    for (let i = 0; i < SEQUENCES; i++) {
      const rqSeq = (this.#next + i) % SEQUENCES
      const slot = this.#slots[rqSeq]!
      if (slot.isTaken || slot.quietUntilMs > nowMs || this.#order - slot.order < APART) continue
      slot.isTaken = true
      slot.order = this.#order++
      this.#next = rqSeq + 1
      return rqSeq
    }
    return null
  }

  /** Until `quietUntilMs`, or until so many late answers have come, the number is not given out again. */
  release(rqSeq: number, quietUntilMs: number, lateAnswers: number): void {
    const slot = this.#slots[rqSeq]!
    slot.isTaken = false
    slot.quietUntilMs = lateAnswers > 0 ? quietUntilMs : Number.NEGATIVE_INFINITY
    slot.lateAnswers = lateAnswers
  }

  /** An answer came that nobody waits for. */
  noteLateAnswer(rqSeq: number): void {
    const slot = this.#slots[rqSeq]!
    if (slot.isTaken || slot.lateAnswers === 0 || --slot.lateAnswers > 0) return
    slot.quietUntilMs = Number.NEGATIVE_INFINITY
  }

  /** When a number comes free by time alone; null: none waits. */
  nextQuietEndMs(nowMs: number): number | null {
    let next: number | null = null
    for (const { isTaken, quietUntilMs } of this.#slots) {
      if (!isTaken && quietUntilMs > nowMs) next = next === null ? quietUntilMs : Math.min(next, quietUntilMs)
    }
    return next
  }
}
