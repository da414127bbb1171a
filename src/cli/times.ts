/** Times as this program shows them: ISO 8601 in UTC, to the second. IPMI 2.0 rev 1.1, section 37. */

/** Time stamps below it count seconds since the BMC's start. */
export const SINCE_START = 0x20000000
export const UNSPECIFIED = 0xffffffff

/** `2026-11-25T09:00:00Z` */
export function isoTime(at: Date): string {
  return at.toISOString().replace('.000Z', 'Z')
}

/** What a BMC's time stamp says. */
export interface Moment {
  /** Null where it tells none, or only how long it was after the BMC's start. */
  time: string | null
  secondsSinceStart?: number
}

export function momentOf(timestamp: number): Moment {
  if (timestamp === UNSPECIFIED) return { time: null }
  if (timestamp < SINCE_START) return { time: null, secondsSinceStart: timestamp }
  return { time: isoTime(new Date(timestamp * 1000)) }
}

/** For people; empty where it tells none. */
export function momentText({ time, secondsSinceStart }: Moment): string {
  if (time !== null) return time
  return secondsSinceStart === undefined ? '' : `${secondsSinceStart} s after the start`
}

/** When something was done last; 0 is never, too. */
function lastMoment(timestamp: number): Moment {
  return momentOf(timestamp === 0 ? UNSPECIFIED : timestamp)
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
