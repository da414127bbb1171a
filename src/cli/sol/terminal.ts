/** A SOL session in a terminal: keys go to the serial port, what it says to the screen and, if wanted, into a file. */
import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import type { Duplex, Readable, Writable } from 'node:stream'
import { LastwordError } from '../../protocol/error.ts'
import { EscapeKeys, type Typed } from './escape-keys.ts'

/** The serial port at the other end. */
export interface SerialLine extends Duplex {
  sendBreak(): void
}

/** A terminal's standard input; a pipe has no raw mode. */
export interface KeySource extends Readable {
  isTTY?: boolean
  setRawMode?(mode: boolean): unknown
}

export interface TerminalOptions {
  line: SerialLine
  input: KeySource
  output: Writable
  /** Remarks that are not the serial port's. */
  remark(text: string): void
  /** One character; the tilde unless given. */
  escapeKey?: string
  /** What the serial port says is written there, too. */
  record?: string
  /** Nothing is sent, and the input is not read. */
  mode: 'typing' | 'listening'
  signal: AbortSignal
  /** Stops the job that this process is of; returns when it is continued. */
  suspend(): void
}

export async function runTerminal(options: TerminalOptions): Promise<void> {
  // An error counts from the first moment to the last, also where nobody waits for it.
  options.line.on('error', () => {})
  const record = options.record === undefined ? undefined : await opened(options.record, options.line)
  try {
    await new Terminal(options, record).run()
  } finally {
    await new Promise<void>(resolve => (record === undefined ? resolve() : record.end(resolve)))
  }
}

async function opened(record: string, line: SerialLine): Promise<WriteStream> {
  const stream = createWriteStream(record, { flags: 'a', mode: 0o600 })
  try {
    await once(stream, 'open')
    return stream
  } catch (cause) {
    line.destroy()
    throw unwritable(record, cause as Error)
  }
}

function unwritable(path: string, cause: Error): LastwordError {
  return new LastwordError('FILE_UNWRITABLE', `${path} cannot be written: ${cause.message}`, { cause })
}

function hungUp(cause?: Error): LastwordError {
  return new LastwordError('ABORTED', 'interrupted: the terminal is gone', { cause })
}

class Terminal {
  readonly #options: TerminalOptions
  readonly #record: WriteStream | undefined
  readonly #keys: EscapeKeys
  #finish: (error?: Error) => void = () => {}

  constructor(options: TerminalOptions, record: WriteStream | undefined) {
    this.#options = options
    this.#record = record
    this.#keys = new EscapeKeys(options.escapeKey)
  }

  async run(): Promise<void> {
    const { line, input, mode, signal, record } = this.#options
    const ended = new Promise<void>((resolve, reject) => {
      this.#finish = error => (error === undefined ? resolve() : reject(error))
    })
    const onAbort = () => this.#finish(signal.reason)
    const onKeys = (bytes: Uint8Array) => this.#type(bytes)
    // A terminal in raw mode ends only when it is gone; it has no mode any more then.
    const onInputEnd = () => (input.isTTY ? this.#finish(hungUp()) : line.end())
    const onInputError = (cause: Error) => this.#finish(input.isTTY ? hungUp(cause) : cause)
    input.on('error', onInputError)
    signal.addEventListener('abort', onAbort, { once: true })
    for (const screen of this.#screens) line.pipe(screen, { end: false })
    line.once('close', () => this.#finish())
    line.once('error', error => this.#finish(error))
    this.#record?.on('error', cause => this.#finish(unwritable(record!, cause)))
    if (mode === 'typing') {
      input.setRawMode?.(true)
      process.on('SIGCONT', this.#rawAgain)
      input.on('data', onKeys)
      input.once('end', onInputEnd)
    }
    if (signal.aborted) onAbort()
    else if (line.closed) this.#finish(line.errored ?? undefined)
    try {
      await ended
    } finally {
      this.#showRest()
      signal.removeEventListener('abort', onAbort)
      input.off('data', onKeys)
      input.off('end', onInputEnd)
      process.off('SIGCONT', this.#rawAgain)
      input.setRawMode?.(false)
      input.off('error', onInputError)
      input.pause()
      line.destroy()
    }
  }

  /** Who stopped this process from outside, as its shell, has set the terminal's mode behind Node's back. */
  readonly #rawAgain = (): void => {
    this.#options.input.setRawMode?.(false)
    this.#options.input.setRawMode?.(true)
  }

  get #screens(): Writable[] {
    const { output } = this.#options
    return this.#record === undefined ? [output] : [output, this.#record]
  }

  /** What has come already, and waits for a slow output. */
  #showRest(): void {
    const { line } = this.#options
    line.unpipe()
    const screens = this.#screens.filter(({ writable }) => writable)
    for (let rest = line.read(); rest !== null; rest = line.read())
      for (const screen of screens) screen.write(rest)
  }

  #type(bytes: Uint8Array): void {
    const { line, input } = this.#options
    for (const typed of this.#keys.type(bytes)) this.#act(typed)
    // The keys are heard until as much waits for the port as a stream holds.
    if (!line.writableNeedDrain) return
    input.pause()
    line.once('drain', () => input.resume())
  }

  #act(typed: Typed): void {
    const { line, input, remark, suspend } = this.#options
    switch (typed.kind) {
      case 'send':
        line.write(typed.bytes)
        return
      case 'break':
        line.sendBreak()
        return
      case 'help':
        remark(this.#keys.help())
        return
      case 'disconnect':
        this.#finish()
        return
      case 'suspend':
        input.setRawMode?.(false)
        suspend()
        input.setRawMode?.(true)
        return
      case 'suspendRaw':
        suspend()
        return
    }
  }
}
