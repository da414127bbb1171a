/** Strangers throw datagrams at a BMC and a console: noise, and what they overheard, changed, cut, joined and replayed. */

import { GetDeviceId } from '../../protocol/commands/device.ts'
import { AddSelEntry } from '../../protocol/commands/sel.ts'
import { NetFn } from '../../protocol/net-fn.ts'
import { consolePeer, fairWeather, seededRandom, VirtualLan } from './virtual-lan.ts'

export interface HostileReport {
  datagrams: number
  /** Requests of the console in between, and those that did not get their answer. */
  requests: number
  failedRequests: number
  logIns: number
  failedLogIns: number
  sessionsLost: number
  /** Records that the BMC has and nobody who was logged in added. */
  forgedRecords: number
  /** The most that the BMC held at any time. */
  mostSessions: number
}

const CORPUS = 400
const stranger = { address: '198.51.100.7', port: 4000 }
/** Datagrams between two requests of the console, and requests between two log-ins. */
const BETWEEN_REQUESTS = 40
const BETWEEN_LOG_INS = 25

/** Throws what the machines throw, which must be nothing. */
export function runHostile(options: { datagrams: number; seed: number }): HostileReport {
  const lan = new VirtualLan(fairWeather, options.seed)
  const attack = new Attack(lan, options.seed)
  const report: HostileReport = {
    datagrams: 0,
    requests: 0,
    failedRequests: 0,
    logIns: 0,
    failedLogIns: 0,
    sessionsLost: 0,
    forgedRecords: 0,
    mostSessions: 0,
  }
  let added = 0
  while (attack.thrown < options.datagrams) {
    attack.mode = 'fromAbroad'
    lan.client.forget()
    for (const session of lan.server.sessions.all()) lan.server.close(session)
    report.logIns++
    if (lan.ask(NetFn.App, GetDeviceId.cmd).error !== null) report.failedLogIns++
    const [session] = lan.server.sessions.all()
    for (let i = 0; i < BETWEEN_LOG_INS; i++) {
      attack.mode = 'none'
      attack.throwMany(BETWEEN_REQUESTS)
      report.requests++
      const isAdding = i % 5 === 0
      const { error, body } = isAdding
        ? lan.ask(NetFn.Storage, AddSelEntry.cmd, new Uint8Array(16).fill(0xf0))
        : lan.ask(NetFn.App, GetDeviceId.cmd)
      if (error !== null || body[0] !== 0) report.failedRequests++
      else if (isAdding) added++
      if (session === undefined || lan.server.sessions.get(session.id) !== session) report.sessionsLost++
      report.mostSessions = Math.max(report.mostSessions, lan.server.sessions.size)
    }
  }
  report.datagrams = attack.thrown
  report.forgedRecords = lan.bmc.sel.length - added
  return report
}

class Attack {
  thrown = 0
  /** Whether the machines' own traffic is answered by a throw from another address. */
  mode: 'none' | 'fromAbroad' = 'none'
  readonly #lan: VirtualLan
  readonly #random: () => number
  readonly #overheard: { datagram: Uint8Array; to: 'bmc' | 'console' }[] = []

  constructor(lan: VirtualLan, seed: number) {
    this.#lan = lan
    this.#random = seededRandom(seed + 1)
    lan.onDatagram = (datagram, to) => {
      this.#overhear(datagram, to)
      if (this.mode === 'fromAbroad') for (let i = 0; i < 3; i++) this.#throw('abroad')
    }
  }

  throwMany(count: number): void {
    for (let i = 0; i < count; i++) this.#throw(this.#random() < 0.5 ? 'abroad' : 'spoofed')
  }

  #overhear(datagram: Uint8Array, to: 'bmc' | 'console'): void {
    const entry = { datagram, to }
    if (this.#overheard.length < CORPUS) this.#overheard.push(entry)
    else this.#overheard[this.#below(CORPUS)] = entry
  }

  #throw(from: 'abroad' | 'spoofed'): void {
    this.thrown++
    const datagram = this.#forge()
    const { server, client, nowMs } = this.#lan
    server.handle(datagram, from === 'abroad' ? stranger : consolePeer, nowMs)
    // A console hears from its BMC's address only; that can be spoofed.
    if (from === 'spoofed') client.handle(datagram, nowMs)
    // What the BMC says to strangers goes nowhere.
    if (from === 'abroad') while (server.pollTransmit() !== null);
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  #pick(): Uint8Array {
    return this.#overheard[this.#below(this.#overheard.length)]?.datagram ?? new Uint8Array(0)
  }

  #noise(): Uint8Array {
    return Uint8Array.from({ length: this.#below(120) }, () => this.#below(256))
  }

  #forge(): Uint8Array {
    const base = this.#pick()
    switch (this.#below(8)) {
      case 0:
        return this.#noise()
      case 1:
        return Uint8Array.of(0x06, 0x00, this.#below(256), this.#below(256), ...this.#noise())
      case 2:
        return base
      case 3:
        return base.slice(0, this.#below(base.length + 1))
      case 4:
        return Uint8Array.of(...base, ...this.#noise())
      case 5: {
        const other = this.#pick()
        return Uint8Array.of(
          ...base.subarray(0, this.#below(base.length + 1)),
          ...other.subarray(this.#below(other.length + 1)),
        )
      }
      default: {
        const changed = base.slice()
        for (let i = this.#below(4); i >= 0; i--) changed[this.#below(changed.length)] = this.#below(256)
        return changed
      }
    }
  }
}
