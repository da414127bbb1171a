/** Serial over LAN as a duplex stream: what is written goes to the serial port, what it says is read. IPMI 2.0 rev 1.1, section 15. */
import { addAbortSignal, Duplex } from 'node:stream'
import { SolEnd } from '../lan/sol-end.ts'
import { SOL_HEADER_BYTES, SolOperation, SolStatus } from '../lan/sol-packet.ts'
import { ActivatePayload, DeactivatePayload, PayloadType } from '../protocol/commands/payload.ts'
import { CompletionCodeError } from '../protocol/completion-code.ts'
import { LastwordError } from '../protocol/error.ts'
import { type Abortable, type CommandRunner, throwIfAborted, within } from './command-runner.ts'
import { type PayloadSender, type Transport, whenAborted } from './transport.ts'

/** The signal ends the opening, and afterwards the stream, as `signal` does of any stream of Node's. */
export interface SolOptions extends Abortable {
  /** Takes the line away from another console; otherwise SOL_ACTIVE is thrown. */
  takeOver?: boolean
  /** 1 unless given. */
  instance?: number
  /** Encrypted unless the session cannot. */
  encryption?: 'on' | 'off'
}

export interface SolEvents {
  /** The serial port saw a break. */
  break: []
  /** The BMC says that characters cannot be passed on, or that some were lost. */
  trouble: [what: 'unavailable' | 'overrun']
}

const ALREADY_ACTIVE = 0x80
const CANNOT_ENCRYPT = 0x83
const RETRY_MS = 400
/** Long enough for a session that was lost to be noticed first. */
const RETRIES = 20
const ACCUMULATE_MS = 5
const MAX_PENDING = 1 << 14
const SMALLEST_PAYLOAD = SOL_HEADER_BYTES + 1

/** Rejects with SOL_UNAVAILABLE, SOL_ACTIVE, ABORTED, or as the BMC refuses. */
export async function openSol(
  bmc: CommandRunner & { readonly url: string },
  transport: Transport,
  options: SolOptions = {},
): Promise<SolStream> {
  if (transport.openPayload === undefined) {
    throw new LastwordError('SOL_UNAVAILABLE', `${bmc.url}: serial over LAN needs a session of IPMI 2.0`, {
      hint: 'Connect by lanplus://.',
    })
  }
  const instance = options.instance ?? 1
  const { inboundBytes } = await activate(bmc, instance, options)
  if (inboundBytes < SMALLEST_PAYLOAD)
    throw new LastwordError(
      'RESPONSE_BAD',
      `${bmc.url}: the BMC takes SOL packets of ${inboundBytes} bytes only`,
    )
  const { signal } = options
  const line = { instance, packetBytes: inboundBytes, signal }
  return new SolStream(bmc, transport.openPayload.bind(transport), line)
}

async function activate(
  bmc: CommandRunner & { readonly url: string },
  instance: number,
  options: SolOptions,
) {
  const { encryption, takeOver, signal } = options
  const giveBack = () => {
    // Should that fail, the line comes free with the session.
    bmc.run(DeactivatePayload, { payload: PayloadType.Sol, instance }).catch(() => {})
  }
  let encrypted = encryption !== 'off'
  let isTakenOver = false
  for (;;) {
    const flags = { startupHandshake: false, sharedSerialAlerts: 'fail', testMode: false } as const
    const request = {
      payload: PayloadType.Sol,
      instance,
      options: { ...flags, authenticated: true, encrypted },
    }
    throwIfAborted(signal)
    try {
      return await orUndone(bmc.run(ActivatePayload, request), signal, giveBack)
    } catch (error) {
      const code = error instanceof CompletionCodeError ? error.completionCode : undefined
      if (code === CANNOT_ENCRYPT && encrypted && encryption === undefined) encrypted = false
      else if (code === ALREADY_ACTIVE && takeOver === true && !isTakenOver) {
        isTakenOver = true
        await bmc.run(DeactivatePayload, { payload: PayloadType.Sol, instance }, within(options))
      } else if (code === ALREADY_ACTIVE) {
        throw new LastwordError('SOL_ACTIVE', `${bmc.url}: another console has the serial port`, {
          cause: error,
          hint: 'Take it over (sol deactivate, or takeOver), or wait.',
        })
      } else throw error
    }
  }
}

/** The answer. When the signal comes before it, it rejects at once, and what the BMC grants all the same is undone. */
async function orUndone<T>(
  answer: Promise<T>,
  signal: AbortSignal | undefined,
  undo: () => void,
): Promise<T> {
  if (signal === undefined) return answer
  let forget = () => {}
  const gaveUp = new Promise<void>(resolve => {
    if (signal.aborted) resolve()
    else forget = whenAborted(signal, resolve)
  })
  await Promise.race([answer, gaveUp]).finally(() => forget())
  if (signal.aborted) answer.then(undo, () => {})
  throwIfAborted(signal)
  return answer
}

