/** The System Event Log of a simulated BMC. IPMI 2.0 rev 1.1, section 31. */

import type { Saveable, Tape } from '../../machine/tape.ts'
import { SEL_RECORD_BYTES, SelRecordType } from '../../protocol/sel-record.ts'
import { UNSPECIFIED_TIME } from '../../protocol/time-stamp.ts'
import { type KeptPart, KeptState, KeptTag, uint16, uint32 } from './kept-state.ts'

/** What an entry of the SEL says; a tag of its own before times, numbers and records. */
const Op = { Add: 1, Delete: 2, Clear: 3, Clock: 4, AuxiliaryLog: 5, Overflow: 6 } as const
/** Lengths of the entries that have a fixed one. */
const entryBytes: Readonly<Record<number, number>> = {
  [Op.Add]: 5 + SEL_RECORD_BYTES,
  [Op.Delete]: 7,
  [Op.Clear]: 5,
  [Op.Clock]: 7,
  [Op.Overflow]: 5,
}
const MIN_ENTRY_BYTES = 5

const UNKNOWN_UTC_OFFSET = 0x07ff

/** Replaced, never changed: a tape may hold it. */
interface Times {
  readonly clockOffset: number
  readonly utcOffset: number | undefined
  readonly lastAdded: number
  readonly lastErased: number
}

interface AuxiliaryLog {
  readonly time: number
  readonly data: Uint8Array
}

const atFirst: Times = {
  clockOffset: 0,
  utcOffset: 0,
  lastAdded: UNSPECIFIED_TIME,
  lastErased: UNSPECIFIED_TIME,
}
const noLogs: ReadonlyMap<number, AuxiliaryLog> = new Map()

export interface SelStoreOptions {
  /** 2,048 records unless said otherwise. */
  capacity?: number
  /** Seconds since 1970. */
  now: () => number
}

/** Adding failed: `full`, or it would be the wrong length. */
export const SEL_FULL = -1

export class SelStore implements Saveable, KeptPart {
  readonly capacity: number
  readonly #now: () => number
  readonly #kept: KeptState
  #records: Uint8Array[] = []
  #lastId = 0
  #reservation = 0
  #times = atFirst
  #auxiliary = noLogs
  /** A record was refused because the log was full. */
  overflow = false
  /** Faults: there is no room, whatever there is; the clock is wrong by this much. */
  isForcedFull = false
  skewSeconds = 0

  constructor(options: SelStoreOptions, kept = new KeptState()) {
    this.capacity = options.capacity ?? 2048
    this.#now = options.now
    this.#kept = kept
    kept.attach(KeptTag.Sel, this)
  }

  get length(): number {
    return this.#records.length
  }

  get freeRecords(): number {
    return this.isForcedFull ? 0 : this.capacity - this.#records.length
  }

  get records(): readonly Uint8Array[] {
    return this.#records
  }

  /** Seconds since 1970; FFFFFFFFh when there was none. */
  get lastAdded(): number {
    return this.#times.lastAdded
  }

  get lastErased(): number {
    return this.#times.lastErased
  }

  /** Seconds since 1970 by the log's own clock. */
  get time(): number {
    return (this.#now() + this.#times.clockOffset + this.skewSeconds) >>> 0
  }

  set time(seconds: number) {
    this.#times = { ...this.#times, clockOffset: seconds - this.#now() }
    this.#keep(...this.#clockEntry())
  }

  /** Minutes east of UTC; undefined when nobody has said. */
  get utcOffset(): number | undefined {
    return this.#times.utcOffset
  }

  set utcOffset(minutes: number | undefined) {
    this.#times = { ...this.#times, utcOffset: minutes }
    this.#keep(...this.#clockEntry())
  }

  /** Adds a record, numbered and (but for types E0h to FFh) time-stamped here. Returns its ID or SEL_FULL. */
  add(raw: Uint8Array): number {
    if (this.freeRecords <= 0) {
      this.#overflow()
      return SEL_FULL
    }
    const record = raw.slice(0, SEL_RECORD_BYTES)
    const id = this.#freeId()
    record[0] = id & 0xff
    record[1] = id >> 8
    if (record[2]! < SelRecordType.OemFirst) putUint32(record, 3, this.time)
    this.#put(record)
    this.#times = { ...this.#times, lastAdded: this.time }
    if (this.#kept.isOn) this.#keep(Op.Add, uint32(this.lastAdded), record)
    return id
  }

  /** Told of the first record that is refused; until the log is cleared, the others change nothing. */
  #overflow(): void {
    if (this.overflow) return
    this.overflow = true
    this.#keep(Op.Overflow, uint32(this.time))
  }

  #freeId(): number {
    let id = this.#lastId
    do {
      id = id >= 0xfffe ? 1 : id + 1
    } while (this.#records.length > 0 && this.indexOf(id) >= 0)
    return id
  }

  #put(record: Uint8Array): void {
    this.#records.push(record)
    this.#lastId = idOf(record)
  }

