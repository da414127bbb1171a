/** Packets of RMCP+ sessions, and those that set one up. IPMI 2.0 rev 1.1, section 13.6, table 13-8. */
import { cutBytes } from '../machine/slab.ts'
import { AuthType } from '../protocol/commands/session.ts'
import type { Protection } from './protection.ts'
import { part, putRmcpHeader, RMCP_HEADER_BYTES, RmcpClass } from './rmcp.ts'

const HEADER_BYTES = 12
/** An OEM payload carries six bytes that say whose it is. */
const OEM_BYTES = 6
const OEM_PAYLOAD = 2
const ENCRYPTED = 0x80
const AUTHENTICATED = 0x40
const TYPE_BITS = 0x3f
const PAD_BYTE = 0xff
const NEXT_HEADER = 0x07

export interface PlusPacket {
  payloadType: number
  isEncrypted: boolean
  isAuthenticated: boolean
  /** 0 outside of a session. */
  sessionId: number
  sequence: number
  /** As it came: encrypted when `isEncrypted`. */
  payload: Uint8Array
  /** From the authentication type on: what an authentication code would cover, and the code. */
  data: Uint8Array
}

/** Reads what follows the RMCP header; null when it is none. */
export function decodePlus(data: Uint8Array): PlusPacket | null {
  if (data.length < HEADER_BYTES || data[0] !== AuthType.RmcpPlus) return null
  const typeByte = data[1]!
  const at = (typeByte & TYPE_BITS) === OEM_PAYLOAD ? 2 + OEM_BYTES : 2
  if (data.length < at + 10) return null
  const length = data[at + 8]! | (data[at + 9]! << 8)
  if (data.length < at + 10 + length) return null
  return {
    payloadType: typeByte & TYPE_BITS,
    isEncrypted: (typeByte & ENCRYPTED) !== 0,
    isAuthenticated: (typeByte & AUTHENTICATED) !== 0,
    sessionId: uint32At(data, at),
    sequence: uint32At(data, at + 4),
    payload: part(data, at + 10, at + 10 + length),
    data,
  }
}

function uint32At(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}

function putUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}

/** The payload in the clear, or null when the packet was not protected as its session's are. */
export function openPlus(
  packet: PlusPacket,
  protection: Protection,
  encryption: 'must' | 'may',
): Uint8Array | null {
  if (protection.codeBytes > 0) {
    if (!packet.isAuthenticated) return null
    const signedTo = packet.data.length - protection.codeBytes
    // Behind the payload: padding, its length, the next header.
    if (signedTo < packet.payload.byteOffset - packet.data.byteOffset + packet.payload.length + 2) return null
    if (!protection.isSigned(packet.data)) return null
  } else if (packet.isAuthenticated) return null
  if (packet.isEncrypted) return protection.isEncrypting ? protection.decrypt(packet.payload) : null
  return protection.isEncrypting && encryption === 'must' ? null : packet.payload
}

/** What a packet is made from; without `protection` it goes outside of a session. */
export interface PlusContent {
  payloadType: number
  sessionId: number
  sequence: number
  payload: Uint8Array
  protection?: Protection
  /** Only with a protection that encrypts. */
  encryption?: 'on' | 'off'
}

/** A whole datagram. */
export function encodePlus(content: PlusContent): Uint8Array {
  const { payloadType, sessionId, sequence, protection } = content
  const isEncrypted = protection?.isEncrypting === true && content.encryption !== 'off'
  const codeBytes = protection?.codeBytes ?? 0
  const payload = isEncrypted ? protection.encrypt(content.payload) : content.payload
  const body = HEADER_BYTES + payload.length
  const padding = codeBytes === 0 ? 0 : (4 - ((body + 2) % 4)) % 4
  const trailer = codeBytes === 0 ? 0 : padding + 2 + codeBytes
  const length = RMCP_HEADER_BYTES + body + trailer
  const datagram = cutBytes(length)
  putRmcpHeader(datagram, RmcpClass.Ipmi)
  datagram[4] = AuthType.RmcpPlus
  datagram[5] = payloadType | (isEncrypted ? ENCRYPTED : 0) | (codeBytes > 0 ? AUTHENTICATED : 0)
  putUint32(datagram, 6, sessionId)
  putUint32(datagram, 10, sequence)
  datagram[14] = payload.length
  datagram[15] = payload.length >> 8
  datagram.set(payload, RMCP_HEADER_BYTES + HEADER_BYTES)
  if (codeBytes === 0) return datagram
  let at = RMCP_HEADER_BYTES + body
  for (let i = 0; i < padding; i++) datagram[at++] = PAD_BYTE
  datagram[at++] = padding
  datagram[at++] = NEXT_HEADER
  protection!.sign(datagram, RMCP_HEADER_BYTES, at)
  return datagram
}
