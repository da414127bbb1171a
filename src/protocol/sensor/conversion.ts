/** From a raw reading to a value in its unit, and back. IPMI 2.0 rev 1.1, section 36. */
import type { FullSensorRecord } from '../sdr/record.ts'
import type { ReadingFactors } from './reading-factors.ts'

/** What tells a reading's value. A full sensor record gives it; of a non-linear sensor, Get Sensor Reading Factors does. */
export interface ReadingScale {
  factors: ReadingFactors
  /** `nonLinear` and numbers: the factors hold for one reading only, the formula is linear. */
  linearization: FullSensorRecord['linearization']
  analogFormat: FullSensorRecord['units']['analogFormat']
}

/** The scale that a full record tells. */
export function scaleOf(record: FullSensorRecord): ReadingScale {
  const { factors, linearization, units } = record
  return { factors, linearization, analogFormat: units.analogFormat }
}

/** Whether the record's factors hold for one reading only, so that they must be asked for with it. Section 36.2. */
export function needsFactorsOfReading(record: FullSensorRecord): boolean {
  return typeof record.linearization === 'number' || record.linearization === 'nonLinear'
}

interface Curve {
  apply(x: number): number
  invert(y: number): number
}

const straight: Curve = { apply: x => x, invert: y => y }

/** Table 43-1, linearization. */
const curves: Partial<Record<string | number, Curve>> = {
  ln: { apply: Math.log, invert: Math.exp },
  log10: { apply: Math.log10, invert: y => 10 ** y },
  log2: { apply: Math.log2, invert: y => 2 ** y },
  exp: { apply: Math.exp, invert: Math.log },
  exp10: { apply: x => 10 ** x, invert: Math.log10 },
  exp2: { apply: x => 2 ** x, invert: Math.log2 },
  reciprocal: { apply: x => 1 / x, invert: y => 1 / y },
  square: { apply: x => x ** 2, invert: Math.sqrt },
  cube: { apply: x => x ** 3, invert: Math.cbrt },
  squareRoot: { apply: Math.sqrt, invert: y => y ** 2 },
  cubeRoot: { apply: Math.cbrt, invert: y => y ** 3 },
}

function curveOf(scale: ReadingScale): Curve {
  return curves[scale.linearization] ?? straight
}

/** The signed or unsigned number that a raw byte is. */
function countOf(raw: number, format: ReadingScale['analogFormat']): number {
  if (format === 'twosComplement') return raw >= 0x80 ? raw - 0x100 : raw
  if (format === 'onesComplement') return raw >= 0x80 ? raw - 0xff : raw
  return raw
}

function rawOf(count: number, format: ReadingScale['analogFormat']): number | undefined {
  const [least, most] =
    format === 'twosComplement' ? [-0x80, 0x7f] : format === 'onesComplement' ? [-0x7f, 0x7f] : [0, 0xff]
  if (!(count >= least && count <= most)) return undefined
  if (count >= 0) return count
  return count + (format === 'onesComplement' ? 0xff : 0x100)
}

/**
 * The value of a raw reading, in the sensor's unit. Undefined for a sensor without an analog reading, and where the
 * formula has no result (the logarithm of nothing).
 */
export function toValue(raw: number, scale: ReadingScale): number | undefined {
  if (scale.analogFormat === 'none') return undefined
  const { m, b, bExponent, resultExponent } = scale.factors
  const count = countOf(raw, scale.analogFormat)
  const value = curveOf(scale).apply(shift(m * count + shift(b, bExponent), resultExponent))
  return Number.isFinite(value) ? value : undefined
}

/** The raw reading that comes nearest to a value. Undefined when the sensor cannot express it. */
export function toRaw(value: number, scale: ReadingScale): number | undefined {
  if (scale.analogFormat === 'none') return undefined
  const { m, b, bExponent, resultExponent } = scale.factors
  if (m === 0) return undefined
  const straightValue = shift(curveOf(scale).invert(value), -resultExponent)
  // + 0: a count of minus zero is zero.
  return rawOf(Math.round((straightValue - shift(b, bExponent)) / m) + 0, scale.analogFormat)
}

/** How far apart two values are whose raw readings are `counts` apart, on a straight scale; hysteresis is such a distance. */
export function toDistance(counts: number, scale: ReadingScale): number {
  return Math.abs(shift(scale.factors.m * counts, scale.factors.resultExponent))
}

/** Plus or minus this much, in the sensor's unit, may a reading be off by its graduation. Section 36.4.1. */
export function toleranceOf(scale: ReadingScale): number {
  return toDistance(scale.factors.tolerance / 2, scale)
}

/** Plus or minus this many percent of the value. Section 36.4.3. */
export function accuracyPercent(scale: ReadingScale): number {
  return (scale.factors.accuracy * 10 ** scale.factors.accuracyExponent) / 100
}

/** x·10^exponent; divided where that is exact and a multiplication by 0.01 would not be. */
function shift(x: number, exponent: number): number {
  return exponent < 0 ? x / 10 ** -exponent : x * 10 ** exponent
}
