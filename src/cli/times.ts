/** Times as this program shows them: ISO 8601 in UTC, to the second. IPMI 2.0 rev 1.1, section 37. */
import { isoTime, LAST_SINCE_START, UNSPECIFIED_TIME } from '../protocol/time-stamp.ts'

export const LAST_TIME = UNSPECIFIED_TIME - 1

const isoDate = /^(\d{4})-(\d\d)-(\d\d)(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?$/i
const slashedDate = /^(\d\d?)\/(\d\d?)\/(\d{4}|\d\d)(?: (\d\d?):(\d\d?):(\d\d?))?$/

/**
 * Seconds since 1970 of an ISO date, or of MM/DD/YYYY HH:MM:SS in the zone of this machine. Undefined for anything else,
 * and for a day that its month does not have, which Date.parse takes for one of the next month.
 */
export function secondsOfDate(text: string): number | undefined {
  const iso = isoOf(text)
  const [, year, month, day] = isoDate.exec(iso) ?? []
  if (year === undefined) return undefined
  if (Number(day) > new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()) return undefined
  const ms = Date.parse(iso)
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000)
}

function isoOf(text: string): string {
  const [, month, day, year, hour = '0', minute = '0', second = '0'] = slashedDate.exec(text) ?? []
  if (month === undefined || day === undefined || year === undefined) return text
  const two = (part: string) => part.padStart(2, '0')
  return `${century(year)}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`
}

/** Two digits stand for 1969 to 2068, as in C. */
function century(year: string): string {
  if (year.length === 4) return year
  return `${Number(year) < 69 ? 20 : 19}${year}`
}

/** What a BMC's time stamp says. */
export interface Moment {
  /** Null where it tells none, or only how long it was after the BMC's start. */
  time: string | null
  secondsSinceStart?: number
}

export function momentOf(timestamp: number): Moment {
  if (timestamp === UNSPECIFIED_TIME) return { time: null }
  if (timestamp < LAST_SINCE_START) return { time: null, secondsSinceStart: timestamp }
  return { time: isoTime(new Date(timestamp * 1000)) }
}

/** For people; empty where it tells none. */
export function momentText({ time, secondsSinceStart }: Moment): string {
  if (time !== null) return time
  return secondsSinceStart === undefined ? '' : `${secondsSinceStart} s after the start`
}

/** When something was done last; 0 is never, too. */
function lastMoment(timestamp: number): Moment {
  return momentOf(timestamp === 0 ? UNSPECIFIED_TIME : timestamp)
}

export function lastTimeText(timestamp: number): string {
  return momentText(lastMoment(timestamp)) || 'none'
}

/** For programs: fields that hold when something was done last, `lastAdded` beside `lastAddedSecondsSinceStart`. */
export function lastTimes<K extends string>(
  data: Readonly<Record<K, number>>,
  ...names: readonly K[]
): Record<string, string | number | null> {
  return Object.fromEntries(
    names.flatMap(name => {
      const { time, secondsSinceStart } = lastMoment(data[name])
      return [
        [name, time],
        ...(secondsSinceStart === undefined ? [] : [[`${name}SecondsSinceStart`, secondsSinceStart]]),
      ]
    }),
  )
}
