/** Session machines of console and BMC on a network inside the process, with a clock of its own: it loses, repeats, delays and reorders. */
import { Bmc } from '../../bmc/bmc.ts'
import { execute } from '../../bmc/execute.ts'
import { MemoryAccounts } from '../../lan/accounts.ts'
import { LanClientMachine } from '../../lan/client.ts'
import type { LanClientOptions } from '../../lan/client-options.ts'
import { earliest } from '../../lan/pending.ts'
import { type LanCaller, LanServerMachine, type LanServerMachineOptions } from '../../lan/server.ts'
import { isSamePeer, type Peer } from '../../lan/server-session.ts'
import type { LastwordError } from '../../protocol/error.ts'
import { user } from './rig.ts'

/** Chances from 0 to 1 for each datagram, and its time on the way. */
export interface Weather {
  loss: number
  repetition: number
  shortestMs: number
  longestMs: number
}

export const fairWeather: Weather = { loss: 0, repetition: 0, shortestMs: 1, longestMs: 1 }

interface Underway {
  dueMs: number
  order: number
  deliver(): void
}

export const consolePeer: Peer = { address: '192.0.2.1', port: 5000 }

export class VirtualLan {
  readonly bmc = new Bmc({ nowMs: () => this.nowMs, selCapacity: 20_000 })
  readonly server: LanServerMachine
  readonly client: LanClientMachine
  /** Each request that the BMC executed: netFn/LUN, command, data. */
  readonly executed: Uint8Array[] = []
  /** A completion code in place of execution; 0: it is executed. */
  refuse: ((request: Uint8Array) => number) | null = null
  /** What becomes of a datagram of the BMC before the console gets it. */
  tamper: ((datagram: Uint8Array) => Uint8Array) | null = null
  /** Sees each datagram as it is sent, before the weather does. */
  onDatagram: ((datagram: Uint8Array, to: 'bmc' | 'console') => void) | null = null
  weather: Weather
  nowMs = 0
  /** Datagrams that were sent, both ways together. */
  datagrams = 0
  readonly #random: () => number
  #underway: Underway[] = []
  #order = 0

  constructor(
    weather: Weather,
    seed: number,
    options: { client?: Partial<LanClientOptions>; server?: Partial<LanServerMachineOptions> } = {},
  ) {
    this.weather = weather
    this.#random = seededRandom(seed)
    this.server = new LanServerMachine({
      accounts: new MemoryAccounts({ users: [user] }),
      guid: new Uint8Array(16),
      execute: (request, caller, respond) => respond(this.#execute(request, caller)),
      ...options.server,
    })
    this.bmc.lanServers.set(this.server.channel, this.server)
    this.client = new LanClientMachine({
      name: 'bmc',
      version: '2.0',
      userName: user.name,
      password: new Uint8Array(Buffer.from(user.password)),
      ...options.client,
    })
  }

  /** Sends a request, and runs the network until it has ended. */
  ask(
    netFn: number,
    cmd: number,
    data: Uint8Array = new Uint8Array(0),
  ): { error: LastwordError | null; body: Uint8Array } {
    const [answer] = this.askAll([{ netFn, cmd, data }])
    return answer!
  }

  /** Sends requests at once, and runs the network until all have ended. */
  askAll(requests: readonly { netFn: number; cmd: number; data: Uint8Array }[]) {
    const answers: { error: LastwordError | null; body: Uint8Array }[] = []
    let open = requests.length
    requests.forEach((request, index) => {
      this.client.request(
        { ...request, lun: 0, route: [] },
        (error, body) => {
          if (answers[index] !== undefined) throw new Error('a request was answered twice')
          answers[index] = { error, body }
          open--
        },
        this.nowMs,
      )
    })
    this.run(() => open === 0)
    return answers
  }

  /** Lets time pass until `isDone`, or until nothing would ever happen any more. */
  run(isDone: () => boolean): void {
    for (;;) {
      this.#collect()
      if (isDone()) return
      const dueMs = this.#nextDueMs()
      if (dueMs === null) return
      this.nowMs = Math.max(this.nowMs, dueMs)
      this.#deliver()
      this.client.tick(this.nowMs)
      this.server.tick(this.nowMs)
    }
  }

  /** Lets so much time pass. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms
    this.#underway.push({ dueMs: endMs, order: this.#order++, deliver: () => {} })
    this.run(() => this.nowMs >= endMs)
  }

  #execute(request: Uint8Array, lan: LanCaller): Uint8Array {
    const code = this.refuse?.(request) ?? 0
    if (code !== 0) return Uint8Array.of(request[0]! | 4, request[1]!, code)
    this.executed.push(request)
    return execute(this.bmc, request, { channel: lan.channel, privilege: lan.privilege, lan })
  }

  #collect(): void {
    for (let out = this.client.pollTransmit(); out !== null; out = this.client.pollTransmit()) {
      const datagram = out
      this.onDatagram?.(datagram, 'bmc')
      this.#carry(() => this.server.handle(datagram, consolePeer, this.nowMs))
    }
    for (let out = this.server.pollTransmit(); out !== null; out = this.server.pollTransmit()) {
      const { to } = out
      const datagram = this.tamper?.(out.datagram) ?? out.datagram
      this.onDatagram?.(datagram, 'console')
      if (!isSamePeer(to, consolePeer)) continue
      this.#carry(() => this.client.handle(datagram, this.nowMs))
    }
  }

  #carry(deliver: () => void): void {
    this.datagrams++
    const { loss, repetition, shortestMs, longestMs } = this.weather
    const copies = this.#random() < repetition ? 2 : 1
    for (let i = 0; i < copies; i++) {
      if (this.#random() < loss) continue
      const onTheWayMs = shortestMs + this.#random() * (longestMs - shortestMs)
      this.#underway.push({ dueMs: this.nowMs + onTheWayMs, order: this.#order++, deliver })
    }
  }

  #deliver(): void {
    const due = this.#underway.filter(packet => packet.dueMs <= this.nowMs)
    this.#underway = this.#underway.filter(packet => packet.dueMs > this.nowMs)
    due.sort((a, b) => a.dueMs - b.dueMs || a.order - b.order)
    for (const packet of due) {
      packet.deliver()
      this.#collect()
    }
  }

  #nextDueMs(): number | null {
    return earliest([
      ...this.#underway.map(packet => packet.dueMs),
      this.client.pollTimeout(this.nowMs),
      this.server.pollTimeout(),
    ])
  }
}

/** Numbers from 0 to 1, the same for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
