/** `sel list` and `sel elist` as ipmitool prints them. IPMI 2.0 rev 1.1, section 32. */
import {
  decodeSdr,
  type EventOnlyRecord,
  encodeSdr,
  type FullSensorRecord,
  MAX_SDR_BYTES,
  SDR_HEADER_BYTES,
  type SdrRecord,
  SdrType,
  type SensorRecord,
} from '../../protocol/sdr/record.ts'
import {
  decodeSelRecord,
  encodeSelRecord,
  type SelRecord,
  SelRecordType,
  type SystemEventRecord,
} from '../../protocol/sel-record.ts'
import { EventType } from '../../protocol/sensor/event-types.ts'
import { LAST_SINCE_START, UNSPECIFIED_TIME } from '../../protocol/time-stamp.ts'
import { hex, hexBytes } from './c-number.ts'
import { DELL, dellFindings } from './dell-events.ts'
import { eventWords, sensorTypeWord } from './event-text.ts'
import { digits, readingValue, valueText } from './sensor-value.ts'
import { plainStyle, type Style } from './style.ts'
import { calendarTime } from './timestamp.ts'

export interface ListedSel {
  records: Iterable<SelRecord>
  /** The manufacturer ID of the BMC: to some makers' events ipmitool adds what it knows. */
  maker?: number | undefined
}

/** One line a record. */
export function selList({ records, maker }: ListedSel, style: Style = plainStyle): string {
  return lines(records, style, event => [typeAndNumber(event), ...eventColumns(event, maker)])
}

/** The same with sensors' names, and the values of threshold events, from the SDRs. */
export function selElist(
  { records, sdrs, maker }: ListedSel & { sdrs: Iterable<SdrRecord> },
  style: Style = plainStyle,
): string {
  const sensors = new Map<string, SensorRecord | EventOnlyRecord>()
  for (const sdr of sdrs) {
    if (sdr.kind !== 'full' && sdr.kind !== 'compact' && sdr.kind !== 'eventOnly') continue
    const key = sensorKey(sdr.owner.id, sdr.sensorNumber, sdr.sensorType)
    if (!sensors.has(key)) sensors.set(key, sdr)
  }
  return lines(records, style, event => {
    const sensor = sensors.get(sensorKey(event.generatorId, event.sensorNumber, event.sensorType))
    const columns = eventColumns(event, maker)
    if (sensor === undefined) return [typeAndNumber(event), ...columns]
    return [`${sensorTypeWord(event.sensorType)} ${sensor.id}`, ...columns, ...values(event, sensor)]
  })
}

/** Its LUN is not looked at, nor that a record may stand for several sensors. */
function sensorKey(owner: number, sensorNumber: number, sensorType: number): string {
  return `${owner}/${sensorNumber}/${sensorType}`
}

type ColumnsOf = (event: SystemEventRecord) => string[]

function lines(records: Iterable<SelRecord>, style: Style, columnsOf: ColumnsOf): string {
  let text = ''
  for (const record of records) {
    const id = record.recordId.toString(16)
    const { time, columns } = parts(record, style, columnsOf)
    text += style.isCsv ? [id, ...(time ?? ['', '']), ...columns].join(',') : plainLine(id, time, columns)
    text += '\n'
  }
  return text
}

function plainLine(id: string, time: TimeColumns | undefined, columns: readonly string[]): string {
  // Before the clock is set the columns have no blanks around their line.
  const separator = time?.[0] === PRE_INIT ? ' |' : ' | '
  const when = time === undefined ? '' : `${time.join(separator)}${separator === ' |' ? '| ' : ' | '}`
  return `${id.padStart(4)} | ${when}${columns.join(' | ')}`
}

interface LineParts {
  time?: TimeColumns
  columns: string[]
}

