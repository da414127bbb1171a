/** Times in the process's time zone with the zone's abbreviation, as C's strftime writes them. */
import { readFileSync } from 'node:fs'
import { posixZone, type Zone } from './posix-zone.ts'
import { type FileOffset, fileZone } from './zone-file.ts'

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
function written(shifted: Date, zone: string, leapSeconds: number): LocalTime {
  const [year, month, day] = [shifted.getUTCFullYear(), shifted.getUTCMonth(), shifted.getUTCDate()]
  return {
    date: [month + 1, day, year % 100].map(two).join('/'),
    weekday: weekdays[shifted.getUTCDay()]!,
    month: months[month]!,
    day,
    year,
    time: [shifted.getUTCHours(), shifted.getUTCMinutes(), shifted.getUTCSeconds() + leapSeconds]
      .map(two)
      .join(':'),
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
  const { seconds: offset, name, leapSeconds } = localZone()(seconds)
  return written(new Date((seconds + offset) * 1000), name, leapSeconds)
}

export function greenwichTime(seconds: number): LocalTime {
  return written(new Date(seconds * 1000), 'GMT', 0)
}

let known: { tz: string | undefined; zone: (time: number) => FileOffset } | undefined

function localZone(): (time: number) => FileOffset {
  const tz = process.env.TZ
  if (known === undefined || known.tz !== tz) known = { tz, zone: readZone(tz) }
  return known.zone
}

/** As C looks for it: first a file of that name, then what the name itself says. */
function readZone(tz: string | undefined): (time: number) => FileOffset {
  const name = tz === '' ? 'Universal' : tz?.replace(/^:/, '')
  const file =
    name === undefined ? '/etc/localtime' : name.startsWith('/') ? name : `/usr/share/zoneinfo/${name}`
  try {
    return fileZone(readFileSync(file))
  } catch {
    const zone: Zone = posixZone(name === undefined || tz === '' ? 'UTC' : name)
    return time => ({ ...zone(time), leapSeconds: 0 })
  }
}
