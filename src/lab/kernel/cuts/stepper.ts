/** Brings one machine to any instruction of a way, by snapshots that it keeps as it goes and single steps from there. */
import { LastwordError } from '../../../protocol/error.ts'
import type { CutBench, Moment } from './cut-bench.ts'
import { type CutReport, cutRow } from './rows.ts'
import { Trails } from './trails.ts'
import type { Instruction } from './way.ts'

/** Steps that are repeated at the most before a new snapshot is worth its time. */
export const STEPS_WORTH_A_SNAPSHOT = 32
/** A way that went otherwise is usually back within so many instructions. */
const STEPS_TO_FIND_BACK = 300
/** Snapshots that are kept beside the entry's, each of 80 to 85 MiB. */
const KEPT_SNAPSHOTS = 6

export class Stepper {
  readonly bench: CutBench
  readonly #way: readonly Instruction[]
  readonly #trails: Trails
  /** By their place on the way, the least recently used first. */
  readonly #moments = new Map<number, Moment>()

  constructor(bench: CutBench, way: readonly Instruction[]) {
    this.bench = bench
    this.#way = way
    this.#trails = new Trails(way)
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
    const { addresses, isUnique } = this.#trails.to(at)
    if (endsWith(await this.#stepFrom(this.#nearest(at), at, addresses), addresses)) return true
    // The scheduler's arithmetic may lead elsewhere for once: again from the start, then on to where it should be.
    const gone = await this.#stepFrom(0, at, addresses)
    if (endsWith(gone, addresses)) return true
    // One address is met in many passages: only the same addresses before it tell which one this is.
    for (let steps = 0; isUnique && steps < STEPS_TO_FIND_BACK; steps++) {
      await this.bench.step()
      gone.push(await this.bench.rip())
      if (endsWith(gone, addresses)) return true
    }
    return false
  }

  #nearest(at: number): number {
    let nearest = 0
    for (const place of this.#moments.keys()) if (place <= at && place > nearest) nearest = place
    return nearest
  }

  /** Gives the addresses that it came by last, as many as there are to compare, that at which it stands at the end. */
  async #stepFrom(from: number, at: number, addresses: readonly bigint[]): Promise<bigint[]> {
    const moment = this.#moments.get(from)
    if (moment !== undefined) {
      this.#moments.delete(from)
      this.#moments.set(from, moment)
    }
    await this.bench.restore(moment ?? this.bench.entry)
    const gone: bigint[] = []
    for (let here = from; ; here++) {
      if (at - here < addresses.length) gone.push(await this.bench.rip())
      if (here === at) break
      await this.bench.step()
    }
    if (at - from > STEPS_WORTH_A_SNAPSHOT && endsWith(gone, addresses)) await this.#keep(at)
    return gone
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

/** Both end alike, as far as the shorter one goes back. */
function endsWith(gone: readonly bigint[], trail: readonly bigint[]): boolean {
  const compared = Math.min(gone.length, trail.length)
  for (let back = 1; back <= compared; back++) if (gone.at(-back) !== trail.at(-back)) return false
  return compared > 0
}
