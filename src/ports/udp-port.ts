/** A UDP port whose datagrams come and go many at once, where the system has the calls for it. */
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { AwakeWait } from '../machine/awake-wait.ts'
import {
  BATCH,
  type DatagramCalls,
  loadDatagramCalls,
  type Outgoing,
  type UdpPeer,
} from './datagram-calls.ts'

export interface UdpPortOptions {
  /** An address, not a name. */
  address: string
  /** 0 picks a free one. */
  port: number
  /** Gets each datagram. */
  take(datagram: Uint8Array, from: UdpPeer, nowMs: number): void
  /** All that had arrived was given: time to send. */
  taken(): void
  /** The socket failed. */
  onError(error: Error): void
  /** The system's unless given; null: one by one, as it is where there are none. */
  calls?: DatagramCalls | null
}

const RECEIVE_BUFFER_BYTES = 1 << 20
/** Then the rest of the event loop has its turn. */
const MOST_ROUNDS = 32

export class UdpPort {
  readonly #options: UdpPortOptions
  readonly #socket: Socket
  readonly #calls: DatagramCalls | null
  readonly #wait = new AwakeWait()
  readonly #outgoing: Outgoing[] = []
  #fd = -1
  #isLooking = false
  #isClosed = false

  private constructor(options: UdpPortOptions, calls: DatagramCalls | null) {
    this.#options = options
    this.#calls = calls
    const family = isIPv6(options.address) ? 6 : 4
    this.#socket = createSocket({
      type: `udp${family}`,
      // Addresses come from datagrams: there is nothing to look up.
      lookup: (address, _, done) => done(null, address, family),
    })
  }

  /** Rejects with the system's error. */
  static async open(options: UdpPortOptions): Promise<UdpPort> {
    const { address, calls = await loadDatagramCalls() } = options
    const port = new UdpPort(options, isIPv6(address) ? null : calls)
    await port.#bind()
    return port
  }

  get port(): number {
    return this.#socket.address().port
  }

  /** Goes out with the next `flush`. A sender at port 0 cannot be answered. */
  send(datagram: Uint8Array, to: UdpPeer): void {
    if (to.port !== 0) this.#outgoing.push({ datagram, to })
  }

  flush(): void {
    while (this.#outgoing.length > 0) {
      const some = this.#outgoing.splice(0, BATCH)
      if (this.#isClosed) continue
      const sent = this.#calls?.send(this.#fd, some) ?? 0
      // Node waits until there is room.
      for (const { datagram, to } of some.slice(sent)) this.#socket.send(datagram, to.port, to.address)
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await new Promise<void>(resolve => this.#socket.close(() => resolve()))
  }

  async #bind(): Promise<void> {
    const socket = this.#socket
    const { address, port, onError } = this.#options
    const where = this.#calls === null ? { address, port } : { fd: this.#calls.bind({ address, port }) }
    if ('fd' in where) this.#fd = where.fd
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind(where, () => {
        socket.off('error', reject)
        resolve()
      })
    })
    socket.on('error', onError)
    try {
      socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES)
    } catch {
      // The system's limit stands.
    }
    socket.on('message', (datagram, from) => this.#receive(datagram, from))
  }

  /** Node has read one; what else is there, or comes while that is answered, is read at once. */
  #receive(datagram: Uint8Array, { address, port }: UdpPeer): void {
    const nowMs = performance.now()
    this.#options.take(datagram, { address, port }, nowMs)
    this.#options.taken()
    this.#drain(nowMs)
    this.#answered(nowMs)
  }

  /** Gives what is there, and what comes while that is answered; returns how many there were. */
  #drain(nowMs: number): number {
    const { take, taken } = this.#options
    const give = (datagram: Uint8Array, from: UdpPeer) => take(datagram, from, nowMs)
    let count = 0
    for (let rounds = 0; rounds < MOST_ROUNDS && !this.#isClosed; rounds++) {
      const some = this.#calls?.receive(this.#fd, give) ?? 0
      if (some === 0) break
      count += some
      taken()
    }
    return count
  }

  #answered(arrivedMs: number): void {
    const nowMs = performance.now()
    this.#wait.answered(arrivedMs, nowMs)
    this.#look(nowMs)
  }

  /** Looks again in the next turn of the event loop, which goes on meanwhile. */
  #look(nowMs: number): void {
    if (this.#isLooking || this.#calls === null || !this.#wait.isAwake(nowMs)) return
    this.#isLooking = true
    setImmediate(() => {
      this.#isLooking = false
      const nowMs = performance.now()
      if (this.#drain(nowMs) > 0) this.#answered(nowMs)
      else if (!this.#isClosed) this.#look(nowMs)
    })
  }
}
