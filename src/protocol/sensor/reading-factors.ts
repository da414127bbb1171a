/** The six bytes of factors that turn a raw reading into a value. IPMI 2.0 rev 1.1, sections 35.5 and 43.1. */
import type { ByteReader, ByteWriter } from '../bytes.ts'
import { CodecError } from '../bytes.ts'
import type { Codec } from '../codec.ts'

/** y = L((m·x + b·10^bExponent)·10^resultExponent). Section 36.3. */
export interface ReadingFactors {
  /** -512 to 511. */
  m: number
  /** In half raw counts, 0 to 63. */
  tolerance: number
  b: number
  /** In hundredths of a percent of the value, scaled by 10^accuracyExponent; 0 to 1023. */
  accuracy: number
  accuracyExponent: number
  /** What the sensor watches: 1 an input (its own), 2 an output. */
  direction: 'unspecified' | 'input' | 'output' | 'reserved'
  resultExponent: number
  bExponent: number
}

const directions = ['unspecified', 'input', 'output', 'reserved'] as const

function signed(raw: number, bits: number): number {
  const half = 2 ** (bits - 1)
  return raw >= half ? raw - 2 * half : raw
}

/** Two's complement in `bits` bits; a value outside is refused. */
function unsigned(name: string, value: number, bits: number): number {
  const half = 2 ** (bits - 1)
  if (!Number.isInteger(value) || value < -half || value >= half)
    throw new CodecError('BAD_VALUE', `'${name}' ${value} does not fit into ${bits} signed bits`)
  return value < 0 ? value + 2 * half : value
}

function within(name: string, value: number, bits: number): number {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** bits)
    throw new CodecError('BAD_VALUE', `'${name}' ${value} does not fit into ${bits} bits`)
  return value
}

export const readingFactors: Codec<ReadingFactors> = {
  read(from: ByteReader) {
    const [mLow, mHigh, bLow, bHigh, accuracyHigh, exponents] = from.take(6)
    return {
      m: signed(mLow! | ((mHigh! >> 6) << 8), 10),
      tolerance: mHigh! & 0x3f,
      b: signed(bLow! | ((bHigh! >> 6) << 8), 10),
      accuracy: (bHigh! & 0x3f) | ((accuracyHigh! >> 4) << 6),
      accuracyExponent: (accuracyHigh! >> 2) & 3,
      direction: directions[accuracyHigh! & 3]!,
      resultExponent: signed(exponents! >> 4, 4),
      bExponent: signed(exponents! & 0x0f, 4),
    }
  },
  write(to: ByteWriter, value) {
    const m = unsigned('m', value.m, 10)
    const b = unsigned('b', value.b, 10)
    const accuracy = within('accuracy', value.accuracy, 10)
    to.uint(m & 0xff, 1)
    to.uint(((m >> 8) << 6) | within('tolerance', value.tolerance, 6), 1)
    to.uint(b & 0xff, 1)
    to.uint(((b >> 8) << 6) | (accuracy & 0x3f), 1)
    const exponent = within('accuracyExponent', value.accuracyExponent, 2)
    to.uint(((accuracy >> 6) << 4) | (exponent << 2) | directions.indexOf(value.direction), 1)
    const result = unsigned('resultExponent', value.resultExponent, 4)
    to.uint((result << 4) | unsigned('bExponent', value.bExponent, 4), 1)
  },
}
