/** The structures of Linux's `include/uapi/linux/ipmi.h` on 64-bit machines, and the numbers of its ioctls. */
import type { IpmiAddr } from '../handler/user.ts'

const REQ_BYTES = 40
const RECV_BYTES = 48
export const ADDR_BYTES = 40

/** `_IOR('i', 13, struct ipmi_req)` and `_IOWR('i', 11, struct ipmi_recv)`. */
export const IPMICTL_SEND_COMMAND = 0x80000000 + REQ_BYTES * 0x10000 + 0x690d
export const IPMICTL_RECEIVE_MSG_TRUNC = 0xc0000000 + RECV_BYTES * 0x10000 + 0x690b

/** `IPMI_RESPONSE_RECV_TYPE`; others are events and commands. */
export const RESPONSE = 1

const SYSTEM_INTERFACE_ADDR_TYPE = 0x0c
const IPMB_ADDR_TYPE = 0x01
const BMC_CHANNEL = 0x0f
const SHORT_ADDR_BYTES = 8

/** Where the parts lie in one piece of memory. */
export interface Places {
  readonly view: DataView
  /** Address of the memory's first byte. */
  readonly address: bigint
  readonly addr: number
  readonly data: number
  readonly dataBytes: number
}

export interface OutgoingMsg {
  readonly msgid: number
  readonly addr: IpmiAddr
  readonly netFn: number
  readonly cmd: number
  readonly data: Uint8Array
}

export interface ReceivedMsg {
  readonly recvType: number
  readonly msgid: number
  readonly netFn: number
  readonly cmd: number
  /** From the completion code on; a copy. */
  readonly data: Uint8Array
}

/** Writes `struct ipmi_req` to the memory's begin, with what it points to. */
export function putReq(places: Places, { msgid, addr, netFn, cmd, data }: OutgoingMsg): void {
  const { view, address } = places
  view.setBigUint64(0, address + BigInt(places.addr), true)
  view.setUint32(8, putAddr(places, addr), true)
  view.setBigInt64(16, BigInt(msgid), true)
  putMsg(places, 24, netFn, cmd, data.length)
  bytesAt(places, places.data, data.length).set(data)
}

/** Writes an empty `struct ipmi_recv` to the memory's begin. */
export function putRecv(places: Places): void {
  const { view, address } = places
  view.setBigUint64(8, address + BigInt(places.addr), true)
  view.setUint32(16, ADDR_BYTES, true)
  putMsg(places, 32, 0, 0, places.dataBytes)
}

/** Reads `struct ipmi_recv` as the kernel filled it. */
export function takeRecv(places: Places): ReceivedMsg {
  const { view } = places
  return {
    recvType: view.getInt32(0, true),
    msgid: Number(view.getBigInt64(24, true)),
    netFn: view.getUint8(32),
    cmd: view.getUint8(33),
    data: bytesAt(places, places.data, view.getUint16(34, true)).slice(),
  }
}

/** `struct ipmi_msg`: netfn, cmd, data_len, data. */
function putMsg(places: Places, at: number, netFn: number, cmd: number, length: number): void {
  const { view, address } = places
  view.setUint8(at, netFn)
  view.setUint8(at + 1, cmd)
  view.setUint16(at + 2, length, true)
  view.setBigUint64(at + 8, address + BigInt(places.data), true)
}

/** Returns how many bytes it has. */
function putAddr({ view, addr: at }: Places, addr: IpmiAddr): number {
  const isBmc = addr.kind === 'systemInterface'
  view.setInt32(at, isBmc ? SYSTEM_INTERFACE_ADDR_TYPE : IPMB_ADDR_TYPE, true)
  view.setInt16(at + 4, isBmc ? BMC_CHANNEL : addr.channel, true)
  view.setUint8(at + 6, isBmc ? (addr.lun ?? 0) : addr.slaveAddr)
  view.setUint8(at + 7, isBmc ? 0 : (addr.lun ?? 0))
  return SHORT_ADDR_BYTES
}

function bytesAt({ view }: Places, at: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, length)
}
