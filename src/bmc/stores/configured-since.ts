/** Since when the configuration has had its sensor data records: kept with the state, for others keep the records by it. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { replaceFile } from './folder.ts'
import { stateDirError } from './journal.ts'

const shape = z.object({ sdrsDigest: z.string(), since: z.number() })
type Kept = z.output<typeof shape>

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
  const before = read(file)
  if (before?.sdrsDigest === sdrsDigest) return before.since
  // Two changes within a second, or after a clock that went wrong, are two times.
  const since = Math.max(nowSeconds, (before?.since ?? 0) + 1)
  try {
    replaceFile(file, Buffer.from(JSON.stringify({ sdrsDigest, since } satisfies Kept)))
  } catch (cause) {
    throw stateDirError(file, cause)
  }
  return since
}

/** What is damaged is as good as none: the records count as new then. */
function read(file: string): Kept | undefined {
  if (!existsSync(file)) return undefined
  try {
    return shape.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return undefined
  }
}
