/** A simulated management controller: its identity, its stores, and what its front ends are told. It does no I/O of its own. */
import { randomBytes } from 'node:crypto'
import type { LanServerMachine } from '../lan/server.ts'
import type { Saveable, Tape } from '../machine/tape.ts'
import { encodeSelRecord, type SelRecord } from '../protocol/sel-record.ts'
import { Messaging } from './messaging.ts'
import type { JournalOptions } from './stores/journal.ts'
import { SelStore } from './stores/sel-store.ts'
import { Watchdog, type WatchdogAction } from './watchdog.ts'

/** What Get Device ID and its neighbours tell. */
export interface BmcIdentity {
  deviceId: number
  deviceRevision: number
  firmwareMajor: number
  firmwareMinor: number
  manufacturerId: number
  productId: number
  /** 16 bytes, least significant first. */
  guid: Uint8Array
}

export interface BmcOptions extends JournalOptions {
  identity?: Partial<BmcIdentity>
  /** Where the state is kept; without it, in memory. */
  stateDir?: string
  /** Records that the SEL holds. */
  selCapacity?: number
  /** Milliseconds since 1970. */
  nowMs?: () => number
}

/** What a front end or an owner of the host can be told. */
export interface BmcListener {
  /** The attention bit of a system interface. */
  onAttention?(state: 'on' | 'off'): void
  /** The BMC itself begins anew; `kind` says how. */
  onReset?(kind: 'cold' | 'warm'): void
  /** The host is to be reset, turned off, or interrupted. */
  onHostAction?(action: WatchdogAction | 'nmi'): void
}

export class Bmc implements Saveable {
  readonly identity: BmcIdentity
  readonly sel: SelStore
  readonly messaging: Messaging
  readonly watchdog: Watchdog
  /** Where this BMC sends its events. Section 29.1. */
  eventReceiver = { slaveAddress: 0x20, lun: 0 }
  /** The session servers of its LAN channels, by channel number. */
  readonly lanServers = new Map<number, LanServerMachine>()
  /** A Partial Add SEL Entry that has begun. */
  partialRecord: Uint8Array | null = null
  readonly #nowMs: () => number
  readonly #listeners = new Set<BmcListener>()
  #resetDue: 'cold' | 'warm' | null = null

  constructor(options: BmcOptions = {}) {
    this.#nowMs = options.nowMs ?? Date.now
    this.identity = {
      deviceId: 0x20,
      deviceRevision: 1,
      firmwareMajor: 1,
      firmwareMinor: 0,
      manufacturerId: 0,
      productId: 1,
      guid: randomBytes(16),
      ...options.identity,
    }
    const { durability, onDamage } = options
    this.sel = new SelStore({
      now: () => Math.floor(this.#nowMs() / 1000),
      ...(options.selCapacity === undefined ? {} : { capacity: options.selCapacity }),
      ...(options.stateDir === undefined ? {} : { file: `${options.stateDir}/sel.journal` }),
      ...(durability === undefined ? {} : { durability }),
      ...(onDamage === undefined ? {} : { onDamage }),
    })
    this.messaging = new Messaging(state => this.#tell(listener => listener.onAttention?.(state)))
    this.watchdog = new Watchdog(this.#nowMs, {
      log: record => this.raiseEvent(record),
      preTimeout: () => this.messaging.raiseWatchdogPreTimeout(),
      act: action => this.hostAction(action),
    })
  }

  listen(listener: BmcListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #tell(what: (listener: BmcListener) => void): void {
    for (const listener of this.#listeners) what(listener)
  }

  hostAction(action: WatchdogAction | 'nmi'): void {
    this.#tell(listener => listener.onHostAction?.(action))
  }

  /** An event of this BMC's own: into the SEL, and into the event buffer if the host wants it. */
  raiseEvent(record: SelRecord): number {
    return this.logEvent(encodeSelRecord(record))
  }

  /** Returns the record's ID, or SEL_FULL. */
  logEvent(raw: Uint8Array): number {
    const id = this.messaging.isEventLoggingOn ? this.sel.add(raw) : 0
    this.messaging.bufferEvent(raw)
    return id
  }

  /** A reset was asked for; it happens once the answer is out (`settle`). */
  requestReset(kind: 'cold' | 'warm'): void {
    this.#resetDue = kind
  }

  /** To be called after an answer has been given: what was to happen behind it happens now. */
  settle(): void {
    const kind = this.#resetDue
    if (kind === null) return
    this.#resetDue = null
    this.reset(kind)
  }

  reset(kind: 'cold' | 'warm'): void {
    this.messaging.reset()
    this.sel.cancelReservation()
    this.partialRecord = null
    this.watchdog.reset()
    this.eventReceiver = { slaveAddress: 0x20, lun: 0 }
    this.#tell(listener => listener.onReset?.(kind))
  }

  /** Lets time pass: the watchdog counts. */
  tick(): void {
    this.watchdog.tick()
  }

  /** Puts on disk what was changed; call it before an answer goes out. */
  flush(): void {
    this.sel.flush()
  }

  close(): void {
    this.sel.close()
  }

  save(tape: Tape): void {
    this.sel.save(tape)
    this.messaging.save(tape)
    this.watchdog.save(tape)
    tape.put(this.eventReceiver.slaveAddress | (this.eventReceiver.lun << 8))
    tape.put(this.#resetDue === null ? 0 : this.#resetDue === 'cold' ? 1 : 2)
    tape.putRef(this.partialRecord)
  }

  load(tape: Tape): void {
    this.sel.load(tape)
    this.messaging.load(tape)
    this.watchdog.load(tape)
    const receiver = tape.take()
    this.eventReceiver = { slaveAddress: receiver & 0xff, lun: receiver >> 8 }
    const due = tape.take()
    this.#resetDue = due === 0 ? null : due === 1 ? 'cold' : 'warm'
    this.partialRecord = tape.takeRef() as Uint8Array | null
  }
}
