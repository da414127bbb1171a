/** One simulated BMC, or many alike, served over LAN and the VM serial protocol: sockets, ticks and passwords. */
import { createSocket, type Socket } from 'node:dgram'
import { join } from 'node:path'
import type { SolFarEnd } from '../lan/sol-server.ts'
import type { LastwordError } from '../protocol/error.ts'
import { Bmc, type BmcOptions } from './bmc.ts'
import { ControlServer } from './control-socket.ts'
import type { Fault } from './faults.ts'
import { endOrphan, HostProcess, runHook } from './host-process.ts'
import { derivedGuid } from './identity.ts'
import { type HostPort, listenOnLan } from './lan-range.ts'
import type { LanServer } from './lan-server.ts'
import { hostPortText } from './listen-error.ts'
import type { LockedOut } from './log-ins.ts'
import { farEndOf } from './sol-far-ends.ts'
import { configuredSince } from './stores/configured-since.ts'
import { type DrawnPassword, DrawnPasswords } from './stores/drawn-passwords.ts'
import type { Damage } from './stores/journal.ts'
import { RunningTime } from './stores/running-time.ts'
import { lockStateDir } from './stores/state-lock.ts'
import { usersOf } from './stores/user-store.ts'
import { VmServer } from './vm-server.ts'
import type { BmcConfig } from './world/config.ts'
import { makeWorld } from './world/world.ts'

export type { HostPort }

export interface BmcServiceOptions {
  config: BmcConfig
  /** Where the LAN channel listens; of many, the first one's address, the others' follow it. */
  lan?: HostPort
  /** Where the first BMC's VM connects. */
  vm?: HostPort
  stateDir?: string
  /** The configuration's users are as it has them at each start, whatever was set in between, and so, if told, their passwords. */
  insistOnUsers?: { passwords: boolean }
  /** 1 unless given. */
  count?: number
  /** What each does wrong from the start. */
  faults?: readonly Fault[]
  /** For a shell: the first BMC's host, a process that it starts and ends. LASTWORD_VM tells where to connect to. */
  hostCommand?: string
  /** For a shell: is run with each action on a host, whose name is in LASTWORD_ACTION. */
  hook?: string
  /** Where serial over LAN of the first BMC leads to: `echo`, `exec:COMMAND`, `tcp:HOST:PORT` or `unix:PATH`. */
  sol?: string
  /** A Unix socket for changes at run time. */
  control?: string
  onError?: (error: LastwordError) => void
  onDamage?: (damage: Damage) => void
  onVm?: (state: 'connected' | 'gone') => void
  onLockOut?: (lockedOut: LockedOut) => void
}

const TICK_MS = 100
/** Many are looked at less often. */
const TICK_OF_MANY_MS = 1000
const MANY = 64

interface ServiceParts {
  bmcs: readonly Bmc[]
  drawn: readonly DrawnPassword[]
  runningTime: RunningTime
  unlock: () => void
}

export class BmcService {
  readonly bmcs: readonly Bmc[]
  readonly lanServers: LanServer[] = []
  vmServer: VmServer | null = null
  controlServer: ControlServer | null = null
  host: HostProcess | null = null
  /** To be shown once, and nowhere else. */
  readonly drawn: readonly DrawnPassword[]
  /** Not before everybody who is told of a host is there. */
  #ticking: NodeJS.Timeout | null = null
  /** Opened with the first trap. */
  #trapSocket: Socket | null = null
  #solFarEnd: SolFarEnd | null = null
  readonly #runningTime: RunningTime
  readonly #unlock: () => void

  private constructor({ bmcs, drawn, runningTime, unlock }: ServiceParts) {
    this.bmcs = bmcs
    this.drawn = drawn
    this.#runningTime = runningTime
    this.#unlock = unlock
    for (const bmc of bmcs) bmc.listen({ onTrap: (trap, to) => this.#sendTrap(trap, to) })
  }

  /** Throws LastwordError CONFIG, LISTEN, STATE_DIR or STATE_LOCKED; nothing is left open then. */
  static async start(options: BmcServiceOptions): Promise<BmcService> {
    const service = makeService(options)
    try {
      await service.#listen(options)
      service.#startTicking()
      return service
    } catch (error) {
      await service.close()
      throw error
    }
  }

  static make(parts: ServiceParts): BmcService {
    return new BmcService(parts)
  }

  async close(): Promise<void> {
    if (this.#ticking !== null) clearInterval(this.#ticking)
    this.#trapSocket?.close()
    await this.controlServer?.close()
    await this.host?.close()
    await this.vmServer?.close()
    await Promise.all(this.lanServers.map(server => server.close()))
    this.#solFarEnd?.close?.()
    for (const bmc of this.bmcs) bmc.close()
    this.#runningTime.keep()
    this.#unlock()
  }

  /** A trap that gets lost is lost: SNMP has no other promise. */
  #sendTrap(trap: Uint8Array, { address, port }: { address: string; port: number }): void {
    this.#trapSocket ??= createSocket('udp4').on('error', () => {})
    this.#trapSocket.unref()
    this.#trapSocket.send(trap, port, address)
  }

  #startTicking(): void {
    const everyMs = this.bmcs.length > MANY ? TICK_OF_MANY_MS : TICK_MS
    this.#ticking = setInterval(() => this.#tick(), everyMs)
  }

  #tick(): void {
    for (const bmc of this.bmcs) bmc.tick()
    this.#runningTime.tick()
  }

