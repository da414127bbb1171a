/** Reads a file that was named on the command line. */
import { readFileSync } from 'node:fs'
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
