/** A session with a BMC over LAN as a way to it: pumps the session's machine with the socket and the clock. */
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { IpmiAddr } from '../handler/user.ts'
import { LanClientMachine } from '../lan/client.ts'
import type { LanClientOptions } from '../lan/client-options.ts'
import type { Hop } from '../lan/client-route.ts'
import { LastwordError } from '../protocol/error.ts'
import { type LanReceiver, LanSocket } from './lan-socket.ts'
import { lookUp } from './look-up.ts'
import {
  aborted,
  type PayloadReceiver,
  type PayloadSender,
  type RequestOptions,
  type Transport,
  whenAborted,
} from './transport.ts'

export interface LanTransportOptions extends LanClientOptions {
  host: string
  port: number
  signal?: AbortSignal
}

const noRoute: readonly string[] = [
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ENETDOWN',
  'EHOSTDOWN',
  'EACCES',
  'EPERM',
  'EADDRNOTAVAIL',
]

export class LanTransport implements Transport, LanReceiver {
  readonly address: string
  readonly port: number
  readonly machine: LanClientMachine
  readonly #socket: LanSocket
  readonly #onSent = (error: Error | null) => {
    if (error !== null) this.onSendError(error)
  }
  #timer: NodeJS.Timeout | null = null
  #timerDueMs = 0
  #isPumping = false
  #isClosed = false
  #sendError: LastwordError | null = null

  private constructor(address: string, options: LanTransportOptions) {
    this.address = address
    this.port = options.port
    this.machine = new LanClientMachine(options)
    this.#socket = LanSocket.join(this, isIP(address) === 6 ? 6 : 4)
  }

  /**
   * Looks the name up and logs in. Rejects with HOST_UNKNOWN, NO_ROUTE, TIMEOUT, or the reason why the BMC lets nobody in:
   * BAD_PASSWORD, NO_SUCH_USER, PRIVILEGE_REFUSED, SUITE_REFUSED, BAD_HMAC, NO_SESSION_LEFT, LOGIN_REFUSED.
   */
  static async open(options: LanTransportOptions): Promise<LanTransport> {
    const transport = new LanTransport(await addressOf(options), options)
    try {
      await transport.#perform(options.signal, done => {
        transport.machine.open(done, performance.now())
        return () => {}
      })
      return transport
    } catch (error) {
      await transport.close()
      throw error
    }
  }

  /** The session's own pace goes up to this. */
  get window(): number {
    return this.machine.maxInFlight
  }

  request(netFn: number, cmd: number, data: Uint8Array, options: RequestOptions = {}): Promise<Uint8Array> {
    const { route, lun } = routeOf(options.addr)
    return this.#perform(options.signal, done => {
      const id = this.machine.request({ netFn, cmd, data, lun, route }, done, performance.now())
      return () => this.machine.abort(id, performance.now())
    })
  }

  openPayload(payloadType: number, receiver: PayloadReceiver): PayloadSender {
    const { machine } = this
    machine.onPayload = opened => {
      if (opened.payloadType === payloadType) receiver.onPayload(opened.payload, opened.sequence)
    }
    machine.onSessionEnd = () => receiver.onEnd(this.#isClosed ? 'closed' : 'lost')
    return {
      since: machine.inbound,
      send: payload => {
        const isSent = machine.sendPayload(payloadType, payload, performance.now())
        this.pump()
        return isSent
      },
      close: () => {
        machine.onPayload = null
        machine.onSessionEnd = null
      },
    }
  }

  close(): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    this.#isClosed = true
    return new Promise(resolve => {
      this.machine.close(() => {
        if (this.#timer !== null) clearTimeout(this.#timer)
        this.#timer = null
        // What the machine has still to say goes out first.
        this.#flush()
        this.#socket.leave(this)
        resolve()
      }, performance.now())
      this.pump()
    })
  }

  onDatagram(datagram: Uint8Array): boolean {
    const isMine = this.machine.handle(datagram, performance.now())
    if (isMine) this.pump()
    return isMine
  }

  onSendError(error: NodeJS.ErrnoException): void {
    if (!noRoute.includes(error.code ?? '')) return
    const noRouteError = new LastwordError(
      'NO_ROUTE',
      `${this.machine.name}: nothing can be sent there: ${error.code}`,
      {
        cause: error,
        hint: 'Check the address, the routes and the firewall of this machine.',
      },
    )
    this.#sendError = noRouteError
    // A log-in that cannot be sent need not be waited for.
    this.machine.abandonLogin(noRouteError, performance.now())
  }

  /** Sends what the machine wants to send, and wakes up when it wants to be woken. */
  pump(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    this.#flush()
    this.#isPumping = false
    this.#schedule()
  }

  #flush(): void {
    for (let out = this.machine.pollTransmit(); out !== null; out = this.machine.pollTransmit())
      this.#socket.send(out, this, this.#onSent)
  }

  #schedule(): void {
    const dueMs = this.machine.pollTimeout(performance.now())
    if (dueMs === null || this.machine.state === 'closed') return
    if (this.#timer !== null) {
      if (dueMs >= this.#timerDueMs) return
      clearTimeout(this.#timer)
    }
    this.#timerDueMs = dueMs
    const waitMs = Math.max(0, Math.ceil(dueMs - performance.now()))
    this.#timer = setTimeout(() => this.#lookFirst(), waitMs)
  }

  /** After a busy turn of the event loop the answers lie in the socket: they are read before their time counts as over. */
  #lookFirst(): void {
    setImmediate(() => {
      this.#timer = null
      if (this.#isClosed && this.machine.state === 'closed') return
      this.machine.tick(performance.now())
      this.pump()
    })
  }

  /** `start` begins it and returns how to give it up. */
  #perform(
    signal: AbortSignal | undefined,
    start: (done: (error: LastwordError | null, body: Uint8Array) => void) => () => void,
  ): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(aborted(signal))
      let forget: (() => void) | undefined
      const giveUp = start((error, body) => {
        forget?.()
        if (error === null) resolve(body)
        else reject(this.#explained(error))
      })
      if (signal !== undefined) {
        forget = whenAborted(signal, () => {
          giveUp()
          reject(aborted(signal))
        })
      }
      this.pump()
    })
  }

  /** Silence has a reason when nothing could be sent. */
  #explained(error: LastwordError): LastwordError {
    return error.code === 'TIMEOUT' && this.#sendError !== null ? this.#sendError : error
  }
}

