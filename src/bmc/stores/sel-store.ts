/** The System Event Log of a simulated BMC, in memory and, where a journal is given, on disk. IPMI 2.0 rev 1.1, section 31. */
import type { Saveable, Tape } from '../../machine/tape.ts'
import { SEL_RECORD_BYTES, SelRecordType } from '../../protocol/sel-record.ts'
import { Journal, type JournalOptions } from './journal.ts'

/** What a journal entry of the SEL says. */
const Op = { Add: 1, Delete: 2, Clear: 3, Clock: 4, AuxiliaryLog: 5 } as const

/** The journal is rewritten when it holds this many entries more than the log has records. */
const SLACK_ENTRIES = 4096

const NO_TIME = 0xffffffff

export interface SelStoreOptions extends JournalOptions {
  /** 2,048 records unless said otherwise. */
  capacity?: number
  /** Where the log is kept; without it, it lives in memory. */
  file?: string
  /** Seconds since 1970. */
  now: () => number
}

/** Adding failed: `full`, or it would be the wrong length. */
export const SEL_FULL = -1

export class SelStore implements Saveable {
  readonly capacity: number
  readonly #now: () => number
  readonly #journal: Journal | null
  #records: Uint8Array[] = []
  #lastId = 0
  #reservation = 0
  #clockOffset = 0
  #utcOffset: number | undefined = 0
  #auxiliary = new Map<number, { time: number; data: Uint8Array }>()
  lastAdded = NO_TIME
  lastErased = NO_TIME
  /** A record was refused because the log was full. */
  overflow = false

  constructor(options: SelStoreOptions) {
    this.capacity = options.capacity ?? 2048
    this.#now = options.now
    this.#journal =
      options.file === undefined ? null : new Journal(options.file, entry => this.#replay(entry), options)
  }

  get length(): number {
    return this.#records.length
  }

  get freeRecords(): number {
    return this.capacity - this.#records.length
  }

  get records(): readonly Uint8Array[] {
    return this.#records
  }

  /** Seconds since 1970 by the log's own clock. */
  get time(): number {
    return (this.#now() + this.#clockOffset) >>> 0
  }

  set time(seconds: number) {
    this.#clockOffset = seconds - this.#now()
    this.#logClock()
  }

  /** Minutes east of UTC; undefined when nobody has said. */
  get utcOffset(): number | undefined {
    return this.#utcOffset
  }

  set utcOffset(minutes: number | undefined) {
    this.#utcOffset = minutes
    this.#logClock()
  }

  /** Adds a record, numbered and (but for types E0h to FFh) time-stamped here. Returns its ID or SEL_FULL. */
  add(raw: Uint8Array): number {
    if (this.#records.length >= this.capacity) {
      this.overflow = true
      return SEL_FULL
    }
    const record = raw.slice(0, SEL_RECORD_BYTES)
    const id = this.#freeId()
    record[0] = id & 0xff
    record[1] = id >> 8
    if (record[2]! < SelRecordType.OemFirst) putUint32(record, 3, this.time)
    this.#put(record)
    this.lastAdded = this.time
    this.#log(Op.Add, uint32(this.lastAdded), record)
    return id
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
    this.lastErased = this.time
    this.#log(Op.Delete, uint32(this.lastErased), uint16(ownId))
    return ownId
  }

  clear(): void {
    this.#records = []
    this.overflow = false
    this.cancelReservation()
    this.lastErased = this.time
    this.#log(Op.Clear, uint32(this.lastErased))
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

  auxiliaryLog(type: number): { time: number; data: Uint8Array } | undefined {
    return this.#auxiliary.get(type)
  }

  setAuxiliaryLog(type: number, time: number, data: Uint8Array): void {
    // A map of its own, for the one before may be on a tape.
    this.#auxiliary = new Map(this.#auxiliary).set(type, { time, data })
    this.#log(Op.AuxiliaryLog, Uint8Array.of(type), uint32(time), data)
  }

  /** Puts on disk whatever was changed; call it before the change is answered. */
  flush(): void {
    const journal = this.#journal
    if (journal === null || !journal.isDirty) return
    journal.flush()
    if (journal.entries > this.#records.length + SLACK_ENTRIES) journal.rewrite(this.#history())
  }

  close(): void {
    this.#journal?.close()
  }

  #logClock(): void {
    const minutes = this.#utcOffset ?? 0x07ff
    this.#log(Op.Clock, uint32(this.#clockOffset), uint16(minutes & 0xffff))
  }

  #log(op: number, ...parts: Uint8Array[]): void {
    if (this.#journal === null) return
    this.#journal.append(Buffer.concat([Uint8Array.of(op), ...parts]))
  }

  /** The shortest journal that leads to this state. */
  *#history(): Iterable<Uint8Array> {
    if (this.lastErased !== NO_TIME) yield Buffer.concat([Uint8Array.of(Op.Clear), uint32(this.lastErased)])
    for (const record of this.#records) {
      yield Buffer.concat([Uint8Array.of(Op.Add), uint32(this.lastAdded), record])
    }
    yield Buffer.concat([
      Uint8Array.of(Op.Clock),
      uint32(this.#clockOffset),
      uint16((this.#utcOffset ?? 0x7ff) & 0xffff),
    ])
    for (const [type, log] of this.#auxiliary) {
      yield Buffer.concat([Uint8Array.of(Op.AuxiliaryLog, type), uint32(log.time), log.data])
    }
  }

  #replay(entry: Uint8Array): void {
    const bytes = Buffer.from(entry)
    switch (bytes[0]) {
      case Op.Add:
        this.lastAdded = bytes.readUInt32LE(1)
        this.#put(Uint8Array.from(bytes.subarray(5, 5 + SEL_RECORD_BYTES)))
        break
      case Op.Delete:
        this.lastErased = bytes.readUInt32LE(1)
        this.#records = this.#records.filter(record => idOf(record) !== bytes.readUInt16LE(5))
        break
      case Op.Clear:
        this.lastErased = bytes.readUInt32LE(1)
        this.#records = []
        break
      case Op.Clock: {
        this.#clockOffset = bytes.readInt32LE(1)
        const minutes = bytes.readInt16LE(5)
        this.#utcOffset = minutes === 0x07ff ? undefined : minutes
        break
      }
      case Op.AuxiliaryLog:
        this.#auxiliary.set(bytes[1]!, {
          time: bytes.readUInt32LE(2),
          data: Uint8Array.from(bytes.subarray(6)),
        })
        break
    }
  }

  save(tape: Tape): void {
    tape.put(this.#records.length)
    for (const record of this.#records) tape.putBytes(record, SEL_RECORD_BYTES)
    tape.put(this.#lastId | (this.#reservation << 16))
    tape.put(this.overflow ? 1 : 0)
    // Times are the clock's: they come back by reference and say nothing about the state.
    tape.putRef(this.#clockOffset)
    tape.putRef(this.#utcOffset)
    tape.putRef(this.lastAdded)
    tape.putRef(this.lastErased)
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
    this.#clockOffset = tape.takeRef() as number
    this.#utcOffset = tape.takeRef() as number | undefined
    this.lastAdded = tape.takeRef() as number
    this.lastErased = tape.takeRef() as number
    this.#auxiliary = tape.takeRef() as Map<number, { time: number; data: Uint8Array }>
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

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  putUint32(bytes, 0, value)
  return bytes
}

function uint16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, (value >> 8) & 0xff)
}
