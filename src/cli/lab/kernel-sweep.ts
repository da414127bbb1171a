/** `lastword lab kernel` along a whole way, or at random moments: what takes minutes, shared by several machines. */

import type { WeightedRow } from '../../lab/kernel/cuts/compare.ts'
import type { CutBench } from '../../lab/kernel/cuts/cut-bench.ts'
import { randomCuts, wilson } from '../../lab/kernel/cuts/random.ts'
import {
  type KernelCutRow,
  type KernelSummary,
  type KernelWindow,
  windowsOf,
} from '../../lab/kernel/cuts/rows.ts'
import { Sweep } from '../../lab/kernel/cuts/sweep.ts'
import { Twins } from '../../lab/kernel/cuts/twins.ts'
import { traceWay } from '../../lab/kernel/cuts/way.ts'
import {
  hangingInstructions,
  inOrder,
  type SweptCut,
  weighted,
  windowTexts,
} from '../../lab/kernel/cuts/windows.ts'
import { printLine, printRow } from '../output.ts'
import { UsageError } from '../params.ts'
import type { KernelCutOptions } from './kernel-options.ts'

export interface Swept {
  rows: WeightedRow[]
  windows: KernelWindow[]
  summary: Pick<KernelSummary, 'strayed' | 'instructions' | 'checked'>
}

/** Of instructions that were not come by again, so many are named. */
const STRAYED_NAMED = 10

const PROGRESS_MS = 5000

/** Along one request's whole way. */
export async function runSweep(bench: CutBench, options: KernelCutOptions): Promise<Swept> {
  const progress = new Progress(`on request ${bench.serial}'s way`)
  const way = await traceWay(bench, done => progress.show(`${done} instructions traced`))
  const { from, to } = stretch(options.instructions, way.length)
  await using machines = await Twins.of(bench, options.jobs - 1)
  const sweep = new Sweep([bench, ...machines.twins], way)
  const startMs = performance.now()
  const cuts: SweptCut[] = []
  for await (const cut of sweptBy(sweep, options, { from, to })) {
    cuts.push(cut)
    if (options.json === true) printRow(cut[1].row)
    progress.show(`${cuts.length} cuts, at instruction ${cut[0]} of ${way.length}`)
  }
  const seconds = (performance.now() - startMs) / 1000
  if (options.json !== true) printSweep(way, cuts, seconds, to - from, sweep.strayed)
  const checked = await checkLeftOut(sweep, cuts, options, { from, to })
  const summary = { instructions: to - from, strayed: sweep.strayed.length, ...(checked && { checked }) }
  const rows = weighted(cuts, to)
  return { rows, windows: windowsOf(rows), summary }
}

interface Stretch {
  from: number
  to: number
}

function sweptBy(sweep: Sweep, options: KernelCutOptions, { from, to }: Stretch): AsyncIterable<SweptCut> {
  if (options.sample !== undefined) return sweep.sampled(options.sample)
  return options.everyStore === true ? sweep.everyStore(from, to) : sweep.everyInstruction(from, to)
}

/** Cuts some of what was left out, and says how many fared otherwise than the instruction that stands for them. */
async function checkLeftOut(
  sweep: Sweep,
  cuts: readonly SweptCut[],
  options: KernelCutOptions,
  { from, to }: Stretch,
): Promise<KernelSummary['checked']> {
  if (options.check === undefined) return undefined
  const standsFor = sweep.leftOut(from, to, options.check)
  const rows = new Map(cuts.map(([at, { row }]) => [at, row]))
  const checked = { cuts: 0, differ: 0 }
  for await (const [at, { row }] of sweep.cutThese([...standsFor.keys()])) {
    const told = rows.get(standsFor.get(at)!)
    if (told === undefined) continue
    checked.cuts++
    if (row.outcome === told.outcome && row.executed === told.executed) continue
    checked.differ++
    if (options.json !== true)
      printLine(
        `${row.symbol}: ${row.outcome}, executed ${row.executed}; told by ${told.symbol}: ${told.outcome}, ${told.executed}`,
      )
  }
  if (options.json !== true)
    printLine(`${checked.cuts} of those left out were cut as well: ${checked.differ} fared otherwise`)
  return checked
}

function stretch(asked: KernelCutOptions['instructions'], length: number): Stretch {
  if (asked === undefined) return { from: 0, to: length }
  if (asked.from >= length) throw new UsageError(`--instructions: the way has ${length} instructions only`)
  return { from: asked.from, to: Math.min(asked.to + 1, length) }
}

