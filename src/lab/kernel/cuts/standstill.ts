/** A cut in whose middle this process or QEMU stood still is worth nothing: it is noticed, thrown away and made again. */
import { LastwordError } from '../../../protocol/error.ts'

/** Kept from running for longer, by a stop or by other work, our BMC has not answered as one does. */
export const STANDSTILL_MS = 1000
/** So often a cut is made again. */
export const REDO_LIMIT = 5

const TICK_MS = 50

/** Notices how long this process did not come to run, or QEMU was stopped. */
export class StandstillWatch {
  readonly #isStopped: () => boolean
  readonly #nowMs: () => number
  /** Since when QEMU is stopped, as far as anybody looked. */
  #stoppedMs: number | undefined
  #timer: NodeJS.Timeout | undefined
  #tickedMs = 0
  #longestMs = 0

  constructor(isStopped: () => boolean, nowMs: () => number = () => performance.now()) {
    this.#isStopped = isStopped
    this.#nowMs = nowMs
  }

  begin(): void {
    this.end()
    this.#tickedMs = this.#nowMs()
    this.#longestMs = 0
    this.#stoppedMs = undefined
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
  }

  /** The longest time since it began, as it is to be called in any case. */
  end(): number {
    if (this.#timer === undefined) return 0
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#tick()
    return this.#longestMs
  }

  #tick(): void {
    const nowMs = this.#nowMs()
    this.#longestMs = Math.max(this.#longestMs, nowMs - this.#tickedMs - TICK_MS)
    this.#tickedMs = nowMs
    this.#stoppedMs = this.#isStopped() ? (this.#stoppedMs ?? nowMs) : undefined
    this.#longestMs = Math.max(this.#longestMs, nowMs - (this.#stoppedMs ?? nowMs))
  }
}

export interface Undisturbed {
  watch: StandstillWatch
  /** How long QEMU took for its slowest answer since this was last asked. */
  takeSlowestAnswerMs(): number
  /** Makes the machine ready for another one. */
  beforeRedo(): Promise<void>
  signal?: AbortSignal
}

/** Makes a cut until nothing stood still in its middle; what it gave or threw otherwise is not told. */
export async function undisturbed<T>(how: Undisturbed, cut: () => Promise<T>): Promise<T> {
  for (let redone = 0; ; redone++) {
    how.takeSlowestAnswerMs()
    how.watch.begin()
    const [made] = await Promise.allSettled([cut()])
    const stoodMs = Math.max(how.watch.end(), how.takeSlowestAnswerMs())
    if (stoodMs <= STANDSTILL_MS || how.signal?.aborted) {
      if (made.status === 'rejected') throw made.reason
      return made.value
    }
    if (redone === REDO_LIMIT) throw stoodStill(stoodMs)
    await how.beforeRedo()
  }
}

function stoodStill(stoodMs: number): LastwordError {
  return new LastwordError(
    'STOOD_STILL',
    `Each of ${REDO_LIMIT + 1} times that a cut was made, this process or QEMU stood still in its middle, the last time for ` +
      `${(stoodMs / 1000).toFixed(1)} s`,
    { hint: 'Run it with less other work on the computer, or with --jobs 1.' },
  )
}
