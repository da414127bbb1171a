/** The SEL of a BMC: read with many requests under way, written, cleared. IPMI 2.0 rev 1.1, section 31. */
import type { ResponseOf } from '../protocol/command.ts'
import {
  AddSelEntry,
  ClearSel,
  DeleteSelEntry,
  GetSelEntry,
  GetSelInfo,
  GetSelTime,
  ReserveSel,
  SetSelTime,
} from '../protocol/commands/sel.ts'
import { CompletionCode } from '../protocol/completion-code.ts'
import { LastwordError } from '../protocol/error.ts'
import { lastWordsSentence, readLastWords } from '../protocol/last-words.ts'
import { decodeSelRecord, SEL_RECORD_BYTES, type SelRecord } from '../protocol/sel-record.ts'
import { type Abortable, type CommandRunner, isRefusal, within } from './command-runner.ts'
import { pause } from './pause.ts'
import { readChain } from './record-chain.ts'
import { type RecordKind, RecordReader } from './record-reader.ts'

/** How often the log may be erased while it is read. */
const PASSES = 5
/** How often a reservation may be lost before it is used. */
const RESERVATIONS = 10
const ERASE_POLL_MS = 250
const ERASE_POLLS = 240

const selKind: RecordKind = {
  name: 'SEL',
  get: GetSelEntry,
  reserve: ReserveSel,
  headBytes: SEL_RECORD_BYTES,
  lengthOf: () => SEL_RECORD_BYTES,
}

export type SelInfo = ResponseOf<typeof GetSelInfo>

export class Sel {
  readonly #bmc: CommandRunner
  readonly #reader: RecordReader

  constructor(bmc: CommandRunner) {
    this.#bmc = bmc
    this.#reader = new RecordReader(bmc, selKind)
  }

  info(options: Abortable = {}): Promise<SelInfo> {
    return this.#bmc.run(GetSelInfo, {}, within(options))
  }

  /**
   * All records, oldest first; each that was there all the time comes once, also when the log is written to or erased
   * meanwhile. Throws LastwordError SEL_LOOP when the record IDs run in a circle, SEL_CHANGED when the log was erased
   * again and again, RECORD_BAD when the BMC gives records of a wrong length.
   */
  async *entries(options: Abortable = {}): AsyncGenerator<SelRecord, void, void> {
    /** What was given already, by record ID; of an erased log the IDs begin again. */
    const given = new Map<number, string>()
    let info = await this.info(options)
    for (let pass = 0; pass < PASSES; pass++) {
      let isWhole = true
      try {
        for await (const raw of this.#chain(info.entries, options)) {
          const record = decodeSelRecord(raw)
          const key = Buffer.from(raw).toString('latin1')
          if (given.get(record.recordId) === key) continue
          given.set(record.recordId, key)
          yield record
        }
      } catch (error) {
        if (!(error instanceof LastwordError) || error.code !== 'RECORD_GONE') throw error
        isWhole = false
      }
      const after = await this.info(options)
      if (isWhole && after.lastErased === info.lastErased && after.entries >= info.entries) return
      info = after
    }
    throw new LastwordError(
      'SEL_CHANGED',
      `${this.#bmc.url}: the SEL was erased each time while it was read`,
      {
        hint: 'Somebody else deletes from it all the time: try again when that is over.',
      },
    )
  }

  #chain(expected: number, options: Abortable): AsyncGenerator<Uint8Array, void, void> {
    return readChain({
      read: (recordId, within) => this.#reader.read(recordId, within),
      window: this.#bmc.window,
      expected,
      loopCode: 'SEL_LOOP',
      what: `${this.#bmc.url}: SEL`,
      ...within(options),
    })
  }

  /** Adds a record; the BMC gives ID and time stamp of a system event. */
  async add(record: SelRecord, options: Abortable = {}): Promise<number> {
    return (await this.#bmc.run(AddSelEntry, { record }, within(options))).recordId
  }

  async delete(recordId: number, options: Abortable = {}): Promise<void> {
    await this.#reserved(options, reservationId =>
      this.#bmc.run(DeleteSelEntry, { reservationId, recordId }, within(options)),
    )
  }

  /** Erases all records and waits until that is done. Throws LastwordError SEL_ERASING when it takes over a minute. */
  async clear(options: Abortable = {}): Promise<void> {
    const clear = (reservationId: number, action: 'initiate' | 'getStatus') =>
      this.#bmc.run(ClearSel, { reservationId, action }, within(options))
    let answer = await this.#reserved(options, reservationId => clear(reservationId, 'initiate'))
    for (let polls = 0; answer.erasure.progress !== 'completed'; polls++) {
      if (polls === ERASE_POLLS)
        throw new LastwordError('SEL_ERASING', `${this.#bmc.url}: the SEL is still being erased`)
      await pause(ERASE_POLL_MS, options.signal)
      answer = await this.#reserved(options, reservationId => clear(reservationId, 'getStatus'))
    }
  }

  /** Seconds since 1970. */
  async time(options: Abortable = {}): Promise<number> {
    return (await this.#bmc.run(GetSelTime, {}, within(options))).time
  }

  async setTime(time: number, options: Abortable = {}): Promise<void> {
    await this.#bmc.run(SetSelTime, { time }, within(options))
  }

  /** The crashes that the SEL tells of, one sentence each. */
  async sentences(options: Abortable = {}): Promise<string[]> {
    const records: SelRecord[] = []
    for await (const record of this.entries(options)) records.push(record)
    return readLastWords(records).map(lastWordsSentence)
  }

  /** Somebody else's change may cancel a reservation before it is used. */
  async #reserved<T>(options: Abortable, action: (reservationId: number) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      const { reservationId } = await this.#bmc.run(ReserveSel, {}, within(options))
      try {
        return await action(reservationId)
      } catch (error) {
        if (!isRefusal(error, CompletionCode.ReservationCancelled) || tries === RESERVATIONS) throw error
      }
    }
  }
}