/** Stretches that came through, but whose request the BMC had not executed once. */
function printSpoilt(cuts: readonly SweptCut[]): void {
  const stretches: { executed: number; first: KernelCutRow; last: KernelCutRow; instructions: number }[] = []
  let open: (typeof stretches)[number] | undefined
  for (const [, { row }] of inOrder(cuts)) {
    const isSpoilt = row.outcome !== 'hang' && row.step !== 'before-1' && row.executed !== 1
    if (!isSpoilt) open = undefined
    else if (open?.executed === row.executed && open.first.after === row.after) {
      open.last = row
      open.instructions += row.alike ?? 1
    } else {
      open = { executed: row.executed, first: row, last: row, instructions: row.alike ?? 1 }
      stretches.push(open)
    }
  }
  if (stretches.length === 0) return
  printLine('\ncame through, the request under way executed otherwise than once')
  for (const { executed, first, last, instructions } of stretches) {
    const to = last.instruction + (last.alike ?? 1) - 1
    printLine(
      `${`${first.after} ${first.instruction}-${to} ${first.step ?? ''}`.padEnd(36)}  ` +
        `${`${first.symbol} … ${last.symbol}`.padEnd(44)}  executed ${executed} times, ${instructions} instructions`,
    )
  }
}

function printSweep(
  way: Parameters<typeof windowTexts>[0],
  cuts: readonly SweptCut[],
  seconds: number,
  /** Instructions that the cuts stand for. */
  swept: number,
  strayed: readonly number[],
): void {
  const windows = windowTexts(way, cuts)
  const counts = new Map<string, number>()
  for (const [, { row }] of cuts) counts.set(row.outcome, (counts.get(row.outcome) ?? 0) + 1)
  printLine(
    `${way.length} instructions on the way; ${cuts.length} cuts in ${seconds.toFixed(0)} s ` +
      `(${(cuts.length / seconds).toFixed(1)} a second): ` +
      [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', '),
  )
  printLine()
  printLine('window (instructions after)           from … to                                     stored')
  for (const window of windows) {
    printLine(
      `${`${window.after} ${window.from}-${window.to} ${window.step}`.padEnd(36)}  ` +
        `${`${window.first} … ${window.last}`.padEnd(44)}  ${window.stores}`,
    )
    printLine(`${' '.repeat(38)}sits in ${window.sat}`)
  }
  printSpoilt(cuts)
  const hanging = hangingInstructions(windows)
  const part = swept === way.length ? '' : ' that were cut'
  printLine(`\n${hanging} of ${swept} instructions${part} hang: ${percent(hanging / swept)}`)
  if (strayed.length > 0) {
    const which = strayed.toSorted((a, b) => a - b).slice(0, STRAYED_NAMED)
    const more = strayed.length > which.length ? ', …' : ''
    printLine(`${strayed.length} were not come by again, and not cut: ${which.join(', ')}${more}`)
  }
}

/** NMIs at random moments. */
export async function runRandom(
  bench: CutBench,
  count: number,
  options: KernelCutOptions,
): Promise<KernelCutRow[]> {
  const progress = new Progress('at random moments')
  const rows: KernelCutRow[] = []
  const where = new Map<string, number>()
  await using machines = await Twins.of(bench, options.jobs - 1)
  for await (const { row, sat } of randomCuts([bench, ...machines.twins], count)) {
    rows.push(row)
    if (options.json === true) printRow(row)
    const struck = `${row.symbol}: ${sat}`
    if (row.outcome === 'hang') where.set(struck, (where.get(struck) ?? 0) + 1)
    progress.show(`${rows.length} of ${count}`)
  }
  if (options.json !== true) {
    const hangs = rows.filter(({ outcome }) => outcome === 'hang').length
    const incomplete = rows.filter(({ outcome }) => outcome === 'incomplete').length
    const { low, high } = wilson(hangs, rows.length)
    const kind = options.traffic === 'slow' ? 'one request a second' : 'full traffic'
    printLine(
      `${rows.length} NMIs at random moments under ${kind}: ${hangs} hang, ` +
        `${percent(hangs / rows.length)} (95 % between ${percent(low)} and ${percent(high)}), ${incomplete} incomplete`,
    )
    for (const [struck, times] of where) printLine(`${String(times).padStart(6)} × ${struck}`)
  }
  return rows
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`
}

/** What takes minutes says how far it is, now and then, on standard error. */
class Progress {
  readonly #what: string
  #saidMs = performance.now()

  constructor(what: string) {
    this.#what = what
  }

  show(done: string): void {
    if (performance.now() - this.#saidMs < PROGRESS_MS) return
    this.#saidMs = performance.now()
    process.stderr.write(`${this.#what}: ${done} …\n`)
  }
}
