/** Finds reading factors for a straight line: what fits into the ten and four bits of an SDR. IPMI 2.0 rev 1.1, section 36.3. */
import type { ReadingFactors } from '../../protocol/sensor/reading-factors.ts'

const MAX_MANTISSA = 511
const MIN_EXPONENT = -8
const MAX_EXPONENT = 7
const EXACT = 1e-9

/** y = slope·x + intercept, as near as the factors can say it. */
export function factorsOf(slope: number, intercept: number): ReadingFactors {
  const result = mantissa(slope)
  const offset = mantissa(intercept / 10 ** result.exponent)
  return {
    m: result.mantissa,
    tolerance: 0,
    b: offset.mantissa,
    accuracy: 0,
    accuracyExponent: 0,
    direction: 'unspecified',
    resultExponent: result.exponent,
    bExponent: offset.exponent,
  }
}

/** A whole number and a power of ten: exact with the exponent nearest to zero, or as exact as it can be. */
function mantissa(value: number): { mantissa: number; exponent: number } {
  let best = { mantissa: 0, exponent: 0, error: Number.POSITIVE_INFINITY }
  for (let exponent = MAX_EXPONENT; exponent >= MIN_EXPONENT; exponent--) {
    const whole = Math.round(value / 10 ** exponent)
    if (Math.abs(whole) > MAX_MANTISSA) continue
    const error = Math.abs(whole * 10 ** exponent - value)
    const isExact = error <= Math.abs(value) * EXACT
    const isNearer = Math.abs(exponent) < Math.abs(best.exponent)
    if (isExact ? !(best.error === 0) || isNearer : error < best.error)
      best = { mantissa: whole + 0, exponent, error: isExact ? 0 : error }
  }
  return { mantissa: best.mantissa, exponent: best.exponent }
}
