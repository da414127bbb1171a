/** `/dev/ipmiN`: messages to and from Linux's own IPMI driver, by the ioctls of `ipmi_devintf`. */
import { closeSync, openSync } from 'node:fs'
import { getSystemErrorName } from 'node:util'
import type { DeviceCalls } from '../ports/device-calls.ts'
import { LastwordError } from '../protocol/error.ts'
import {
  ADDR_BYTES,
  IPMICTL_RECEIVE_MSG_TRUNC,
  IPMICTL_SEND_COMMAND,
  type OutgoingMsg,
  type Places,
  putRecv,
  putReq,
  type ReceivedMsg,
  takeRecv,
} from './structs.ts'

/** `IPMI_MAX_MSG_LENGTH`. */
export const MAX_MSG_BYTES = 272
const EAGAIN = 11
const EMSGSIZE = 90

export class IpmiDevice {
  readonly path: string
  readonly #fd: number
  readonly #calls: DeviceCalls
  readonly #places: Places

  /** Throws LastwordError DEVICE_OPEN. */
  constructor(path: string, calls: DeviceCalls) {
    this.path = path
    this.#calls = calls
    const struct = 64
    const { bytes, address } = calls.allocate(struct + ADDR_BYTES + MAX_MSG_BYTES)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#places = {
      view,
      address,
      addr: struct,
      data: struct + ADDR_BYTES,
      dataBytes: MAX_MSG_BYTES,
    }
    try {
      this.#fd = openSync(path, 'r+')
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      throw new LastwordError('DEVICE_OPEN', `${path} cannot be opened: ${code}`, {
        cause,
        hint: hints[code!],
      })
    }
  }

  /** Throws LastwordError DEVICE_IO. */
  send(message: OutgoingMsg): void {
    putReq(this.#places, message)
    this.#ioctl(IPMICTL_SEND_COMMAND, 'send')
  }

  /** Null when there is none now. Throws LastwordError DEVICE_IO. */
  receive(): ReceivedMsg | null {
    putRecv(this.#places)
    const errno = this.#ioctl(IPMICTL_RECEIVE_MSG_TRUNC, 'receive', EAGAIN, EMSGSIZE)
    return errno === EAGAIN ? null : takeRecv(this.#places)
  }

  /** Resolves when there may be a message, or after `ms`. */
  readable(ms: number): Promise<void> {
    return this.#calls.readable(this.#fd, ms)
  }

  close(): void {
    closeSync(this.#fd)
  }

  #ioctl(request: number, what: string, ...expected: readonly number[]): number {
    const errno = this.#calls.ioctl(this.#fd, request, this.#places.address)
    if (errno === 0 || expected.includes(errno)) return errno
    const name = getSystemErrorName(-errno)
    throw new LastwordError('DEVICE_IO', `${this.path} does not ${what}: ${name}`, {
      hint: name === 'ENOTTY' ? 'This is no device of ipmi_devintf.' : 'dmesg may tell more.',
    })
  }
}

const hints: Readonly<Record<string, string>> = {
  ENOENT: 'Load the drivers: modprobe ipmi_si ipmi_devintf; without a BMC the device does not appear.',
  EACCES: 'Run as root, or let your group have the device.',
  ENODEV: 'The driver has lost its BMC; dmesg tells more.',
}
