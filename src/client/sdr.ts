/** Sensor data records of a BMC: walked with many requests under way, kept in a cache. IPMI 2.0 rev 1.1, sections 33 and 35. */
import { CodecError } from '../protocol/bytes.ts'
import { GetDeviceGuid, GetDeviceId } from '../protocol/commands/device.ts'
import { GetSdr, GetSdrRepositoryInfo, ReserveSdrRepository } from '../protocol/commands/sdr.ts'
import { GetDeviceSdr, GetDeviceSdrInfo, ReserveDeviceSdrRepository } from '../protocol/commands/sensor.ts'
import { CompletionCodeError } from '../protocol/completion-code.ts'
import { LastwordError } from '../protocol/error.ts'
import { decodeSdr, decodeSdrHeader, SDR_HEADER_BYTES, type SdrRecord } from '../protocol/sdr/record.ts'
import { LAST_SINCE_START, UNSPECIFIED_TIME } from '../protocol/time-stamp.ts'
import { type Abortable, type CommandRunner, within } from './command-runner.ts'
import { readChain } from './record-chain.ts'
import { hexId, type RecordKind, RecordReader } from './record-reader.ts'

/** How often the repository may be changed while it is read. */
const PASSES = 3

/** Where records are kept between runs. `key` tells one state of one repository from every other. */
export interface SdrCache {
  /** Undefined when nothing that is right is kept for this BMC and key; null: the BMC does not tell its states apart. */
  load(url: string, key: string | null): Promise<Uint8Array[] | undefined>
  save(url: string, key: string, records: readonly Uint8Array[]): Promise<void>
}

const length = (head: Uint8Array) => SDR_HEADER_BYTES + decodeSdrHeader(head).length

const repository: RecordKind = {
  name: 'SDR',
  get: GetSdr,
  reserve: ReserveSdrRepository,
  headBytes: SDR_HEADER_BYTES,
  lengthOf: length,
}

const deviceRecords: RecordKind = {
  name: 'device SDR',
  get: GetDeviceSdr,
  reserve: ReserveDeviceSdrRepository,
  headBytes: SDR_HEADER_BYTES,
  lengthOf: length,
}

export interface SdrOptions extends Abortable {
  /** Told after each record that was read from the BMC. */
  onProgress?: (done: number, expected: number) => void
  /** Told of each record that is not laid out as its type must be: SDR_BAD. */
  onProblem?: (problem: LastwordError) => void
}

/** Which records, in which state. */
interface State {
  kind: RecordKind
  expected: number
  /** All that the BMC tells of the state. */
  key: string
  /** Whether another key is sure to come with other records. */
  isSure: boolean
}

export class Sdr {
  readonly #bmc: CommandRunner
  readonly #cache: SdrCache | undefined
  readonly #readers = new Map<RecordKind, RecordReader>()

  constructor(bmc: CommandRunner, cache?: SdrCache) {
    this.#bmc = bmc
    this.#cache = cache
  }

  /**
   * All records: the repository's, or of a BMC without one its device SDRs. A record that is none is `other`, and told
   * to `onProblem`.
   * Throws LastwordError SDR_LOOP when the record IDs run in a circle, SDR_CHANGED when the repository is changed again
   * and again meanwhile, RECORD_BAD when the BMC gives records of a wrong length.
   */
  async records(options: SdrOptions = {}): Promise<SdrRecord[]> {
    return (await this.raw(options)).map(raw => this.#decode(raw, options))
  }

  /** The records' bytes. */
  async raw(options: SdrOptions = {}): Promise<Uint8Array[]> {
    const { url } = this.#bmc
    let state = await this.#state(options)
    const kept = await this.#cache?.load(url, state.isSure ? state.key : null)
    if (kept !== undefined) return kept
    for (let pass = 0; pass < PASSES; pass++) {
      const records = await this.#walk(state, options)
      const after = await this.#state(options)
      if (records !== null && after.key === state.key) {
        if (state.isSure) await this.#cache?.save(url, state.key, records)
        return records
      }
      state = after
    }
    throw new LastwordError(
      'SDR_CHANGED',
      `${url}: the SDR repository was changed each time while it was read`,
      {
        hint: 'Somebody else writes to it all the time: try again when that is over.',
      },
    )
  }

  #decode(raw: Uint8Array, { onProblem }: SdrOptions): SdrRecord {
    try {
      return decodeSdr(raw)
    } catch (cause) {
      if (!(cause instanceof CodecError)) throw cause
      const { recordId, version, type } = decodeSdrHeader(raw)
      const what = `SDR record ${hexId(recordId)} of type ${type.toString(16).padStart(2, '0')}h`
      const problem = new LastwordError('SDR_BAD', `${what} cannot be read: ${cause.message}`, { cause })
      onProblem?.(problem.at(this.#bmc.url))
      return { kind: 'other', recordId, version, type, data: raw.slice(SDR_HEADER_BYTES) }
    }
  }

  /** Null when a record was taken away meanwhile. */
  async #walk({ kind, expected }: State, options: SdrOptions): Promise<Uint8Array[] | null> {
    const reader = this.#readers.get(kind) ?? new RecordReader(this.#bmc, kind)
    this.#readers.set(kind, reader)
    const records: Uint8Array[] = []
    try {
      const chain = readChain({
        read: (recordId, within) => reader.read(recordId, within),
        window: this.#bmc.window,
        expected,
        loopCode: 'SDR_LOOP',
        what: `${this.#bmc.url}: ${kind.name}`,
        ...within(options),
      })
      for await (const record of chain) {
        records.push(record.subarray(0, length(record)))
        options.onProgress?.(records.length, expected)
      }
    } catch (error) {
      if (error instanceof LastwordError && error.code === 'RECORD_GONE') return null
      throw error
    }
    return records
  }

  /** One round trip: who the BMC is and in which state its records are. */
  async #state(options: Abortable): Promise<State> {
    const bmc = this.#bmc
    const [id, guid, info, device] = await Promise.all([
      bmc.run(GetDeviceId, {}, within(options)),
      unlessAnyRefusal(bmc.run(GetDeviceGuid, {}, within(options))),
      unlessAnyRefusal(bmc.run(GetSdrRepositoryInfo, {}, within(options))),
      unlessAnyRefusal(bmc.run(GetDeviceSdrInfo, { count: 'sdrs' }, within(options))),
    ])
    const isRepository = info !== undefined && (id.supports.sdrRepository || device === undefined)
    if (info === undefined && device === undefined) {
      throw new LastwordError(
        'NO_SDR',
        `${this.#bmc.url}: the BMC has neither an SDR repository nor device SDRs`,
      )
    }
    // Nothing that is there becomes another record without an addition; an erasure alone leaves fewer of them. Counted
    // from the BMC's start, a time says the same of other records after the next start.
    const changedAt = isRepository ? info.lastAdded : device?.changeIndicator
    return {
      kind: isRepository ? repository : deviceRecords,
      expected: isRepository ? info.records : (device?.count ?? 0),
      key: JSON.stringify([id, guid ?? null, isRepository ? info : device], bytesAsHex),
      isSure: changedAt !== undefined && changedAt > LAST_SINCE_START && changedAt !== UNSPECIFIED_TIME,
    }
  }
}

/** Undefined when the BMC refuses, for whatever reason. */
async function unlessAnyRefusal<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof CompletionCodeError) return undefined
    throw error
  }
}

function bytesAsHex(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value
}
