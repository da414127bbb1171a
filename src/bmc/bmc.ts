/** A simulated management controller: its identity, its stores, and what its front ends are told. */
import { join } from 'node:path'
import { z } from 'zod'
import type { LanServerMachine } from '../lan/server.ts'
import type { Saveable, Tape } from '../machine/tape.ts'
import type { LastwordError } from '../protocol/error.ts'
import { decodeSelRecord, encodeSelRecord, type SelRecord } from '../protocol/sel-record.ts'
import type { BmcListener, BmcOptions } from './bmc-options.ts'
import { Chassis } from './chassis.ts'
import type { BmcIdentity, Controller } from './controller.ts'
import { type Fault, type FaultKind, Faults } from './faults.ts'
import { identityOf } from './identity.ts'
import { Messaging } from './messaging.ts'
import { Pef } from './pef.ts'
import { Sensors } from './sensors.ts'
import { FruStore } from './stores/fru-store.ts'
import { KeptState } from './stores/kept-state.ts'
import { RunningTime } from './stores/running-time.ts'
import { SdrRepository } from './stores/sdr-repository.ts'
import { SelStore } from './stores/sel-store.ts'
import { Settings, settingFamily } from './stores/settings.ts'
import { lockStateDir } from './stores/state-lock.ts'
import { type User, UserStore } from './stores/user-store.ts'
import { Watchdog, type WatchdogAction } from './watchdog.ts'
import { bmcConfig } from './world/config.ts'
import { BMC_ADDRESS, makeWorld, satelliteWorld, type World } from './world/world.ts'

export type { BmcIdentity, BmcListener, BmcOptions }

const receiverShape = z.object({ slaveAddress: z.number(), lun: z.number() })
type EventReceiver = z.output<typeof receiverShape>
const receiverFamily = settingFamily('eventReceiver', receiverShape)
const itself: EventReceiver = { slaveAddress: 0x20, lun: 0 }

const noUsers: ReadonlyMap<number, User> = new Map()
let bareWorld: World | undefined

export class Bmc implements Saveable, Controller {
  readonly identity: BmcIdentity
  readonly world: World
  readonly index: number
  readonly kept: KeptState
  readonly settings: Settings
  readonly sel: SelStore
  readonly sdrs: SdrRepository
  readonly frus: FruStore
  readonly users: UserStore
  readonly sensors: Sensors
  readonly chassis: Chassis
  readonly pef: Pef
  readonly messaging: Messaging
  readonly watchdog: Watchdog
  /** The session servers of its LAN channels, by channel number. */
  readonly lanServers = new Map<number, LanServerMachine>()
  /** Where the LAN channel can be reached, once it is served. */
  lanAddress: { host: string; port: number } | null = null
  /** What this BMC does wrong on request; null: nothing. */
  faults: Faults | null = null
  /** A Partial Add SEL Entry that has begun. */
  partialRecord: Uint8Array | null = null
  readonly #ownAddress: number
  readonly #nowMs: () => number
  readonly #startedMs: number
  readonly #listeners = new Set<BmcListener>()
  readonly #unlock: () => void
  readonly #ownTime: RunningTime | null
  readonly #satellites = new Map<number, Bmc>()
  #polledMs = 0
  #resetDue: 'cold' | 'warm' | null = null

