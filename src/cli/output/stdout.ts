/** Standard output: all of it is written or the program fails; waits while a pipe is full, ends quietly when its reader has gone (`lastword … | head`). */
import { fstatSync, writeFileSync } from 'node:fs'
import { LastwordError } from '../../protocol/error.ts'
import { exitStatus, printError } from '../output.ts'

const STDOUT = 1

// A file that has come to its limit (ulimit -f) is then an error of the write like a full disk, not the end of the process.
process.on('SIGXFSZ', () => {})

process.stdout.on('error', error => {
  if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit(exitStatus.ok)
  printError(unwritable(error), 'short')
  process.exit(exitStatus.failed)
})

export async function writeOut(text: string | Uint8Array): Promise<void> {
  if (isFile()) {
    try {
      // Node's own stream takes a write that the disk cut short for a whole one.
      writeFileSync(STDOUT, text)
    } catch (error) {
      throw unwritable(error)
    }
  } else if (!process.stdout.write(text)) {
    await new Promise<void>(resolve => process.stdout.once('drain', resolve))
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
