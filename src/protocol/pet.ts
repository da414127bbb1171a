/** Platform event traps: an SNMPv1 trap with 47 bytes about an event. IPMI Platform Event Trap Format 1.0. */

import { ByteReader, ByteWriter, CodecError } from './bytes.ts'
import { bits, bytes, flag, reserved, type StructOf, struct, ubits, type ValueOf } from './codec.ts'

/** Big-endian, unlike all else in IPMI. */
function bigEndian(sizeBytes: number) {
  return {
    read: (from: ByteReader) => from.take(sizeBytes).reduce((sum, byte) => sum * 256 + byte, 0),
    write: (to: ByteWriter, value: number) => {
      const raw = Array.from(
        { length: sizeBytes },
        (_, i) => Math.floor(value / 256 ** (sizeBytes - 1 - i)) % 256,
      )
      to.put(Uint8Array.from(raw))
    },
  }
}

const u8be = bigEndian(1)
const u16be = bigEndian(2)
const u32be = bigEndian(4)

/** The variable's octets, with nothing behind the language. Table 5. */
const variable = {
  guid: bytes(16),
  sequenceNumber: u16be,
  /** Seconds since 1998-01-01 00:00 local time; 0: unspecified. */
  localTimestamp: u32be,
  /** Minutes; FFFFh: unspecified. */
  utcOffset: u16be,
  trapSourceType: u8be,
  eventSourceType: u8be,
  severity: u8be,
  sensorDevice: u8be,
  sensorNumber: u8be,
  entityId: u8be,
  entityInstance: u8be,
  eventData: bytes(8),
  languageCode: u8be,
  manufacturerId: u32be,
  systemId: u16be,
  _end: { read: (from: ByteReader) => void from.take(1), write: (to: ByteWriter) => to.uint(0xc1, 1) },
}
const layout = struct(variable)

/** How a trap's number says which event it is about. Section 3.2. */
const specific = bits({ offset: ubits(4), _: reserved(3), deassertion: flag })

export interface PlatformEventTrap {
  community: string
  /** Of the sender, an IPv4 address. */
  agent: string
  /** Hundredths of a second that the sender has been up. */
  upTime: number
  sensorType: number
  eventType: number
  event: ValueOf<typeof specific>
  variable: Omit<StructOf<typeof variable>, '_end'>
}

const Tag = {
  Integer: 0x02,
  OctetString: 0x04,
  Oid: 0x06,
  Sequence: 0x30,
  IpAddress: 0x40,
  TimeTicks: 0x43,
  Trap: 0xa4,
} as const
const SNMP_V1 = 0
const ENTERPRISE_SPECIFIC = 6
/** 1.3.6.1.4.1.3183.1.1, and .1 for the variable. */
const PET_ENTERPRISE = Uint8Array.of(0x2b, 0x06, 0x01, 0x04, 0x01, 0x98, 0x6f, 0x01, 0x01)
const PET_VARIABLE = Uint8Array.of(...PET_ENTERPRISE, 0x01)
const LONG_LENGTH = 0x80

export function encodePet(trap: PlatformEventTrap): Uint8Array {
  const octets = new ByteWriter()
  layout.write(octets, trap.variable as StructOf<typeof variable>)
  const event = new ByteWriter()
  specific.write(event, trap.event)
  const number = trap.sensorType * 0x10000 + trap.eventType * 0x100 + event.result()[0]!
  return tagged(
    Tag.Sequence,
    integer(Tag.Integer, SNMP_V1),
    tagged(Tag.OctetString, Buffer.from(trap.community, 'latin1')),
    tagged(
      Tag.Trap,
      tagged(Tag.Oid, PET_ENTERPRISE),
      tagged(Tag.IpAddress, Uint8Array.from(trap.agent.split('.').map(Number))),
      integer(Tag.Integer, ENTERPRISE_SPECIFIC),
      integer(Tag.Integer, number),
      integer(Tag.TimeTicks, trap.upTime),
      tagged(
        Tag.Sequence,
        tagged(Tag.Sequence, tagged(Tag.Oid, PET_VARIABLE), tagged(Tag.OctetString, octets.result())),
      ),
    ),
  )
}

/** Throws CodecError when the datagram is no platform event trap. */
export function decodePet(datagram: Uint8Array): PlatformEventTrap {
  const message = inside(new ByteReader(datagram), Tag.Sequence)
  inside(message, Tag.Integer)
  const community = Buffer.from(bytesOf(inside(message, Tag.OctetString))).toString('latin1')
  const trap = inside(message, Tag.Trap)
  const enterprise = bytesOf(inside(trap, Tag.Oid))
  if (Buffer.compare(enterprise, PET_ENTERPRISE) !== 0)
    throw new CodecError('BAD_VALUE', 'is a trap of another enterprise')
  const agent = bytesOf(inside(trap, Tag.IpAddress)).join('.')
  inside(trap, Tag.Integer)
  const number = numberOf(inside(trap, Tag.Integer))
  const upTime = numberOf(inside(trap, Tag.TimeTicks))
  const binding = inside(inside(trap, Tag.Sequence), Tag.Sequence)
  inside(binding, Tag.Oid)
  const { _end, ...value } = layout.read(inside(binding, Tag.OctetString)) as StructOf<typeof variable> & {
    _end?: undefined
  }
  return {
    community,
    agent,
    upTime,
    sensorType: Math.floor(number / 0x10000) & 0xff,
    eventType: Math.floor(number / 0x100) & 0xff,
    event: specific.read(new ByteReader(Uint8Array.of(number & 0xff))),
    variable: value,
  }
}

function tagged(tag: number, ...parts: Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts)
  const length =
    content.length < LONG_LENGTH
      ? [content.length]
      : [LONG_LENGTH | 2, content.length >> 8, content.length & 0xff]
  return Uint8Array.from([tag, ...length, ...content])
}

function integer(tag: number, value: number): Uint8Array {
  const raw: number[] = []
  for (let rest = value; rest > 0 || raw.length === 0; rest = Math.floor(rest / 256)) raw.unshift(rest % 256)
  // A first bit that is set would make it negative.
  if (raw[0]! >= 0x80) raw.unshift(0)
  return tagged(tag, Uint8Array.from(raw))
}

/** The content of the next element, which has to have this tag. */
function inside(from: ByteReader, tag: number): ByteReader {
  const found = from.uint(1)
  if (found !== tag)
    throw new CodecError('BAD_VALUE', `has tag 0x${found.toString(16)}, not 0x${tag.toString(16)}`)
  const first = from.uint(1)
  let length = first
  if (first >= LONG_LENGTH) {
    length = 0
    for (let i = 0; i < (first & 0x7f); i++) length = length * 256 + from.uint(1)
  }
  return new ByteReader(from.take(length))
}

function bytesOf(from: ByteReader): Uint8Array {
  return from.take(from.left)
}

function numberOf(from: ByteReader): number {
  return bytesOf(from).reduce((sum, byte) => sum * 256 + byte, 0)
}
