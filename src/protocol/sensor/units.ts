/** Units of measurement: names and symbols. IPMI 2.0 rev 1.1, section 43.17, table 43-15. */
import type { SensorRecord } from '../sdr/record.ts'

/** Name and symbol, the code being the place in the list. */
const table: readonly (readonly [name: string, symbol: string])[] = [
  ['unspecified', ''],
  ['degrees C', '°C'],
  ['degrees F', '°F'],
  ['degrees K', 'K'],
  ['volts', 'V'],
  ['amps', 'A'],
  ['watts', 'W'],
  ['joules', 'J'],
  ['coulombs', 'C'],
  ['VA', 'VA'],
  ['nits', 'nt'],
  ['lumen', 'lm'],
  ['lux', 'lx'],
  ['candela', 'cd'],
  ['kPa', 'kPa'],
  ['PSI', 'psi'],
  ['newton', 'N'],
  ['CFM', 'CFM'],
  ['RPM', 'RPM'],
  ['Hz', 'Hz'],
  ['microsecond', 'µs'],
  ['millisecond', 'ms'],
  ['second', 's'],
  ['minute', 'min'],
  ['hour', 'h'],
  ['day', 'd'],
  ['week', 'wk'],
  ['mil', 'mil'],
  ['inches', 'in'],
  ['feet', 'ft'],
  ['cubic inches', 'in³'],
  ['cubic feet', 'ft³'],
  ['mm', 'mm'],
  ['cm', 'cm'],
  ['m', 'm'],
  ['cubic cm', 'cm³'],
  ['cubic m', 'm³'],
  ['liters', 'l'],
  ['fluid ounce', 'fl oz'],
  ['radians', 'rad'],
  ['steradians', 'sr'],
  ['revolutions', 'rev'],
  ['cycles', 'cycles'],
  ['gravities', 'g₀'],
  ['ounce', 'oz'],
  ['pound', 'lb'],
  ['ft-lb', 'ft·lb'],
  ['oz-in', 'oz·in'],
  ['gauss', 'G'],
  ['gilberts', 'Gb'],
  ['henry', 'H'],
  ['millihenry', 'mH'],
  ['farad', 'F'],
  ['microfarad', 'µF'],
  ['ohms', 'Ω'],
  ['siemens', 'S'],
  ['mole', 'mol'],
  ['becquerel', 'Bq'],
  ['PPM', 'ppm'],
  ['reserved', ''],
  ['decibels', 'dB'],
  ['dBA', 'dBA'],
  ['dBC', 'dBC'],
  ['gray', 'Gy'],
  ['sievert', 'Sv'],
  ['color temperature in degrees K', 'K'],
  ['bit', 'bit'],
  ['kilobit', 'kbit'],
  ['megabit', 'Mbit'],
  ['gigabit', 'Gbit'],
  ['byte', 'B'],
  ['kilobyte', 'kB'],
  ['megabyte', 'MB'],
  ['gigabyte', 'GB'],
  ['word', 'word'],
  ['double word', 'dword'],
  ['quad word', 'qword'],
  ['line', 'line'],
  ['hit', 'hit'],
  ['miss', 'miss'],
  ['retry', 'retry'],
  ['reset', 'reset'],
  ['overrun', 'overrun'],
  ['underrun', 'underrun'],
  ['collision', 'collision'],
  ['packets', 'packets'],
  ['messages', 'messages'],
  ['characters', 'characters'],
  ['error', 'errors'],
  ['correctable error', 'correctable errors'],
  ['uncorrectable error', 'uncorrectable errors'],
  ['fatal error', 'fatal errors'],
  ['grams', 'g'],
]

/** Codes that are often written down. */
export const Unit = { Celsius: 1, Volts: 4, Amps: 5, Watts: 6, Rpm: 18, Second: 22 } as const

export function unitName(code: number): string {
  return table[code]?.[0] ?? `unit ${code}`
}

export function unitSymbol(code: number): string {
  return table[code]?.[1] ?? `unit ${code}`
}

const rates: Partial<Record<string | number, string>> = {
  perMicrosecond: '/µs',
  perMillisecond: '/ms',
  perSecond: '/s',
  perMinute: '/min',
  perHour: '/h',
  perDay: '/d',
}

/** What stands behind a sensor's value: `°C`, `%`, `% RPM`, `packets/s`. Empty when the sensor tells none. */
export function unitOf({ units }: Pick<SensorRecord, 'units'>): string {
  const parts: Partial<Record<string | number, string>> = {
    divide: `${unitSymbol(units.base)}/${unitSymbol(units.modifier)}`,
    multiply: `${unitSymbol(units.base)}·${unitSymbol(units.modifier)}`,
  }
  const unit = (parts[units.modifierUse] ?? unitSymbol(units.base)) + (rates[units.rate] ?? '')
  return units.isPercentage ? `% ${unit}`.trim() : unit
}
