/** Framing of the GDB remote serial protocol ("Remote Protocol", Overview): bytes in, packets out; no I/O. */

export type GdbItem =
  | { kind: 'packet'; payload: Buffer }
  | { kind: 'notification'; payload: Buffer }
  /** The other side got our packet (`+`), or wants it again (`-`). */
  | { kind: 'ack' | 'nack' }
  | { kind: 'corrupt'; reason: 'checksum' | 'too-long' | 'cut-short' }

const byte = (character: string) => character.charCodeAt(0)
const packetStart = byte('$')
const notificationStart = byte('%')
const packetEnd = byte('#')
const escapeByte = byte('}')
const repeat = byte('*')
const escapeMask = 0x20
/** A repeat count is sent as a printable character: 29 more than the count. */
const repeatBias = 29
const maxPayloadBytes = 1 << 20

export class GdbPackets {
  #kind: 'packet' | 'notification' | undefined
  /** Bytes since the start character, the checksum's two digits included. */
  #raw: number[] = []
  /** Where `#` stands in `#raw`, once it was seen. */
  #endAt = -1

  /** Takes what arrived, and gives what it completes. */
  push(bytes: Uint8Array): GdbItem[] {
    const items: GdbItem[] = []
    for (const value of bytes) {
      const item = this.#kind ? this.#inside(value) : this.#between(value)
      if (item) items.push(item)
    }
    return items
  }

  #between(value: number): GdbItem | undefined {
    if (value === packetStart) this.#begin('packet')
    else if (value === notificationStart) this.#begin('notification')
    else if (value === byte('+')) return { kind: 'ack' }
    else if (value === byte('-')) return { kind: 'nack' }
    return undefined
  }

  #inside(value: number): GdbItem | undefined {
    // An unescaped `$` can only be the start of another packet: the rest of this one was lost.
    if (value === packetStart && this.#endAt < 0) {
      this.#begin('packet')
      return { kind: 'corrupt', reason: 'cut-short' }
    }
    if (value === packetEnd && this.#endAt < 0) this.#endAt = this.#raw.length
    this.#raw.push(value)
    if (this.#raw.length > maxPayloadBytes) {
      this.#kind = undefined
      return { kind: 'corrupt', reason: 'too-long' }
    }
    return this.#endAt >= 0 && this.#raw.length === this.#endAt + 3 ? this.#complete() : undefined
  }

  #begin(kind: 'packet' | 'notification'): void {
    this.#kind = kind
    this.#raw = []
    this.#endAt = -1
  }

  #complete(): GdbItem {
    const kind = this.#kind ?? 'packet'
    this.#kind = undefined
    const body = Buffer.from(this.#raw.slice(0, this.#endAt))
    const expected = Number.parseInt(String.fromCharCode(...this.#raw.slice(this.#endAt + 1)), 16)
    if (checksum(body) !== expected) return { kind: 'corrupt', reason: 'checksum' }
    return { kind, payload: decodeBody(body) }
  }
}

/** A whole packet that carries `payload`, ready to be sent. */
export function encodeGdbPacket(payload: string | Uint8Array): Buffer {
  const body: number[] = []
  for (const value of Buffer.from(payload)) {
    const special = value === packetStart || value === packetEnd || value === escapeByte || value === repeat
    if (special) body.push(escapeByte, value ^ escapeMask)
    else body.push(value)
  }
  const digits = checksum(body).toString(16).padStart(2, '0')
  return Buffer.from([packetStart, ...body, packetEnd, ...Buffer.from(digits)])
}

/** Undoes escapes and run-length encoding. */
function decodeBody(body: Uint8Array): Buffer {
  const payload: number[] = []
  for (let at = 0; at < body.length; at++) {
    const value = body[at]!
    if (value === escapeByte && at + 1 < body.length) {
      payload.push(body[++at]! ^ escapeMask)
    } else if (value === repeat && payload.length > 0 && at + 1 < body.length) {
      const times = Math.max(0, body[++at]! - repeatBias)
      payload.push(...new Array<number>(times).fill(payload.at(-1)!))
    } else {
      payload.push(value)
    }
  }
  return Buffer.from(payload)
}

function checksum(bytes: Iterable<number>): number {
  let sum = 0
  for (const value of bytes) sum = (sum + value) & 0xff
  return sum
}
