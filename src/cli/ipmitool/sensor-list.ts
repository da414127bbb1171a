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

export function sensorList(answers: Iterable<SensorAnswer>): string {
  let text = ''
  for (const answer of answers) {
    const columns = isThreshold(answer.record) ? thresholdSensor(answer) : discreteSensor(answer)
    text += `${answer.record.id.slice(0, 16).padEnd(16)} | ${columns}\n`
  }
  return text
}

function discreteSensor(answer: SensorAnswer): string {
  const none = 'na'.padEnd(10)
  const reading = readingState(answer) === 'given' ? answer.reading : undefined
  const first = reading?.states ?? 0
  const value = reading === undefined ? none : `0x${first.toString(16).padEnd(8)}`
  const states = (first << 8) | (reading?.moreStates ?? 0)
  const status = reading === undefined ? 'na    ' : `0x${states.toString(16).padStart(4, '0')}`
  return `${value} | discrete   | ${status}${`| ${none}`.repeat(6)}`
}

function thresholdSensor(answer: SensorAnswer): string {
  const value = answeredValue(answer)
  const raw = answer.reading?.reading ?? 0
  const record = analogRecord(answer)
  const isGiven = record ? value !== undefined : readingState(answer) === 'given'
  const shown = value === undefined || !record ? `0x${raw.toString(16)}` : digits(value, record, 3)
  const status = (isGiven ? severity(answer, 'level') : 'na').padEnd(6)
  const head = `${(isGiven ? shown : 'na').padEnd(10)} | ${unit(answer).padEnd(10)} | ${status}`
  return head + thresholdColumns.map(name => `| ${threshold(answer, name).padEnd(10)}`).join('')
}

/** Known only where the sensor is scanned, even when its reading is unavailable. */
function unit(answer: SensorAnswer): string {
  const state = readingState(answer)
  const isKnown = state === 'unavailable' || answeredValue(answer) !== undefined
  return isKnown && analogRecord(answer) ? unitWord(answer.record) : ''
}

function threshold(answer: SensorAnswer, name: ThresholdName): string {
  const { thresholds } = answer
  if (answer.record.kind !== 'full' || thresholds === undefined || !thresholds.readable[name]) return 'na'
  const record = analogRecord(answer)
  if (record === undefined) return `0x${thresholds[name].toString(16)}`
  return digits(readingValue(thresholds[name], record), record, 3)
}
