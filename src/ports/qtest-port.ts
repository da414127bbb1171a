/** Registers of a QEMU device through its qtest protocol over two FIFOs: synchronous, without native code. */
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { LastwordError } from '../protocol/error.ts'
import type { RegisterPort } from './register-port.ts'

/** No answer of QEMU's is longer. */
const MAX_LINE_BYTES = 4096

export interface QtestOptions {
  /** QEMU was started with `-qtest pipe:PATH`; the FIFOs are PATH.in and PATH.out. */
  path: string
  /** Base of the interface. */
  base: number
}

export class QtestPort implements RegisterPort {
  readonly #toQemu: number
  readonly #fromQemu: number
  readonly #base: number
  readonly #buffer = Buffer.alloc(MAX_LINE_BYTES)
  #pending = ''

  /** Opens the FIFOs; it waits until QEMU has opened them, too. Throws LastwordError QTEST when they are not there. */
  constructor(options: QtestOptions) {
    this.#base = options.base
    const { path } = options
    // QEMU opens its ends in this order; the other one would wait for ever.
    this.#toQemu = orFail(`${path}.in cannot be opened`, () => openSync(`${path}.in`, 'w'))
    this.#fromQemu = orFail(`${path}.out cannot be opened`, () => openSync(`${path}.out`, 'r'))
  }

  inb(offset: number): number {
    const line = `inb 0x${(this.#base + offset).toString(16)}`
    const answer = this.command(line)
    const value = Number(answer)
    if (answer === '' || !Number.isInteger(value) || value < 0 || value > 0xff) {
      throw new LastwordError('QTEST', `QEMU answered "${answer}" to "${line}", which is no byte`)
    }
    return value
  }

  outb(offset: number, value: number): void {
    this.command(`outb 0x${(this.#base + offset).toString(16)} 0x${value.toString(16)}`)
  }

  /** Sends one line and returns what follows `OK`. Throws LastwordError QTEST when QEMU refuses or is gone. */
  command(line: string): string {
    orFail(`QEMU does not take "${line}"`, () => writeSync(this.#toQemu, `${line}\n`))
    for (;;) {
      const answer = this.#readLine(line)
      // An interrupt line may come at any time and is no answer.
      if (answer.startsWith('IRQ ')) continue
      if (answer === 'OK' || answer.startsWith('OK ')) return answer.slice(3)
      throw new LastwordError('QTEST', `QEMU answered "${answer}" to "${line}"`)
    }
  }

  #readLine(line: string): string {
    for (;;) {
      const end = this.#pending.indexOf('\n')
      if (end >= 0) {
        const answer = this.#pending.slice(0, end)
        this.#pending = this.#pending.slice(end + 1)
        return answer
      }
      const count = orFail(`QEMU does not answer "${line}"`, () => readSync(this.#fromQemu, this.#buffer))
      if (count === 0) throw new LastwordError('QTEST', `QEMU is gone; it did not answer "${line}"`)
      this.#pending += this.#buffer.toString('latin1', 0, count)
      if (this.#pending.length > 2 * MAX_LINE_BYTES)
        throw new LastwordError('QTEST', 'QEMU answers without end')
    }
  }

  close(): void {
    closeSync(this.#toQemu)
    closeSync(this.#fromQemu)
  }
}

/** A failing FIFO is a failing interface: the driver ends its requests with the reason. */
function orFail<T>(what: string, access: () => T): T {
  try {
    return access()
  } catch (cause) {
    throw new LastwordError('QTEST', `${what}: ${(cause as Error).message}`, {
      cause,
      hint: 'Is QEMU running, with -qtest pipe:PATH and the FIFOs PATH.in and PATH.out?',
    })
  }
}
