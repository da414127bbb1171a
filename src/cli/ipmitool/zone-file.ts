/** Time zones from files, as RFC 8536 has them; `right/` files count leap seconds, too. */
import { type LocalOffset, posixZone, type Zone } from './posix-zone.ts'

/** A leap second lets a minute have 60 seconds and more. */
export interface FileOffset extends LocalOffset {
  readonly leapSeconds: number
}

const HEADER_BYTES = 44
const MAGIC = 'TZif'

/** The counts of a header: what follows it, block by block. */
function countsOf(file: Buffer, at: number) {
  const [utc, standard, leap, changes, types, letters] = [20, 24, 28, 32, 36, 40].map(offset =>
    file.readUInt32BE(at + offset),
  ) as [number, number, number, number, number, number]
  return { utc, standard, leap, changes, types, letters }
}

/** Throws where the bytes are no such file. */
export function fileZone(file: Buffer): (time: number) => FileOffset {
  if (file.toString('latin1', 0, MAGIC.length) !== MAGIC) throw new RangeError('this is no zone file')
  // The first block has 32-bit times for old readers; the second, with 64-bit ones, says the same and more.
  const old = countsOf(file, 0)
  const start =
    HEADER_BYTES + old.changes * 5 + old.types * 6 + old.letters + old.leap * 8 + old.standard + old.utc
  const { utc, standard, leap, changes, types, letters } = countsOf(file, start)
  const indexesAt = start + HEADER_BYTES + changes * 8
  const typesAt = indexesAt + changes
  const lettersAt = typesAt + types * 6
  const leapAt = lettersAt + letters
  const since = times(file, start + HEADER_BYTES, changes, 8)
  const leaps = times(file, leapAt, leap, 12)
  const corrections = leaps.map((_, index) => file.readInt32BE(leapAt + index * 12 + 8))
  const kinds = Array.from({ length: types }, (_, type) => kindOf(file, typesAt + type * 6, lettersAt))
  const first = kinds.find(kind => !kind.isSummer) ?? kinds[0]!
  const rule = file.toString('latin1', leapAt + leap * 12 + standard + utc).trim()
  const later: Zone | undefined = rule === '' ? undefined : posixZone(rule)

  const offsetAt: Zone = time => {
    const index = since.findLastIndex(change => change <= time)
    if (index < 0) return first
    if (index === since.length - 1 && later !== undefined) return later(time)
    return kinds[file.readUInt8(indexesAt + index)]!
  }
  return time => {
    const { seconds, name } = offsetAt(time)
    const last = leaps.findLastIndex(at => at <= time)
    const correction = corrections[last] ?? 0
    const isLeapSecond = leaps[last] === time && correction > (corrections[last - 1] ?? 0)
    return { seconds: seconds - correction, name, leapSeconds: isLeapSecond ? 1 : 0 }
  }
}

/** So many 64-bit times, each at the beginning of a piece of so many bytes. */
function times(file: Buffer, start: number, count: number, pieceBytes: number): number[] {
  return Array.from({ length: count }, (_, index) => Number(file.readBigInt64BE(start + index * pieceBytes)))
}

function kindOf(file: Buffer, at: number, lettersAt: number): LocalOffset & { readonly isSummer: boolean } {
  const name = lettersAt + file.readUInt8(at + 5)
  return {
    seconds: file.readInt32BE(at),
    isSummer: file.readUInt8(at + 4) !== 0,
    name: file.toString('latin1', name, file.indexOf(0, name)),
  }
}
