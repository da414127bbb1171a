/** `sdr list` and `sdr elist` as ipmitool prints them: full and compact sensor records, in the repository's order. */
import { hex, isWhole } from './c-number.ts'
import { stateWords } from './event-text.ts'
import {
  analogRecord,
  answeredValue,
  isThreshold,
  readingState,
  type SensorAnswer,
  severity,
} from './sensor-answer.ts'
import { digits, valueText } from './sensor-value.ts'
import { plainStyle, type Style } from './style.ts'
import { unitWord } from './units.ts'

const NAME_WIDTH = 16
/** ipmitool's buffers have one byte for the end. */
const VALUE_LENGTH = 15

export function sdrList(answers: Iterable<SensorAnswer>, { isCsv }: Style = plainStyle): string {
  if (isCsv) return csv(answers, 'level')
  let text = ''
  for (const answer of answers)
    text += `${nameOf(answer)} | ${listValue(answer).padEnd(17)} | ${status(answer, 'level')}\n`
  return text
}

export function sdrElist(answers: Iterable<SensorAnswer>, { isCsv }: Style = plainStyle): string {
  if (isCsv) return csv(answers, 'short')
  let text = ''
  for (const answer of answers) {
    const { sensorNumber, entity } = answer.record
    const columns = [
      nameOf(answer),
      `${hex(sensorNumber, 2).toUpperCase()}h`,
      status(answer, 'short').padEnd(3),
      `${String(entity.id).padStart(2)}.${entity.instance}`,
      elistValue(answer),
    ]
    text += `${columns.join(' | ')}\n`
  }
  return text
}

/** With -c the two commands differ only in how bad a reading is. */
function csv(answers: Iterable<SensorAnswer>, form: 'short' | 'level'): string {
  let text = ''
  for (const answer of answers) {
    const { id } = answer.record
    text += `${[id.slice(0, NAME_WIDTH), ...csvColumns(answer, form)].join(',')}\n`
  }
  return text
}

function csvColumns(answer: SensorAnswer, form: 'short' | 'level'): string[] {
  const record = analogRecord(answer)
  const value = answeredValue(answer)
  if (record && value !== undefined) {
    const decimals = isWhole(value) ? 0 : 3
    return [digits(value, record, decimals), unitWord(record), status(answer, form)]
  }
  const isGiven = isReadable(answer)
  if (isThreshold(answer.record) && !isGiven) return ['', '', 'ns']
  const { sensorNumber, entity } = answer.record
  const states = isGiven ? statesOf(answer).join(', ') : 'No Reading'
  return [
    `${hex(sensorNumber, 2).toUpperCase()}h`,
    isGiven ? 'ok' : 'ns',
    `${entity.id}.${entity.instance}`,
    states,
  ]
}

function nameOf({ record }: SensorAnswer): string {
  return record.id.slice(0, NAME_WIDTH).padEnd(NAME_WIDTH)
}

function status(answer: SensorAnswer, form: 'short' | 'level'): string {
  if (!isReadable(answer)) return 'ns'
  return isThreshold(answer.record) ? severity(answer, form) : 'ok'
}

/** An analog sensor needs a value for that, any other one a reading. */
function isReadable(answer: SensorAnswer): boolean {
  if (analogRecord(answer)) return answeredValue(answer) !== undefined
  return readingState(answer) === 'given'
}

function analogText(answer: SensorAnswer): string | undefined {
  const record = analogRecord(answer)
  const value = answeredValue(answer)
  return record && value !== undefined ? valueText(value, record).slice(0, VALUE_LENGTH) : undefined
}

function listValue(answer: SensorAnswer): string {
  const value = analogText(answer)
  if (value !== undefined) return value
  if (answer.record.kind === 'full' && !isReadable(answer))
    return readingState(answer) === 'disabled' ? 'disabled' : 'no reading'
  return isReadable(answer) ? `0x${hex(answer.reading?.states ?? 0, 2)}` : 'Not Readable'
}

function elistValue(answer: SensorAnswer): string {
  const value = analogText(answer)
  if (value !== undefined) return value
  if (!isReadable(answer)) return readingState(answer) === 'disabled' ? 'Disabled' : 'No Reading'
  return statesOf(answer).join(', ')
}

/** The words for the states that hold, of those that ipmitool has words for. */
function statesOf({ record, reading }: SensorAnswer): string[] {
  const states = (reading?.states ?? 0) | (((reading?.moreStates ?? 0) & 0x7f) << 8)
  const words: string[] = []
  for (let offset = 0; offset < 15; offset++) {
    const word = stateWords(record.event.type, record.sensorType, offset)
    if (word !== undefined && ((states >> offset) & 1) === 1) words.push(word)
  }
  return words
}
