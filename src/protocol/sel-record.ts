/** SEL records: system events, and OEM records with and without a time stamp. IPMI 2.0 rev 1.1, section 32. */
import { ByteReader, ByteWriter } from './bytes.ts'
import {
  bits,
  bytes,
  type Codec,
  flag,
  reserved,
  type StructOf,
  struct,
  u8,
  u16,
  u24,
  u32,
  ubits,
} from './codec.ts'

export const SEL_RECORD_BYTES = 16

/** Record types. Section 32.1, table 32-1, and sections 32.2 and 32.3. */
export const SelRecordType = {
  SystemEvent: 0x02,
  OemTimestampedFirst: 0xc0,
  OemFirst: 0xe0,
  /** What Linux writes the pieces of a panic's text with. */
  LinuxPanicText: 0xf0,
} as const

const systemEvent = {
  recordId: u16,
  recordType: u8,
  /** Seconds since 1970; up to 20000000h since the BMC's start. */
  timestamp: u32,
  /** Slave address or software ID of the generator. */
  generatorId: u8,
  generator: bits({ lun: ubits(2), _: reserved(2), channel: ubits(4) }),
  evmRev: u8,
  sensorType: u8,
  sensorNumber: u8,
  event: bits({ type: ubits(7), deassertion: flag }),
  data: bytes(3),
}

const oemTimestamped = {
  recordId: u16,
  recordType: u8,
  timestamp: u32,
  manufacturerId: u24,
  data: bytes(6),
}

const oem = { recordId: u16, recordType: u8, data: bytes(13) }

export type SystemEventRecord = { kind: 'system' } & StructOf<typeof systemEvent>
/** What tells an event; a log gives it number and time. */
export type NewEvent = Omit<
  SystemEventRecord,
  'kind' | 'recordId' | 'recordType' | 'timestamp' | 'generator' | 'evmRev'
> &
  Partial<Pick<SystemEventRecord, 'generator' | 'evmRev'>>

/** Event message revision of IPMI 1.5 and 2.0. Table 32-1. */
const EVM_REV_2_0 = 0x04

/** An event that is in no log yet; of its generator's LUN and channel 0 unless given. */
export function newEvent(event: NewEvent): SystemEventRecord {
  return {
    kind: 'system',
    recordId: 0,
    recordType: SelRecordType.SystemEvent,
    timestamp: 0,
    generator: { lun: 0, channel: 0 },
    evmRev: EVM_REV_2_0,
    ...event,
  }
}

export type OemTimestampedRecord = { kind: 'oemTimestamped' } & StructOf<typeof oemTimestamped>
/** Also the kind of a record type that the specification does not define. */
export type OemRecord = { kind: 'oem' } & StructOf<typeof oem>
export type SelRecord = SystemEventRecord | OemTimestampedRecord | OemRecord

const layouts = {
  system: struct(systemEvent),
  oemTimestamped: struct(oemTimestamped),
  oem: struct(oem),
}

function kindOf(recordType: number): SelRecord['kind'] {
  if (recordType === SelRecordType.SystemEvent) return 'system'
  if (recordType >= SelRecordType.OemTimestampedFirst && recordType < SelRecordType.OemFirst)
    return 'oemTimestamped'
  return 'oem'
}

/** The 16 bytes of a record of any kind. */
export const selRecord: Codec<SelRecord> = {
  read(from: ByteReader) {
    const raw = from.take(SEL_RECORD_BYTES)
    const kind = kindOf(raw[2]!)
    const reader = new ByteReader(raw)
    switch (kind) {
      case 'system':
        return { kind, ...layouts.system.read(reader) }
      case 'oemTimestamped':
        return { kind, ...layouts.oemTimestamped.read(reader) }
      case 'oem':
        return { kind, ...layouts.oem.read(reader) }
    }
  },
  write(to, record) {
    switch (record.kind) {
      case 'system':
        return layouts.system.write(to, record)
      case 'oemTimestamped':
        return layouts.oemTimestamped.write(to, record)
      case 'oem':
        return layouts.oem.write(to, record)
    }
  },
}

export function decodeSelRecord(raw: Uint8Array): SelRecord {
  return selRecord.read(new ByteReader(raw))
}

export function encodeSelRecord(record: SelRecord): Uint8Array {
  const writer = new ByteWriter(SEL_RECORD_BYTES)
  selRecord.write(writer, record)
  return writer.result()
}
