/** The address of a name, as the system finds it. */
import { lookup } from 'node:dns/promises'
import type { Abortable } from './command-runner.ts'
import { aborted, whenAborted } from './transport.ts'

export interface LookUpOptions extends Abortable {
  family?: 4 | 6
}

/**
 * Rejects with LastwordError ABORTED when the signal aborts, or with the system's error. Nothing ends the system's own
 * search, which may go on for seconds; its outcome is nobody's then.
 */
export function lookUp(host: string, { family, signal }: LookUpOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(aborted(signal, 'nothing'))
    const forget = signal && whenAborted(signal, () => reject(aborted(signal, 'nothing')))
    lookup(host, family === undefined ? {} : { family })
      .then(({ address }) => resolve(address), reject)
      .finally(() => forget?.())
  })
}
