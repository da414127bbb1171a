/** One process at a time writes a state directory: a file names who does, and is taken over when that one is dead. */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LastwordError } from '../../protocol/error.ts'
import { stateDirError } from './journal.ts'

const LOCK = 'lock'
const MAX_TRIES = 10
/** Field 22 of /proc/PID/stat, counted from behind the name, which may hold spaces. */
const START_TIME_FIELD = 19

/** Takes the directory, which is made if need be. Throws LastwordError STATE_DIR or STATE_LOCKED. */
export function lockStateDir(dir: string): () => void {
  const file = join(dir, LOCK)
  const own = join(dir, `${LOCK}.${process.pid}`)
  const me = signOf(process.pid)
  try {
    mkdirSync(dir, { recursive: true })
    writeFileSync(own, me)
    try {
      take(dir, file, own)
    } finally {
      rmSync(own, { force: true })
    }
  } catch (cause) {
    throw cause instanceof LastwordError ? cause : stateDirError(dir, cause)
  }
  return () => {
    if (readIfThere(file) === me) rmSync(file, { force: true })
  }
}

function take(dir: string, file: string, own: string): void {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    if (isLinked(own, file)) return
    const holder = readIfThere(file)
    if (holder === undefined) continue
    if (isAlive(holder)) throw lockedError(dir, holder)
    removeStale(file, own, holder)
  }
  throw lockedError(dir, readIfThere(file) ?? '')
}

/** A link appears whole or not at all, and never in the place of another. */
function isLinked(own: string, file: string): boolean {
  try {
    linkSync(own, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** What is moved away must be what was found dead: another process may have taken over in between. */
function removeStale(file: string, own: string, holder: string): void {
  const aside = `${own}.stale`
  try {
    renameSync(file, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  if (readIfThere(aside) !== holder) isLinked(aside, file)
  rmSync(aside, { force: true })
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** A process's number and when it started, for numbers come back. */
function signOf(pid: number): string {
  return `${pid} ${startTimeOf(pid)}\n`
}

function startTimeOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return `${boot}:${fields[START_TIME_FIELD]}`
  } catch {
    // No /proc: the number alone has to do.
    return 'unknown'
  }
}

function isAlive(holder: string): boolean {
  const pid = Number(holder.split(' ')[0])
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  return signOf(pid) === holder
}

function lockedError(dir: string, holder: string): LastwordError {
  const pid = holder.split(' ')[0]
  return new LastwordError('STATE_LOCKED', `${dir}: process ${pid} keeps its state there`, {
    hint: 'Give each BMC a --state directory of its own, or end that process.',
  })
}
