/** FRU inventories of a BMC: read and written in pieces, many at a time. IPMI 2.0 rev 1.1, section 34. */
import { fitted } from '../protocol/bytes.ts'
import { GetFruInventoryAreaInfo, ReadFruData, WriteFruData } from '../protocol/commands/fru.ts'
import { LastwordError } from '../protocol/error.ts'
import { type DecodedFru, decodeFru, encodeFru, type FruInventory } from '../protocol/fru/inventory.ts'
import type { FruLocatorRecord } from '../protocol/sdr/record.ts'
import {
  type Abortable,
  type CommandRunner,
  inParallel,
  isRefusal,
  tooMuchCodes,
  within,
} from './command-runner.ts'
import { pause } from './pause.ts'
import type { Sdr, SdrOptions } from './sdr.ts'

/** Bytes of a piece at first; halved for a BMC that cannot. */
const FIRST_PIECE_BYTES = 128
const LEAST_PIECE_BYTES = 8
/** What every message takes. */
const WRITE_PIECE_BYTES = 16
const FRU_BUSY = 0x81
const BUSY_TRIES = 20
const BUSY_PAUSE_MS = 100

/** A FRU device: the BMC's own has number 0. */
export interface FruDevice {
  fruId: number
  name: string
  /** How it is told of; the BMC's own has none. */
  locator?: FruLocatorRecord
}

export class Fru {
  readonly #bmc: CommandRunner
  readonly #sdr: Sdr
  #pieceBytes = FIRST_PIECE_BYTES

  constructor(bmc: CommandRunner, sdr: Sdr) {
    this.#bmc = bmc
    this.#sdr = sdr
  }

  /** The BMC's own, and the logical devices that the SDRs name. */
  async list(options: SdrOptions = {}): Promise<FruDevice[]> {
    const devices: FruDevice[] = [{ fruId: 0, name: 'Builtin FRU Device' }]
    for (const record of await this.#sdr.records(options)) {
      if (record.kind !== 'fruLocator' || !record.device.isLogical) continue
      const { fruId } = record.device
      if (devices.some(device => device.fruId === fruId && fruId !== 0)) continue
      if (fruId === 0) devices[0] = { fruId, name: record.id, locator: record }
      else devices.push({ fruId, name: record.id, locator: record })
    }
    return devices
  }

  /**
   * A device's inventory, read as far as it can be, with what is wrong with it in words. Rejects with LastwordError
   * FRU_BAD when it has no common header.
   */
  async inventory(fruId: number, options: Abortable = {}): Promise<DecodedFru> {
    const raw = await this.read(fruId, options)
    try {
      return decodeFru(raw)
    } catch (cause) {
      throw new LastwordError('FRU_BAD', `${this.#bmc.url}: FRU ${fruId}: ${(cause as Error).message}`, {
        cause,
      })
    }
  }

  /** All bytes of a device. Rejects with LastwordError FRU_BAD when the BMC gives less than it said. */
  async read(fruId: number, options: Abortable = {}): Promise<Uint8Array> {
    const { sizeBytes, unitBytes } = await this.#info(fruId, options)
    const raw = new Uint8Array(sizeBytes)
    await inParallel(
      pieces(sizeBytes, this.#pieceBytes),
      this.#bmc.window,
      options,
      async (piece, signal) => {
        await this.#readPiece(fruId, unitBytes, piece, raw, { signal })
      },
    )
    return raw
  }

  /** Writes an inventory over what a device holds. Rejects with LastwordError REQUEST_BAD for what does not fit into it. */
  async writeInventory(fruId: number, inventory: FruInventory, options: Abortable = {}): Promise<void> {
    const { sizeBytes } = await this.#info(fruId, options)
    const raw = fitted(`${this.#bmc.url}: FRU ${fruId}`, () => encodeFru(inventory, sizeBytes))
    await this.write(fruId, 0, raw, options)
  }

  /** One piece after the other, so that a failure leaves a beginning that is whole. */
  async write(fruId: number, offset: number, data: Uint8Array, options: Abortable = {}): Promise<void> {
    const { unitBytes } = await this.#info(fruId, options)
    for (let at = 0; at < data.length; ) {
      const piece = data.subarray(at, at + WRITE_PIECE_BYTES)
      const request = { fruId, offset: (offset + at) / unitBytes, data: piece }
      const { count } = await this.#unlessBusy(options, () =>
        this.#bmc.run(WriteFruData, request, within(options)),
      )
      if (count === 0 || count * unitBytes > piece.length)
        throw this.#bad(fruId, `${count * unitBytes} of ${piece.length} bytes were written`)
      at += count * unitBytes
    }
  }

  async #info(fruId: number, options: Abortable) {
    const { sizeBytes, unit } = await this.#bmc.run(GetFruInventoryAreaInfo, { fruId }, within(options))
    return { sizeBytes, unitBytes: unit === 'word' ? 2 : 1 }
  }

  async #readPiece(
    fruId: number,
    unitBytes: number,
    piece: Piece,
    into: Uint8Array,
    options: Abortable,
  ): Promise<void> {
    let size = Math.min(piece.length, this.#pieceBytes)
    for (let at = piece.offset; at < piece.offset + piece.length; ) {
      const wanted = Math.min(size, piece.offset + piece.length - at)
      const request = { fruId, offset: at / unitBytes, count: Math.ceil(wanted / unitBytes) }
      try {
        const { data } = await this.#unlessBusy(options, () =>
          this.#bmc.run(ReadFruData, request, within(options)),
        )
        if (data.length === 0) throw this.#bad(fruId, `there is nothing at ${at} of ${into.length} bytes`)
        const got = Math.min(data.length, wanted)
        into.set(data.subarray(0, got), at)
        at += got
      } catch (error) {
        if (size <= LEAST_PIECE_BYTES || !isRefusal(error, ...tooMuchCodes)) throw error
        // Even, for an inventory that is counted in words.
        size = Math.max(LEAST_PIECE_BYTES, Math.floor(size / 4) * 2)
        this.#pieceBytes = Math.min(this.#pieceBytes, size)
      }
    }
  }

  async #unlessBusy<T>(options: Abortable, action: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await action()
      } catch (error) {
        if (!isRefusal(error, FRU_BUSY) || tries === BUSY_TRIES) throw error
        await pause(BUSY_PAUSE_MS, options.signal)
      }
    }
  }

  #bad(fruId: number, why: string): LastwordError {
    return new LastwordError('FRU_BAD', `${this.#bmc.url}: FRU ${fruId}: ${why}`)
  }
}

interface Piece {
  offset: number
  length: number
}

function pieces(total: number, size: number): Piece[] {
  return Array.from({ length: Math.ceil(total / size) }, (_, index) => ({
    offset: index * size,
    length: Math.min(size, total - index * size),
  }))
}