  /** Throws LastwordError STATE_DIR or STATE_LOCKED when the state directory cannot be had. */
  constructor(options: BmcOptions = {}) {
    this.#nowMs = options.nowMs ?? Date.now
    this.#startedMs = this.#nowMs()
    this.#ownAddress = options.ownAddress ?? BMC_ADDRESS
    bareWorld ??= makeWorld(bmcConfig.parse({}))
    const world = options.world ?? bareWorld
    this.world = world
    this.index = options.index ?? 0
    const { stateDir, durability, onDamage, onError } = options
    this.kept = new KeptState({
      ...(stateDir === undefined ? {} : { file: join(stateDir, 'state.journal') }),
      ...(durability === undefined ? {} : { durability }),
      ...(onDamage === undefined ? {} : { onDamage }),
      ...(onError === undefined ? {} : { onError }),
    })
    this.settings = new Settings(this.kept)
    const capacity = options.selCapacity ?? world.config.sel.capacity
    this.sel = new SelStore({ now: () => this.seconds, capacity }, this.kept)
    const locks = stateDir !== undefined && options.stateLock !== 'owner'
    this.#unlock = locks ? lockStateDir(stateDir) : () => {}
    this.#open()
    this.#ownTime =
      options.runningTime === undefined ? new RunningTime({ nowMs: this.#nowMs, stateDir, onError }) : null
    this.identity = identityOf(world, this.settings, options.identity)
    this.sdrs = new SdrRepository({
      settings: this.settings,
      worlds: world.sdrs,
      since: options.configuredSince ?? this.seconds,
      seconds: () => this.seconds,
    })
    this.frus = new FruStore(this.settings, world, this.index)
    this.users = new UserStore(this.settings, options.users ?? noUsers)
    this.chassis = new Chassis({
      config: world.config.power,
      settings: this.settings,
      nowMs: this.#nowMs,
      runningTime: options.runningTime ?? this.#ownTime!,
      act: action => this.#tell(listener => listener.onHostAction?.(action)),
      hostObeys: () => this.hasConnectedHost,
      isOwned: () => this.#some(listener => listener.ownsPower?.()),
      takesNmi: () => this.#some(listener => listener.takesNmi?.()),
    })
    this.chassis.start()
    this.#keepBeginning()
    this.sensors = new Sensors({
      world,
      settings: this.settings,
      index: this.index,
      seconds: () => (this.#nowMs() - this.#startedMs) / 1000,
      power: () => (this.chassis.isOn ? 'on' : 'off'),
      raise: event => this.raiseEvent(event),
      ownAddress: this.#ownAddress,
    })
    this.pef = new Pef(this, {
      nowMs: this.#nowMs,
      send: (trap, to) => this.#tell(listener => listener.onTrap?.(trap, to)),
      log: event => this.raiseEvent(event),
    })
    this.messaging = new Messaging(state => this.#tell(listener => listener.onAttention?.(state)))
    this.watchdog = new Watchdog(
      this.#nowMs,
      {
        log: record => this.raiseEvent(record),
        preTimeout: () => this.messaging.raiseWatchdogPreTimeout(),
        act: action => this.#watchdogActs(action),
      },
      world.watchdogSensor,
    )
  }

  /** Where this BMC sends its events. Section 29.1. */
  get eventReceiver(): EventReceiver {
    return this.settings.get(receiverFamily) ?? itself
  }

  set eventReceiver(receiver: EventReceiver) {
    this.settings.set(receiverFamily, '', receiver)
  }

  /** Seconds since 1970. */
  get seconds(): number {
    return Math.floor(this.#nowMs() / 1000)
  }

  /** Watts that the host takes now, and over the last so many seconds. */
  power(overSeconds: number): { watts: number; min: number; max: number; average: number } {
    const { watts } = this.world
    const now = (this.#nowMs() - this.#startedMs) / 1000
    const at = (seconds: number) => Math.round(watts.at(Math.max(0, seconds), this.index, 'on'))
    if (!this.chassis.isOn) return { watts: 0, min: 0, max: 0, average: 0 }
    const count = Math.min(overSeconds, MAX_POWER_SAMPLES)
    const recent = Array.from({ length: count }, (_, i) => at(now - (i * overSeconds) / count))
    const average = Math.round(recent.reduce((sum, value) => sum + value, 0) / count)
    return { watts: at(now), min: Math.min(...recent), max: Math.max(...recent), average }
  }

  #watchdogActs(action: WatchdogAction | 'nmi'): void {
    this.chassis.control(
      action === 'nmi' ? 'diagnosticInterrupt' : controls[action],
      'watchdog',
      SYSTEM_INTERFACE,
    )
  }

  /** The controller at this address of a bus: this one, or a satellite, made when it is first asked. */
  controllerAt(address: number, channel = this.world.satelliteChannel): Bmc | undefined {
    if (channel !== this.world.satelliteChannel) return undefined
    if (address === this.#ownAddress) return this
    const known = this.#satellites.get(address)
    if (known !== undefined) return known
    const config = this.world.config.satellites.find(satellite => satellite.address === address)
    if (config === undefined) return undefined
    const world = satelliteWorld(config, channel)
    const made = new Bmc({ world, index: this.index, nowMs: this.#nowMs, ownAddress: address })
    // Its events go where a satellite's events go: to the BMC.
    made.listen({ onEvent: raw => this.#takeEvent(raw) })
    this.#satellites.set(address, made)
    return made
  }

  /** Of a controller behind this one: a satellite passes it on. */
  #takeEvent(raw: Uint8Array): void {
    if (this.#ownAddress === BMC_ADDRESS) this.logEvent(raw)
    else this.#tell(listener => listener.onEvent?.(raw))
  }

  /** Whoever cannot read the state does not keep others from it. */
  #open(): void {
    try {
      this.kept.open()
    } catch (error) {
      this.#unlock()
      throw error
    }
  }

  /** A GUID that was drawn and not kept would be another one tomorrow. */
  #keepBeginning(): void {
    const error = this.flush()
    if (error === null) return
    this.close()
    throw error
  }

  listen(listener: BmcListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** A host that does itself what it is told, a VM. */
  get hasConnectedHost(): boolean {
    return this.#some(listener => listener.hasHost?.())
  }

  #some(what: (listener: BmcListener) => boolean | undefined): boolean {
    return [...this.#listeners].some(listener => what(listener) === true)
  }

  #tell(what: (listener: BmcListener) => void): void {
    for (const listener of this.#listeners) what(listener)
  }

  /** An event of this BMC's own: into the SEL, and into the event buffer if the host wants it. */
  raiseEvent(record: SelRecord): number {
    const raw = encodeSelRecord(record)
    this.#tell(listener => listener.onEvent?.(raw))
    return this.logEvent(raw)
  }

  /** Returns the record's ID, or SEL_FULL. */
  logEvent(raw: Uint8Array): number {
    const id = this.messaging.isEventLoggingOn ? this.sel.add(raw) : 0
    this.messaging.bufferEvent(raw)
    const record = decodeSelRecord(raw)
    if (record.kind === 'system') this.pef.process(record, id)
    return id
  }

  /** Turns a fault on, one of its kind at a time. */
  addFault(fault: Fault): void {
    this.faults ??= new Faults()
    this.faults.set(fault)
    this.#applyFaults()
  }

  /** Turns one kind of fault off, or all. */
  clearFaults(kind?: FaultKind): void {
    this.faults?.clear(kind)
    this.#applyFaults()
    if (this.faults?.list.length === 0) this.faults = null
  }

  /** Some faults are not in what comes and goes but in what the BMC is. */
  #applyFaults(): void {
    this.sel.isForcedFull = this.faults?.has('sel-full') ?? false
    this.sel.skewSeconds = this.faults?.value('clock') ?? 0
    for (const server of this.lanServers.values())
      server.sessions.isExhausted = this.faults?.has('sessions') ?? false
  }

  /** A reset was asked for; it happens once the answer is out (`settle`). */
  requestReset(kind: 'cold' | 'warm'): void {
    this.#resetDue = kind
  }

  /** To be called after an answer has been given: what was to happen behind it happens now. */
  settle(): void {
    const kind = this.#resetDue
    // While something waits for the disk, its answer is not out.
    if (kind === null || this.kept.isDirty) return
    this.#resetDue = null
    this.reset(kind)
  }

  /** A warm one leaves enables, thresholds, sessions and the watchdog as they are. Section 20.3. */
  reset(kind: 'cold' | 'warm'): void {
    this.sel.cancelReservation()
    this.sdrs.cancelReservation()
    this.partialRecord = null
    if (kind === 'cold') {
      this.messaging.reset()
      this.watchdog.reset()
      this.sensors.reset()
      if (this.settings.get(receiverFamily) !== undefined) this.eventReceiver = itself
    }
    this.#tell(listener => listener.onReset?.(kind))
  }

  /** Lets time pass: the watchdog counts, power goes on or off, sensors are looked at, and what they log is kept. */
  tick(): void {
    this.watchdog.tick()
    this.chassis.tick()
    this.pef.tick()
    if (this.#nowMs() - this.#polledMs >= POLL_MS) {
      this.#polledMs = this.#nowMs()
      this.sensors.poll()
      for (const satellite of this.#satellites.values()) satellite.tick()
    }
    this.#ownTime?.tick()
    this.flush()
  }

  /** Puts on disk what was changed; when the disk refuses, it is undone and the error is returned and told. */
  flush(): LastwordError | null {
    return this.kept.flush()
  }

  close(): void {
    this.kept.close()
    this.#ownTime?.keep()
    this.#unlock()
  }

  save(tape: Tape): void {
    this.sel.save(tape)
    this.messaging.save(tape)
    this.watchdog.save(tape)
    tape.put(this.#resetDue === null ? 0 : this.#resetDue === 'cold' ? 1 : 2)
    tape.putRef(this.partialRecord)
    tape.putRef(this.settings.snapshot())
    tape.putRef(this.chassis.snapshot())
    tape.putRef(this.sensors.snapshot())
  }

  load(tape: Tape): void {
    this.sel.load(tape)
    this.messaging.load(tape)
    this.watchdog.load(tape)
    const due = tape.take()
    this.#resetDue = due === 0 ? null : due === 1 ? 'cold' : 'warm'
    this.partialRecord = tape.takeRef() as Uint8Array | null
    this.settings.restore(tape.takeRef() as ReturnType<Settings['snapshot']>)
    this.chassis.restore(tape.takeRef() as ReturnType<Chassis['snapshot']>)
    this.sensors.restore(tape.takeRef() as ReturnType<Sensors['snapshot']>)
  }
}

const SYSTEM_INTERFACE = 0x0f
/** How often sensors are looked at. */
const POLL_MS = 1000
/** What the power's extremes and average are taken from: one a second, or fewer. */
const MAX_POWER_SAMPLES = 60

const controls = { hardReset: 'hardReset', powerDown: 'powerDown', powerCycle: 'powerCycle' } as const
