/** The state tape: a machine writes its state on it and takes it back, so that a lab can cut, look and go on. */

/** A machine whose whole state can be written down and put back in place, object identities kept. */
export interface Saveable {
  save(tape: Tape): void
  /** Reads what `save` wrote, in the same order. */
  load(tape: Tape): void
}

const initialWords = 1024

/** A reusable record of one state: numbers, bytes packed four to a number, and references that do not count as state. */
export class Tape {
  words = new Int32Array(initialWords)
  refs: unknown[] = []
  length = 0
  #at = 0
  #refAt = 0

  /** Begins to write. */
  rewrite(): this {
    this.length = 0
    this.#refAt = 0
    return this
  }

  /** Begins to read. */
  rewind(): this {
    this.#at = 0
    this.#refAt = 0
    return this
  }

  put(value: number): void {
    if (this.length === this.words.length) this.#grow(this.length + 1)
    this.words[this.length++] = value
  }

  take(): number {
    return this.words[this.#at++]!
  }

  putBytes(bytes: Uint8Array, count: number): void {
    const end = this.length + ((count + 3) >> 2)
    if (end > this.words.length) this.#grow(end)
    let at = this.length
    for (let i = 0; i < count; i += 4) {
      this.words[at++] =
        bytes[i]! |
        (i + 1 < count ? bytes[i + 1]! << 8 : 0) |
        (i + 2 < count ? bytes[i + 2]! << 16 : 0) |
        (i + 3 < count ? bytes[i + 3]! << 24 : 0)
    }
    this.length = at
  }

  takeBytes(into: Uint8Array, count: number): void {
    for (let i = 0; i < count; i += 4) {
      const word = this.words[this.#at++]!
      into[i] = word
      if (i + 1 < count) into[i + 1] = word >> 8
      if (i + 2 < count) into[i + 2] = word >> 16
      if (i + 3 < count) into[i + 3] = word >> 24
    }
  }

  /** A reference that has to come back but says nothing about the state, such as a user's callback. */
  putRef(value: unknown): void {
    this.refs[this.#refAt++] = value
  }

  takeRef(): unknown {
    return this.refs[this.#refAt++]
  }

  copyFrom(other: Tape): this {
    if (other.length > this.words.length) this.#grow(other.length)
    for (let i = 0; i < other.length; i++) this.words[i] = other.words[i]!
    this.length = other.length
    for (let i = 0; i < other.refs.length; i++) this.refs[i] = other.refs[i]
    return this
  }

  equals(other: Tape): boolean {
    if (this.length !== other.length) return false
    for (let i = 0; i < this.length; i++) if (this.words[i] !== other.words[i]) return false
    return true
  }

  #grow(needed: number): void {
    const bigger = new Int32Array(Math.max(needed, this.words.length * 2))
    bigger.set(this.words)
    this.words = bigger
  }
}