export class SolStream extends Duplex {
  readonly #bmc: CommandRunner & { readonly url: string }
  readonly #end: SolEnd
  readonly #instance: number
  readonly #sender: PayloadSender
  #timer: NodeJS.Timeout | null = null
  /** Called when there is room for more. */
  #onRoom: (() => void) | null = null
  #isLineOurs = true
  #isReaderSlow = false

  constructor(
    bmc: CommandRunner & { readonly url: string },
    openPayload: NonNullable<Transport['openPayload']>,
    { instance, packetBytes, signal }: { instance: number; packetBytes: number } & Abortable,
  ) {
    super({ allowHalfOpen: false })
    // Who has said all hangs up.
    this.once('finish', () => this.destroy())
    this.#bmc = bmc
    this.#instance = instance
    this.#sender = openPayload(PayloadType.Sol, {
      onPayload: (payload, sequence) => {
        this.#end.handle(payload, sequence, performance.now())
        this.#pump()
      },
      onEnd: how => {
        if (how === 'lost') this.#lose('the session has ended')
        else this.hangUp()
      },
    })
    this.#end = new SolEnd({
      side: 'console',
      since: this.#sender.since,
      maxCharacters: packetBytes - SOL_HEADER_BYTES,
      retryMs: RETRY_MS,
      retries: RETRIES,
      accumulateMs: ACCUMULATE_MS,
      threshold: 1,
      onCharacters: characters => this.#hear(characters),
      onFlags: flags => this.#heed(flags),
      onLost: () => this.#lose('the BMC does not acknowledge what is sent'),
    })
    if (signal !== undefined) addAbortSignal(signal, this)
  }

  sendBreak(): void {
    this.#end.signal(SolOperation.Break, performance.now())
    this.#pump()
  }

  /** Gives the line back; who reads comes to an end, not to an error. What is not acknowledged yet may be lost. */
  hangUp(): void {
    if (this.destroyed) return
    this.push(null)
    this.destroy()
  }

  override _read(): void {
    // The characters that were refused come again by themselves.
    this.#isReaderSlow = false
  }

  override _write(chunk: Uint8Array, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#end.write(chunk, performance.now())
    if (this.#end.pendingCharacters < MAX_PENDING) done()
    else this.#onRoom = done
    this.#pump()
  }

  /** Ends when all that was written has been acknowledged. */
  override _final(done: (error?: Error | null) => void): void {
    if (this.#end.pendingCharacters === 0) done()
    else this.#onRoom = done
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#sender.close()
    if (!this.#isLineOurs) return done(error)
    this.#isLineOurs = false
    const request = { payload: PayloadType.Sol, instance: this.#instance }
    // The line comes free with the session at the latest.
    this.#bmc.run(DeactivatePayload, request).then(
      () => done(error),
      () => done(error),
    )
  }

  #hear(characters: Uint8Array): number {
    if (this.#isReaderSlow || this.destroyed) return 0
    this.#isReaderSlow = !this.push(characters.slice())
    return characters.length
  }

  #heed(flags: number): void {
    if ((flags & SolStatus.Break) !== 0) this.emit('break')
    if ((flags & SolStatus.TransferUnavailable) !== 0) this.emit('trouble', 'unavailable')
    if ((flags & SolStatus.TransmitOverrun) !== 0) this.emit('trouble', 'overrun')
    if ((flags & SolStatus.Deactivating) !== 0) this.#lose('another console, or the BMC, has taken it away')
  }

  #lose(why: string): void {
    if (this.destroyed) return
    this.#isLineOurs = false
    this.destroy(new LastwordError('SOL_LOST', `${this.#bmc.url}: the serial port is lost: ${why}`))
  }

  #pump(): void {
    if (this.destroyed) return
    for (let payload = this.#end.pollPayload(); payload !== null; payload = this.#end.pollPayload())
      this.#sender.send(payload)
    const limit = this.writableEnded ? 0 : MAX_PENDING - 1
    if (this.#onRoom !== null && this.#end.pendingCharacters <= limit) {
      const done = this.#onRoom
      this.#onRoom = null
      done()
    }
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    const dueMs = this.#end.pollTimeout()
    if (dueMs === null || this.destroyed) return
    this.#timer = setTimeout(
      () => {
        this.#end.tick(performance.now())
        this.#pump()
      },
      Math.max(0, dueMs - performance.now()),
    )
  }
}