  async #listen(options: BmcServiceOptions): Promise<void> {
    await this.#listenToHosts(options)
    if (options.control !== undefined)
      this.controlServer = await ControlServer.listen(options.control, this.bmcs)
    const onError = options.onError ?? (() => {})
    if (options.hook !== undefined) for (const bmc of this.bmcs) runHook(bmc, options.hook, onError)
    if (options.hostCommand !== undefined) {
      const vm = options.vm && this.vmServer && hostPortText(options.vm.host, this.vmServer.port)
      const environment: Record<string, string> = vm ? { LASTWORD_VM: vm } : {}
      const file = options.stateDir === undefined ? undefined : join(options.stateDir, 'host')
      if (file !== undefined) await endOrphan(file)
      this.host = new HostProcess(this.bmcs[0]!, {
        command: options.hostCommand,
        environment,
        onError,
        ...(file !== undefined && { file }),
      })
    }
    for (const bmc of this.bmcs) for (const fault of options.faults ?? []) bmc.addFault(fault)
  }

  async #listenToHosts({ lan, vm, sol, onError, onVm, onLockOut }: BmcServiceOptions): Promise<void> {
    const report = onError === undefined ? {} : { onError }
    this.#solFarEnd = sol === undefined ? null : farEndOf(sol)
    if (vm !== undefined)
      this.vmServer = await VmServer.listen(this.bmcs[0]!, { ...vm, ...report, ...(onVm && { onVm }) })
    if (lan === undefined) return
    const servers = await listenOnLan(this.bmcs, lan, {
      ...report,
      ...(onLockOut && { onLockOut }),
      sol: this.#solFarEnd,
    })
    this.lanServers.push(...servers)
  }
}

function makeService(options: BmcServiceOptions): BmcService {
  const { config, stateDir, onError, onDamage } = options
  const count = options.count ?? 1
  const world = makeWorld(config)
  const unlock = stateDir === undefined ? () => {} : lockStateDir(stateDir)
  const bmcs: Bmc[] = []
  try {
    const passwords = new DrawnPasswords(stateDir)
    const users = usersOf(config.users, config.lan.channel, ({ name }) => passwords.of(name))
    passwords.keep()
    const runningTime = new RunningTime({ nowMs: Date.now, stateDir, onError })
    const shared: BmcOptions = {
      runningTime,
      world,
      configuredSince: configuredSince(stateDir, world.sdrs, Math.floor(Date.now() / 1000)),
      users,
      stateLock: 'owner',
      ...(onError && { onError }),
      ...(onDamage && { onDamage }),
    }
    for (let index = 0; index < count; index++) {
      const [first] = bmcs
      const identity = first && { identity: { guid: derivedGuid(first.identity.guid, index) } }
      const bmc = new Bmc({ ...shared, ...identity, index, ...stateOf(stateDir, index, count) })
      bmcs.push(bmc)
      if (options.insistOnUsers) insistOnUsers(bmc, options.insistOnUsers)
    }
    return BmcService.make({ bmcs, drawn: passwords.fresh, runningTime, unlock })
  } catch (error) {
    for (const bmc of bmcs) bmc.close()
    unlock()
    throw error
  }
}

function insistOnUsers(bmc: Bmc, how: { passwords: boolean }): void {
  bmc.users.insistOnGiven(how)
  const refusal = bmc.flush()
  if (refusal !== null) throw refusal
}

function stateOf(stateDir: string | undefined, index: number, count: number): Partial<BmcOptions> {
  if (stateDir === undefined) return {}
  return { stateDir: count === 1 ? stateDir : join(stateDir, String(index)) }
}
