/** Since when the configuration has had its sensor data records: kept with the state, for others keep the records by it. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { stateDirError } from './journal.ts'
import { readKeptIfSound, writeKept } from './kept-file.ts'

const shape = z.object({ sdrsDigest: z.string(), since: z.number() })

/** Seconds since 1970; now unless the state knows these records already. Throws LastwordError STATE_DIR. */
export function configuredSince(
  stateDir: string | undefined,
  sdrs: readonly Uint8Array[],
  nowSeconds: number,
): number {
  if (stateDir === undefined) return nowSeconds
  const file = join(stateDir, 'configured.json')
  const hash = createHash('sha256')
  for (const sdr of sdrs) hash.update(sdr)
  const sdrsDigest = hash.digest('hex')
  // Records whose time is damaged count as new.
  const before = readKeptIfSound(file, shape)
  if (before?.sdrsDigest === sdrsDigest) return before.since
  // Two changes within a second, or after a clock that went wrong, are two times.
  const since = Math.max(nowSeconds, (before?.since ?? 0) + 1)
  try {
    writeKept(file, { sdrsDigest, since } satisfies z.output<typeof shape>)
  } catch (cause) {
    throw stateDirError(file, cause)
  }
  return since
}
