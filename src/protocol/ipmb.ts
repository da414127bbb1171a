/** IPMB frames inside Send Message and Get Message. IPMI 2.0 rev 1.1, sections 6.11 and 22.6; IPMB v1.0, section 2.11. */

/** Two's complement checksum: the bytes and it add up to zero. */
export function checksum(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let sum = 0
  for (let i = from; i < to; i++) sum += bytes[i]!
  return -sum & 0xff
}

export interface IpmbFrame {
  /** Slave address of the addressee. */
  rsAddr: number
  netFn: number
  rsLun: number
  /** Slave address of the sender. */
  rqAddr: number
  rqSeq: number
  rqLun: number
  cmd: number
  data: Uint8Array
}

/** A whole frame, the addressee's slave address first. */
export function encodeIpmb(frame: IpmbFrame): Uint8Array {
  const bytes = new Uint8Array(7 + frame.data.length)
  bytes[0] = frame.rsAddr
  bytes[1] = (frame.netFn << 2) | frame.rsLun
  bytes[2] = checksum(bytes, 0, 2)
  bytes[3] = frame.rqAddr
  bytes[4] = (frame.rqSeq << 2) | frame.rqLun
  bytes[5] = frame.cmd
  bytes.set(frame.data, 6)
  bytes[bytes.length - 1] = checksum(bytes, 3, bytes.length - 1)
  return bytes
}

/** The frame that answers `request`. `body`: completion code and data. */
export function answerFrame(request: IpmbFrame, body: Uint8Array): IpmbFrame {
  return {
    rsAddr: request.rqAddr,
    netFn: request.netFn | 1,
    rsLun: request.rqLun,
    rqAddr: request.rsAddr,
    rqSeq: request.rqSeq,
    rqLun: request.rsLun,
    cmd: request.cmd,
    data: body,
  }
}

/** The bytes of it. */
export function encodeIpmbResponse(request: IpmbFrame, body: Uint8Array): Uint8Array {
  return encodeIpmb(answerFrame(request, body))
}

const FRAME_BYTES = 7
const NET_FN_AT = 1
const RESPONSE_BIT = 0x04
const LUN_BITS = 3

/** The request that a whole frame carries to this address (netFn/LUN, command, data); undefined when it carries none. */
export function requestIn(frame: Uint8Array, ownAddr: number): Uint8Array | undefined {
  const length = frame.length
  if (length < FRAME_BYTES || frame[0] !== ownAddr || (frame[NET_FN_AT]! & RESPONSE_BIT) !== 0)
    return undefined
  if (checksum(frame, 0, 3) !== 0 || checksum(frame, 3) !== 0) return undefined
  const request = new Uint8Array(length - 5)
  request[0] = frame[NET_FN_AT]!
  for (let i = 1; i < request.length; i++) request[i] = frame[4 + i]!
  return request
}

/** The frame that answers one which carries a request. `response`: netFn/LUN, command, completion code, data. */
export function answerTo(frame: Uint8Array, response: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(response.length + 5)
  const requester = frame[4]!
  bytes[0] = frame[3]!
  bytes[1] = ((frame[NET_FN_AT]! | RESPONSE_BIT) & ~LUN_BITS) | (requester & LUN_BITS)
  bytes[2] = checksum(bytes, 0, 2)
  bytes[3] = frame[0]!
  bytes[4] = (requester & ~LUN_BITS) | (frame[NET_FN_AT]! & LUN_BITS)
  bytes[5] = frame[5]!
  for (let i = 2; i < response.length; i++) bytes[4 + i] = response[i]!
  bytes[bytes.length - 1] = checksum(bytes, 3, bytes.length - 1)
  return bytes
}

/**
 * Reads a frame as Get Message gives it: without the addressee's address, which is `ownAddr`.
 * Undefined when it is too short or a checksum is wrong.
 */
export function decodeIpmbWithoutAddress(bytes: Uint8Array, ownAddr: number): IpmbFrame | undefined {
  if (bytes.length < 6) return undefined
  if (((ownAddr + bytes[0]! + bytes[1]!) & 0xff) !== 0) return undefined
  if (checksum(bytes, 2) !== 0) return undefined
  return {
    rsAddr: ownAddr,
    netFn: bytes[0]! >> 2,
    rsLun: bytes[0]! & 3,
    rqAddr: bytes[2]!,
    rqSeq: bytes[3]! >> 2,
    rqLun: bytes[3]! & 3,
    cmd: bytes[4]!,
    data: bytes.slice(5, -1),
  }
}

/** Reads a whole frame. Undefined when it is too short or a checksum is wrong. */
export function decodeIpmb(bytes: Uint8Array): IpmbFrame | undefined {
  return bytes.length < 7 ? undefined : decodeIpmbWithoutAddress(bytes.subarray(1), bytes[0]!)
}
