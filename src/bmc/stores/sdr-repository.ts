/** The SDR repository of a simulated BMC: the world's records, and what was added and deleted. IPMI 2.0 rev 1.1, section 33. */

import { z } from 'zod'
import { UNSPECIFIED_TIME } from '../../protocol/time-stamp.ts'
import type { Settings } from './settings.ts'
import { settingFamily } from './settings.ts'

/** Bytes in hexadecimal; null: deleted. */
const sdrFamily = settingFamily('sdr', z.string().nullable())
const timesFamily = settingFamily('sdrTimes', z.object({ added: z.number(), erased: z.number() }))
export const SDR_REPOSITORY_BYTES = 0x8000
const MAX_ID = 0xfffe

export interface SdrRecordBytes {
  readonly id: number
  readonly raw: Uint8Array
}

export interface SdrRepositoryOptions {
  settings: Settings
  /** The configured records. */
  worlds: readonly Uint8Array[]
  /** Since when they are those, in seconds since 1970. */
  since: number
  /** The time now. */
  seconds(): number
}

export class SdrRepository {
  readonly #settings: Settings
  readonly #worlds: readonly Uint8Array[]
  readonly #since: number
  readonly #seconds: () => number
  #reservation = 0
  /** A Partial Add SDR that has begun. */
  partial: Uint8Array | null = null

  constructor({ settings, worlds, since, seconds }: SdrRepositoryOptions) {
    this.#settings = settings
    this.#worlds = worlds
    this.#since = since
    this.#seconds = seconds
  }

  /** By software, or with the configuration. */
  get lastAdded(): number {
    const added = this.#settings.get(timesFamily)?.added ?? UNSPECIFIED_TIME
    return added === UNSPECIFIED_TIME ? this.#since : Math.max(added, this.#since)
  }

  get lastErased(): number {
    return this.#settings.get(timesFamily)?.erased ?? UNSPECIFIED_TIME
  }

  /** The records in order; it is made anew at each call. */
  records(): SdrRecordBytes[] {
    const changed = new Map(
      this.#settings.keys(sdrFamily).map(key => [Number(key), this.#settings.get(sdrFamily, key)]),
    )
    const records: SdrRecordBytes[] = []
    for (const [i, raw] of this.#worlds.entries()) {
      if (!changed.has(i + 1)) records.push({ id: i + 1, raw })
    }
    for (const [id, hex] of changed) {
      if (typeof hex === 'string') records.push({ id, raw: Uint8Array.from(Buffer.from(hex, 'hex')) })
    }
    return records
  }

  get usedBytes(): number {
    return this.records().reduce((sum, { raw }) => sum + raw.length, 0)
  }

  /** Adds a record under a new ID; undefined when there is no room. */
  add(raw: Uint8Array): number | undefined {
    const records = this.records()
    if (this.usedBytes + raw.length > SDR_REPOSITORY_BYTES) return undefined
    const highest = Math.max(this.#worlds.length, 0, ...records.map(({ id }) => id))
    const id = highest + 1
    if (id > MAX_ID) return undefined
    const numbered = Buffer.from(raw)
    numbered.writeUInt16LE(id, 0)
    this.#settings.set(sdrFamily, id, numbered.toString('hex'))
    this.#settings.set(timesFamily, '', { added: this.#seconds(), erased: this.lastErased })
    this.cancelReservation()
    return id
  }

  delete(id: number): void {
    this.#settings.set(sdrFamily, id, null)
    this.#settings.set(timesFamily, '', { added: this.lastAdded, erased: this.#seconds() })
    this.cancelReservation()
  }

  clear(): void {
    for (const { id } of this.records()) this.#settings.set(sdrFamily, id, null)
    this.#settings.set(timesFamily, '', { added: this.lastAdded, erased: this.#seconds() })
    this.cancelReservation()
  }

  reserve(): number {
    this.#reservation = this.#reservation >= 0xffff ? 1 : this.#reservation + 1
    return this.#reservation
  }

  cancelReservation(): void {
    this.reserve()
    this.partial = null
  }

  isReserved(reservationId: number): boolean {
    return reservationId !== 0 && reservationId === this.#reservation
  }
}
