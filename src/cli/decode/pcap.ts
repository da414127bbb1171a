/** UDP datagrams out of captured packets, as far as they were captured. */
import { type CapturedPacket, packetsOf } from './capture-file.ts'

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
  /** So much of it was not captured. */
  missingBytes: number
}

/**
 * Packets that hold no UDP datagram are passed over. Throws LastwordError NOT_A_CAPTURE; behind the packets that
 * are whole, CAPTURE_DAMAGED, which names the file.
 */
export function* readCapture(file: Uint8Array, name: string): Generator<CapturedDatagram, void, void> {
  let number = 0
  for (const packet of packetsOf(file, name)) {
    number++
    const datagram = udpOf(packet)
    if (datagram === null) continue
    yield { number, ...(packet.timeMs === undefined ? {} : { timeMs: packet.timeMs }), ...datagram }
  }
}

/** Where the type of the network packet stands in a frame of each link type, and the frame's head ends. */
function networkOf({ linkType, data }: CapturedPacket): Uint8Array | null {
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

function udpOf(packet: CapturedPacket): Omit<CapturedDatagram, 'number'> | null {
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
  if (length < 8) return null
  const missingBytes = Math.max(0, length - udp.length)
  return { from, to, fromPort: u16(udp, 0), toPort: u16(udp, 2), data: udp.subarray(8, length), missingBytes }
}
