/** Reads and writes files that were named on the command line. */
import { readFileSync, writeFileSync } from 'node:fs'
import { LastwordError } from '../protocol/error.ts'

/** Throws LastwordError FILE_UNREADABLE with the path and the reason. */
export function readNamedFile(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new LastwordError('FILE_UNREADABLE', `${path} cannot be read: ${(cause as Error).message}`, {
      cause,
    })
  }
}

/** Its lines without remarks (`#`) and without the empty ones, each with where it stands. Throws as `readNamedFile`. */
export function linesOfNamedFile(path: string): { line: string; where: string }[] {
  return readNamedFile(path)
    .toString('utf8')
    .split('\n')
    .map((line, index) => ({ line: line.replace(/#.*/, '').trim(), where: `${path}:${index + 1}` }))
    .filter(({ line }) => line !== '')
}

/** Throws LastwordError FILE_UNWRITABLE with the path and the reason. */
export function writeNamedFile(path: string, content: string | Uint8Array): void {
  try {
    writeFileSync(path, content)
  } catch (cause) {
    throw new LastwordError('FILE_UNWRITABLE', `${path} cannot be written: ${(cause as Error).message}`, {
      cause,
    })
  }
}
