/** Cuts along one message's way: at every instruction of it, or at a sample whose windows are then halved to their edges. */
import type { CutBench, Outcome } from './cut-bench.ts'
import type { CutReport } from './rows.ts'
import { sideBySide } from './side-by-side.ts'
import { STEPS_WORTH_A_SNAPSHOT, Stepper } from './stepper.ts'
import { sameStores } from './stores.ts'
import { type Instruction, isNews } from './way.ts'

const lockFunction = /^_raw_(?:spin|read|write)_(?:un|try)?lock/

type Cut = [at: number, report: CutReport]

/** On one machine, or on several that stand at the same entry and share the work; then cuts come in no order. */
export class Sweep {
  readonly way: readonly Instruction[]
  /** Instructions of the way that were not come by again, and so not cut. */
  readonly strayed: number[] = []
  readonly #bench: CutBench
  readonly #steppers: readonly Stepper[]

  constructor(benches: readonly CutBench[], way: readonly Instruction[]) {
    this.#bench = benches[0]!
    this.way = way
    this.#steppers = benches.map(bench => new Stepper(bench, way))
  }

  /** Every instruction from `from` on up to, and without, `to`. */
  everyInstruction(from = 0, to = this.way.length): AsyncGenerator<Cut, void> {
    const places = Array.from({ length: to - from }, (_, index) => from + index)
    return this.#cutAll(places)
  }

  /**
   * Where memory or a device may have changed since the instruction before: with these every instruction is told, since an
   * NMI saves the registers and a panic never goes back to them.
   */
  everyStore(from = 0, to = this.way.length): AsyncGenerator<Cut, void> {
    const places = this.#newsFrom(from, to)
    const alike = new Map(places.map((at, index) => [at, (places[index + 1] ?? to) - at]))
    return this.#cutAll(places, alike)
  }

  /** `count` instructions that `everyStore` leaves out, drawn anew each time, with the one that stands for each. */
  leftOut(from: number, to: number, count: number, random: () => number = Math.random): Map<number, number> {
    const standsFor = new Map<number, number>()
    let stands = from
    for (let at = from + 1; at < to; at++) {
      if (isNews(this.way, at)) stands = at
      else standsFor.set(at, stands)
    }
    const drawn = [...standsFor.keys()]
      .map(at => ({ at, order: random() }))
      .sort((a, b) => a.order - b.order)
      .slice(0, count)
      .map(({ at }) => at)
    return new Map(drawn.sort((a, b) => a - b).map(at => [at, standsFor.get(at)!]))
  }

  cutThese(places: readonly number[]): AsyncGenerator<Cut, void> {
    return this.#cutAll(places)
  }

  #newsFrom(from: number, to: number): number[] {
    const places: number[] = []
    for (let at = from; at < to; at++) if (at === from || isNews(this.way, at)) places.push(at)
    return places
  }

  /**
   * `samples` cuts at even distances, at each store and where a lock is taken or given back, then halving between neighbours that fared differently, down
   * to the instruction. A window that lies between two of the first cuts is missed.
   */
  async *sampled(samples: number): AsyncGenerator<Cut, void> {
    const outcomes = new Map<number, Outcome>()
    for await (const cut of this.#cutAll(this.#firstCuts(samples))) {
      outcomes.set(cut[0], cut[1].row.outcome)
      yield cut
    }
    const known = [...outcomes.keys()].sort((a, b) => a - b)
    const gaps = known.slice(1).map((high, index) => ({ low: known[index]!, high }))
    yield* sideBySide(
      this.#steppers,
      gaps.filter(({ low, high }) => high - low > 1 && outcomes.get(low) !== outcomes.get(high)),
      (stepper, { low, high }) => this.#halved(stepper, low, high, outcomes),
    )
  }

  /** Neighbours are one machine's, so that a snapshot serves them all. */
  async *#cutAll(
    places: readonly number[],
    alike: ReadonlyMap<number, number> = new Map(),
  ): AsyncGenerator<Cut, void> {
    const pieces: number[][] = []
    for (const at of places) {
      const [first] = pieces.at(-1) ?? []
      if (first !== undefined && at - first < STEPS_WORTH_A_SNAPSHOT) pieces.at(-1)!.push(at)
      else pieces.push([at])
    }
    const cuts = sideBySide(this.#steppers, pieces, (stepper, piece) => this.#cutEach(stepper, piece))
    for await (const [at, { row, sat }] of cuts) {
      const stands = alike.get(at)
      yield [at, { row: stands === undefined ? row : { ...row, alike: stands }, sat }]
    }
  }

  async *#cutEach(stepper: Stepper, places: readonly number[]): AsyncGenerator<Cut, void> {
    for (const at of places) {
      const report = await this.#cut(stepper, at)
      if (report !== undefined) yield [at, report]
    }
  }

  async *#halved(
    stepper: Stepper,
    from: number,
    to: number,
    outcomes: Map<number, Outcome>,
  ): AsyncGenerator<Cut, void> {
    let [low, high] = [from, to]
    while (high - low > 1 && outcomes.get(low) !== outcomes.get(high)) {
      const middle = (low + high) >> 1
      const report = await this.#cut(stepper, middle)
      if (report === undefined) return
      outcomes.set(middle, report.row.outcome)
      yield [middle, report]
      if (report.row.outcome === outcomes.get(low)) low = middle
      else high = middle
    }
  }

  async #cut(stepper: Stepper, at: number): Promise<CutReport | undefined> {
    const report = await stepper.cut(at)
    if (report === undefined) this.strayed.push(at)
    return report
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
      ({ address }) => this.#bench.symbols.locate(address)?.symbol.name,
    )
    return left !== entered && [left, entered].some(name => name !== undefined && lockFunction.test(name))
  }
}
