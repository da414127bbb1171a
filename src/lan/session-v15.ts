/** Packets of IPMI 1.5 sessions and those outside of any session. IPMI 2.0 rev 1.1, sections 13.6 and 22.17.1. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { AuthType } from '../protocol/commands/session.ts'
import { putRmcpHeader, RMCP_HEADER_BYTES, RmcpClass } from './rmcp.ts'

export const V15_PASSWORD_BYTES = 16
const AUTH_CODE_BYTES = 16
const HEADER_BYTES = 9
/**
 * Datagrams of these lengths got lost in some BMCs' network chips; a byte more avoids them. Section 13.6, table 13-8.
 * Only a console adds it: ipmitool takes it for data, and pyipmi refuses it, in what a BMC sends.
 */
const UNLUCKY_LENGTHS: readonly number[] = [56, 84, 112, 128, 156]

export interface V15Packet {
  authType: number
  /** 0 outside of a session. */
  sequence: number
  sessionId: number
  /** Null with authentication type none. */
  authCode: Uint8Array | null
  payload: Uint8Array
}

/** Reads what follows the RMCP header; null when it is none. */
export function decodeV15(data: Uint8Array): V15Packet | null {
  if (data.length < HEADER_BYTES + 1) return null
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  const authType = data[0]!
  const codeBytes = authType === AuthType.None ? 0 : AUTH_CODE_BYTES
  const lengthAt = HEADER_BYTES + codeBytes
  const length = data[lengthAt]
  if (length === undefined || data.length < lengthAt + 1 + length) return null
  return {
    authType,
    sequence: view.getUint32(1, true),
    sessionId: view.getUint32(5, true),
    authCode: codeBytes === 0 ? null : data.subarray(HEADER_BYTES, lengthAt),
    payload: data.subarray(lengthAt + 1, lengthAt + 1 + length),
  }
}

/** A whole datagram. `password` has 16 bytes and is not looked at with authentication type none. */
export function encodeV15(
  packet: Omit<V15Packet, 'authCode'>,
  password: Uint8Array,
  pad: 'noPad' | 'legacyPad' = 'noPad',
): Uint8Array {
  const { authType, sequence, sessionId, payload } = packet
  const codeBytes = authType === AuthType.None ? 0 : AUTH_CODE_BYTES
  const length = RMCP_HEADER_BYTES + HEADER_BYTES + codeBytes + 1 + payload.length
  const datagram = new Uint8Array(
    pad === 'legacyPad' && UNLUCKY_LENGTHS.includes(length) ? length + 1 : length,
  )
  const view = new DataView(datagram.buffer)
  putRmcpHeader(datagram, RmcpClass.Ipmi)
  datagram[4] = authType
  view.setUint32(5, sequence, true)
  view.setUint32(9, sessionId, true)
  const codeAt = RMCP_HEADER_BYTES + HEADER_BYTES
  if (codeBytes > 0) datagram.set(authCodeOf(packet, password), codeAt)
  datagram[codeAt + codeBytes] = payload.length
  datagram.set(payload, codeAt + codeBytes + 1)
  return datagram
}

/** True when the packet is signed with this password, as its authentication type asks for. */
export function isAuthentic(packet: V15Packet, password: Uint8Array): boolean {
  if (packet.authCode === null) return true
  return timingSafeEqual(packet.authCode, authCodeOf(packet, password))
}

function authCodeOf(packet: Omit<V15Packet, 'authCode'>, password: Uint8Array): Uint8Array {
  if (packet.authType !== AuthType.Md5) return password
  const numbers = new Uint8Array(8)
  const view = new DataView(numbers.buffer)
  view.setUint32(0, packet.sessionId, true)
  view.setUint32(4, packet.sequence, true)
  return createHash('md5')
    .update(password)
    .update(numbers.subarray(0, 4))
    .update(packet.payload)
    .update(numbers.subarray(4))
    .update(password)
    .digest()
}
