/** A transport for tests whose BMC is a few functions, which counts requests and round trips and lies when it is told to. */
import { type Command, commandKey, decodeRequest, encodeResponse } from '../protocol/command.ts'
import { GetDeviceId } from '../protocol/commands/device.ts'
import { GetSdr, GetSdrRepositoryInfo, ReserveSdrRepository } from '../protocol/commands/sdr.ts'
import { GetSelEntry, GetSelInfo, ReserveSel } from '../protocol/commands/sel.ts'
import { GetDeviceSdr, GetDeviceSdrInfo, ReserveDeviceSdrRepository } from '../protocol/commands/sensor.ts'
import { CompletionCode } from '../protocol/completion-code.ts'
import { LastwordError } from '../protocol/error.ts'
import { Bmc, type BmcOptions } from './bmc.ts'
import type { RequestOptions, Transport } from './transport.ts'

type Answer = (data: Uint8Array) => Uint8Array

export class FakeBmc implements Transport {
  window = 32
  readonly #answers = new Map<number, Answer>()
  #waiting: (() => void)[] = []
  /** Times that the network was waited for: what is sent together is one. */
  roundTrips = 0
  requests = 0
  mostUnderWay = 0
  /** Where requests went that were not for the BMC at LUN 0. */
  readonly elsewhere: RequestOptions['addr'][] = []
  #underWay = 0
  /** Called before each answer: the world changes under the reader. */
  onRequest: (name: string) => void = () => {}

  /** A response, or a completion code that is not zero; bytes go out as they are. */
  on<Q, R>(command: Command<Q, R>, handler: (request: Q) => R | number | Uint8Array): this {
    const key = commandKey(command.netFn, command.cmd, command.group === undefined ? [] : [command.group])
    this.#answers.set(key, data => {
      this.onRequest(command.name)
      const response = handler(decodeRequest(command, data))
      if (typeof response === 'number') return Uint8Array.of(response)
      return response instanceof Uint8Array ? response : encodeResponse(command, response)
    })
    return this
  }

  connect(options: BmcOptions = {}): Bmc {
    return new Bmc(this, 'fake://bmc', options)
  }

  request(netFn: number, cmd: number, data: Uint8Array, options: RequestOptions = {}): Promise<Uint8Array> {
    this.requests++
    if (options.addr !== undefined) this.elsewhere.push(options.addr)
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.#underWay)
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#arrive())
      this.#waiting.push(() => {
        this.#underWay--
        if (options.signal?.aborted) return reject(new LastwordError('ABORTED', 'the caller gave up'))
        const answer = this.#answers.get(commandKey(netFn, cmd, data))
        try {
          resolve(answer === undefined ? Uint8Array.of(CompletionCode.InvalidCommand) : answer(data))
        } catch (error) {
          // What a handler throws is no answer.
          reject(error)
        }
      })
    })
  }

  #arrive(): void {
    this.roundTrips++
    const arrived = this.#waiting
    this.#waiting = []
    for (const answer of arrived) answer()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** Records as a BMC keeps them: their bytes begin with their ID. */
export interface RecordStore {
  records: Uint8Array[]
  lastAdded: number
  lastErased: number
  reservation: number
  /** What one answer may carry, 255 unless said otherwise. */
  mostBytes: number
  /** More than that is cut off, and not refused. */
  cutsOff?: boolean
  /** How many records there are, as it tells. */
  told?: number
  /** Asked for an ID that there is not, it gives the next record that there is. */
  givesNearest?: boolean
  /** Where the chain goes on after a record, when it is not to the next one. */
  nextOf(index: number): number
}

export function recordStore(records: Uint8Array[]): RecordStore {
  return {
    records,
    lastAdded: 1_700_000_000,
    lastErased: 1_600_000_000,
    reservation: 1,
    mostBytes: 255,
    nextOf(index) {
      const next = this.records[index + 1]
      return next === undefined ? 0xffff : idOf(next)
    },
  }
}

export function idOf(record: Uint8Array): number {
  return record[0]! | (record[1]! << 8)
}