  /** Index of a record, or -1. 0000h is the first and FFFFh the last. */
  indexOf(id: number): number {
    if (this.#records.length === 0) return -1
    if (id === 0x0000) return 0
    if (id === 0xffff) return this.#records.length - 1
    // IDs mostly rise by one: look where it would be first.
    const guess = id - idOf(this.#records[0]!)
    if (guess >= 0 && guess < this.#records.length && idOf(this.#records[guess]!) === id) return guess
    return this.#records.findIndex(record => idOf(record) === id)
  }

  /** The record's own ID, or -1 when it is not there. */
  delete(id: number): number {
    const index = this.indexOf(id)
    if (index < 0) return -1
    const ownId = idOf(this.#records[index]!)
    this.#records.splice(index, 1)
    this.cancelReservation()
    this.#times = { ...this.#times, lastErased: this.time }
    this.#keep(Op.Delete, uint32(this.lastErased), uint16(ownId))
    return ownId
  }

  clear(): void {
    this.#records = []
    this.overflow = false
    this.cancelReservation()
    this.#times = { ...this.#times, lastErased: this.time }
    this.#keep(Op.Clear, uint32(this.lastErased))
  }

  /** A new reservation; it ends the one before. */
  reserve(): number {
    this.#reservation = this.#reservation >= 0xffff ? 1 : this.#reservation + 1
    return this.#reservation
  }

  cancelReservation(): void {
    this.reserve()
  }

  isReserved(reservationId: number): boolean {
    return reservationId !== 0 && reservationId === this.#reservation
  }

  auxiliaryLog(type: number): AuxiliaryLog | undefined {
    return this.#auxiliary.get(type)
  }

  setAuxiliaryLog(type: number, time: number, data: Uint8Array): void {
    this.#auxiliary = new Map(this.#auxiliary).set(type, { time, data })
    this.#keep(Op.AuxiliaryLog, Uint8Array.of(type), uint32(time), data)
  }

  #keep(op: number, ...pieces: Uint8Array[]): void {
    this.#kept.append(KeptTag.Sel, Uint8Array.of(op), ...pieces)
  }

  #clockEntry(): [number, ...Uint8Array[]] {
    const { clockOffset, utcOffset } = this.#times
    return [Op.Clock, uint32(clockOffset), uint16(utcOffset ?? UNKNOWN_UTC_OFFSET)]
  }

  forget(): void {
    this.#records = []
    this.#lastId = 0
    this.overflow = false
    this.#times = atFirst
    this.#auxiliary = noLogs
  }

  *history(): Iterable<Uint8Array> {
    if (this.lastErased !== UNSPECIFIED_TIME)
      yield Buffer.concat([Uint8Array.of(Op.Clear), uint32(this.lastErased)])
    for (const record of this.#records) {
      yield Buffer.concat([Uint8Array.of(Op.Add), uint32(this.lastAdded), record])
    }
    if (this.overflow) yield Buffer.concat([Uint8Array.of(Op.Overflow), uint32(this.time)])
    const [op, ...clock] = this.#clockEntry()
    yield Buffer.concat([Uint8Array.of(op), ...clock])
    for (const [type, log] of this.#auxiliary) {
      yield Buffer.concat([Uint8Array.of(Op.AuxiliaryLog, type), uint32(log.time), log.data])
    }
  }

  replay(entry: Buffer): boolean {
    const isWhole =
      entry.length >= MIN_ENTRY_BYTES && (entryBytes[entry[0]!] ?? entry.length) === entry.length
    if (!isWhole) return false
    switch (entry[0]) {
      case Op.Add:
        this.#times = { ...this.#times, lastAdded: entry.readUInt32LE(1) }
        this.#put(Uint8Array.from(entry.subarray(5)))
        return true
      case Op.Delete: {
        const id = entry.readUInt16LE(5)
        this.#times = { ...this.#times, lastErased: entry.readUInt32LE(1) }
        this.#records = this.#records.filter(record => idOf(record) !== id)
        return true
      }
      case Op.Clear:
        this.#times = { ...this.#times, lastErased: entry.readUInt32LE(1) }
        this.#records = []
        this.overflow = false
        return true
      case Op.Clock: {
        const minutes = entry.readInt16LE(5)
        const utcOffset = minutes === UNKNOWN_UTC_OFFSET ? undefined : minutes
        this.#times = { ...this.#times, clockOffset: entry.readInt32LE(1), utcOffset }
        return true
      }
      case Op.Overflow:
        this.overflow = true
        return true
      case Op.AuxiliaryLog: {
        if (entry.length < 6) return false
        const log = { time: entry.readUInt32LE(2), data: Uint8Array.from(entry.subarray(6)) }
        this.#auxiliary = new Map(this.#auxiliary).set(entry[1]!, log)
        return true
      }
      default:
        return false
    }
  }

  save(tape: Tape): void {
    tape.put(this.#records.length)
    for (const record of this.#records) tape.putBytes(record, SEL_RECORD_BYTES)
    tape.put(this.#lastId | (this.#reservation << 16))
    tape.put(this.overflow ? 1 : 0)
    // Times are the clock's: they come back by reference and say nothing about the state.
    tape.putRef(this.#times)
    tape.putRef(this.#auxiliary)
  }

  load(tape: Tape): void {
    const count = tape.take()
    this.#records.length = count
    for (let i = 0; i < count; i++) {
      const record = new Uint8Array(SEL_RECORD_BYTES)
      tape.takeBytes(record, SEL_RECORD_BYTES)
      this.#records[i] = record
    }
    const word = tape.take()
    this.#lastId = word & 0xffff
    this.#reservation = word >>> 16
    this.overflow = tape.take() === 1
    this.#times = tape.takeRef() as Times
    this.#auxiliary = tape.takeRef() as ReadonlyMap<number, AuxiliaryLog>
  }
}

function idOf(record: Uint8Array): number {
  return record[0]! | (record[1]! << 8)
}

function putUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}
