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
/** Nobody gets an answer and asks again so soon: what comes then was there before. */
const WAS_THERE_MS = 0.01

export class UdpPort {
  readonly #options: UdpPortOptions
  readonly #socket: Socket
  readonly #calls: DatagramCalls | null
  readonly #wait = new AwakeWait()
  readonly #outgoing: Outgoing[] = []
  #fd = -1
  #answeredMs = Number.NEGATIVE_INFINITY
  /** Others were there with the last one. */
  #cameMany = false
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

  /** Node has read one; when there are more, they are read at once. */
  #receive(datagram: Uint8Array, { address, port }: UdpPeer): void {
    const nowMs = performance.now()
    this.#options.take(datagram, { address, port }, nowMs)
    if (this.#cameMany || nowMs - this.#answeredMs < WAS_THERE_MS) this.#drain(1, nowMs)
    else this.#options.taken()
    this.#answered(nowMs)
  }

  /** Gives what is there; returns how many there were with those that were given before. */
  #drain(given: number, nowMs: number): number {
    const { take, taken } = this.#options
    const give = (datagram: Uint8Array, from: UdpPeer) => take(datagram, from, nowMs)
    let count = given
    for (let some = BATCH; some === BATCH; ) {
      some = this.#isClosed ? 0 : (this.#calls?.receive(this.#fd, give) ?? 0)
      count += some
      if (count > 0) taken()
    }
    this.#cameMany = count > 1
    return count
  }

  #answered(arrivedMs: number): void {
    this.#answeredMs = performance.now()
    this.#wait.answered(arrivedMs, this.#answeredMs)
    this.#look(this.#answeredMs)
  }

  /** Looks again in the next turn of the event loop, which goes on meanwhile. */
  #look(nowMs: number): void {
    if (this.#isLooking || this.#calls === null || !this.#wait.isAwake(nowMs)) return
    this.#isLooking = true
    setImmediate(() => {
      this.#isLooking = false
      const nowMs = performance.now()
      if (this.#drain(0, nowMs) > 0) this.#answered(nowMs)
      else if (!this.#isClosed) this.#look(nowMs)
    })
  }
}
