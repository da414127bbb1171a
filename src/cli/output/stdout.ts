/** Standard output: all of it is written or the program fails; waits while a pipe is full, ends quietly, what is under way first, when its reader has gone (`lastword … | head`). */
import { fstatSync, writeFileSync } from 'node:fs'
import { LastwordError } from '../../protocol/error.ts'
import { exitStatus, printError } from '../output.ts'

const STDOUT = 1

// A file that has come to its limit (ulimit -f) is then an error of the write like a full disk, not the end of the process.
process.on('SIGXFSZ', () => {})

/** Nothing can be written any more; without a failure its reader has gone. */
export interface OutputEnd {
  failure: LastwordError | undefined
}

let atEnd = exitAtOnce

process.stdout.on('error', error => {
  const isReaderGone = (error as NodeJS.ErrnoException).code === 'EPIPE'
  atEnd({ failure: isReaderGone ? undefined : unwritable(error) })
})

function exitAtOnce({ failure }: OutputEnd): void {
  if (failure !== undefined) printError(failure, 'short')
  process.exit(failure === undefined ? exitStatus.ok : exitStatus.failed)
}

/** Until the function that is returned is called, `action` is what the end of standard output leads to, not that of the process. */
export function whenOutputEnds(action: (end: OutputEnd) => void): () => void {
  atEnd = action
  return () => {
    atEnd = exitAtOnce
  }
}

export async function writeOut(text: string | Uint8Array): Promise<void> {
  if (isFile()) {
    try {
      // Node's own stream takes a write that the disk cut short for a whole one.
      writeFileSync(STDOUT, text)
    } catch (error) {
      throw unwritable(error)
    }
  } else {
    await new Promise<void>(resolve => {
      // One that fails ends the wait too, and its error the work.
      if (process.stdout.write(text, () => resolve())) resolve()
    })
  }
}

let isFileKnown: boolean | undefined

/** Also a device such as /dev/full, but no terminal. */
function isFile(): boolean {
  if (isFileKnown !== undefined) return isFileKnown
  const kind = fstatSync(STDOUT)
  isFileKnown = !process.stdout.isTTY && (kind.isFile() || kind.isCharacterDevice())
  return isFileKnown
}

function unwritable(cause: unknown): LastwordError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new LastwordError('OUTPUT_UNWRITABLE', `standard output cannot be written: ${why}`, { cause })
}
