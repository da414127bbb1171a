/** One process at a time writes a state directory: a file names who does, and is taken over when that one is dead. */
import { linkSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LastwordError } from '../../protocol/error.ts'
import { makeLastingFolder } from './folder.ts'
import { stateDirError } from './journal.ts'
import { isAlive, pidIn, readIfThere, signOf } from './process-sign.ts'

const LOCK = 'lock'
const MAX_TRIES = 10

/** Takes the directory, which is made if need be. Throws LastwordError STATE_DIR or STATE_LOCKED. */
export function lockStateDir(dir: string): () => void {
  const file = join(dir, LOCK)
  const own = join(dir, `${LOCK}.${process.pid}`)
  const me = signOf(process.pid)
  try {
    makeLastingFolder(dir)
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

function lockedError(dir: string, holder: string): LastwordError {
  const pid = pidIn(holder) ?? 'unknown'
  return new LastwordError('STATE_LOCKED', `${dir}: process ${pid} keeps its state there`, {
    hint: 'Give each BMC a --state directory of its own, or end that process.',
  })
}
