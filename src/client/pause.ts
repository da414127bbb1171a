/** A pause that its caller can give up. */
import { LastwordError } from '../protocol/error.ts'

/** Throws LastwordError ABORTED when the signal says so. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted)
      return reject(new LastwordError('ABORTED', 'the caller gave up', { cause: signal.reason }))
    const onAbort = () => {
      clearTimeout(timer)
      reject(new LastwordError('ABORTED', 'the caller gave up', { cause: signal?.reason }))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
