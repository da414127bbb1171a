/** Platform Event Traps: the SNMP version 1 traps that PEF sends. PET format specification 1.0; IPMI 2.0 rev 1.1, section 17.16. */
import { ipv4 } from '../address.ts'
import { ByteReader, ByteWriter, CodecError } from '../bytes.ts'
import { BerReader, BerTag, ber, berObjectId, berUnsigned } from './ber.ts'

/** The enterprise that traps are sent under, and the one variable that they carry. */
export const PET_ENTERPRISE = '1.3.6.1.4.1.3183.1.1'
const PET_VARIABLE = `${PET_ENTERPRISE}.1`
const SNMP_V1 = 0
const ENTERPRISE_SPECIFIC = 6
const FIXED_BYTES = 46
const EVENT_DATA_BYTES = 8
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

export interface PlatformEventTrap {
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
  /** 16 bytes, most significant first. */
  guid: Uint8Array
  /** The same for each retry of one trap. */
  sequenceNumber: number
  /** Seconds since 1970 in the agent's local time; undefined when it is not told. */
  localTime: number | undefined
  /** Minutes; undefined when it is not told. */
  utcOffset: number | undefined
  trapSourceType: number
  eventSourceType: number
  /** PetSeverity. */
  severity: number
  /** FFh: not told. */
  sensorDevice: number
  sensorNumber: number
  entityId: number
  entityInstance: number
  /** 8 bytes; a BMC's event data are the first three. */
  eventData: Uint8Array
  languageCode: number
  manufacturerId: number
  systemId: number
  /** What the maker adds, from byte 47 on. */
  custom: Uint8Array
}

/** The datagram of a trap. */
export function encodePet(trap: PlatformEventTrap): Uint8Array {
  const address = new ByteWriter()
  ipv4.write(address, trap.agentAddress)
  const variable = ber(
    BerTag.Sequence,
    berObjectId(PET_VARIABLE),
    ber(BerTag.OctetString, variableBytes(trap)),
  )
  const pdu = ber(
    BerTag.TrapPdu,
    berObjectId(PET_ENTERPRISE),
    ber(BerTag.IpAddress, address.result()),
    berUnsigned(BerTag.Integer, ENTERPRISE_SPECIFIC),
    berUnsigned(BerTag.Integer, specificTrap(trap)),
    berUnsigned(BerTag.TimeTicks, trap.uptime),
    ber(BerTag.Sequence, variable),
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
  const variable = pdu.within(BerTag.Sequence).within(BerTag.Sequence)
  variable.objectId()
  return {
    community,
    agentAddress,
    uptime,
    sensorType: (specific >>> 16) & 0xff,
    eventType: (specific >>> 8) & 0xff,
    offset: specific & 0x0f,
    isDeassertion: (specific & 0x80) !== 0,
    ...readVariable(variable.take(BerTag.OctetString)),
  }
}

/** Sensor type, event type, and direction with offset: one byte each. Table 2 of the PET format. */
function specificTrap({ sensorType, eventType, offset, isDeassertion }: PlatformEventTrap): number {
  return (sensorType << 16) | (eventType << 8) | (isDeassertion ? 0x80 : 0) | (offset & 0x0f)
}

type Variable = Omit<
  PlatformEventTrap,
  'community' | 'agentAddress' | 'uptime' | 'sensorType' | 'eventType' | 'offset' | 'isDeassertion'
>

/** Unlike all else in IPMI, numbers have their most significant byte first. Table 3 of the PET format. */
function variableBytes(trap: PlatformEventTrap): Uint8Array {
  const raw = Buffer.alloc(FIXED_BYTES + trap.custom.length)
  if (trap.guid.length !== 16) throw new CodecError('BAD_VALUE', `GUID of ${trap.guid.length} bytes`)
  if (trap.eventData.length !== EVENT_DATA_BYTES)
    throw new CodecError('BAD_VALUE', `event data of ${trap.eventData.length} bytes`)
  const { localTime, utcOffset } = trap
  raw.set(trap.guid)
  raw.writeUInt16BE(trap.sequenceNumber, 16)
  raw.writeUInt32BE(localTime === undefined ? 0 : localTime - PET_EPOCH_SECONDS, 18)
  raw.writeUInt16BE(utcOffset === undefined ? UNSPECIFIED_OFFSET : utcOffset & 0xffff, 22)
  raw.set([trap.trapSourceType, trap.eventSourceType, trap.severity, trap.sensorDevice], 24)
  raw.set([trap.sensorNumber, trap.entityId, trap.entityInstance], 28)
  raw.set(trap.eventData, 31)
  raw[39] = trap.languageCode
  raw.writeUInt32BE(trap.manufacturerId, 40)
  raw.writeUInt16BE(trap.systemId, 44)
  raw.set(trap.custom, FIXED_BYTES)
  return raw
}

function readVariable(bytes: Uint8Array): Variable {
  const raw = Buffer.from(bytes)
  if (raw.length < FIXED_BYTES)
    throw new CodecError('TOO_SHORT', `variable of ${raw.length} bytes, ${FIXED_BYTES} are the least`)
  const time = raw.readUInt32BE(18)
  const offset = raw.readUInt16BE(22)
  return {
    guid: Uint8Array.from(raw.subarray(0, 16)),
    sequenceNumber: raw.readUInt16BE(16),
    localTime: time === 0 ? undefined : time + PET_EPOCH_SECONDS,
    utcOffset: offset === UNSPECIFIED_OFFSET ? undefined : raw.readInt16BE(22),
    trapSourceType: raw[24]!,
    eventSourceType: raw[25]!,
    severity: raw[26]!,
    sensorDevice: raw[27]!,
    sensorNumber: raw[28]!,
    entityId: raw[29]!,
    entityInstance: raw[30]!,
    eventData: Uint8Array.from(raw.subarray(31, 39)),
    languageCode: raw[39]!,
    manufacturerId: raw.readUInt32BE(40),
    systemId: raw.readUInt16BE(44),
    custom: Uint8Array.from(raw.subarray(FIXED_BYTES)),
  }
}
