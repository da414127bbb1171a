/** Numbers as C's printf writes them, which ipmitool's output is made with. */

/**
 * `%.*f`. JavaScript's toFixed rounds an exact half up and C's to even, it drops the sign of minus zero, and from 1e21
 * on it writes an exponent. Not for NaN, whose sign C shows and JavaScript does not know.
 */
export function fixed(value: number, digits: number): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  if (!Number.isFinite(value)) return `${sign}inf`
  const { mantissa, exponent } = partsOf(Math.abs(value))
  const scaled = mantissa * 10n ** BigInt(digits)
  const units = exponent >= 0 ? scaled << BigInt(exponent) : halfToEven(scaled, BigInt(-exponent))
  const text = units.toString().padStart(digits + 1, '0')
  if (digits === 0) return sign + text
  return `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`
}

/** value = mantissa · 2^exponent, exactly. */
function partsOf(value: number): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  const raw = view.getBigUint64(0)
  const biased = Number(raw >> 52n)
  const fraction = raw & ((1n << 52n) - 1n)
  if (biased === 0) return { mantissa: fraction, exponent: -1074 }
  return { mantissa: fraction | (1n << 52n), exponent: biased - 1075 }
}

function halfToEven(scaled: bigint, shift: bigint): bigint {
  const quotient = scaled >> shift
  const rest = scaled - (quotient << shift)
  const half = 1n << (shift - 1n)
  const up = rest > half || (rest === half && quotient % 2n === 1n)
  return up ? quotient + 1n : quotient
}

/** Whole is what an `int` can hold. */
export function isWhole(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) < 2 ** 31
}

/** Lower case hexadecimal digits, filled up with zeros. */
export function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}

export function hexBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
