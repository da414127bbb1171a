/** A UDP proxy that delays both ways, and counts datagrams and the round trips that wait for each other. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

export interface Traffic {
  /** Towards the BMC. */
  datagrams: number
  /** The longest chain of requests each of which was sent after the answer of the one before had come. */
  roundTrips: number
}

export class DelayProxy implements AsyncDisposable {
  readonly #socket: Socket
  readonly #target: number
  readonly #oneWayMs: number
  #consolePort = 0
  #datagrams = 0
  /** Round trips that the console has seen the end of. */
  #seen = 0
  /** In which round trip each request without an answer yet was sent; a BMC answers in order. */
  #pending: number[] = []
  #longest = 0

  private constructor(socket: Socket, target: number, roundTripMs: number) {
    this.#socket = socket
    this.#target = target
    this.#oneWayMs = roundTripMs / 2
    socket.on('message', (data, from) => {
      if (from.port === target) this.#toConsole(data)
      else this.#toBmc(data, from.port)
    })
  }

  static async start(target: number, roundTripMs: number): Promise<DelayProxy> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 }).bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return new DelayProxy(socket, target, roundTripMs)
  }

  get port(): number {
    return (this.#socket.address() as AddressInfo).port
  }

  /** What has come by since the last call. */
  take(): Traffic {
    const traffic = { datagrams: this.#datagrams, roundTrips: this.#longest }
    this.#datagrams = 0
    this.#longest = 0
    this.#seen = 0
    this.#pending = []
    return traffic
  }

  #toBmc(data: Buffer, port: number): void {
    this.#consolePort = port
    this.#datagrams++
    const trip = this.#seen + 1
    this.#longest = Math.max(this.#longest, trip)
    this.#pending.push(trip)
    this.#later(data, this.#target)
  }

  #toConsole(data: Buffer): void {
    const trip = this.#pending.shift() ?? this.#seen
    this.#later(data, this.#consolePort, () => {
      this.#seen = Math.max(this.#seen, trip)
    })
  }

  #later(data: Buffer, port: number, then: () => void = () => {}): void {
    setTimeout(() => {
      then()
      this.#socket.send(data, port, '127.0.0.1')
    }, this.#oneWayMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close()
    await once(this.#socket, 'close')
  }
}
