/** Platform Event Traps: the SNMP version 1 traps that PEF sends. PET format specification 1.0; IPMI 2.0 rev 1.1, section 17.16. */
import { ipv4 } from '../address.ts'
import { ByteReader, ByteWriter, CodecError } from '../bytes.ts'
import { bytes, type Codec, map, rest, type StructOf, struct, u8 } from '../codec.ts'
import { END_OF_FIELDS, fruText, writeField } from '../fru/field.ts'
import { BerReader, BerTag, ber, berObjectId, berUnsigned } from './ber.ts'

/** The enterprise that traps are sent under, and the one variable that they carry. */
export const PET_ENTERPRISE = '1.3.6.1.4.1.3183.1.1'
const PET_VARIABLE = `${PET_ENTERPRISE}.1`
const SNMP_V1 = 0
const ENTERPRISE_SPECIFIC = 6
/** Local time stamps count from here. */
const PET_EPOCH_SECONDS = Date.UTC(1998, 0, 1) / 1000
const UNSPECIFIED_OFFSET = 0xffff

/** How bad an event is. Table 17-2, byte 4. */
export const PetSeverity = {
  unspecified: 0x00,
  monitor: 0x01,
  information: 0x02,
  ok: 0x04,
  nonCritical: 0x08,
  critical: 0x10,
  nonRecoverable: 0x20,
} as const

/** The trap's source, and the event's, when it is a BMC. */
export const PET_SOURCE_IPMI = 0x20

/** The most significant byte first, unlike all else in IPMI. */
function bigEndian(sizeBytes: number): Codec<number> {
  return map(
    bytes(sizeBytes),
    raw => raw.reduce((value, byte) => value * 256 + byte, 0),
    value => {
      const little = new ByteWriter()
      little.uint(value, sizeBytes)
      return little.result().reverse()
    },
  )
}

/** Seconds since 1970 in the agent's local time. */
const localTime: Codec<number | undefined> = map(
  bigEndian(4),
  raw => (raw === 0 ? undefined : raw + PET_EPOCH_SECONDS),
  value => Math.max(0, (value ?? 0) - PET_EPOCH_SECONDS),
)

/** Minutes. */
const utcOffset: Codec<number | undefined> = map(
  bigEndian(2),
  raw => (raw === UNSPECIFIED_OFFSET ? undefined : (raw << 16) >> 16),
  value => (value === undefined ? UNSPECIFIED_OFFSET : value & 0xffff),
)

/** What the trap's one variable consists of. Table 3 of the PET format. */
const variable = {
  /** Most significant byte first. */
  guid: bytes(16),
  /** The same for each retry of one trap. */
  sequenceNumber: bigEndian(2),
  /** Missing when it is not told, like the next. */
  localTime,
  utcOffset,
  trapSourceType: u8,
  eventSourceType: u8,
  /** PetSeverity. */
  severity: u8,
  /** FFh: not told. */
  sensorDevice: u8,
  sensorNumber: u8,
  entityId: u8,
  entityInstance: u8,
  /** A BMC's event data are the first three. */
  eventData: bytes(8),
  languageCode: u8,
  manufacturerId: bigEndian(4),
  systemId: bigEndian(2),
  /** What the maker adds, up to an end mark C1h. */
  custom: rest,
}
const variableLayout = struct(variable)

export interface PlatformEventTrap extends StructOf<typeof variable> {
  community: string
  /** IPv4 address of who sends it. */
  agentAddress: string
  /** Hundredths of a second that the agent has been up. */
  uptime: number
  sensorType: number
  eventType: number
  /** Of the event type; Fh when it is not told. */
  offset: number
  isDeassertion: boolean
}

/** A trap's custom fields have 64 bytes, of which one is the end mark and one a field's head. */
const MAX_CUSTOM_TEXT = 62
const ENGLISH = 25

/** Custom fields that are one text, such as an alert string, cut to what there is room for; none when it is empty. */
export function petCustomText(text: string): Uint8Array {
  const fields = new ByteWriter()
  if (text !== '') writeField(fields, fruText(text.slice(0, MAX_CUSTOM_TEXT)), ENGLISH)
  fields.uint(END_OF_FIELDS, 1)
  return fields.result()
}

/** The datagram of a trap. */
export function encodePet(trap: PlatformEventTrap): Uint8Array {
  const address = new ByteWriter()
  ipv4.write(address, trap.agentAddress)
  const content = new ByteWriter()
  variableLayout.write(content, trap)
  const binding = ber(BerTag.Sequence, berObjectId(PET_VARIABLE), ber(BerTag.OctetString, content.result()))
  const pdu = ber(
    BerTag.TrapPdu,
    berObjectId(PET_ENTERPRISE),
    ber(BerTag.IpAddress, address.result()),
    berUnsigned(BerTag.Integer, ENTERPRISE_SPECIFIC),
    berUnsigned(BerTag.Integer, specificTrap(trap)),
    berUnsigned(BerTag.TimeTicks, trap.uptime),
    ber(BerTag.Sequence, binding),
  )
  return ber(
    BerTag.Sequence,
    berUnsigned(BerTag.Integer, SNMP_V1),
    ber(BerTag.OctetString, Buffer.from(trap.community, 'latin1')),
    pdu,
  )
}

/** Reads a datagram. Throws CodecError when it is no Platform Event Trap. */
export function decodePet(datagram: Uint8Array): PlatformEventTrap {
  const message = new BerReader(datagram).within(BerTag.Sequence)
  const version = message.unsigned(BerTag.Integer)
  if (version !== SNMP_V1) throw new CodecError('BAD_VALUE', `SNMP version is ${version + 1}, must be 1`)
  const community = Buffer.from(message.take(BerTag.OctetString)).toString('latin1')
  const pdu = message.within(BerTag.TrapPdu)
  const enterprise = pdu.objectId()
  if (enterprise !== PET_ENTERPRISE)
    throw new CodecError(
      'BAD_VALUE',
      `enterprise is ${enterprise}, a Platform Event Trap's ${PET_ENTERPRISE}`,
    )
  const agentAddress = ipv4.read(new ByteReader(pdu.take(BerTag.IpAddress)))
  const generic = pdu.unsigned(BerTag.Integer)
  if (generic !== ENTERPRISE_SPECIFIC)
    throw new CodecError('BAD_VALUE', `generic trap is ${generic}, must be 6`)
  const specific = pdu.unsigned(BerTag.Integer)
  const uptime = pdu.unsigned(BerTag.TimeTicks)
  const binding = pdu.within(BerTag.Sequence).within(BerTag.Sequence)
  binding.objectId()
  return {
    community,
    agentAddress,
    uptime,
    sensorType: (specific >>> 16) & 0xff,
    eventType: (specific >>> 8) & 0xff,
    offset: specific & 0x0f,
    isDeassertion: (specific & 0x80) !== 0,
    ...variableLayout.read(new ByteReader(binding.take(BerTag.OctetString))),
  }
}

/** Sensor type, event type, and direction with offset: one byte each. Table 2 of the PET format. */
function specificTrap({ sensorType, eventType, offset, isDeassertion }: PlatformEventTrap): number {
  return (sensorType << 16) | (eventType << 8) | (isDeassertion ? 0x80 : 0) | (offset & 0x0f)
}
