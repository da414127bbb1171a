/** The processor time that a process has used, to the nanosecond, from Linux's scheduler. */
import { readdirSync, readFileSync } from 'node:fs'

/** Seconds of all its threads. */
export function processorSeconds(pid: number): number {
  let nanoseconds = 0
  for (const thread of readdirSync(`/proc/${pid}/task`))
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
  return nanoseconds / 1e9
}
