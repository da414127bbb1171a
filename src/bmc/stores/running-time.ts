/** How long BMCs have run with their state, all starts together: written down as time goes by, for their power-on hours. */
import { join } from 'node:path'
import { z } from 'zod'
import type { LastwordError } from '../../protocol/error.ts'
import { stateWriteError } from './journal.ts'
import { readKeptIfSound, writeKept } from './kept-file.ts'

export interface RunningTimeOptions {
  nowMs(): number
  /** Where it is kept; without it, it begins anew with the process. */
  stateDir: string | undefined
  onError: ((error: LastwordError) => void) | undefined
}

const shape = z.object({ ms: z.number().min(0) })
const MS_PER_MINUTE = 60_000

export class RunningTime {
  readonly #options: RunningTimeOptions
  readonly #file: string | undefined
  #ms: number
  #keptMs: number
  #countedMs: number

  constructor(options: RunningTimeOptions) {
    this.#options = options
    this.#file = options.stateDir === undefined ? undefined : join(options.stateDir, 'running.json')
    this.#ms = this.#file === undefined ? 0 : (readKeptIfSound(this.#file, shape)?.ms ?? 0)
    this.#keptMs = this.#ms
    this.#countedMs = options.nowMs()
  }

  /** Whole ones. */
  get minutes(): number {
    return Math.floor(this.#count() / MS_PER_MINUTE)
  }

  /** Writes it down once a minute, so that a kill costs no more than that, and no request waits for it. */
  tick(): void {
    if (this.#count() - this.#keptMs >= MS_PER_MINUTE) this.keep()
  }

  keep(): void {
    const ms = this.#count()
    const file = this.#file
    if (file === undefined || ms === this.#keptMs) return
    // A disk that refuses is tried again in a minute.
    this.#keptMs = ms
    try {
      writeKept(file, { ms } satisfies z.output<typeof shape>)
    } catch (cause) {
      this.#options.onError?.(stateWriteError(file, cause))
    }
  }

  /** A clock that is set back takes nothing away. */
  #count(): number {
    const nowMs = this.#options.nowMs()
    this.#ms += Math.max(0, nowMs - this.#countedMs)
    this.#countedMs = nowMs
    return this.#ms
  }
}
