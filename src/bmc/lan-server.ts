/** A BMC's LAN channel on a UDP socket: datagrams go to its session server and the answers out. */
import { lookup } from 'node:dns/promises'
import type { LanAccounts } from '../lan/accounts.ts'
import { RMCP_PORT } from '../lan/rmcp.ts'
import { type LanCaller, LanServerMachine } from '../lan/server.ts'
import type { Peer } from '../lan/server-session.ts'
import type { SolFarEnd } from '../lan/sol-server.ts'
import { UdpPort } from '../ports/udp-port.ts'
import { LastwordError } from '../protocol/error.ts'
import type { Bmc } from './bmc.ts'
import { solSettingsOf } from './commands/sol.ts'
import { submit } from './execute.ts'
import { hostPortText, listenError } from './listen-error.ts'
import type { LockedOut } from './log-ins.ts'
import { auditLockout } from './session-audit.ts'

export interface LanServerOptions {
  /** 127.0.0.1 unless given; an IPv6 address listens on IPv6. */
  host?: string
  /** 623 unless given; 0 picks a free one. */
  port?: number
  accounts: LanAccounts
  /** 1 unless given. */
  channel?: number
  maxSessions?: number
  inactivityMs?: number
  /** Where serial over LAN leads to; without it there is none. */
  sol?: SolFarEnd
  /** The socket failed. */
  onError?: (error: LastwordError) => void
  /** A user has had too many failed log-ins. */
  onLockOut?: (lockedOut: LockedOut) => void
}

const DEFAULT_HOST = '127.0.0.1'

export class LanServer {
  readonly machine: LanServerMachine
  /** The address in use. */
  readonly host: string
  readonly #bmc: Bmc
  #udp: UdpPort | null = null
  readonly #onError: (error: LastwordError) => void
  readonly #stopListening: () => void
  #timer: NodeJS.Timeout | null = null
  #timerDueMs = 0
  #isCommitDue = false
  #isClosed = false

  private constructor(bmc: Bmc, options: LanServerOptions, address: string) {
    this.#bmc = bmc
    this.host = address
    this.#onError = options.onError ?? (() => {})
    const { accounts, channel, maxSessions, inactivityMs, sol } = options
    this.machine = new LanServerMachine({
      accounts,
      guid: bmc.identity.guid,
      execute: (request, caller, respond) => this.#execute(request, caller, respond),
      ...(channel === undefined ? {} : { channel }),
      ...(maxSessions === undefined ? {} : { maxSessions }),
      ...(inactivityMs === undefined ? {} : { inactivityMs }),
      ...(sol === undefined ? {} : { sol: { farEnd: sol, settings: () => solSettingsOf(bmc) } }),
    })
    this.machine.onWake = () => this.#wake()
    this.machine.lockout.onLockOut = lockOut => {
      auditLockout(bmc, this.machine.channel, lockOut.userId)
      if (bmc.kept.isDirty) this.#commitSoon()
      const user = [...accounts.users()].find(({ id }) => id === lockOut.userId)
      const { host, port } = this
      options.onLockOut?.({ ...lockOut, userName: user?.name ?? '', host, port })
    }
    this.#stopListening = bmc.listen({
      onReset: kind => {
        if (kind === 'cold') this.machine.reset()
      },
    })
  }

  /** Listens. Throws LastwordError LISTEN with the address and the reason. */
  static async listen(bmc: Bmc, options: LanServerOptions): Promise<LanServer> {
    const host = options.host ?? DEFAULT_HOST
    const port = options.port ?? RMCP_PORT
    const server = await lookup(host)
      .then(async ({ address }) => {
        const listening = new LanServer(bmc, options, address)
        await listening.#open(port)
        return listening
      })
      .catch(cause => {
        throw listenError(`UDP ${hostPortText(host, port)}`, cause)
      })
    server.machine.port = server.port
    bmc.lanServers.set(server.machine.channel, server.machine)
    return server
  }

  /** The port in use. */
  get port(): number {
    return this.#udp?.port ?? 0
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#stopListening()
    this.#bmc.lanServers.delete(this.machine.channel)
    // Whoever has the line loses it.
    this.machine.reset()
    await this.#udp?.close()
  }

  async #open(port: number): Promise<void> {
    this.#udp = await UdpPort.open({
      address: this.host,
      port,
      take: (datagram, from, nowMs) => {
        const { faults } = this.#bmc
        if (faults === null) this.machine.handle(datagram, from, nowMs)
        else faults.receive(datagram, bytes => this.machine.handle(bytes, from, nowMs))
      },
      taken: () => this.#flush(),
      onError: cause =>
        this.#onError(new LastwordError('SOCKET', `UDP ${this.host}: ${cause.message}`, { cause })),
    }).catch(cause => {
      this.#stopListening()
      throw cause
    })
  }

  #execute(request: Uint8Array, lan: LanCaller, respond: (response: Uint8Array) => void): void {
    const { channel, privilege } = lan
    submit(this.#bmc, request, { channel, privilege, lan }, respond)
    if (this.#bmc.kept.isDirty) this.#commitSoon()
  }

  /** Whatever else has arrived by now is executed before; the disk is waited for once for all of it. */
  #commitSoon(): void {
    if (this.#isCommitDue) return
    this.#isCommitDue = true
    setImmediate(() => {
      this.#isCommitDue = false
      this.#bmc.flush()
      this.#flush()
    })
  }

  #flush(): void {
    for (let out = this.machine.pollTransmit(); out !== null; out = this.machine.pollTransmit()) {
      const { to, datagram } = out
      const { faults } = this.#bmc
      if (faults === null) this.#udp?.send(datagram, to)
      else faults.transmit(datagram, bytes => this.#sendNow(bytes, to))
    }
    this.#udp?.flush()
    this.#bmc.settle()
    this.#schedule()
  }

  #sendNow(datagram: Uint8Array, to: Peer): void {
    this.#udp?.send(datagram, to)
    this.#udp?.flush()
  }

  /** A timer that is due too early only looks again; most datagrams leave it as it is. */
  #schedule(): void {
    if (this.#timer !== null && !this.machine.isHurried) return
    const dueMs = this.machine.pollTimeout()
    if (dueMs === null || this.#isClosed) return
    if (this.#timer !== null) {
      if (dueMs >= this.#timerDueMs) return
      clearTimeout(this.#timer)
    }
    this.#timerDueMs = dueMs
    this.#timer = setTimeout(
      () => {
        this.#timer = null
        this.#wake()
      },
      Math.max(0, dueMs - performance.now()),
    )
    this.#timer.unref()
  }

  #wake(): void {
    this.machine.tick(performance.now())
    this.#flush()
  }
}
