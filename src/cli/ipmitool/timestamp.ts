/** IPMI time stamps as ipmitool prints them: up to 20000000h since the BMC's start, FFFFFFFFh unspecified. Section 37. */
import { LAST_SINCE_START, UNSPECIFIED_TIME } from '../../protocol/time-stamp.ts'
import { type Clock, greenwichTime, type LocalTime, timeOn } from './local-time.ts'

/** ipmitool takes the very first second after the limit for one of Greenwich time. */
export function calendarTime(clock: Clock, seconds: number): LocalTime {
  return seconds === LAST_SINCE_START ? greenwichTime(seconds) : timeOn(clock, seconds)
}

/** `09/13/20 14:26:40 CEST`, `S+ 00:04:16`, after the first day `S+ 70/002 00:04:16` with year and day from 1970 on. */
export function timestampText(clock: Clock, seconds: number): string {
  if (seconds === UNSPECIFIED_TIME) return 'Unspecified'
  if (seconds < LAST_SINCE_START) return `S+ ${dayText(seconds)}${greenwichTime(seconds).time}`
  const { date, time, zone } = calendarTime(clock, seconds)
  return `${date} ${time} ${zone}`
}

const DAY = 86_400

function dayText(seconds: number): string {
  if (seconds < DAY) return ''
  const at = new Date(seconds * 1000)
  const year = at.getUTCFullYear()
  const day = Math.floor((at.getTime() - Date.UTC(year)) / (DAY * 1000)) + 1
  return `${year % 100}/${String(day).padStart(3, '0')} `
}
