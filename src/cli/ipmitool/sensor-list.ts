/** `sensor list` as ipmitool prints it: full and compact sensor records with their thresholds. */
import type { ThresholdName } from '../../protocol/sensor/event-types.ts'
import {
  analogRecord,
  answeredValue,
  isThreshold,
  readingState,
  type SensorAnswer,
  severity,
} from './sensor-answer.ts'
import { digits, readingValue } from './sensor-value.ts'
import { plainStyle, type Style } from './style.ts'
import { unitWord } from './units.ts'

/** The order of the columns. */
const thresholdColumns: readonly ThresholdName[] = [
  'lowerNonRecoverable',
  'lowerCritical',
  'lowerNonCritical',
  'upperNonCritical',
  'upperCritical',
  'upperNonRecoverable',
]

export function sensorList(answers: Iterable<SensorAnswer>, style: Style = plainStyle): string {
  let text = ''
  for (const answer of answers) {
    const name = answer.record.id.slice(0, 16)
    const columns = isThreshold(answer.record) ? thresholdSensor(answer) : discreteSensor(answer, style)
    text += style.isCsv ? `${[name, ...columns].join(',')}\n` : plainLine(name, columns)
  }
  return text
}

function plainLine(name: string, [value = '', unit = '', status = '', ...thresholds]: string[]): string {
  const head = `${name.padEnd(16)} | ${value.padEnd(10)} | ${unit.padEnd(10)} | ${status.padEnd(6)}`
  return `${head}${thresholds.map(column => `| ${column.padEnd(10)}`).join('')}\n`
}

/** With -c the value is the reading's byte, otherwise that of the states. */
function discreteSensor(answer: SensorAnswer, { isCsv }: Style): string[] {
  const none = thresholdColumns.map(() => 'na')
  const { reading } = answer
  if (reading === undefined || readingState(answer) !== 'given') return ['na', 'discrete', 'na', ...none]
  const { states = 0, moreStates = 0 } = reading
  const value = isCsv ? reading.reading : states
  const status = ((states << 8) | moreStates).toString(16).padStart(4, '0')
  return [`0x${value.toString(16)}`, 'discrete', `0x${status}`, ...none]
}

function thresholdSensor(answer: SensorAnswer): string[] {
  const value = answeredValue(answer)
  const raw = answer.reading?.reading ?? 0
  const record = analogRecord(answer)
  const isGiven = record ? value !== undefined : readingState(answer) === 'given'
  const shown = value === undefined || !record ? `0x${raw.toString(16)}` : digits(value, record, 3)
  const thresholds = thresholdColumns.map(name => threshold(answer, name))
  return [isGiven ? shown : 'na', unit(answer), isGiven ? severity(answer, 'level') : 'na', ...thresholds]
}

/** Known only where the sensor is scanned, even when its reading is unavailable. */
function unit(answer: SensorAnswer): string {
  const state = readingState(answer)
  const isKnown = state === 'unavailable' || answeredValue(answer) !== undefined
  return isKnown && analogRecord(answer) ? unitWord(answer.record) : ''
}

/** ipmitool asks for those of full records only. */
function threshold(answer: SensorAnswer, name: ThresholdName): string {
  const { thresholds } = answer
  if (answer.record.kind !== 'full' || thresholds === undefined || !thresholds.readable[name]) return 'na'
  const record = analogRecord(answer)
  if (record === undefined) return `0x${thresholds[name].toString(16)}`
  return digits(readingValue(thresholds[name], record), record, 3)
}
