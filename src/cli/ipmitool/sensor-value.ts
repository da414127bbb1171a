/** A sensor's value, computed and written as ipmitool does, in its order of arithmetic. IPMI 2.0 rev 1.1, section 36.3. */
import type { FullSensorRecord, SensorRecord } from '../../protocol/sdr/record.ts'
import { fixed, isWhole } from './c-number.ts'
import { unitWord } from './units.ts'

/** Literals, as 10 ** n is off in the last bit for some n. */
const powersOfTen: Readonly<Record<number, number>> = Object.fromEntries(
  Array.from({ length: 16 }, (_, i) => [i - 8, Number(`1e${i - 8}`)]),
)

function countOf(raw: number, format: SensorRecord['units']['analogFormat']): number {
  if (format === 'twosComplement') return (raw << 24) >> 24
  // One more for a negative number, in eight bits: FFh is zero.
  if (format === 'onesComplement') return ((raw & 0x80 ? raw + 1 : raw) << 24) >> 24
  return raw
}

const curves: Readonly<Record<string, (x: number) => number>> = {
  ln: Math.log,
  log10: Math.log10,
  log2: Math.log2,
  exp: Math.exp,
  exp10: x => 10 ** x,
  exp2: x => 2 ** x,
  reciprocal: x => 1 / x,
  square: x => x * x,
  cube: x => x ** 3,
  squareRoot: Math.sqrt,
  cubeRoot: Math.cbrt,
}

/** Zero where the sensor has no analog reading. */
export function readingValue(raw: number, record: FullSensorRecord): number {
  const { analogFormat } = record.units
  if (analogFormat === 'none') return 0
  const { m, b, bExponent, resultExponent } = record.factors
  const straight =
    (m * countOf(raw, analogFormat) + b * powersOfTen[bExponent]!) * powersOfTen[resultExponent]!
  return curves[record.linearization]?.(straight) ?? straight
}

/** A value with this many decimals, or as many as it needs: none or two. */
export function digits(value: number, record: FullSensorRecord, decimals?: number): string {
  // The square root or logarithm of a negative number, whose sign in C's library is this one on x86.
  if (Number.isNaN(value)) return record.linearization === 'log10' ? 'nan' : '-nan'
  return fixed(value, decimals ?? (isWhole(value) ? 0 : 2))
}

/** `42 degrees C`, `1.26 Volts` */
export function valueText(value: number, record: FullSensorRecord): string {
  return `${digits(value, record)} ${unitWord(record)}`
}
