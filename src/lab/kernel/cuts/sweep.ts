/** Cuts along one message's way: at every instruction of it, or at a sample whose windows are then halved to their edges. */
import { LastwordError } from '../../../protocol/error.ts'
import type { CutBench, Moment, Outcome } from './cut-bench.ts'
import { type CutReport, cutRow } from './rows.ts'
import { sameStores } from './stores.ts'
import type { Instruction } from './way.ts'

/** Steps that are repeated at the most before a new snapshot is worth its time. */
const STEPS_WORTH_A_SNAPSHOT = 64
/** Snapshots that are kept beside the entry's, each of some 110 MB. */
const KEPT_SNAPSHOTS = 6

const lockFunction = /^_raw_(?:spin|read|write)_(?:un|try)?lock/

export class Sweep {
  readonly bench: CutBench
  readonly way: readonly Instruction[]
  /** By their place on the way, the least recently used first. */
  readonly #moments = new Map<number, Moment>()

  constructor(bench: CutBench, way: readonly Instruction[]) {
    this.bench = bench
    this.way = way
  }

  /** An NMI strikes before the instruction that is the `at`-th of the way. */
  async cut(at: number): Promise<CutReport> {
    await this.#goTo(at)
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
    for (let at = from; at < to; at++) yield [at, await this.cut(at)]
  }

  /**
   * `samples` cuts at even distances, at each store and where a lock is taken or given back, then halving between neighbours that fared differently, down
   * to the instruction. A window that lies between two of the first cuts is missed.
   */
  async *sampled(samples: number): AsyncGenerator<[at: number, report: CutReport], void> {
    const outcomes = new Map<number, Outcome>()
    for (const at of this.#firstCuts(samples)) {
      const report = await this.cut(at)
      outcomes.set(at, report.row.outcome)
      yield [at, report]
    }
    const known = [...outcomes.keys()].sort((a, b) => a - b)
    for (let index = 1; index < known.length; index++) {
      let [low, high] = [known[index - 1]!, known[index]!]
      while (high - low > 1 && outcomes.get(low) !== outcomes.get(high)) {
        const middle = (low + high) >> 1
        const report = await this.cut(middle)
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

  async #goTo(at: number): Promise<void> {
    const strayed = (await this.#stepFrom(this.#nearest(at), at)) !== this.way[at]!.address
    if (!strayed) return
    // An answer that came late on a busy machine leads elsewhere: once more, from the start.
    const second = await this.#stepFrom(0, at)
    if (second === this.way[at]!.address) return
    const where = this.bench.symbols.locate(second)?.text ?? `0x${second.toString(16)}`
    throw new LastwordError(
      'WAY_STRAYED',
      `Instruction ${at} of the way was not come by twice running; the kernel stood at ${where} instead`,
      { hint: 'The machine may be too busy: run it again when there is less to do.' },
    )
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
