/** A FRU inventory as a whole: common header, areas, multi-records. FRU storage definition 1.0, sections 8 and 16. */
import { CodecError } from '../bytes.ts'
import {
  type BoardArea,
  type ChassisArea,
  cutArea,
  decodeBoard,
  decodeChassis,
  decodeProduct,
  encodeBoard,
  encodeChassis,
  encodeProduct,
  type ProductArea,
  zeroSum,
} from './areas.ts'

export const FRU_HEADER_BYTES = 8
const UNIT_BYTES = 8
const VERSION = 1
const MULTI_RECORD_HEADER_BYTES = 5
const END_OF_LIST = 0x80

/** A multi-record as it stands there; `data` without its header. */
export interface MultiRecord {
  type: number
  /** Of the record's format, 2. */
  version: number
  data: Uint8Array
}

export interface FruInventory {
  /** From its version byte up to the next area. */
  internalUse?: Uint8Array
  chassis?: ChassisArea
  board?: BoardArea
  product?: ProductArea
  multiRecords: MultiRecord[]
}

/** What was read, and what was wrong with it: each problem in a sentence. */
export interface DecodedFru {
  inventory: FruInventory
  problems: string[]
}

const areaNames = ['internal use', 'chassis', 'board', 'product', 'multi-record'] as const
type AreaName = (typeof areaNames)[number]

/** Where the areas begin, in bytes; 0 when there is none. Throws CodecError when these bytes are no common header. */
export function decodeFruHeader(raw: Uint8Array): Record<AreaName, number> {
  if (raw.length < FRU_HEADER_BYTES)
    throw new CodecError('TOO_SHORT', `FRU inventory of ${raw.length} bytes has no common header`)
  const header = raw.subarray(0, FRU_HEADER_BYTES)
  if ((header[0]! & 0x0f) !== VERSION)
    throw new CodecError('BAD_VALUE', `FRU inventory: header version is ${header[0]! & 0x0f}, known is 1`)
  if (zeroSum(header) !== 0)
    throw new CodecError('BAD_VALUE', "FRU inventory: the common header's checksum is wrong")
  return Object.fromEntries(
    areaNames.map((name, index) => [name, header[index + 1]! * UNIT_BYTES]),
  ) as Record<AreaName, number>
}

/**
 * Reads as much as can be read; an area that cannot be is left out and told in `problems`, one whose checksum is
 * wrong is read and told. Throws CodecError when there is no common header.
 */
export function decodeFru(raw: Uint8Array): DecodedFru {
  const offsets = decodeFruHeader(raw)
  const problems: string[] = []
  const area = <T>(name: AreaName, decode: (raw: Uint8Array) => T): T | undefined => {
    if (offsets[name] === 0) return undefined
    try {
      const { raw: bytes, isWhole } = cutArea(raw, offsets[name])
      if (!isWhole) problems.push(`the ${name} area's checksum is wrong`)
      return decode(bytes)
    } catch (error) {
      if (!(error instanceof CodecError)) throw error
      problems.push(`the ${name} area cannot be read: ${error.message}`)
      return undefined
    }
  }
  const chassis = area('chassis', decodeChassis)
  const board = area('board', decodeBoard)
  const product = area('product', decodeProduct)
  const internalUse = internalUseArea(raw, offsets)
  const multiRecords =
    offsets['multi-record'] === 0 ? [] : readMultiRecords(raw, offsets['multi-record'], problems)
  return {
    inventory: {
      ...(internalUse === undefined ? {} : { internalUse }),
      ...(chassis === undefined ? {} : { chassis }),
      ...(board === undefined ? {} : { board }),
      ...(product === undefined ? {} : { product }),
      multiRecords,
    },
    problems,
  }
}

/** It has no length of its own: it ends where the next area begins. */
function internalUseArea(raw: Uint8Array, offsets: Record<AreaName, number>): Uint8Array | undefined {
  const start = offsets['internal use']
  if (start === 0) return undefined
  const end = Math.min(raw.length, ...Object.values(offsets).filter(offset => offset > start))
  return raw.slice(start, end)
}

function readMultiRecords(raw: Uint8Array, offset: number, problems: string[]): MultiRecord[] {
  const records: MultiRecord[] = []
  for (let at = offset; ; ) {
    const header = raw.subarray(at, at + MULTI_RECORD_HEADER_BYTES)
    const data = raw.slice(at + header.length, at + header.length + (header[2] ?? 0))
    const where = `multi-record ${records.length}`
    if (header.length < MULTI_RECORD_HEADER_BYTES || data.length < header[2]!) {
      problems.push(`${where} does not lie inside the inventory`)
      return records
    }
    if (zeroSum(header) !== 0) {
      problems.push(`the header checksum of ${where} is wrong`)
      return records
    }
    if (((zeroSum(data) + header[3]!) & 0xff) !== 0) problems.push(`the checksum of ${where} is wrong`)
    records.push({ type: header[0]!, version: header[1]! & 0x0f, data })
    if (header[1]! & END_OF_LIST) return records
    at += header.length + data.length
  }
}

/**
 * The bytes of an inventory, filled up with zeros to `sizeBytes` when it is given.
 * Throws CodecError when a text cannot be written or all of it does not fit.
 */
export function encodeFru(inventory: FruInventory, sizeBytes?: number): Uint8Array {
  const { internalUse, chassis, board, product, multiRecords } = inventory
  const areas: (Uint8Array | undefined)[] = [
    internalUse && padded(internalUse),
    chassis && encodeChassis(chassis),
    board && encodeBoard(board),
    product && encodeProduct(product),
    multiRecords.length > 0 ? writeMultiRecords(multiRecords) : undefined,
  ]
  const length = areas.reduce((sum, area) => sum + (area?.length ?? 0), FRU_HEADER_BYTES)
  if (length > (sizeBytes ?? length))
    throw new CodecError('TOO_LONG', `FRU inventory of ${length} bytes does not fit into ${sizeBytes}`)
  const raw = new Uint8Array(sizeBytes ?? length)
  raw[0] = VERSION
  let at = FRU_HEADER_BYTES
  areas.forEach((area, index) => {
    if (area === undefined) return
    if (at / UNIT_BYTES > 0xff)
      throw new CodecError('TOO_LONG', 'FRU inventory: an area begins beyond 2,040 bytes')
    raw[index + 1] = at / UNIT_BYTES
    raw.set(area, at)
    at += area.length
  })
  raw[FRU_HEADER_BYTES - 1] = -zeroSum(raw.subarray(0, FRU_HEADER_BYTES - 1)) & 0xff
  return raw
}

function padded(raw: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil(raw.length / UNIT_BYTES) * UNIT_BYTES)
  whole.set(raw)
  return whole
}

function writeMultiRecords(records: MultiRecord[]): Uint8Array {
  const parts = records.map(({ type, version, data }, index) => {
    if (data.length > 0xff) throw new CodecError('BAD_VALUE', `multi-record of ${data.length} bytes`)
    const flags = version | (index === records.length - 1 ? END_OF_LIST : 0)
    const header = Uint8Array.of(type, flags, data.length, -zeroSum(data) & 0xff, 0)
    header[4] = -zeroSum(header) & 0xff
    return [...header, ...data]
  })
  return Uint8Array.from(parts.flat())
}