async function addressOf({ host, name, signal }: LanTransportOptions): Promise<string> {
  const [, zone] = host.split('%')
  if (zone !== undefined && networkInterfaces()[zone] === undefined) {
    throw new LastwordError('HOST_UNKNOWN', `${name}: there is no interface "${zone}" here`, {
      hint: `There are: ${Object.keys(networkInterfaces()).join(', ')}.`,
    })
  }
  if (isIP(host) !== 0) return host
  try {
    return await lookUp(host, { signal })
  } catch (cause) {
    if (cause instanceof LastwordError) throw cause
    const why = (cause as NodeJS.ErrnoException).code ?? 'no answer'
    throw new LastwordError('HOST_UNKNOWN', `${name}: the name "${host}" cannot be looked up: ${why}`, {
      cause,
      hint: 'Check the spelling and the name server, or give the address.',
    })
  }
}

function routeOf(addr: IpmiAddr | undefined): { route: readonly Hop[]; lun: number } {
  if (addr === undefined) return { route: [], lun: 0 }
  if (addr.kind === 'systemInterface') return { route: [], lun: addr.lun ?? 0 }
  const { channel, slaveAddr, lun = 0, transit } = addr
  const last = { channel, slaveAddr }
  return { route: transit === undefined ? [last] : [transit, last], lun }
}
