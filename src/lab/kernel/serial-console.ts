/** A machine's serial console: its last lines kept in bounded memory, and waits that end when it falls silent. */
import type { Readable, Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { LastwordError } from '../../protocol/error.ts'

export interface ConsoleWait {
  /** Give up when nothing at all was printed for so long. */
  quietMs?: number
  /** Give up after so long, whatever is printed. */
  limitMs?: number
  signal?: AbortSignal
}

export type LinePattern = string | RegExp | ((line: string) => boolean)

const maxLineLength = 4096

/** Cuts a byte stream into lines without carriage returns and colours; an endless line is cut; no I/O. */
export class ConsoleLines {
  #rest = ''

  push(text: string): string[] {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    while (this.#rest.length > maxLineLength) {
      lines.push(this.#rest.slice(0, maxLineLength))
      this.#rest = this.#rest.slice(maxLineLength)
    }
    return lines.map(line => stripVTControlCharacters(line.replaceAll('\r', '')))
  }

  /** What was printed since the last line's end. */
  get unfinished(): string {
    return this.#rest.replaceAll('\r', '')
  }
}

export class SerialConsole {
  readonly #output: Writable
  readonly #splitter = new ConsoleLines()
  readonly #keepLines: number
  readonly #kept: string[] = []
  /** How many lines have left `#kept` at its beginning. */
  #dropped = 0
  /** The number of the first line that no wait has consumed. */
  #cursor = 0
  readonly #listeners = new Set<() => void>()
  #closed: LastwordError | undefined

  constructor(input: Readable, output: Writable, options: { keepLines?: number } = {}) {
    this.#output = output
    this.#keepLines = options.keepLines ?? 10_000
    output.on('error', () => {})
    input.setEncoding('latin1')
    input.on('data', text => this.#receive(String(text)))
    input.on('close', () => this.close('The machine closed its console'))
  }

  /** The lines that are still kept, an unfinished one included. */
  get lines(): string[] {
    return this.#splitter.unfinished ? [...this.#kept, this.#splitter.unfinished] : [...this.#kept]
  }

  /** The number of the line that is being printed now, for `linesSince`. */
  get mark(): number {
    return this.#dropped + this.#kept.length
  }

  /** The kept lines from `mark` on, an unfinished one included. */
  linesSince(mark: number): string[] {
    return this.lines.slice(Math.max(0, mark - this.#dropped))
  }

  /** The last lines that say something. */
  tail(count: number): string[] {
    return this.lines.filter(line => line.trim() !== '').slice(-count)
  }

  /** Types a line into the machine's console. */
  tell(line = ''): void {
    if (this.#output.writable) this.#output.write(`${line}\n`)
  }

  /** Each line from now on, until the machine is gone or `signal` aborts. */
  async *follow(options: { signal?: AbortSignal } = {}): AsyncGenerator<string, void> {
    let next = this.#dropped + this.#kept.length
    for (;;) {
      next = Math.max(next, this.#dropped)
      for (; next < this.#dropped + this.#kept.length; next++) yield this.#kept[next - this.#dropped]!
      if (this.#closed || options.signal?.aborted) return
      await this.#activity({ signal: options.signal })
    }
  }

  /** The next line that matches; the lines up to it count as read. */
  async waitFor(pattern: LinePattern, options: ConsoleWait = {}): Promise<string> {
    const matches = matcher(pattern)
    const limitAt = Date.now() + (options.limitMs ?? 600_000)
    for (;;) {
      this.#cursor = Math.max(this.#cursor, this.#dropped)
      while (this.#cursor < this.#dropped + this.#kept.length) {
        const line = this.#kept[this.#cursor++ - this.#dropped]!
        if (matches(line)) return line
      }
      if (this.#closed) throw this.#closed
      await this.#activityWithin(pattern, limitAt, options)
    }
  }

  /** No more lines will come; every wait ends with `why`. */
  close(why: string): void {
    this.#closed ??= new LastwordError('CONSOLE_CLOSED', why)
    this.#announce()
  }

  async #activityWithin(pattern: LinePattern, limitAt: number, options: ConsoleWait): Promise<void> {
    const quietMs = options.quietMs ?? 60_000
    const leftMs = limitAt - Date.now()
    const outcome = await this.#activity({ timeoutMs: Math.min(quietMs, leftMs), signal: options.signal })
    if (outcome === 'aborted')
      throw new LastwordError('ABORTED', `Waiting for ${nameOf(pattern)} was aborted`)
    if (outcome === 'activity') return
    const last = this.tail(1)[0] ?? ''
    const why = leftMs <= quietMs ? 'within the limit' : `after ${quietMs / 1000} s of silence`
    throw new LastwordError(
      'CONSOLE_QUIET',
      `No ${nameOf(pattern)} on the console ${why}; its last line: '${last}'`,
    )
  }

  /** Resolves when something was printed or the console closed, or else by a bound. */
  #activity(bounds: {
    timeoutMs?: number
    signal: AbortSignal | undefined
  }): Promise<'activity' | 'aborted' | 'late'> {
    const { timeoutMs, signal } = bounds
    return new Promise(resolve => {
      const end = (outcome: 'activity' | 'aborted' | 'late') => {
        clearTimeout(timer)
        this.#listeners.delete(printed)
        signal?.removeEventListener('abort', aborted)
        resolve(outcome)
      }
      const printed = () => end('activity')
      const aborted = () => end('aborted')
      const timer =
        timeoutMs === undefined ? undefined : setTimeout(() => end('late'), Math.max(0, timeoutMs))
      this.#listeners.add(printed)
      if (signal?.aborted) aborted()
      else signal?.addEventListener('abort', aborted)
    })
  }

  #receive(text: string): void {
    this.#kept.push(...this.#splitter.push(text))
    const excess = this.#kept.length - this.#keepLines
    if (excess > 0) {
      this.#kept.splice(0, excess)
      this.#dropped += excess
    }
    this.#announce()
  }

  #announce(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}

function matcher(pattern: LinePattern): (line: string) => boolean {
  if (typeof pattern === 'function') return pattern
  return typeof pattern === 'string' ? line => line.includes(pattern) : line => pattern.test(line)
}

function nameOf(pattern: LinePattern): string {
  return typeof pattern === 'function' ? 'awaited line' : `'${pattern}'`
}
