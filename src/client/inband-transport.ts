/** The way through registers: pumps driver and handler by timers and turns callbacks into promises. */
import type { MsgHandler } from '../handler/handler.ts'
import type { IpmiUser } from '../handler/user.ts'
import { SiResult } from '../si/smi-msg.ts'
import { aborted, type RequestOptions, refuseTransit, type Transport, whenAborted } from './transport.ts'

/** While the BMC works, its status is looked at this often; timers have no finer grain. */
const BUSY_POLL_MS = 1
/** A BMC mostly answers within the time of a few turns of the event loop. */
const SPINS_BEFORE_TIMER = 50
/** Idle: events and time-outs. */
const TICK_MS = 1000

/** Registers carry one request at a time; a few that wait keep them busy. */
const WINDOW = 4

export class InbandTransport implements Transport {
  readonly window = WINDOW
  readonly #handler: MsgHandler
  readonly #user: IpmiUser
  readonly #onClose: () => void
  #timer: NodeJS.Timeout | NodeJS.Immediate | null = null
  #ticker: NodeJS.Timeout
  #lastTurn = performance.now()
  #spins = 0
  #isClosed = false

  /** `onClose` releases what the handler stands on. */
  constructor(handler: MsgHandler, onClose: () => void = () => {}) {
    this.#handler = handler
    this.#onClose = onClose
    this.#user = handler.createUser()
    this.#ticker = setInterval(() => this.#tick(), TICK_MS)
    this.#ticker.unref()
  }

  request(netFn: number, cmd: number, data: Uint8Array, options: RequestOptions = {}): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const { signal, addr } = options
      if (signal?.aborted) return reject(aborted(signal))
      refuseTransit(addr)
      let forget: (() => void) | undefined
      const id = this.#user.send({ netFn, cmd, data, ...(addr === undefined ? {} : { addr }) }, reply => {
        forget?.()
        if (reply.fault === 0 && (reply.isFromTarget || addr?.kind !== 'ipmb')) resolve(reply.body.slice())
        else reject(signal?.aborted ? aborted(signal) : reply.error)
      })
      forget = signal && whenAborted(signal, () => this.#user.abort(id))
      this.#wake()
    })
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    clearInterval(this.#ticker)
    try {
      this.#handler.shutdown()
    } finally {
      this.#onClose()
    }
  }

  #tick(): void {
    this.#handler.tick(TICK_MS)
    this.#wake()
  }

  #wake(): void {
    if (this.#timer !== null || this.#isClosed) return
    this.#spins = 0
    this.#lastTurn = performance.now()
    this.#timer = setImmediate(() => this.#turn())
  }

  #turn(): void {
    this.#timer = null
    const handler = this.#handler
    // In a panic the panic path drives the interface, and nobody else (F06).
    if (this.#isClosed || handler.runToCompletion) return
    const now = performance.now()
    const elapsedUs = Math.round((now - this.#lastTurn) * 1000)
    this.#lastTurn = now
    // Whatever is thrown by a port or a callback must not end the pump: the others wait for their answers.
    let result: SiResult = SiResult.CallWithTickDelay
    try {
      result = handler.driver.poll(elapsedUs)
      while (handler.hasWork) handler.work()
    } finally {
      this.#schedule(result)
    }
  }

  #schedule(result: SiResult): void {
    const isIdle =
      result === SiResult.Idle && this.#handler.driver.isIdle && this.#handler.xmit.currMsg === null
    if (isIdle || this.#timer !== null || this.#isClosed) return
    const spin = result !== SiResult.CallWithTickDelay && this.#spins++ < SPINS_BEFORE_TIMER
    if (result === SiResult.Idle || result === SiResult.TransactionComplete) this.#spins = 0
    this.#timer = spin ? setImmediate(() => this.#turn()) : setTimeout(() => this.#turn(), BUSY_POLL_MS)
  }
}
