/** Sensor data records: the header, and a record of any kind both ways. IPMI 2.0 rev 1.1, section 43. */
import { ByteReader, ByteWriter, CodecError } from '../bytes.ts'
import { type Codec, type StructOf, struct, u8, u16, type ValueOf } from '../codec.ts'
import { layouts } from './layouts.ts'

export const SDR_HEADER_BYTES = 5
/** The header's length field has one byte. */
export const MAX_SDR_BYTES = SDR_HEADER_BYTES + 0xff
/** Version of the record format, of IPMI 1.5 and 2.0. */
export const SDR_VERSION = 0x51

/** Record types. Table 43-x of each kind. */
export const SdrType = {
  full: 0x01,
  compact: 0x02,
  eventOnly: 0x03,
  entityAssociation: 0x08,
  deviceRelativeAssociation: 0x09,
  genericLocator: 0x10,
  fruLocator: 0x11,
  mcLocator: 0x12,
  mcConfirmation: 0x13,
  oem: 0xc0,
} as const

export type SdrKind = keyof typeof SdrType

const headerFields = {
  recordId: u16,
  version: u8,
  type: u8,
  /** Bytes that follow the header. */
  length: u8,
}
const header = struct(headerFields)
export type SdrHeader = StructOf<typeof headerFields>

interface Head {
  recordId: number
  /** 51h for IPMI 1.5 and 2.0, which is also what is written when it is not given. */
  version?: number
}

type RecordOf<K extends SdrKind> = { kind: K } & Head & ValueOf<(typeof layouts)[K]>

export type FullSensorRecord = RecordOf<'full'>
export type CompactSensorRecord = RecordOf<'compact'>
export type EventOnlyRecord = RecordOf<'eventOnly'>
export type EntityAssociationRecord = RecordOf<'entityAssociation'>
export type DeviceRelativeAssociationRecord = RecordOf<'deviceRelativeAssociation'>
export type GenericLocatorRecord = RecordOf<'genericLocator'>
export type FruLocatorRecord = RecordOf<'fruLocator'>
export type McLocatorRecord = RecordOf<'mcLocator'>
export type McConfirmationRecord = RecordOf<'mcConfirmation'>
export type OemSdr = RecordOf<'oem'>
/** A record of a type that is not known here. */
export type OtherSdr = { kind: 'other' } & Head & { type: number; data: Uint8Array }

export type SdrRecord =
  | FullSensorRecord
  | CompactSensorRecord
  | EventOnlyRecord
  | EntityAssociationRecord
  | DeviceRelativeAssociationRecord
  | GenericLocatorRecord
  | FruLocatorRecord
  | McLocatorRecord
  | McConfirmationRecord
  | OemSdr
  | OtherSdr

/** The records that a sensor's reading can be asked for. */
export type SensorRecord = FullSensorRecord | CompactSensorRecord

const kinds = new Map<number, SdrKind>(Object.entries(SdrType).map(([kind, type]) => [type, kind as SdrKind]))

/** The five bytes that every record begins with. Throws CodecError TOO_SHORT. */
export function decodeSdrHeader(raw: Uint8Array): SdrHeader {
  return header.read(new ByteReader(raw))
}

/**
 * A record, header included. Bytes after the length that the header tells are not looked at.
 * Throws CodecError TOO_SHORT when the record is shorter than its header tells or than its kind must be.
 */
export function decodeSdr(raw: Uint8Array): SdrRecord {
  const { recordId, version, type, length } = decodeSdrHeader(raw)
  if (raw.length < SDR_HEADER_BYTES + length) {
    throw new CodecError(
      'TOO_SHORT',
      `record of ${raw.length} bytes, its header tells ${SDR_HEADER_BYTES + length}`,
    )
  }
  const body = raw.subarray(SDR_HEADER_BYTES, SDR_HEADER_BYTES + length)
  const kind = kinds.get(type)
  const head = { recordId, version }
  if (kind === undefined) return { kind: 'other', ...head, type, data: body.slice() }
  const layout = layouts[kind] as Codec<unknown>
  return { kind, ...head, ...(layout.read(new ByteReader(body)) as object) } as SdrRecord
}

/** The record's bytes, header included. */
export function encodeSdr(record: SdrRecord): Uint8Array {
  const body = new ByteWriter()
  if (record.kind === 'other') body.put(record.data)
  else (layouts[record.kind] as Codec<unknown>).write(body, record)
  const raw = new ByteWriter(MAX_SDR_BYTES)
  const type = record.kind === 'other' ? record.type : SdrType[record.kind]
  header.write(raw, {
    recordId: record.recordId,
    version: record.version ?? SDR_VERSION,
    type,
    length: body.length,
  })
  raw.put(body.result())
  return raw.result()
}
