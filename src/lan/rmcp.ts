/** RMCP: the four bytes before everything, acknowledgements, and ASF's presence ping. IPMI 2.0 rev 1.1, section 13.1 to 13.2. */

export const RmcpClass = { Asf: 0x06, Ipmi: 0x07, Oem: 0x08 } as const

export const RMCP_PORT = 623
export const RMCP_HEADER_BYTES = 4

const VERSION = 0x06
const CLASS_BITS = 0x1f
const ACK_BIT = 0x80
/** The sequence number of messages that want no acknowledgement, as all of IPMI's do. */
const NO_ACK = 0xff

export interface RmcpMessage {
  /** FFh: no acknowledgement is wanted. */
  sequence: number
  messageClass: number
  isAck: boolean
  data: Uint8Array
}

/** Null when it is no RMCP message. */
export function decodeRmcp(datagram: Uint8Array): RmcpMessage | null {
  if (datagram.length < RMCP_HEADER_BYTES || datagram[0] !== VERSION) return null
  const classByte = datagram[3]!
  return {
    sequence: datagram[2]!,
    messageClass: classByte & CLASS_BITS,
    isAck: (classByte & ACK_BIT) !== 0,
    data: part(datagram, RMCP_HEADER_BYTES, datagram.length),
  }
}

/** Bytes of a packet, not copied. A Buffer's own `subarray` makes Buffers, which takes several times longer. */
export function part(bytes: Uint8Array, from: number, to: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + from, to - from)
}

/** Writes the header into the first four bytes. */
export function putRmcpHeader(datagram: Uint8Array, messageClass: number): void {
  datagram[0] = VERSION
  datagram[1] = 0
  datagram[2] = NO_ACK
  datagram[3] = messageClass
}

/** The acknowledgement of a message, or null when none is wanted. */
export function rmcpAck(message: RmcpMessage): Uint8Array | null {
  if (message.isAck || message.sequence === NO_ACK) return null
  return Uint8Array.of(VERSION, 0, message.sequence, message.messageClass | ACK_BIT)
}

const ASF_IANA = [0x00, 0x00, 0x11, 0xbe] as const
const PING = 0x80
const PONG = 0x40
const ASF_HEADER_BYTES = 8
/** IPMI is supported; ASF version 1.0. */
const SUPPORTED_ENTITIES = 0x81

function isAsf(data: Uint8Array, type: number): boolean {
  return (
    data.length >= ASF_HEADER_BYTES &&
    ASF_IANA.every((byte, index) => data[index] === byte) &&
    data[4] === type
  )
}

export function presencePing(tag: number): Uint8Array {
  return Uint8Array.of(VERSION, 0, NO_ACK, RmcpClass.Asf, ...ASF_IANA, PING, tag, 0, 0)
}

/** The tag of a presence ping, from the bytes after the RMCP header; null when it is none. */
export function pingTag(data: Uint8Array): number | null {
  return isAsf(data, PING) ? data[5]! : null
}

export function presencePong(tag: number): Uint8Array {
  const body = [...ASF_IANA, 0, 0, 0, 0, SUPPORTED_ENTITIES, 0, 0, 0, 0, 0, 0, 0]
  const head = [VERSION, 0, NO_ACK, RmcpClass.Asf, ...ASF_IANA, PONG, tag, 0, body.length]
  return Uint8Array.of(...head, ...body)
}

/** What a presence pong says, from the bytes after the RMCP header; null when it is none. */
export function decodePong(data: Uint8Array): { tag: number; supportsIpmi: boolean } | null {
  if (!isAsf(data, PONG) || data.length < ASF_HEADER_BYTES + 9) return null
  return { tag: data[5]!, supportsIpmi: (data[16]! & 0x80) !== 0 }
}