function readRecord(store: RecordStore) {
  return (request: { reservationId: number; recordId: number; offset: number; count: number }) => {
    const { reservationId, recordId, offset, count } = request
    const { records } = store
    const index = records.findIndex(record =>
      store.givesNearest ? idOf(record) >= recordId : recordId === 0 || idOf(record) === recordId,
    )
    const record = records[index]
    if (record === undefined) return CompletionCode.NotPresent
    if (offset > 0 && reservationId !== store.reservation) return CompletionCode.ReservationCancelled
    const wanted = count === 0xff ? record.length - offset : count
    if (wanted > store.mostBytes && !store.cutsOff) return CompletionCode.CannotReturnRequestedBytes
    const data = record.slice(offset, offset + Math.min(wanted, store.mostBytes))
    return { nextRecordId: store.nextOf(index), data }
  }
}

/** Serves a SEL. */
export function withSel(fake: FakeBmc, store: RecordStore): FakeBmc {
  return fake
    .on(GetSelInfo, () => ({
      version: '1.5',
      entries: store.told ?? store.records.length,
      freeBytes: 0,
      lastAdded: store.lastAdded,
      lastErased: store.lastErased,
      supports: { allocationInfo: false, reserve: true, partialAdd: false, delete: true, overflow: false },
    }))
    .on(ReserveSel, () => ({ reservationId: store.reservation }))
    .on(GetSelEntry, readRecord(store))
}

function withDeviceId(fake: FakeBmc, holds: 'repository' | 'deviceSdrs'): FakeBmc {
  return fake.on(GetDeviceId, () => ({
    deviceId: 0x20,
    device: { revision: 1, providesSdrs: holds === 'deviceSdrs' },
    firmware: { major: 1, updateInProgress: false },
    firmwareMinor: 0,
    ipmiVersion: '2.0',
    supports: {
      sensorDevice: true,
      sdrRepository: holds === 'repository',
      sel: true,
      fruInventory: true,
      ipmbEventReceiver: false,
      ipmbEventGenerator: false,
      bridge: false,
      chassis: true,
    },
    manufacturerId: 0,
    productId: 1,
  }))
}

/** Serves device SDRs, and Get Device ID, which tells of them. */
export function withDeviceSdrs(fake: FakeBmc, store: RecordStore): FakeBmc {
  return withDeviceId(fake, 'deviceSdrs')
    .on(GetDeviceSdrInfo, () => ({
      count: store.records.length,
      population: { lun0: true, lun1: false, lun2: false, lun3: false, isDynamic: false },
    }))
    .on(ReserveDeviceSdrRepository, () => ({ reservationId: store.reservation }))
    .on(GetDeviceSdr, readRecord(store))
}

/** Serves an SDR repository, and Get Device ID, which tells of it. */
export function withSdrs(fake: FakeBmc, store: RecordStore): FakeBmc {
  return withDeviceId(fake, 'repository')
    .on(GetSdrRepositoryInfo, () => ({
      version: '1.5',
      records: store.told ?? store.records.length,
      freeBytes: 0,
      lastAdded: store.lastAdded,
      lastErased: store.lastErased,
      supports: {
        allocationInfo: false,
        reserve: true,
        partialAdd: false,
        delete: true,
        update: 'nonModal' as const,
        overflow: false,
      },
    }))
    .on(ReserveSdrRepository, () => ({ reservationId: store.reservation }))
    .on(GetSdr, readRecord(store))
}

/** A SEL record with this ID. */
export function selRaw(id: number, mark = 0): Uint8Array {
  return Uint8Array.of(id & 0xff, id >> 8, 2, mark, 0, 0, 0, 0x20, 0, 4, 1, 0x30, 1, 0x59, 0x50, 0x40)
}

/** An OEM SDR with this ID and so many bytes after the header. */
export function sdrRaw(id: number, bodyBytes = 20): Uint8Array {
  const record = new Uint8Array(5 + bodyBytes).fill(id & 0xff)
  record.set([id & 0xff, id >> 8, 0x51, 0xc0, bodyBytes])
  return record
}
