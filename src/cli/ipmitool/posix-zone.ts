/** Time zones as TZ may spell them out (`CET-1CEST,M3.5.0,M10.5.0/3`): POSIX.1, section 8.3, read as the GNU C library does. */

/** What the clock on the wall says at some time. */
export interface LocalOffset {
  /** East of Greenwich. */
  readonly seconds: number
  /** `CEST` */
  readonly name: string
}

/** From seconds since 1970 on. */
export type Zone = (time: number) => LocalOffset

/** When a change comes, year by year: the day, counted in one of three ways, and the seconds since its midnight. */
interface Change {
  /** Seconds from 1970 to the midnight that the day begins with, as if it were Greenwich's. */
  midnight(year: number): number
  readonly secondsOfDay: number
}

const DAY = 86_400
const HOUR = 3600
const DEFAULT_CHANGE = 2 * HOUR
const unnamed: LocalOffset = { seconds: 0, name: '' }

/** What cannot be read is Greenwich time without a name. */
export function posixZone(text: string): Zone {
  const reader = new Reader(text)
  const standardName = reader.name()
  if (standardName === undefined) return () => unnamed
  const standardSeconds = reader.offset()
  const standard = { seconds: standardSeconds ?? 0, name: standardName }
  if (standardSeconds === undefined || reader.isAtEnd) return () => standard
  const summerName = reader.name()
  if (summerName === undefined) return () => unnamed
  const summer = { seconds: reader.offset() ?? standard.seconds + HOUR, name: summerName }
  const begin = reader.change(2, 3)
  const end = begin && reader.change(1, 11)
  if (end === undefined || begin === undefined) return () => standard
  return changing(standard, summer, begin, end)
}

/** The summer may lie across the new year. */
function changing(standard: LocalOffset, summer: LocalOffset, begin: Change, end: Change): Zone {
  return time => {
    const year = new Date(time * 1000).getUTCFullYear()
    const from = begin.midnight(year) + begin.secondsOfDay - standard.seconds
    const to = end.midnight(year) + end.secondsOfDay - summer.seconds
    const isSummer = from > to ? time < to || time >= from : time >= from && time < to
    return isSummer ? summer : standard
  }
}

class Reader {
  #rest: string

  constructor(text: string) {
    this.#rest = text
  }

  get isAtEnd(): boolean {
    return this.#rest === ''
  }

  name(): string | undefined {
    const [, word, quoted] = this.#take(/^(?:([a-z]{3,})|<([a-z0-9+-]{3,})>)/i) ?? []
    return word ?? quoted
  }

  /** East of Greenwich; it is written westwards. */
  offset(): number | undefined {
    const [, sign, ...parts] = this.#take(/^([-+]?)(\d+)(?::(\d+))?(?::(\d+))?/) ?? []
    if (sign === undefined) return undefined
    const [hours = 0, minutes = 0, seconds = 0] = parts.map(part => Number(part ?? 0))
    const west = Math.min(hours, 24) * HOUR + Math.min(minutes, 59) * 60 + Math.min(seconds, 59)
    return sign === '-' ? west : -west
  }

  /** Where there is none, a Sunday of a month, as in the United States. */
  change(week: number, month: number): Change | undefined {
    this.#take(/^,/)
    const midnight = this.isAtEnd ? nthWeekday(month, week, 0) : this.#day()
    if (midnight === undefined || !/^(?:[,/]|$)/.test(this.#rest)) return undefined
    if (this.#take(/^\//) === null) return { midnight, secondsOfDay: DEFAULT_CHANGE }
    const [, sign = '', hours = '2', minutes = '0', seconds = '0'] =
      this.#take(/^(-?)(\d+)(?::(\d+))?(?::(\d+))?/) ?? []
    const total = Number(hours) * HOUR + Number(minutes) * 60 + Number(seconds)
    return { midnight, secondsOfDay: sign === '-' ? -total : total }
  }

  /** `M3.5.0`, the last Sunday of March; `J60`, always the first of March; `59`, counted from zero, leap days too. */
  #day(): Change['midnight'] | undefined {
    const [, m, n, d] = this.#take(/^M(\d+)\.(\d+)\.(\d+)/) ?? []
    if (m !== undefined) {
      const [month, week, weekday] = [Number(m), Number(n), Number(d)]
      const isOne = month >= 1 && month <= 12 && week >= 1 && week <= 5 && weekday <= 6
      return isOne ? nthWeekday(month, week, weekday) : undefined
    }
    const [, julian, digits] = this.#take(/^(J?)(\d+)/) ?? []
    const day = Number(digits ?? Number.NaN)
    if (!(day <= 365) || (julian === 'J' && day === 0)) return undefined
    if (julian === '') return year => startOf(year) + day * DAY
    return year => startOf(year) + (day - 1 + (day >= 60 && isLeap(year) ? 1 : 0)) * DAY
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    const found = pattern.exec(this.#rest)
    if (found !== null) this.#rest = this.#rest.slice(found[0].length)
    return found
  }
}

/** The fifth is the last. */
function nthWeekday(month: number, week: number, weekday: number): Change['midnight'] {
  return year => {
    const first = new Date(Date.UTC(year, month - 1, 1))
    const days = new Date(Date.UTC(year, month, 0)).getUTCDate()
    let day = (weekday - first.getUTCDay() + 7) % 7
    for (let nth = 1; nth < week && day + 7 < days; nth++) day += 7
    return first.getTime() / 1000 + day * DAY
  }
}

function startOf(year: number): number {
  return Date.UTC(year, 0, 1) / 1000
}

function isLeap(year: number): boolean {
  return new Date(Date.UTC(year, 1, 29)).getUTCMonth() === 1
}
