/** UDP datagrams out of captured packets: the pcap and pcapng files of tcpdump and Wireshark. */
import { LastwordError } from '../../protocol/error.ts'

export interface CapturedDatagram {
  /** The packet's number in the file, from 1. */
  number: number
  /** Milliseconds since 1970; undefined where the file does not tell. */
  timeMs?: number
  from: string
  to: string
  fromPort: number
  toPort: number
  data: Uint8Array
}

interface Packet {
  linkType: number
  timeMs?: number
  data: Uint8Array
}

const PCAPNG = 0x0a0d0d0a

/** Packets that hold no whole UDP datagram are passed over. Throws LastwordError NOT_A_CAPTURE. */
export function* readCapture(file: Uint8Array): Generator<CapturedDatagram, void, void> {
  let number = 0
  for (const packet of packetsOf(file)) {
    number++
    const datagram = udpOf(packet)
    if (datagram === null) continue
    yield { number, ...(packet.timeMs === undefined ? {} : { timeMs: packet.timeMs }), ...datagram }
  }
}

function packetsOf(file: Uint8Array): Iterable<Packet> {
  if (file.length >= 24) {
    const view = new DataView(file.buffer, file.byteOffset, file.length)
    if (view.getUint32(0) === PCAPNG) return pcapngPackets(view)
    for (const [magic, littleEndian, unitsASecond] of magics) {
      if (view.getUint32(0) === magic) return pcapPackets(view, littleEndian, unitsASecond)
    }
  }
  throw new LastwordError('NOT_A_CAPTURE', 'this is neither a pcap nor a pcapng file', {
    hint: 'tcpdump -w FILE udp port 623 makes one.',
  })
}

/** Byte order, and microseconds or nanoseconds. */
const magics: readonly (readonly [magic: number, littleEndian: boolean, unitsASecond: number])[] = [
  [0xa1b2c3d4, false, 1e6],
  [0xd4c3b2a1, true, 1e6],
  [0xa1b23c4d, false, 1e9],
  [0x4d3cb2a1, true, 1e9],
]

function* pcapPackets(view: DataView, littleEndian: boolean, unitsASecond: number): Generator<Packet> {
  const linkType = view.getUint32(20, littleEndian) & 0xffff
  for (let at = 24; at + 16 <= view.byteLength; ) {
    const seconds = view.getUint32(at, littleEndian) + view.getUint32(at + 4, littleEndian) / unitsASecond
    const length = view.getUint32(at + 8, littleEndian)
    if (at + 16 + length > view.byteLength) return
    yield { linkType, timeMs: seconds * 1000, data: bytesOf(view, at + 16, length) }
    at += 16 + length
  }
}

const Block = { Interface: 1, Simple: 3, Enhanced: 6 } as const

function* pcapngPackets(view: DataView): Generator<Packet> {
  let littleEndian = true
  let interfaces: { linkType: number; ticksASecond: number }[] = []
  for (let at = 0; at + 12 <= view.byteLength; ) {
    const isSection = view.getUint32(at) === PCAPNG
    if (isSection) {
      littleEndian = view.getUint32(at + 8) === 0x4d3c2b1a
      interfaces = []
    }
    const type = view.getUint32(at, littleEndian)
    const length = view.getUint32(at + 4, littleEndian)
    if (length < 12 || at + length > view.byteLength) return
    if (type === Block.Interface && length >= 20) {
      interfaces.push({
        linkType: view.getUint16(at + 8, littleEndian),
        ticksASecond: ticksOf(view, at + 16, at + length - 4, littleEndian),
      })
    } else if (type === Block.Enhanced && length >= 32) {
      const { linkType, ticksASecond } = interfaces[view.getUint32(at + 8, littleEndian)] ?? {
        linkType: -1,
        ticksASecond: 1e6,
      }
      const ticks = view.getUint32(at + 12, littleEndian) * 2 ** 32 + view.getUint32(at + 16, littleEndian)
      const size = Math.min(view.getUint32(at + 20, littleEndian), length - 32)
      yield { linkType, timeMs: (ticks / ticksASecond) * 1000, data: bytesOf(view, at + 28, size) }
    } else if (type === Block.Simple && length >= 16) {
      yield { linkType: interfaces[0]?.linkType ?? -1, data: bytesOf(view, at + 12, length - 16) }
    }
    at += length
  }
}

const TIME_RESOLUTION = 9

/** The option that tells the resolution of time stamps; microseconds without it. */
function ticksOf(view: DataView, from: number, to: number, littleEndian: boolean): number {
  for (let at = from; at + 4 <= to; ) {
    const code = view.getUint16(at, littleEndian)
    const length = view.getUint16(at + 2, littleEndian)
    if (code === 0) break
    if (code === TIME_RESOLUTION && at + 5 <= to) {
      const value = view.getUint8(at + 4)
      return value & 0x80 ? 2 ** (value & 0x7f) : 10 ** value
    }
    at += 4 + Math.ceil(length / 4) * 4
  }
  return 1e6
}

function bytesOf(view: DataView, offset: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, length)
}

/** Where the type of the network packet stands in a frame of each link type, and the frame's head ends. */
function networkOf({ linkType, data }: Packet): Uint8Array | null {
  switch (linkType) {
    case 0: // BSD loopback
    case 108:
      return data.subarray(4)
    case 1: // Ethernet, with VLAN tags perhaps
      return behindTags(data, 12)
    case 12: // raw IP
    case 101:
      return data
    case 113: // Linux "cooked"
      return data.subarray(16)
    case 276:
      return data.subarray(20)
    default:
      return null
  }
}

const VLAN_TAGS: readonly number[] = [0x8100, 0x88a8]

function behindTags(data: Uint8Array, typeAt: number): Uint8Array | null {
  let at = typeAt
  while (VLAN_TAGS.includes(u16(data, at))) at += 4
  return data.subarray(at + 2)
}

function u16(data: Uint8Array, at: number): number {
  return ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0)
}

const UDP = 17

function udpOf(packet: Packet): Omit<CapturedDatagram, 'number'> | null {
  const ip = networkOf(packet)
  if (ip === null || ip.length < 20) return null
  const version = ip[0]! >> 4
  if (version === 4 && ip[9] === UDP) {
    // A fragment that does not begin a datagram has no ports.
    if ((u16(ip, 6) & 0x1fff) !== 0) return null
    return datagramOf(
      ip.subarray((ip[0]! & 0x0f) * 4),
      ip.subarray(12, 16).join('.'),
      ip.subarray(16, 20).join('.'),
    )
  }
  if (version === 6 && ip[6] === UDP && ip.length >= 40) {
    return datagramOf(ip.subarray(40), ipv6(ip.subarray(8, 24)), ipv6(ip.subarray(24, 40)))
  }
  return null
}

function ipv6(raw: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) => u16(raw, index * 2).toString(16))
  return `[${groups
    .join(':')
    .replace(/\b0(:0)+\b/, ':')
    .replace(/:{3,}/, '::')}]`
}

function datagramOf(udp: Uint8Array, from: string, to: string): Omit<CapturedDatagram, 'number'> | null {
  if (udp.length < 8) return null
  const length = u16(udp, 4)
  if (length < 8 || length > udp.length) return null
  return { from, to, fromPort: u16(udp, 0), toPort: u16(udp, 2), data: udp.subarray(8, length) }
}
