/** A set of states by 64-bit hash: ten bytes a state in open addressing, so that ten million fit in 256 MiB. */
import type { Tape } from './tape.ts'

const maxLoad = 0.6

/** Two tapes with equal words have equal hashes; unequal ones collide with a chance of about n² / 2⁶⁵ for n states. */
export class StateSet {
  #keys: Uint32Array
  #mask: number
  #values: Uint16Array
  size = 0
  /** The slot that the last `find` ended at. */
  #slot = 0
  #low = 0
  #high = 0

  constructor(capacity = 1 << 16) {
    const slots = 2 ** Math.ceil(Math.log2(capacity / maxLoad))
    this.#keys = new Uint32Array(slots * 2)
    this.#values = new Uint16Array(slots)
    this.#mask = slots - 1
  }

  /** The value kept for this tape, or -1 when it is new. */
  find(tape: Tape): number {
    const { words, length } = tape
    let low = 0x9e3779b9 ^ length
    let high = 0x85ebca6b
    for (let i = 0; i < length; i++) {
      const word = words[i]!
      low = Math.imul(low ^ word, 0xcc9e2d51)
      low = (low << 15) | (low >>> 17)
      high = Math.imul(high + word, 0x1b873593) ^ low
      high = (high << 13) | (high >>> 19)
    }
    low = Math.imul(low ^ (low >>> 16) ^ high, 0x85ebca6b)
    low ^= low >>> 13
    high = Math.imul(high ^ (high >>> 16), 0xc2b2ae35) ^ low
    // Zero marks a free slot.
    this.#low = low >>> 0 || 1
    this.#high = high >>> 0
    return this.#probe()
  }

  /** Keeps a value (0 to 65534) for the tape that `find` was last asked about. */
  keep(value: number): void {
    if (this.#values[this.#slot] === 0) {
      if (this.size + 1 > maxLoad * (this.#mask + 1)) {
        this.#double()
        this.#probe()
      }
      this.size++
      this.#keys[this.#slot * 2] = this.#low
      this.#keys[this.#slot * 2 + 1] = this.#high
    }
    this.#values[this.#slot] = value + 1
  }

  /** True when the tape was new; it is kept. */
  add(tape: Tape): boolean {
    if (this.find(tape) >= 0) return false
    this.keep(0)
    return true
  }

  #probe(): number {
    const keys = this.#keys
    let slot = this.#low & this.#mask
    while (keys[slot * 2] !== 0) {
      if (keys[slot * 2] === this.#low && keys[slot * 2 + 1] === this.#high) break
      slot = (slot + 1) & this.#mask
    }
    this.#slot = slot
    return this.#values[slot]! - 1
  }

  #double(): void {
    const keys = this.#keys
    const values = this.#values
    this.#keys = new Uint32Array(keys.length * 2)
    this.#values = new Uint16Array(values.length * 2)
    this.#mask = values.length * 2 - 1
    for (let old = 0; old < values.length; old++) {
      if (values[old] === 0) continue
      let slot = keys[old * 2]! & this.#mask
      while (this.#keys[slot * 2] !== 0) slot = (slot + 1) & this.#mask
      this.#keys[slot * 2] = keys[old * 2]!
      this.#keys[slot * 2 + 1] = keys[old * 2 + 1]!
      this.#values[slot] = values[old]!
    }
  }
}
