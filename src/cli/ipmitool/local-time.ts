/** Times in the process's time zone with the zone's abbreviation, as C's strftime writes them. RFC 8536 for zone files. */
import { readFileSync } from 'node:fs'

export interface LocalTime {
  /** `09/13/20` */
  date: string
  /** `Sun` */
  weekday: string
  /** `Sep` */
  month: string
  day: number
  year: number
  /** `14:26:40` */
  time: string
  /** `CEST` */
  zone: string
}

const two = (value: number) => String(value).padStart(2, '0')

const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `shifted` is the local time as if it were Greenwich's. */
function written(shifted: Date, zone: string): LocalTime {
  const [year, month, day] = [shifted.getUTCFullYear(), shifted.getUTCMonth(), shifted.getUTCDate()]
  return {
    date: [month + 1, day, year % 100].map(two).join('/'),
    weekday: weekdays[shifted.getUTCDay()]!,
    month: months[month]!,
    day,
    year,
    time: [shifted.getUTCHours(), shifted.getUTCMinutes(), shifted.getUTCSeconds()].map(two).join(':'),
    zone,
  }
}

/** How times are printed: in Greenwich's time with ipmitool's -Z. */
export interface Clock {
  readonly isUtc: boolean
}

export const localClock: Clock = { isUtc: false }

/** In the zone that the environment's TZ names, or the system's. */
export function timeOn({ isUtc }: Clock, seconds: number): LocalTime {
  if (isUtc) return greenwichTime(seconds)
  const offset = -new Date(seconds * 1000).getTimezoneOffset() * 60
  return written(new Date((seconds + offset) * 1000), abbreviation(seconds, offset))
}

export function greenwichTime(seconds: number): LocalTime {
  return written(new Date(seconds * 1000), 'GMT')
}

interface Zone {
  /** From each of these seconds on the abbreviation at the same place holds. */
  since: number[]
  names: string[]
  first: string
  /** Standard and summer time's, for what comes after the last change. */
  later: { name: string; offset: number }[]
}

let known: { tz: string | undefined; zone: Zone | undefined } | undefined

function abbreviation(seconds: number, offset: number): string {
  const tz = process.env.TZ
  if (known === undefined || known.tz !== tz) known = { tz, zone: readZone(tz) }
  const { zone } = known
  if (zone === undefined) return 'UTC'
  const last = zone.since.at(-1)
  const later = zone.later.find(rule => rule.offset === offset)
  if (later !== undefined && (last === undefined || seconds >= last)) return later.name
  const at = zone.since.findLastIndex(since => since <= seconds)
  return zone.names[at] ?? zone.first
}

function readZone(tz: string | undefined): Zone | undefined {
  const name = tz?.replace(/^:/, '')
  if (name === '') return undefined
  const file =
    name === undefined ? '/etc/localtime' : name.startsWith('/') ? name : `/usr/share/zoneinfo/${name}`
  try {
    return parseZone(readFileSync(file))
  } catch {
    // Without the file C too falls back to UTC.
    return undefined
  }
}

const HEADER_BYTES = 44

/** The counts of a header: what follows it, block by block. */
function countsOf(file: Buffer, at: number) {
  const [utc, standard, leap, changes, types, letters] = [20, 24, 28, 32, 36, 40].map(offset =>
    file.readUInt32BE(at + offset),
  ) as [number, number, number, number, number, number]
  return { utc, standard, leap, changes, types, letters }
}

function parseZone(file: Buffer): Zone {
  // The first block has 32-bit times for old readers; the second, with 64-bit ones, says the same and more.
  const old = countsOf(file, 0)
  const start =
    HEADER_BYTES + old.changes * 5 + old.types * 6 + old.letters + old.leap * 8 + old.standard + old.utc
  const { utc, standard, leap, changes, types, letters } = countsOf(file, start)
  const times = start + HEADER_BYTES
  const indexes = times + changes * 8
  const typesAt = indexes + changes
  const lettersAt = typesAt + types * 6
  const nameOf = (type: number) => {
    const from = lettersAt + file.readUInt8(typesAt + type * 6 + 5)
    return file.toString('latin1', from, file.indexOf(0, from))
  }
  const rule = file.toString('latin1', lettersAt + letters + leap * 12 + standard + utc).trim()
  return {
    since: Array.from({ length: changes }, (_, i) => Number(file.readBigInt64BE(times + i * 8))),
    names: Array.from({ length: changes }, (_, i) => nameOf(file.readUInt8(indexes + i))),
    first: nameOf(0),
    later: laterNames(rule),
  }
}

/** `CET-1CEST,M3.5.0,M10.5.0/3`: names and offsets, which POSIX counts westwards; summer time is an hour ahead if not told. */
function laterNames(rule: string): Zone['later'] {
  const match = /^(<[^>]+>|[A-Za-z]+)([-+]?[\d:]+)(?:(<[^>]+>|[A-Za-z]+)([-+]?[\d:]+)?)?/.exec(rule)
  if (match === null) return []
  const [, standard, west, summer, summerWest] = match
  const plain = (name: string) => name.replace(/[<>]/g, '')
  const offset = -secondsOf(west!)
  const names = [{ name: plain(standard!), offset }]
  if (summer !== undefined) {
    const ahead = summerWest === undefined ? offset + 3600 : -secondsOf(summerWest)
    names.push({ name: plain(summer), offset: ahead })
  }
  return names
}

function secondsOf(text: string): number {
  const [hours, minutes = 0, seconds = 0] = text.replace(/^[-+]/, '').split(':').map(Number)
  const total = hours! * 3600 + minutes * 60 + seconds
  return text.startsWith('-') ? -total : total
}
