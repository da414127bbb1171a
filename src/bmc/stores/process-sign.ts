/** A process as it is written down for those who come later: its number and when it started, for numbers come back. */
import { readFileSync } from 'node:fs'

/** Fields of /proc/PID/stat, counted from behind the name, which may hold spaces: 3 and 22 of proc(5). */
const STATE_FIELD = 0
const START_TIME_FIELD = 19
/** Zombies, which nobody has waited for, and the dead: neither runs nor holds anything. */
const ENDED_STATES = ['Z', 'X', 'x']

export function signOf(pid: number): string {
  return `${pid} ${startTimeOf(pid)}\n`
}

/** The number in a sign; undefined when it is none. */
export function pidIn(sign: string): number | undefined {
  const pid = Number(sign.split(' ')[0])
  return Number.isInteger(pid) && pid > 0 ? pid : undefined
}

/** Whether the very process of this sign still runs. */
export function isAlive(sign: string): boolean {
  const pid = pidIn(sign)
  if (pid === undefined) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  return signOf(pid) === sign && !ENDED_STATES.includes(statOf(pid)?.[STATE_FIELD] ?? '')
}

/** A file's text; undefined: there is none. */
export function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function startTimeOf(pid: number): string {
  const fields = statOf(pid)
  // No /proc: the number alone has to do.
  return fields === undefined ? 'unknown' : `${bootId()}:${fields[START_TIME_FIELD]}`
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}
