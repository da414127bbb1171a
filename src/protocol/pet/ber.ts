/** The few parts of ASN.1's Basic Encoding Rules that an SNMP version 1 trap is made of. X.690, RFC 1157. */
import { CodecError } from '../bytes.ts'

export const BerTag = {
  Integer: 0x02,
  OctetString: 0x04,
  ObjectId: 0x06,
  Sequence: 0x30,
  IpAddress: 0x40,
  TimeTicks: 0x43,
  TrapPdu: 0xa4,
} as const

/** A value behind its tag and length. */
export function ber(tag: number, ...content: Uint8Array[]): Uint8Array {
  const body = Buffer.concat(content)
  return Uint8Array.from([tag, ...lengthBytes(body.length), ...body])
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length]
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return [0x80 | bytes.length, ...bytes]
}

/** A number that is not negative; a leading zero keeps its first bit from being a sign. */
export function berUnsigned(tag: number, value: number): Uint8Array {
  const bytes: number[] = []
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  if (bytes.length === 0 || bytes[0]! >= 0x80) bytes.unshift(0)
  return ber(tag, Uint8Array.from(bytes))
}

/** An object identifier: `1.3.6.1.4.1.3183`. */
export function berObjectId(id: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = id.split('.').map(Number)
  return ber(BerTag.ObjectId, Uint8Array.from([first * 40 + second, ...rest.flatMap(base128)]))
}

function base128(value: number): number[] {
  const digits = [value % 128]
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128))
    digits.unshift(0x80 | (rest % 128))
  return digits
}

/** Reads values one after the other. Throws CodecError TOO_SHORT or BAD_VALUE. */
export class BerReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** The content of the next value, which must have this tag. */
  take(tag: number): Uint8Array {
    const found = this.#byte()
    if (found !== tag)
      throw new CodecError('BAD_VALUE', `tag is 0x${found.toString(16)}, must be 0x${tag.toString(16)}`)
    const length = this.#length()
    const content = this.#bytes.subarray(this.#at, this.#at + length)
    if (content.length < length)
      throw new CodecError('TOO_SHORT', `value of ${length} bytes, ${content.length} are there`)
    this.#at += length
    return content
  }

  within(tag: number): BerReader {
    return new BerReader(this.take(tag))
  }

  /** A number of at most four bytes, its sign not looked at. */
  unsigned(tag: number): number {
    const content = this.take(tag)
    if (content.length === 0 || content.length > 5 || (content.length === 5 && content[0] !== 0))
      throw new CodecError('BAD_VALUE', `number of ${content.length} bytes`)
    return content.reduce((value, byte) => value * 256 + byte, 0)
  }

  objectId(): string {
    const content = this.take(BerTag.ObjectId)
    const [first = 0] = content
    const parts = [Math.min(2, Math.floor(first / 40)), 0]
    parts[1] = first - parts[0]! * 40
    let value = 0
    for (const byte of content.subarray(1)) {
      value = value * 128 + (byte & 0x7f)
      if (byte & 0x80) continue
      parts.push(value)
      value = 0
    }
    return parts.join('.')
  }

  #length(): number {
    const first = this.#byte()
    if (first < 0x80) return first
    const size = first & 0x7f
    if (size === 0 || size > 3) throw new CodecError('BAD_VALUE', `length of ${size} bytes`)
    let length = 0
    for (let i = 0; i < size; i++) length = length * 256 + this.#byte()
    return length
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw new CodecError('TOO_SHORT', 'ends in the middle of a value')
    return byte
  }
}
