/** Cuts along one message's way: at every instruction of it, or at a sample whose windows are then halved to their edges. */
import type { CutBench, Moment, Outcome } from './cut-bench.ts'
import { type CutReport, cutRow } from './rows.ts'
import { sameStores } from './stores.ts'
import type { Instruction } from './way.ts'

/** Steps that are repeated at the most before a new snapshot is worth its time. */
const STEPS_WORTH_A_SNAPSHOT = 64
/** A way that went otherwise is usually back within so many instructions. */
const STEPS_TO_FIND_BACK = 300
/** Snapshots that are kept beside the entry's, each of some 110 MB. */
const KEPT_SNAPSHOTS = 6

const lockFunction = /^_raw_(?:spin|read|write)_(?:un|try)?lock/

export class Sweep {
  readonly bench: CutBench
  readonly way: readonly Instruction[]
  /** Instructions of the way that were not come by again, and so not cut. */
  strayed = 0
  /** By their place on the way, the least recently used first. */
  readonly #moments = new Map<number, Moment>()

  constructor(bench: CutBench, way: readonly Instruction[]) {
    this.bench = bench
    this.way = way
  }

  /** An NMI strikes before the instruction that is the `at`-th of the way; undefined when it was not come by again. */
  async cut(at: number): Promise<CutReport | undefined> {
    if (!(await this.#goTo(at))) {
      this.strayed++
      return undefined
    }
    const { after, count, step, address } = this.way[at]!
    const symbol =
      this.bench.symbols.locate(address)?.text.replace(/ \[.*/, '') ?? `0x${address.toString(16)}`
    return cutRow(this.bench, { after, instruction: count, symbol, step }, await this.bench.panicHere())
  }

  /** Every instruction from `from` on up to, and without, `to`. */
  async *everyInstruction(
    from = 0,
    to = this.way.length,
  ): AsyncGenerator<[at: number, report: CutReport], void> {
    for (let at = from; at < to; at++) {
      const report = await this.cut(at)
      if (report !== undefined) yield [at, report]
    }
  }

  /**
   * `samples` cuts at even distances, at each store and where a lock is taken or given back, then halving between neighbours that fared differently, down
   * to the instruction. A window that lies between two of the first cuts is missed.
   */
  async *sampled(samples: number): AsyncGenerator<[at: number, report: CutReport], void> {
    const outcomes = new Map<number, Outcome>()
    for (const at of this.#firstCuts(samples)) {
      const report = await this.cut(at)
      if (report === undefined) continue
      outcomes.set(at, report.row.outcome)
      yield [at, report]
    }
    const known = [...outcomes.keys()].sort((a, b) => a - b)
    for (let index = 1; index < known.length; index++) {
      let [low, high] = [known[index - 1]!, known[index]!]
      while (high - low > 1 && outcomes.get(low) !== outcomes.get(high)) {
        const middle = (low + high) >> 1
        const report = await this.cut(middle)
        if (report === undefined) break
        outcomes.set(middle, report.row.outcome)
        yield [middle, report]
        if (report.row.outcome === outcomes.get(low)) low = middle
        else high = middle
      }
    }
  }

  #firstCuts(samples: number): number[] {
    const last = this.way.length - 1
    const chosen = new Set<number>([0, last])
    for (let sample = 1; sample < samples; sample++) chosen.add(Math.floor((sample * last) / samples))
    for (let at = 1; at <= last; at++) {
      const [before, here] = [this.way[at - 1]!, this.way[at]!]
      const isStore = before.step !== here.step || !sameStores(before.stores, here.stores)
      if (!isStore && !this.#isLockEdge(before, here)) continue
      chosen.add(at - 1).add(at)
    }
    return [...chosen].sort((a, b) => a - b)
  }

  /** Between them a lock's function is entered or left. */
  #isLockEdge(before: Instruction, here: Instruction): boolean {
    const [left, entered] = [before, here].map(
      ({ address }) => this.bench.symbols.locate(address)?.symbol.name,
    )
    return left !== entered && [left, entered].some(name => name !== undefined && lockFunction.test(name))
  }

  async #goTo(at: number): Promise<boolean> {
    const { address } = this.way[at]!
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
    if (at - from > STEPS_WORTH_A_SNAPSHOT && address === this.way[at]!.address) await this.#keep(at)
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
