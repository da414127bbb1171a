/** A client of the GDB remote serial protocol, as much of it as stopping a kernel at an instruction takes. */
import type { Socket } from 'node:net'
import { LastwordError } from '../../protocol/error.ts'
import { type Endpoint, openSocket } from './endpoint.ts'
import { encodeGdbPacket, GdbPackets } from './gdb-packets.ts'
import { parseRegisters, type Registers } from './x86-registers.ts'

export type StopReply =
  | { kind: 'stopped'; signal: number; thread?: string }
  | { kind: 'exited'; status: number }

export interface WaitOptions {
  timeoutMs?: number
  signal?: AbortSignal
}

const sigtrap = 5
const requestTimeoutMs = 10_000

interface Waiter {
  accept(payload: string): boolean
  resolve(payload: string): void
  reject(error: LastwordError): void
}

export class GdbRemote {
  readonly #socket: Socket
  readonly #packets = new GdbPackets()
  #acks: 'sent' | 'off' = 'sent'
  #state: 'stopped' | 'running' = 'stopped'
  #lastSent: Uint8Array = new Uint8Array()
  #waiter: Waiter | undefined
  /** Packets that came while nobody waited: a stop reply may be faster than its reader. */
  #unread: string[] = []
  #failure: LastwordError | undefined
  readonly #breakpoints = new Set<bigint>()
  #slowestAnswerMs = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', bytes => this.#receive(bytes))
    socket.on('error', cause =>
      this.#fail(new LastwordError('GDB_LOST', `The GDB server was lost: ${cause.message}`)),
    )
    socket.on('close', () =>
      this.#fail(new LastwordError('GDB_LOST', 'The GDB server closed the connection')),
    )
  }

  /** Connects; QEMU stops the machine as this happens. */
  static async connect(endpoint: Endpoint): Promise<GdbRemote> {
    const remote = new GdbRemote(await openSocket(endpoint))
    // QEMU sends a stop reply of its own accord as the connection opens: it comes before this answer, and is dropped.
    await remote.#exchange('qSupported:hwbreak+;swbreak+', reply => !/^[TSW]/.test(reply))
    // QEMU 7.2 does not know it: then acknowledgements go on.
    const noAcks = await remote.#exchange('QStartNoAckMode', () => true)
    if (noAcks === 'OK') remote.#acks = 'off'
    return remote
  }

  get state(): 'stopped' | 'running' {
    return this.#state
  }

  async setBreakpoint(address: bigint): Promise<void> {
    await this.#expectOk(`Z1,${address.toString(16)},1`)
    this.#breakpoints.add(address)
  }

  async clearBreakpoint(address: bigint): Promise<void> {
    await this.#expectOk(`z1,${address.toString(16)},1`)
    this.#breakpoints.delete(address)
  }

  get breakpoints(): ReadonlySet<bigint> {
    return this.#breakpoints
  }

  /** How long it took at the most, since this was last asked, for what is answered at once: all but a wait for a stop. */
  takeSlowestAnswerMs(): number {
    const taken = this.#slowestAnswerMs
    this.#slowestAnswerMs = 0
    return taken
  }

  /** Lets the machine run, and returns at once. */
  resume(): void {
    this.#expectStopped('continue')
    this.#state = 'running'
    this.#send('c')
  }

  /** Waits until the running machine stops, at a breakpoint or for another reason. */
  async waitForStop(options: WaitOptions = {}): Promise<StopReply> {
    const reply = parseStopReply(await this.#wait('a stop', reply => /^[TSWX]/.test(reply), options))
    this.#state = 'stopped'
    return reply
  }

  /** Lets the machine run until it stops again. */
  async continue(options: WaitOptions = {}): Promise<StopReply> {
    this.resume()
    return this.waitForStop(options)
  }

  /** Lets only one thread (CPU) run, the others held where they are. */
  resumeAlone(thread: string): void {
    this.#expectStopped('continue')
    this.#state = 'running'
    this.#send(`vCont;c:${thread}`)
  }

  /** Executes one instruction of one thread, the others held where they are. */
  async stepAlone(thread: string): Promise<StopReply> {
    this.#expectStopped('step')
    this.#state = 'running'
    this.#send(`vCont;s:${thread}`)
    return this.#timed(this.waitForStop({ timeoutMs: requestTimeoutMs }))
  }

  /** Executes one instruction. QEMU holds interrupts and timers back meanwhile. */
  async step(options: WaitOptions = {}): Promise<StopReply> {
    this.#expectStopped('step')
    this.#state = 'running'
    this.#send('s')
    return this.#timed(this.waitForStop({ timeoutMs: requestTimeoutMs, ...options }))
  }

  /** Stops the running machine. */
  async interrupt(options: WaitOptions = {}): Promise<StopReply> {
    if (this.#state === 'stopped') return { kind: 'stopped', signal: sigtrap }
    this.#write(Buffer.from([0x03]))
    return this.#timed(this.waitForStop({ timeoutMs: requestTimeoutMs, ...options }))
  }

  /** The registers of the thread (the CPU) that stopped, or that was selected since. */
  async readRegisters(): Promise<Registers> {
    return parseRegisters(await this.#request('g'))
  }

  async readMemory(address: bigint, length: number): Promise<Buffer> {
    const chunkBytes = 1024
    const chunks: Buffer[] = []
    for (let done = 0; done < length; done += chunkBytes) {
      const size = Math.min(chunkBytes, length - done)
      const at = (address + BigInt(done)).toString(16)
      chunks.push(Buffer.from(await this.#request(`m${at},${size.toString(16)}`), 'hex'))
    }
    return Buffer.concat(chunks)
  }

  async writeMemory(address: bigint, bytes: Uint8Array): Promise<void> {
    const data = Buffer.from(bytes).toString('hex')
    await this.#expectOk(`M${address.toString(16)},${bytes.length.toString(16)}:${data}`)
  }

  /** All threads; under QEMU each is a CPU. */
  async threads(): Promise<string[]> {
    const threads: string[] = []
    let reply = await this.#request('qfThreadInfo')
    while (reply.startsWith('m')) {
      threads.push(...reply.slice(1).split(','))
      reply = await this.#request('qsThreadInfo')
    }
    return threads
  }

  /** Makes registers and steps be those of this thread. */
  async selectThread(thread: string): Promise<void> {
    await this.#expectOk(`Hg${thread}`)
    await this.#expectOk(`Hc${thread}`)
  }

  /** Lets the machine run free, with no breakpoints, and closes. */
  async detach(): Promise<void> {
    if (this.#state === 'running') await this.interrupt()
    await this.#expectOk('D')
    this.close()
  }

  /** Closes; the machine stays as it is. */
  close(): void {
    this.#failure ??= new LastwordError('GDB_LOST', 'The GDB connection was closed')
    this.#socket.destroy()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #expectStopped(what: string): void {
    if (this.#state === 'running') {
      throw new LastwordError('GDB_RUNNING', `The machine is running: interrupt it before '${what}'`)
    }
  }

  async #expectOk(request: string): Promise<void> {
    const reply = await this.#request(request)
    if (reply !== 'OK') throw unexpected(request, reply)
  }

  async #request(request: string): Promise<string> {
    this.#expectStopped(request)
    const reply = await this.#exchange(request, () => true)
    if (reply === '' || /^E[0-9a-f]{2}$/.test(reply)) throw unexpected(request, reply)
    return reply
  }

  #exchange(request: string, accept: (reply: string) => boolean): Promise<string> {
    this.#send(request)
    const what = `an answer to '${request.slice(0, 20)}'`
    return this.#timed(this.#wait(what, accept, { timeoutMs: requestTimeoutMs }))
  }

  async #timed<T>(answer: Promise<T>): Promise<T> {
    const startMs = performance.now()
    try {
      return await answer
    } finally {
      this.#slowestAnswerMs = Math.max(this.#slowestAnswerMs, performance.now() - startMs)
    }
  }

  #wait(what: string, accept: (reply: string) => boolean, options: WaitOptions): Promise<string> {
    if (this.#waiter) throw new LastwordError('GDB_BUSY', `Asked for ${what} while another answer is awaited`)
    const early = this.#takeUnread(accept)
    if (early !== undefined) return Promise.resolve(early)
    if (this.#failure) return Promise.reject(this.#failure)
    const { timeoutMs = 60_000, signal } = options
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
        this.#waiter = undefined
        act()
      }
      const fail = (error: LastwordError) => settle(() => reject(error))
      const late = () =>
        fail(new LastwordError('GDB_TIMEOUT', `No ${what} from the GDB server in ${timeoutMs} ms`))
      const abort = () => fail(new LastwordError('ABORTED', `Waiting for ${what} was aborted`))
      const timer = setTimeout(late, timeoutMs)
      this.#waiter = { accept, resolve: payload => settle(() => resolve(payload)), reject: fail }
      if (signal?.aborted) abort()
      else signal?.addEventListener('abort', abort)
    })
  }

  #takeUnread(accept: (reply: string) => boolean): string | undefined {
    while (this.#unread.length > 0) {
      const payload = this.#unread.shift()!
      if (accept(payload)) return payload
    }
    return undefined
  }

  #receive(bytes: Uint8Array): void {
    for (const item of this.#packets.push(bytes)) {
      if (item.kind === 'nack') this.#write(this.#lastSent)
      if (item.kind === 'corrupt') this.#receiveCorrupt(item.reason)
      if (item.kind !== 'packet') continue
      if (this.#acks === 'sent') this.#write(Buffer.from('+'))
      this.#deliver(item.payload.toString('latin1'))
    }
  }

  #receiveCorrupt(reason: string): void {
    if (this.#acks === 'sent') this.#write(Buffer.from('-'))
    else this.#fail(new LastwordError('GDB_CORRUPT', `A packet of the GDB server was damaged (${reason})`))
  }

  #deliver(payload: string): void {
    if (!this.#waiter) this.#unread.push(payload)
    else if (this.#waiter.accept(payload)) this.#waiter.resolve(payload)
  }

  #send(payload: string): void {
    this.#lastSent = encodeGdbPacket(payload)
    this.#write(this.#lastSent)
  }

  #write(bytes: Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes)
  }

  #fail(error: LastwordError): void {
    this.#failure ??= error
    this.#waiter?.reject(this.#failure)
  }
}

/** Reads a stop reply packet (`S`, `T`, `W` or `X`). */
export function parseStopReply(payload: string): StopReply {
  const value = Number.parseInt(payload.slice(1, 3), 16)
  if (payload.startsWith('W') || payload.startsWith('X')) return { kind: 'exited', status: value }
  const thread = /[;\d]thread:([^;]+)/.exec(payload)?.[1]
  return { kind: 'stopped', signal: value, ...(thread && { thread }) }
}

function unexpected(request: string, reply: string): LastwordError {
  const said = reply === '' ? 'that it does not know it' : `'${reply.slice(0, 40)}'`
  return new LastwordError('GDB_REFUSED', `The GDB server answered '${request.slice(0, 20)}' with ${said}`)
}
