/** Standard output: waits while a pipe is full, and ends quietly when its reader has gone (`lastword … | head`). */
import { exitStatus } from '../output.ts'

process.stdout.on('error', error => {
  if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit(exitStatus.ok)
  throw error
})

export function writeOut(text: string | Uint8Array): Promise<void> {
  if (process.stdout.write(text)) return Promise.resolve()
  return new Promise(resolve => process.stdout.once('drain', resolve))
}