function parts(record: SelRecord, style: Style, columnsOf: ColumnsOf): LineParts {
  switch (record.kind) {
    case 'system':
      return { time: timeColumns(style, record.timestamp), columns: columnsOf(record) }
    case 'oemTimestamped': {
      const { recordType, timestamp, manufacturerId, data } = record
      const columns = [`OEM record ${hex(recordType, 2)}`, hex(manufacturerId, 6), hexBytes(data)]
      return { time: timeColumns(style, timestamp), columns }
    }
    case 'oem':
      if (record.recordType === SelRecordType.LinuxPanicText)
        return { columns: [`Linux kernel panic: ${panicText(record.data)}`] }
      if (record.recordType >= SelRecordType.OemFirst)
        return { columns: [`OEM record ${hex(record.recordType, 2)}`, hexBytes(record.data)] }
      return parts(asSystemEvent(record), style, columnsOf)
  }
}

/** Two bytes, the sender's address and the piece's number, then eleven of text. */
function panicText(data: Uint8Array): string {
  const text = Buffer.from(data.subarray(2)).toString('latin1')
  const end = text.indexOf('\0')
  return end < 0 ? text : text.slice(0, end)
}

/** A record of a type below C0h that the specification does not define is printed as if it were 02h. */
function asSystemEvent(record: SelRecord): SelRecord {
  const raw = encodeSelRecord(record)
  raw[2] = SelRecordType.SystemEvent
  return decodeSelRecord(raw)
}

type TimeColumns = readonly [date: string, time: string]

const PRE_INIT = ' Pre-Init '

function timeColumns(style: Style, timestamp: number): TimeColumns {
  if (timestamp < LAST_SINCE_START) return [PRE_INIT, String(timestamp).padStart(10, '0')]
  if (timestamp === UNSPECIFIED_TIME) return ['Unspecified', 'Unspecified']
  const { date, time, zone } = calendarTime(style, timestamp)
  return [date, `${time} ${zone}`]
}

function typeAndNumber({ sensorType, sensorNumber }: SystemEventRecord): string {
  const number = sensorNumber === 0 ? '' : ` #0x${hex(sensorNumber, 2)}`
  return sensorTypeWord(sensorType) + number
}

function eventColumns(record: SystemEventRecord, maker: number | undefined): string[] {
  const { event, sensorType, sensorNumber, data } = record
  const columns = [description(record, maker), event.deassertion ? 'Deasserted' : 'Asserted']
  const isMemory = sensorType === MEMORY && event.type === EventType.SensorSpecific && sensorNumber === 0
  const [first = 0, , third = 0] = data
  if (isMemory && ((first >> 4) & 3) === OEM_DATA3) columns.push(`CPU ${third & 0x0f} DIMM ${third >> 4}`)
  return columns
}

function description(record: SystemEventRecord, maker: number | undefined): string {
  const words = eventWords(record.event.type, record.sensorType, record.data)
  const findings = maker === DELL ? dellFindings(record) : undefined
  return findings === undefined ? words : `${words} (${findings})`.trimStart()
}

const MEMORY = 0x0c
/** What bits 5:4 of the first data byte say of the third. Table 29-6. */
const OEM_DATA3 = 2
const THRESHOLD_DATA3 = 1

/** The reading and the threshold that it passed, as far as the event's data bytes have them; the reading is 0 otherwise. */
function values({ event, data }: SystemEventRecord, sensor: SensorRecord | EventOnlyRecord): string[] {
  if (event.type !== EventType.Threshold) return []
  const record = readAsFull(sensor)
  const [first = 0, second = 0, third = 0] = data
  const value = (raw: number) => Math.fround(readingValue(raw, record))
  const reading = `Reading ${digits(first >> 6 === 1 ? value(second) : 0, record)}`
  if (((first >> 4) & 3) !== THRESHOLD_DATA3) return [reading]
  const isAbove = (first & 1) === 1
  const relation = isAbove === event.deassertion ? '<' : '>'
  return [`${reading} ${relation} Threshold ${valueText(value(third), record)}`]
}

/** ipmitool reads any sensor's record as a full one here, and so takes letters of its name for factors. */
function readAsFull(sensor: SensorRecord | EventOnlyRecord): FullSensorRecord {
  if (sensor.kind === 'full') return sensor
  const raw = new Uint8Array(MAX_SDR_BYTES)
  raw.set(encodeSdr(sensor))
  raw[3] = SdrType.full
  raw[4] = MAX_SDR_BYTES - SDR_HEADER_BYTES
  return decodeSdr(raw) as FullSensorRecord
}
