/** A message as every interface carries it: netFn and LUN, command, data. IPMI 2.0 rev 1.1, sections 9.2 and 9.3. */
import { findCommand } from './catalogue.ts'
import { commandTitle } from './command.ts'
import { netFnName } from './net-fn.ts'

/** Longest message that any interface of ours carries, netFn and command included. */
export const MAX_MSG_LENGTH = 272

/** netFn and LUN share the first byte. */
export function netFnLun(netFn: number, lun: number): number {
  return (netFn << 2) | (lun & 3)
}

export function netFnOf(firstByte: number): number {
  return firstByte >> 2
}

export function lunOf(firstByte: number): number {
  return firstByte & 3
}

/** The first byte of the response to a request with this first byte. */
export function responseByte(firstByte: number): number {
  return firstByte | 0x04
}

/** A request as bytes: netFn/LUN, command, data. */
export function requestBytes(netFn: number, cmd: number, data: Uint8Array, lun = 0): Uint8Array {
  const message = new Uint8Array(2 + data.length)
  message[0] = netFnLun(netFn, lun)
  message[1] = cmd
  message.set(data, 2)
  return message
}

/** What a request or response is called, for traces and errors: `Storage/Add SEL Entry`. */
export function messageTitle(message: Uint8Array): string {
  const netFn = netFnOf(message[0] ?? 0)
  const cmd = message[1] ?? 0
  const isResponse = (netFn & 1) === 1
  const command = findCommand(netFn, cmd, message.subarray(isResponse ? 3 : 2))
  if (command !== undefined) return commandTitle(command)
  return `${netFnName(netFn)}/command 0x${cmd.toString(16).padStart(2, '0')}`
}

/** Bytes as the field prints them: `18 01`. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join(' ')
}
