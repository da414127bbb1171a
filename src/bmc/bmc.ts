/** A simulated management controller: its identity, its stores, and what its front ends are told. */
import { join } from 'node:path'
import type { LanServerMachine } from '../lan/server.ts'
import type { Saveable, Tape } from '../machine/tape.ts'
import type { LastwordError } from '../protocol/error.ts'
import { encodeSelRecord, type SelRecord } from '../protocol/sel-record.ts'
import { Messaging } from './messaging.ts'
import { IdentityStore } from './stores/identity-store.ts'
import type { JournalOptions } from './stores/journal.ts'
import { KeptState } from './stores/kept-state.ts'
import { SelStore } from './stores/sel-store.ts'
import { lockStateDir } from './stores/state-lock.ts'
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
  /** Where the state is kept; without it, in memory. One BMC has it for itself. */
  stateDir?: string
  /** The disk refuses, and nobody waits for an answer that could say so. */
  onError?: (error: LastwordError) => void
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
  readonly kept: KeptState
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
  readonly #unlock: () => void
  #resetDue: 'cold' | 'warm' | null = null

  /** Throws LastwordError STATE_DIR or STATE_LOCKED when the state directory cannot be had. */
  constructor(options: BmcOptions = {}) {
    this.#nowMs = options.nowMs ?? Date.now
    const { stateDir, durability, onDamage, onError } = options
    this.kept = new KeptState({
      ...(stateDir === undefined ? {} : { file: join(stateDir, 'state.journal') }),
      ...(durability === undefined ? {} : { durability }),
      ...(onDamage === undefined ? {} : { onDamage }),
      ...(onError === undefined ? {} : { onError }),
    })
    const identity = new IdentityStore(this.kept)
    this.sel = new SelStore(
      {
        now: () => Math.floor(this.#nowMs() / 1000),
        ...(options.selCapacity === undefined ? {} : { capacity: options.selCapacity }),
      },
      this.kept,
    )
    this.#unlock = stateDir === undefined ? () => {} : lockStateDir(stateDir)
    this.#open()
    this.identity = {
      deviceId: 0x20,
      deviceRevision: 1,
      firmwareMajor: 1,
      firmwareMinor: 0,
      manufacturerId: 0,
      productId: 1,
      ...options.identity,
      guid: options.identity?.guid ?? identity.guid,
    }
    this.#keepIdentity()
    this.messaging = new Messaging(state => this.#tell(listener => listener.onAttention?.(state)))
    this.watchdog = new Watchdog(this.#nowMs, {
      log: record => this.raiseEvent(record),
      preTimeout: () => this.messaging.raiseWatchdogPreTimeout(),
      act: action => this.hostAction(action),
    })
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
  #keepIdentity(): void {
    const error = this.flush()
    if (error === null) return
    this.close()
    throw error
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

  /** Lets time pass: the watchdog counts, and what it logs is kept. */
  tick(): void {
    this.watchdog.tick()
    this.flush()
  }

  /** Puts on disk what was changed; when the disk refuses, it is undone and the error is returned and told. */
  flush(): LastwordError | null {
    return this.kept.flush()
  }

  close(): void {
    this.kept.close()
    this.#unlock()
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
