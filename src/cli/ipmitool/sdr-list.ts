/** `sdr list` and `sdr elist` as ipmitool prints them, in the repository's order. */
import type { OtherListed } from '../listed-records.ts'
import { isSensor } from '../sensors.ts'
import { hex, isWhole } from './c-number.ts'
import { stateWords } from './event-text.ts'
import { otherCsvLine, otherElistLine, otherListLine } from './sdr-locators.ts'
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

type Row = SensorAnswer | { record: OtherListed }

function isSensorRow(row: Row): row is SensorAnswer {
  return isSensor(row.record)
}

const NAME_WIDTH = 16
/** ipmitool's buffers have one byte for the end. */
const VALUE_LENGTH = 15

export function sdrList(rows: Iterable<Row>, { isCsv }: Style = plainStyle): string {
  if (isCsv) return csv(rows, 'level')
  return lines(
    rows,
    otherListLine,
    answer => `${nameOf(answer)} | ${listValue(answer).padEnd(17)} | ${status(answer, 'level')}\n`,
  )
}

function lines(
  rows: Iterable<Row>,
  other: (record: OtherListed) => string,
  sensor: (answer: SensorAnswer) => string,
): string {
  let text = ''
  for (const row of rows) text += isSensorRow(row) ? sensor(row) : other(row.record)
  return text
}

export function sdrElist(rows: Iterable<Row>, { isCsv }: Style = plainStyle): string {
  if (isCsv) return csv(rows, 'short')
  return lines(rows, otherElistLine, answer => {
    const { sensorNumber, entity } = answer.record
    const columns = [
      nameOf(answer),
      `${hex(sensorNumber, 2).toUpperCase()}h`,
      status(answer, 'short').padEnd(3),
      `${String(entity.id).padStart(2)}.${entity.instance}`,
      elistValue(answer),
    ]
    return `${columns.join(' | ')}\n`
  })
}

/** With -c the two commands differ only in how bad a reading is. */
function csv(rows: Iterable<Row>, form: 'short' | 'level'): string {
  return lines(rows, otherCsvLine, answer => {
    const { id } = answer.record
    return `${[id.slice(0, NAME_WIDTH), ...csvColumns(answer, form)].join(',')}\n`
  })
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
