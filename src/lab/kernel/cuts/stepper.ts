/** Brings one machine to any instruction of a way, by snapshots that it keeps as it goes and single steps from there. */
import { LastwordError } from '../../../protocol/error.ts'
import type { CutBench, Moment } from './cut-bench.ts'
import { type CutReport, cutRow } from './rows.ts'
import type { Instruction } from './way.ts'

/** Steps that are repeated at the most before a new snapshot is worth its time. */
export const STEPS_WORTH_A_SNAPSHOT = 32
/** A way that went otherwise is usually back within so many instructions. */
const STEPS_TO_FIND_BACK = 300
/** Snapshots that are kept beside the entry's, each of some 80 MB. */
const KEPT_SNAPSHOTS = 6

export class Stepper {
  readonly bench: CutBench
  readonly #way: readonly Instruction[]
  /** By their place on the way, the least recently used first. */
  readonly #moments = new Map<number, Moment>()

  constructor(bench: CutBench, way: readonly Instruction[]) {
    this.bench = bench
    this.#way = way
  }

  /** An NMI strikes before the instruction that is the `at`-th of the way; undefined when it was not come by again. */
  async cut(at: number): Promise<CutReport | undefined> {
    try {
      return await this.bench.undisturbed(() => this.#cutOnce(at))
    } catch (error) {
      // A computer so busy that a cut was not told in time is no reason to lose the thousands behind it.
      if (!(error instanceof LastwordError) || error.code !== 'KERNEL_STUCK') throw error
      return this.bench.undisturbed(() => this.#cutOnce(at))
    }
  }

  async #cutOnce(at: number): Promise<CutReport | undefined> {
    if (!(await this.#goTo(at))) return undefined
    const { after, count, step, symbol } = this.#way[at]!
    return cutRow(this.bench, { after, instruction: count, symbol, step }, await this.bench.panicHere())
  }

  async #goTo(at: number): Promise<boolean> {
    const { address } = this.#way[at]!
    if ((await this.#stepFrom(this.#nearest(at), at)) === address) return true
    // The scheduler's arithmetic may lead elsewhere for once: again from the start, then on to where it should be.
    if ((await this.#stepFrom(0, at)) === address) return true
    for (let steps = 0; steps < STEPS_TO_FIND_BACK; steps++) {
      await this.bench.step()
      if ((await this.bench.rip()) === address) return true
    }
    return false
  }

  #nearest(at: number): number {
    let nearest = 0
    for (const place of this.#moments.keys()) if (place <= at && place > nearest) nearest = place
    return nearest
  }

  /** Gives the address at which it stands then. */
  async #stepFrom(from: number, at: number): Promise<bigint> {
    const moment = this.#moments.get(from)
    if (moment !== undefined) {
      this.#moments.delete(from)
      this.#moments.set(from, moment)
    }
    await this.bench.restore(moment ?? this.bench.entry)
    for (let done = from; done < at; done++) await this.bench.step()
    const address = await this.bench.rip()
    if (at - from > STEPS_WORTH_A_SNAPSHOT && address === this.#way[at]!.address) await this.#keep(at)
    return address
  }

  async #keep(at: number): Promise<void> {
    const [oldest] = this.#moments
    if (this.#moments.size >= KEPT_SNAPSHOTS && oldest !== undefined) {
      this.#moments.delete(oldest[0])
      await this.bench.forget(oldest[1])
    }
    this.#moments.set(at, await this.bench.save(`at-${at}`))
  }
}
