/** A client of QEMU's machine protocol (QMP): commands, events, and the human monitor for what QMP lacks. */
import type { Socket } from 'node:net'
import { LastwordError } from '../../protocol/error.ts'
import { type Endpoint, openSocket } from './endpoint.ts'

export interface QmpEvent {
  name: string
  data: Record<string, unknown>
}

interface QmpMessage {
  QMP?: unknown
  id?: number
  return?: unknown
  error?: { class: string; desc: string }
  event?: string
  data?: Record<string, unknown>
}

/** Cuts what arrives into QMP's messages, one a line; no I/O. */
export class QmpLines {
  #rest = ''

  push(text: string): QmpMessage[] {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    return lines.filter(line => line.trim() !== '').map(parseMessage)
  }
}

function parseMessage(line: string): QmpMessage {
  try {
    return JSON.parse(line)
  } catch (cause) {
    throw new LastwordError('QMP_CORRUPT', `QEMU's monitor said what is no JSON: ${line.slice(0, 60)}`, {
      cause,
    })
  }
}

interface Pending {
  command: string
  resolve(value: unknown): void
  reject(error: LastwordError): void
}

export class QmpClient {
  readonly #socket: Socket
  readonly #lines = new QmpLines()
  readonly #pending = new Map<number, Pending>()
  readonly #listeners = new Set<(event: QmpEvent) => void>()
  #nextId = 1
  #failure: LastwordError | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.setEncoding('utf8')
    socket.on('data', text => this.#receive(String(text)))
    socket.on('error', cause => this.#fail(`QEMU's monitor was lost: ${cause.message}`))
    socket.on('close', () => this.#fail("QEMU's monitor closed the connection"))
  }

  static async connect(endpoint: Endpoint): Promise<QmpClient> {
    const client = new QmpClient(await openSocket(endpoint))
    await client.execute('qmp_capabilities')
    return client
  }

  /** Runs a QMP command, and gives what it returns. */
  execute(command: string, args: Record<string, unknown> = {}, timeoutMs = 30_000): Promise<unknown> {
    if (this.#failure) return Promise.reject(this.#failure)
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      const late = () => {
        this.#pending.delete(id)
        reject(
          new LastwordError('QMP_TIMEOUT', `QEMU's monitor did not answer '${command}' in ${timeoutMs} ms`),
        )
      }
      const timer = setTimeout(late, timeoutMs)
      const settle = (act: () => void) => {
        clearTimeout(timer)
        act()
      }
      this.#pending.set(id, {
        command,
        resolve: value => settle(() => resolve(value)),
        reject: error => settle(() => reject(error)),
      })
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`)
    })
  }

  /** Runs a line of the human monitor, and gives what it prints. */
  async monitor(line: string): Promise<string> {
    const printed = await this.execute('human-monitor-command', { 'command-line': line })
    return typeof printed === 'string' ? printed.trim() : ''
  }

  /** Hears every event from now on; call what is returned to stop. */
  onEvent(listener: (event: QmpEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async injectNmi(): Promise<void> {
    await this.execute('inject-nmi')
  }

  /** Saves the machine's whole state under `name`. It needs a snapshot drive. */
  async savevm(name: string): Promise<void> {
    await this.#silently(`savevm ${name}`)
  }

  async loadvm(name: string): Promise<void> {
    await this.#silently(`loadvm ${name}`)
  }

  /** Frees what a snapshot takes. */
  async delvm(name: string): Promise<void> {
    await this.#silently(`delvm ${name}`)
  }

  async stop(): Promise<void> {
    await this.execute('stop')
  }

  async cont(): Promise<void> {
    await this.execute('cont')
  }

  async quit(): Promise<void> {
    await this.execute('quit').catch((error: unknown) => {
      // QEMU may be gone before its answer is.
      if (!this.#failure) throw error
    })
  }

  close(): void {
    this.#fail("The connection to QEMU's monitor was closed")
    this.#socket.destroy()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** The human monitor reports failure as text, and success as none. */
  async #silently(line: string): Promise<void> {
    const printed = await this.monitor(line)
    if (printed !== '') throw new LastwordError('QMP_REFUSED', `QEMU refused '${line}': ${printed}`)
  }

  #receive(text: string): void {
    for (const message of this.#parse(text)) {
      if (message.event) {
        for (const listener of this.#listeners) listener({ name: message.event, data: message.data ?? {} })
      }
      const pending = message.id === undefined ? undefined : this.#pending.get(message.id)
      if (!pending || message.id === undefined) continue
      this.#pending.delete(message.id)
      if (message.error) {
        const why = `QEMU refused '${pending.command}': ${message.error.desc}`
        pending.reject(new LastwordError('QMP_REFUSED', why))
      } else pending.resolve(message.return)
    }
  }

  #parse(text: string): QmpMessage[] {
    try {
      return this.#lines.push(text)
    } catch (error) {
      if (!(error instanceof LastwordError)) throw error
      this.#fail(error.message)
      return []
    }
  }

  #fail(message: string): void {
    this.#failure ??= new LastwordError('QMP_LOST', message)
    for (const pending of this.#pending.values()) pending.reject(this.#failure)
    this.#pending.clear()
  }
}
