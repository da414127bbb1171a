/** Reading and writing of bytes in order, least significant byte first as all of IPMI does. */
import { LastwordError } from './error.ts'

/** Thrown by codecs; who calls them adds what was being read. */
export class CodecError extends LastwordError {
  constructor(code: 'TOO_SHORT' | 'TOO_LONG' | 'BAD_VALUE', message: string) {
    super(code, message)
    this.name = 'CodecError'
  }
}

/** What `encode` gives. Throws LastwordError REQUEST_BAD, with what it was for, where a codec cannot write a value. */
export function fitted<T>(what: string, encode: () => T): T {
  try {
    return encode()
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause
    const error = new LastwordError('REQUEST_BAD', `${what}: ${cause.message}`, { cause })
    error.hint = cause.hint
    throw error
  }
}

export class ByteReader {
  readonly bytes: Uint8Array
  readonly end: number
  at: number

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  get left(): number {
    return this.end - this.at
  }

  /** An unsigned number of 1 to 6 bytes. */
  uint(size: number): number {
    this.#need(size)
    if (size === 1) return this.bytes[this.at++]!
    let value = 0
    for (let i = size - 1; i >= 0; i--) value = value * 256 + this.bytes[this.at + i]!
    this.at += size
    return value
  }

  /** A copy, so that the reader's buffer may be used again. */
  take(count: number): Uint8Array {
    this.#need(count)
    const bytes = this.bytes.slice(this.at, this.at + count)
    this.at += count
    return bytes
  }

  #need(count: number): void {
    if (this.left < count) {
      throw new CodecError('TOO_SHORT', `needs ${count} more bytes at offset ${this.at}, has ${this.left}`)
    }
  }
}

/** The first number that does not fit into so many bytes. */
const limits = [0, 1, 2, 3, 4, 5, 6].map(size => 256 ** size)

export class ByteWriter {
  #bytes: Uint8Array
  length = 0

  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(capacity)
  }

  uint(value: number, size: number): void {
    if (!Number.isInteger(value) || value < 0 || value >= limits[size]!) {
      throw new CodecError('BAD_VALUE', `${value} does not fit into ${size} unsigned bytes`)
    }
    this.#room(size)
    if (size === 1) {
      this.#bytes[this.length++] = value
      return
    }
    let rest = value
    for (let i = 0; i < size; i++) {
      this.#bytes[this.length++] = rest % 256
      rest = Math.floor(rest / 256)
    }
  }

  put(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  result(): Uint8Array {
    return this.#bytes.slice(0, this.length)
  }

  #room(count: number): void {
    if (this.length + count <= this.#bytes.length) return
    const bigger = new Uint8Array(Math.max(this.#bytes.length * 2, this.length + count))
    bigger.set(this.#bytes)
    this.#bytes = bigger
  }
}
