/** Parts of a byte, of which `bits` in codec.ts makes whole ones. */
import { CodecError } from './bytes.ts'

/** A part of a `bits` codec: how many bits, and what they mean. */
export interface BitField<T> {
  readonly width: number
  decode(raw: number): T
  encode(value: T): number
}

export type BitsOf<F extends Readonly<Record<string, BitField<unknown>>>> = {
  [K in keyof F as K extends `_${string}` ? never : K]: F[K] extends BitField<infer T> ? T : never
}

/** An unsigned number of `width` bits. */
export function ubits(width: number): BitField<number> {
  return { width, decode: raw => raw, encode: value => value }
}

/** One bit. */
export const flag: BitField<boolean> = {
  width: 1,
  decode: raw => raw === 1,
  encode: value => (value ? 1 : 0),
}

/** Bits that are written as zero (or as the specification fixes them) and not looked at; name them with a leading `_`. */
export function reserved(width: number, value = 0): BitField<undefined> {
  return { width, decode: () => undefined, encode: () => value }
}

/** A code of `width` bits with names; a code without one stays a number. */
export function nameBits<const N extends Readonly<Record<string, number>>>(
  width: number,
  names: N,
): BitField<keyof N | number> {
  const byCode = new Map(Object.entries(names).map(([name, code]) => [code, name as keyof N]))
  return {
    width,
    decode: raw => byCode.get(raw) ?? raw,
    encode: value => encodeName(names, value),
  }
}

/** The code of a name, or the number itself. */
export function encodeName<N extends Readonly<Record<string, number>>>(
  codes: N,
  value: keyof N | number,
): number {
  const code = typeof value === 'number' ? value : codes[value]
  if (code === undefined) {
    throw new CodecError('BAD_VALUE', `'${String(value)}' is none of ${Object.keys(codes).join(', ')}`)
  }
  return code
}
