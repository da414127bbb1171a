/**
 * Last words: the SEL records that Linux writes in a panic, and the sentences read back from them.
 * The platform event is that of IPMI 2.0 rev 1.1, table 42-3, sensor type 20h (OS Critical Stop); the text
 * follows in OEM records of type F0h, 11 bytes each.
 */
import { SEL_RECORD_BYTES, type SelRecord, SelRecordType } from './sel-record.ts'
import { LAST_SINCE_START, UNSPECIFIED_TIME } from './time-stamp.ts'

/** Characters in one F0h record. */
export const TEXT_BYTES_PER_RECORD = 11
/** The piece number is one byte. */
export const MAX_TEXT_RECORDS = 256

/** Generator of the kernel's events: software ID 20h, system software. Section 5.5, table 5-4. */
const KERNEL_GENERATOR_ID = 0x41
const OS_CRITICAL_STOP = 0x20
const SENSOR_SPECIFIC = 0x6f
/** Offset 1, run-time stop; bytes 2 and 3 are the OEM's: two characters of the text. */
const RUN_TIME_STOP = 0xa1

/** Length of a Platform Event request's data over a system interface. */
export const PLATFORM_EVENT_BYTES = 8

/** Writes the data of the kernel's Platform Event; three characters of the text fit in. Allocates nothing. */
export function writePanicEvent(into: Uint8Array, at: number, text: Uint8Array, textLength: number): void {
  into[at] = KERNEL_GENERATOR_ID
  into[at + 1] = 0x03
  into[at + 2] = OS_CRITICAL_STOP
  into[at + 3] = textLength > 0 ? text[0]! : 0
  into[at + 4] = SENSOR_SPECIFIC
  into[at + 5] = RUN_TIME_STOP
  into[at + 6] = textLength > 1 ? text[1]! : 0
  into[at + 7] = textLength > 2 ? text[2]! : 0
}

/** Writes the F0h record with piece number `piece` of the text. Allocates nothing. */
export function writePanicText(
  into: Uint8Array,
  at: number,
  slaveAddress: number,
  piece: number,
  text: Uint8Array,
  textLength: number,
): void {
  into.fill(0, at, at + SEL_RECORD_BYTES)
  into[at + 2] = SelRecordType.LinuxPanicText
  into[at + 3] = slaveAddress
  into[at + 4] = piece
  const from = piece * TEXT_BYTES_PER_RECORD
  const count = Math.min(TEXT_BYTES_PER_RECORD, textLength - from)
  for (let i = 0; i < count; i++) into[at + 5 + i] = text[from + i]!
}

/** How many F0h records a text of this many bytes takes. */
export function textRecords(textLength: number): number {
  return Math.min(MAX_TEXT_RECORDS, Math.ceil(textLength / TEXT_BYTES_PER_RECORD))
}

/** One crash as the SEL tells it. */
export interface LastWords {
  /** The platform event's, as the SEL has it (see `SelRecord`); undefined when only text was found. */
  timestamp: number | undefined
  text: string
  /**
   * `whole`: the text's end is there. `unknown`: it may go on; a text that fills its last record has no end mark, and
   * an event alone shows three characters. `partMissing`: a piece, or the event before the text, is not there.
   */
  wholeness: 'whole' | 'unknown' | 'partMissing'
  /** Record IDs in the order found. */
  records: number[]
}

function isPanicEvent(record: SelRecord): boolean {
  return (
    record.kind === 'system' &&
    record.sensorType === OS_CRITICAL_STOP &&
    record.event.type === SENSOR_SPECIFIC &&
    (record.data[0]! & 0x0f) === (RUN_TIME_STOP & 0x0f) &&
    !record.event.deassertion
  )
}

interface OpenStory {
  words: LastWords
  bytes: number[]
  nextPiece: number
}

/** Joins the records of a SEL, given in order, into one entry a crash. Other records may come between. */
export function readLastWords(records: Iterable<SelRecord>): LastWords[] {
  const stories: OpenStory[] = []
  let open: OpenStory | undefined
  const begin = (timestamp: number | undefined): OpenStory => {
    const words: LastWords = {
      timestamp,
      text: '',
      wholeness: timestamp === undefined ? 'partMissing' : 'unknown',
      records: [],
    }
    const story = { words, bytes: [], nextPiece: 0 }
    stories.push(story)
    return story
  }
  for (const record of records) {
    if (isPanicEvent(record)) {
      open = begin(record.kind === 'system' ? record.timestamp : undefined)
      const [, second, third] = record.kind === 'system' ? record.data : []
      const first = record.kind === 'system' ? record.sensorNumber : 0
      // Until text comes, the event's own three characters are all there is.
      const begun = [first, second ?? 0, third ?? 0]
      open.words.text = decodeText(begun)
      if (begun.includes(0)) open.words.wholeness = 'whole'
      open.words.records.push(record.recordId)
    } else if (record.kind === 'oem' && record.recordType === SelRecordType.LinuxPanicText) {
      const piece = record.data[1]!
      if (open === undefined || piece < open.nextPiece) open = begin(undefined)
      const bytes = record.data.subarray(2)
      if (piece !== open.nextPiece) open.words.wholeness = 'partMissing'
      else if (open.words.wholeness !== 'partMissing')
        open.words.wholeness = bytes.includes(0) ? 'whole' : 'unknown'
      open.bytes.push(...bytes)
      open.nextPiece = piece + 1
      open.words.records.push(record.recordId)
      open.words.text = decodeText(open.bytes)
    }
  }
  return stories.map(story => story.words)
}

function decodeText(bytes: number[]): string {
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(Uint8Array.from(end < 0 ? bytes : bytes.slice(0, end))).trimEnd()
}

/** `2026-11-24 19:50:01 UTC: the host stopped: "Fatal exception"`. */
export function lastWordsSentence(words: LastWords): string {
  const said = words.text === '' ? 'it said nothing' : `its last words: "${words.text}"`
  return `${whenWords(words.timestamp)}: the host stopped in a panic; ${said}${wholenessTexts[words.wholeness]}`
}

/** A SEL timestamp in words: the BMC's clock may have been wrong, or not set. Section 37.1. */
function whenWords(timestamp: number | undefined): string {
  if (timestamp === undefined || timestamp === UNSPECIFIED_TIME) return 'At an unknown time'
  if (timestamp <= LAST_SINCE_START) return `${timestamp} s after its BMC's start`
  return `${new Date(timestamp * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

const wholenessTexts: Readonly<Record<LastWords['wholeness'], string>> = {
  whole: '',
  unknown: ' (there may have been more)',
  partMissing: ' (a part is missing)',
}
