/** Small typed codecs from which every message is declared; one declaration reads, writes and gives the type. */
import { type BitField, type BitsOf, encodeName } from './bit-fields.ts'
import { type ByteReader, type ByteWriter, CodecError } from './bytes.ts'

export { type BitField, flag, nameBits, reserved, ubits } from './bit-fields.ts'

/** Turns a value into bytes and back. `read(write(v))` is `v` for every value that `write` takes. */
export interface Codec<T> {
  read(from: ByteReader): T
  write(to: ByteWriter, value: T): void
}

/** The type of value that a codec handles. */
export type ValueOf<C> = C extends Codec<infer T> ? T : never

export type Fields = Readonly<Record<string, Codec<unknown>>>

type OptionalKeys<F extends Fields> = {
  [K in keyof F]: undefined extends ValueOf<F[K]> ? K : never
}[keyof F]

type Flat<T> = { [K in keyof T]: T[K] }

/** The object type of a set of named fields; those that may be missing are optional. */
export type StructOf<F extends Fields> = Flat<
  { [K in Exclude<keyof F, OptionalKeys<F>>]: ValueOf<F[K]> } & {
    [K in OptionalKeys<F>]?: Exclude<ValueOf<F[K]>, undefined>
  }
>

export function uint(sizeBytes: number): Codec<number> {
  return {
    read: from => from.uint(sizeBytes),
    write: (to, value) => to.uint(value, sizeBytes),
  }
}

export const u8 = uint(1)
export const u16 = uint(2)
export const u24 = uint(3)
export const u32 = uint(4)

/** Two's complement in one byte. */
export const i8: Codec<number> = map(
  u8,
  raw => (raw << 24) >> 24,
  value => value & 0xff,
)

/** A signed number of minutes or the like in two bytes. */
export const i16: Codec<number> = map(
  u16,
  raw => (raw << 16) >> 16,
  value => value & 0xffff,
)

/** Bytes that are no two decimal digits count from here on: 1Ah is 126. */
const BCD_OTHER = 100

/** Two decimal digits in one byte, as firmware revisions are; a byte that is none is kept, as 100 and its value. */
export const bcd: Codec<number> = map(
  u8,
  raw => (raw >> 4 < 10 && (raw & 0x0f) < 10 ? (raw >> 4) * 10 + (raw & 0x0f) : BCD_OTHER + raw),
  value => (value < BCD_OTHER ? (Math.floor(value / 10) << 4) | (value % 10) : value - BCD_OTHER),
)

/** The two digits, whatever they are: `03`, `1a`. */
export function bcdText(value: number): string {
  const digits = value < BCD_OTHER ? String(value) : (value - BCD_OTHER).toString(16)
  return digits.padStart(2, '0')
}

/** Exactly `count` bytes. */
export function bytes(count: number): Codec<Uint8Array> {
  return {
    read: from => from.take(count),
    write(to, value) {
      if (value.length !== count)
        throw new CodecError('BAD_VALUE', `${value.length} bytes given, ${count} wanted`)
      to.put(value)
    },
  }
}

/** All bytes that are left. */
export const rest: Codec<Uint8Array> = {
  read: from => from.take(from.left),
  write: (to, value) => to.put(value),
}

export interface Charset {
  decode(raw: Uint8Array): string
  encode(value: string): Uint8Array
}

const latin1: Charset = {
  decode: raw => Buffer.from(raw).toString('latin1'),
  encode: value => Buffer.from(value, 'latin1'),
}

/** Text in a field of `size` bytes that is filled up with zeros; Latin-1 unless said otherwise. */
export function text(size: number, charset = latin1): Codec<string> {
  return {
    read(from) {
      const raw = from.take(size)
      const end = raw.indexOf(0)
      return charset.decode(end < 0 ? raw : raw.subarray(0, end))
    },
    write(to, value) {
      const raw = charset.encode(value)
      if (raw.length > size)
        throw new CodecError('BAD_VALUE', `text of ${raw.length} bytes, ${size} is the most`)
      const field = new Uint8Array(size)
      field.set(raw)
      to.put(field)
    },
  }
}

/** A value that the message's end may cut off. */
export function optional<T>(codec: Codec<T>): Codec<T | undefined> {
  return {
    read: from => (from.left === 0 ? undefined : codec.read(from)),
    write: (to, value) => {
      if (value !== undefined) codec.write(to, value)
    },
  }
}

/** The same bytes seen as another type. */
export function map<A, B>(codec: Codec<A>, decode: (raw: A) => B, encode: (value: B) => A): Codec<B> {
  return {
    read: from => decode(codec.read(from)),
    write: (to, value) => codec.write(to, encode(value)),
  }
}

/** Least significant digit in the high nibble: 02h is 2.0, 51h is 1.5. */
export const ipmiVersion: Codec<string> = map(
  u8,
  raw => `${raw & 0x0f}.${raw >> 4}`,
  value => {
    const [major, minor] = value.split('.').map(Number)
    return ((minor ?? 0) << 4) | (major ?? 0)
  },
)

const SECOND_MS = 1000

