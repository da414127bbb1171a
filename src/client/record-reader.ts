/** Reads one record of the SEL or an SDR repository: as a whole where the BMC can, in pieces under a reservation where not. */
import type { Command } from '../protocol/command.ts'
import { CompletionCode } from '../protocol/completion-code.ts'
import { LastwordError } from '../protocol/error.ts'
import {
  type Abortable,
  type CommandRunner,
  isRefusal,
  tooMuchCodes,
  unlessRefused,
  within,
} from './command-runner.ts'
import type { RequestOptions } from './transport.ts'

const WHOLE_RECORD = 0xff
/** Bytes of a piece at first; halved for a BMC that cannot. */
const FIRST_PIECE_BYTES = 64
const LEAST_PIECE_BYTES = 4
/** A reservation may be lost to another reader or writer this often in a row. */
const RESERVATIONS = 10

/** Some BMCs give no record at all where they cannot give a whole one. */
const TOO_MUCH: readonly number[] = [...tooMuchCodes, CompletionCode.ResponseNotProvided]

interface ReadRequest {
  reservationId: number
  recordId: number
  offset: number
  count: number
}

interface ReadResponse {
  nextRecordId: number
  data: Uint8Array
}

/** What is read: the commands for it, and what a record tells of its own length. */
export interface RecordKind {
  /** For errors: `SDR`. */
  readonly name: string
  readonly get: Command<ReadRequest, ReadResponse>
  readonly reserve: Command<object, { reservationId: number }>
  /** Bytes after which the record's length is known. */
  readonly headBytes: number
  /** The whole length, from its first bytes. */
  lengthOf(head: Uint8Array): number
}

export class RecordReader {
  readonly #bmc: CommandRunner
  readonly #kind: RecordKind
  readonly #target: RequestOptions
  #pieceBytes: number | null = null
  #reservation: Promise<number> | null = null

  /** `target`: another controller than the BMC. */
  constructor(bmc: CommandRunner, kind: RecordKind, target: RequestOptions = {}) {
    this.#bmc = bmc
    this.#kind = kind
    this.#target = target
  }

  /**
   * A record and the ID of the next one; null when there is no such record.
   * Throws LastwordError RECORD_BAD when what comes has not the length that the record tells, RECORD_BUSY when
   * every reservation is lost at once.
   */
  async read(recordId: number, options: Abortable = {}): Promise<ReadResponse | null> {
    const whole = this.#pieceBytes === null ? await this.#readWhole(recordId, options) : undefined
    return whole !== undefined ? whole : this.#readInPieces(recordId, options)
  }

  /** Undefined when this BMC gives no whole records. */
  async #readWhole(recordId: number, options: Abortable): Promise<ReadResponse | null | undefined> {
    const request = { reservationId: 0, recordId, offset: 0, count: WHOLE_RECORD }
    try {
      const record = await this.#get(request, options)
      if (this.#isWhole(record.data)) return record
      // It was cut to what the BMC can give: so will the others be.
      const given = Math.max(LEAST_PIECE_BYTES, record.data.length)
      this.#pieceBytes ??= Math.min(FIRST_PIECE_BYTES, given)
      return undefined
    } catch (error) {
      if (isRefusal(error, CompletionCode.NotPresent)) return null
      if (!isRefusal(error, ...TOO_MUCH, CompletionCode.ReservationCancelled)) throw error
      this.#pieceBytes ??= FIRST_PIECE_BYTES
      return undefined
    }
  }

  #isWhole(data: Uint8Array): boolean {
    return data.length >= this.#kind.headBytes && data.length >= this.#kind.lengthOf(data)
  }

  async #readInPieces(recordId: number, options: Abortable): Promise<ReadResponse | null> {
    for (let tries = 0; tries < RESERVATIONS; tries++) {
      this.#reservation ??= this.#reserve(options)
      const reservation = this.#reservation
      try {
        return await this.#pieces(recordId, await reservation, options)
      } catch (error) {
        if (isRefusal(error, CompletionCode.NotPresent)) return null
        if (this.#reservation === reservation) this.#reservation = null
        if (!isRefusal(error, CompletionCode.ReservationCancelled) && !isOthersAbort(error, options))
          throw error
      }
    }
    throw new LastwordError(
      'RECORD_BUSY',
      `${this.#bmc.url}: ${this.#kind.name} record ${hexId(recordId)}: ${RESERVATIONS} reservations were lost in a row`,
      { hint: 'Somebody else changes the records all the time: try again when that is over.' },
    )
  }

  async #pieces(recordId: number, reservationId: number, options: Abortable): Promise<ReadResponse> {
    const { headBytes } = this.#kind
    const head = await this.#piece({ reservationId, recordId, offset: 0, count: headBytes }, options)
    if (head.data.length < headBytes) throw this.#bad(recordId, head.data.length, headBytes)
    const length = this.#kind.lengthOf(head.data)
    const record = new Uint8Array(Math.max(length, headBytes))
    record.set(head.data.subarray(0, headBytes))
    const size = this.#pieceBytes ?? FIRST_PIECE_BYTES
    const offsets = Array.from(
      { length: Math.ceil(Math.max(0, length - headBytes) / size) },
      (_, index) => headBytes + index * size,
    )
    await Promise.all(
      offsets.map(async offset => {
        const count = Math.min(size, length - offset)
        const { data } = await this.#piece({ reservationId, recordId, offset, count }, options)
        if (data.length < count) throw this.#bad(recordId, offset + data.length, length)
        record.set(data.subarray(0, count), offset)
      }),
    )
    return { nextRecordId: head.nextRecordId, data: record }
  }

  /** A piece; of a BMC that cannot give so much, in halves. */
  async #piece(request: ReadRequest, options: Abortable): Promise<ReadResponse> {
    try {
      return await this.#get(request, options)
    } catch (error) {
      if (request.count <= LEAST_PIECE_BYTES || !isRefusal(error, ...TOO_MUCH)) throw error
      const count = Math.ceil(request.count / 2)
      this.#pieceBytes = Math.min(this.#pieceBytes ?? FIRST_PIECE_BYTES, count)
      const first = await this.#piece({ ...request, count }, options)
      const rest = await this.#piece(
        { ...request, offset: request.offset + count, count: request.count - count },
        options,
      )
      return { nextRecordId: first.nextRecordId, data: Uint8Array.from([...first.data, ...rest.data]) }
    }
  }

  async #reserve(options: Abortable): Promise<number> {
    const answer = this.#bmc.run(this.#kind.reserve, {}, { ...this.#target, ...within(options) })
    // A BMC without reservations reads without.
    const reserved = await unlessRefused(answer, CompletionCode.InvalidCommand)
    return reserved?.reservationId ?? 0
  }

  #get(request: ReadRequest, options: Abortable): Promise<ReadResponse> {
    return this.#bmc.run(this.#kind.get, request, { ...this.#target, ...within(options) })
  }

  #bad(recordId: number, has: number, wanted: number): LastwordError {
    return new LastwordError(
      'RECORD_BAD',
      `${this.#bmc.url}: ${this.#kind.name} record ${hexId(recordId)} tells a length of ${wanted} bytes, ${has} came`,
      { hint: 'The BMC is at fault; its maker may have newer firmware.' },
    )
  }
}

/** Another reader, who was reserving for both, gave up. */
function isOthersAbort(error: unknown, { signal }: Abortable): boolean {
  return error instanceof LastwordError && error.code === 'ABORTED' && !signal?.aborted
}

export function hexId(recordId: number): string {
  return `0x${recordId.toString(16).padStart(4, '0')}`
}
