/** I/O ports of this machine through `/dev/port`: needs root, an x86 host, and that no kernel driver owns the interface. */
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { LastwordError } from '../protocol/error.ts'
import type { RegisterPort } from './register-port.ts'

export interface DevPortOptions {
  /** Base of the interface: CA2h for KCS where nothing else is known. */
  base: number
  /** Distance between registers in bytes, 1 unless said otherwise. */
  spacing?: number
  path?: string
}

export class DevPort implements RegisterPort {
  readonly #fd: number
  readonly #base: number
  readonly #spacing: number
  readonly #byte = new Uint8Array(1)

  /** Throws LastwordError PORT_OPEN with the reason and what would help. */
  constructor(options: DevPortOptions) {
    const path = options.path ?? '/dev/port'
    this.#base = options.base
    this.#spacing = options.spacing ?? 1
    try {
      this.#fd = openSync(path, 'r+')
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code
      throw new LastwordError('PORT_OPEN', `${path} cannot be opened: ${(cause as Error).message}`, {
        cause,
        hint:
          code === 'ENOENT'
            ? 'This kernel has no /dev/port (CONFIG_DEVPORT), or this is not an x86 machine.'
            : 'Run as root; with kernel lockdown (secure boot) it is closed to root as well.',
      })
    }
  }

  inb(offset: number): number {
    this.#access(address => readSync(this.#fd, this.#byte, 0, 1, address), offset)
    return this.#byte[0]!
  }

  outb(offset: number, value: number): void {
    this.#byte[0] = value
    this.#access(address => writeSync(this.#fd, this.#byte, 0, 1, address), offset)
  }

  #access(access: (address: number) => number, offset: number): void {
    const address = this.#base + offset * this.#spacing
    const where = `0x${address.toString(16)}`
    let count: number
    try {
      count = access(address)
    } catch (cause) {
      throw new LastwordError(
        'PORT_IO',
        `I/O port ${where} cannot be accessed: ${(cause as Error).message}`,
        { cause },
      )
    }
    // Behind the last port there is nothing to read, and no error of the kernel's either.
    if (count !== 1) throw new LastwordError('PORT_IO', `I/O port ${where} is not there`)
  }

  close(): void {
    closeSync(this.#fd)
  }
}