/** Seconds since 1970 in four bytes. */
export const unixTime: Codec<Date> = map(
  u32,
  seconds => new Date(seconds * SECOND_MS),
  date => Math.floor(date.getTime() / SECOND_MS),
)

/** Named fields one after the other. */
export function struct<F extends Fields>(fields: F): Codec<StructOf<F>> {
  const names = Object.keys(fields)
  const codecs = Object.values(fields)
  return {
    read(from) {
      const value: Record<string, unknown> = {}
      let i = 0
      try {
        for (; i < codecs.length; i++) {
          const field = codecs[i]!.read(from)
          if (field !== undefined) value[names[i]!] = field
        }
      } catch (error) {
        throw inField(names[i]!, error)
      }
      return value as StructOf<F>
    },
    write(to, value) {
      const given = value as Record<string, unknown>
      let i = 0
      try {
        for (; i < codecs.length; i++) codecs[i]!.write(to, given[names[i]!])
      } catch (error) {
        throw inField(names[i]!, error)
      }
    },
  }
}

/** The error that tells the field too; the innermost one's name stays. */
function inField(name: string, error: unknown): unknown {
  if (!(error instanceof CodecError)) return error
  const code = error.code as 'TOO_SHORT' | 'TOO_LONG' | 'BAD_VALUE'
  return new CodecError(code, error.message.startsWith("'") ? error.message : `'${name}' ${error.message}`)
}

/** Repeats until the message ends. */
export function list<T>(item: Codec<T>): Codec<T[]> {
  return {
    read(from) {
      const items: T[] = []
      while (from.left > 0) items.push(item.read(from))
      return items
    },
    write(to, items) {
      for (const value of items) item.write(to, value)
    },
  }
}

/** Bit fields of one to four bytes, the first field in the least significant bits. */
export function bits<F extends Readonly<Record<string, BitField<unknown>>>>(fields: F): Codec<BitsOf<F>> {
  const parts = Object.entries(fields).map(([name, field]) => ({
    name,
    field,
    isKept: !name.startsWith('_'),
    /** One more than the highest code. */
    codes: 2 ** field.width,
  }))
  const width = parts.reduce((sum, { field }) => sum + field.width, 0)
  if (width % 8 !== 0 || width > 32)
    throw new RangeError(`bit fields of ${width} bits do not fill whole bytes`)
  return {
    read(from) {
      let raw = from.uint(width / 8)
      const value: Record<string, unknown> = {}
      for (const { name, field, isKept, codes } of parts) {
        if (isKept) value[name] = field.decode(raw % codes)
        raw = Math.floor(raw / codes)
      }
      return value as BitsOf<F>
    },
    write(to, value) {
      const given = value as Record<string, unknown>
      let raw = 0
      let unit = 1
      for (const { name, field, codes } of parts) {
        const code = field.encode(given[name])
        if (!(code >= 0 && code < codes)) {
          throw new CodecError('BAD_VALUE', `'${name}' ${code} does not fit into ${field.width} bits`)
        }
        raw += code * unit
        unit *= codes
      }
      to.uint(raw, width / 8)
    },
  }
}

/** A one-byte code with names; a code without one stays a number. */
export function names<const N extends Readonly<Record<string, number>>>(codes: N): Codec<keyof N | number> {
  const byCode = new Map(Object.entries(codes).map(([name, code]) => [code, name as keyof N]))
  return map(
    u8,
    raw => byCode.get(raw) ?? raw,
    value => encodeName(codes, value),
  )
}

/** A constant that the specification fixes: written as such, refused when read otherwise. */
export function fixed(value: number): Codec<undefined> {
  return {
    read(from) {
      const raw = from.uint(1)
      if (raw !== value)
        throw new CodecError('BAD_VALUE', `is 0x${raw.toString(16)}, must be 0x${value.toString(16)}`)
      return undefined
    },
    write: to => to.uint(value, 1),
  }
}

/** One field in the low bits of a byte, the others reserved. */
export function low<T>(field: BitField<T>): Codec<T> {
  return map(
    u8,
    raw => field.decode(raw % 2 ** field.width),
    value => {
      const code = field.encode(value)
      if (!(code >= 0 && code < 2 ** field.width))
        throw new CodecError('BAD_VALUE', `${code} does not fit into ${field.width} bits`)
      return code
    },
  )
}

/** Bytes that are written as zero and not looked at; name them with a leading `_`. */
export function zeros(count: number): Codec<undefined> {
  return {
    read(from) {
      from.take(count)
      return undefined
    },
    write: to => to.put(new Uint8Array(count)),
  }
}

/** Up to `count` bytes, as many as there are. */
export function upTo(count: number): Codec<Uint8Array> {
  return {
    read: from => from.take(Math.min(count, from.left)),
    write(to, value) {
      if (value.length > count)
        throw new CodecError('BAD_VALUE', `${value.length} bytes given, ${count} are the most`)
      to.put(value)
    },
  }
}

/** Bytes that some BMCs send behind a response's end: not looked at, never written. Name them with a leading `_`. */
export const surplus: Codec<undefined> = {
  read(from) {
    from.take(from.left)
    return undefined
  },
  write: () => {},
}
