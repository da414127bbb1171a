/** Chassis, board and product areas of a FRU inventory. FRU storage definition 1.0, sections 10 to 12. */
import { ByteReader, ByteWriter, CodecError } from '../bytes.ts'
import { END_OF_FIELDS, type FruField, readField, writeField } from './field.ts'

const AREA_VERSION = 1
const UNIT_BYTES = 8

export interface ChassisArea {
  /** SMBIOS chassis type. */
  type: number
  partNumber: FruField
  serialNumber: FruField
  custom: FruField[]
}

export interface BoardArea {
  /** 0 and 25 are English. */
  language: number
  /** Minutes since 1996-01-01 00:00 UTC; 0 when it is not known. */
  madeMinutes: number
  manufacturer: FruField
  productName: FruField
  serialNumber: FruField
  partNumber: FruField
  fruFileId: FruField
  custom: FruField[]
}

export interface ProductArea {
  language: number
  manufacturer: FruField
  name: FruField
  partNumber: FruField
  version: FruField
  serialNumber: FruField
  assetTag: FruField
  fruFileId: FruField
  custom: FruField[]
}

const chassisFields = ['partNumber', 'serialNumber'] as const
const boardFields = ['manufacturer', 'productName', 'serialNumber', 'partNumber', 'fruFileId'] as const
const productFields = [
  'manufacturer',
  'name',
  'partNumber',
  'version',
  'serialNumber',
  'assetTag',
  'fruFileId',
] as const

const ENGLISH = 0
const FRU_EPOCH_MS = Date.UTC(1996, 0, 1)

/** When a board was made; undefined when it does not say. */
export function boardDate(area: BoardArea): Date | undefined {
  return area.madeMinutes === 0 ? undefined : new Date(FRU_EPOCH_MS + area.madeMinutes * 60_000)
}

export function boardMinutes(date: Date): number {
  return Math.floor((date.getTime() - FRU_EPOCH_MS) / 60_000)
}

/** The sum of all bytes of an area, its checksum included, is zero modulo 256. */
export function zeroSum(raw: Uint8Array): number {
  return raw.reduce((sum, byte) => sum + byte, 0) & 0xff
}

/** An area as it stands in the inventory: where it ends, and whether its checksum is right. */
export interface RawArea {
  raw: Uint8Array
  isWhole: boolean
}

/** Cuts out the area that begins at `offset`. Throws CodecError when there is none. */
export function cutArea(inventory: Uint8Array, offset: number): RawArea {
  const version = (inventory[offset] ?? 0) & 0x0f
  if (version !== AREA_VERSION)
    throw new CodecError('BAD_VALUE', `format version is ${version}, known is ${AREA_VERSION}`)
  const length = (inventory[offset + 1] ?? 0) * UNIT_BYTES
  if (length < UNIT_BYTES || offset + length > inventory.length)
    throw new CodecError('TOO_SHORT', `of ${length} bytes at ${offset} does not lie inside the inventory`)
  const raw = inventory.subarray(offset, offset + length)
  return { raw, isWhole: zeroSum(raw) === 0 }
}

type Named<N extends string> = Record<N, FruField> & { custom: FruField[] }

/** The fields that the area's definition names, then custom ones up to the end mark. */
function readFields<N extends string>(from: ByteReader, names: readonly N[], language: number): Named<N> {
  const fields: Partial<Record<N, FruField>> = {}
  const custom: FruField[] = []
  let hasEnded = false
  const next = () => {
    // An area that ends early has its last fields empty.
    const field = hasEnded || from.left === 0 ? undefined : readField(from, language)
    hasEnded ||= field === undefined
    return field
  }
  for (const name of names) fields[name] = next() ?? { encoding: 'latin1', text: '' }
  for (let field = next(); field !== undefined; field = next()) custom.push(field)
  return { ...(fields as Record<N, FruField>), custom }
}

function writeFields<N extends string>(
  to: ByteWriter,
  names: readonly N[],
  area: Named<N>,
  language: number,
): void {
  for (const name of names) writeField(to, area[name], language)
  for (const field of area.custom) writeField(to, field, language)
  to.uint(END_OF_FIELDS, 1)
}

/** Begins behind version and length, and ends before the checksum. */
function bodyOf(raw: Uint8Array): ByteReader {
  return new ByteReader(raw, 2, raw.length - 1)
}

export function decodeChassis(raw: Uint8Array): ChassisArea {
  const from = bodyOf(raw)
  return { type: from.uint(1), ...readFields(from, chassisFields, ENGLISH) }
}

export function decodeBoard(raw: Uint8Array): BoardArea {
  const from = bodyOf(raw)
  const language = from.uint(1)
  return { language, madeMinutes: from.uint(3), ...readFields(from, boardFields, language) }
}

export function decodeProduct(raw: Uint8Array): ProductArea {
  const from = bodyOf(raw)
  const language = from.uint(1)
  return { language, ...readFields(from, productFields, language) }
}

export function encodeChassis(area: ChassisArea): Uint8Array {
  return areaBytes(to => {
    to.uint(area.type, 1)
    writeFields(to, chassisFields, area, ENGLISH)
  })
}

export function encodeBoard(area: BoardArea): Uint8Array {
  return areaBytes(to => {
    to.uint(area.language, 1)
    to.uint(area.madeMinutes, 3)
    writeFields(to, boardFields, area, area.language)
  })
}

export function encodeProduct(area: ProductArea): Uint8Array {
  return areaBytes(to => {
    to.uint(area.language, 1)
    writeFields(to, productFields, area, area.language)
  })
}

function areaBytes(write: (to: ByteWriter) => void): Uint8Array {
  const body = new ByteWriter()
  write(body)
  // Version, length and checksum are around it.
  const units = Math.ceil((body.length + 3) / UNIT_BYTES)
  if (units > 0xff) throw new CodecError('BAD_VALUE', `area of ${body.length} bytes is too long`)
  const raw = new Uint8Array(units * UNIT_BYTES)
  raw.set([AREA_VERSION, units])
  raw.set(body.result(), 2)
  raw[raw.length - 1] = -zeroSum(raw) & 0xff
  return raw
}
