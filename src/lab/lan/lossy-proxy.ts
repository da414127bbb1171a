/** A UDP proxy that loses, repeats and delays what goes through it, for real programs on both sides. */
import { createSocket, type Socket } from 'node:dgram'
import { seededRandom, type Weather } from './virtual-lan.ts'

export class LossyProxy implements AsyncDisposable {
  /** Datagrams that came, both ways together. */
  datagrams = 0
  readonly #front: Socket
  readonly #behind = new Map<string, Socket>()
  readonly #weather: Weather
  readonly #random: () => number
  readonly #timers = new Set<NodeJS.Timeout>()
  #isClosed = false

  private constructor(front: Socket, weather: Weather, seed: number) {
    this.#front = front
    this.#weather = weather
    this.#random = seededRandom(seed)
  }

  static async start(bmcPort: number, weather: Weather, seed: number): Promise<LossyProxy> {
    const front = createSocket('udp4')
    await new Promise<void>(resolve => front.bind(0, '127.0.0.1', resolve))
    const proxy = new LossyProxy(front, weather, seed)
    front.on('message', (datagram, from) => {
      const behind = proxy.#socketFor(from.port)
      proxy.#carry(() => behind.send(datagram, bmcPort, '127.0.0.1'))
    })
    return proxy
  }

  get port(): number {
    return this.#front.address().port
  }

  /** To the BMC each console is an address of its own. */
  #socketFor(consolePort: number): Socket {
    const known = this.#behind.get(String(consolePort))
    if (known !== undefined) return known
    const socket = createSocket('udp4')
    socket.on('message', datagram => this.#carry(() => this.#front.send(datagram, consolePort, '127.0.0.1')))
    this.#behind.set(String(consolePort), socket)
    return socket
  }

  #carry(send: () => void): void {
    this.datagrams++
    const { loss, repetition, shortestMs, longestMs } = this.#weather
    const copies = this.#random() < repetition ? 2 : 1
    for (let i = 0; i < copies; i++) {
      if (this.#random() < loss) continue
      const timer = setTimeout(
        () => {
          this.#timers.delete(timer)
          if (!this.#isClosed) send()
        },
        shortestMs + this.#random() * (longestMs - shortestMs),
      )
      this.#timers.add(timer)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    for (const timer of this.#timers) clearTimeout(timer)
    for (const socket of [this.#front, ...this.#behind.values()]) socket.close()
  }
}
