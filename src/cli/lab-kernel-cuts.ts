/** `lastword lab kernel --at …` and its like: cuts a real kernel at exact instructions, or at random moments. */
import { access, constants, open, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import {
  comparisonSvg,
  comparisonTable,
  endWords,
  policyCuts,
  policyNote,
  type WeightedRow,
} from '../lab/kernel/cuts/compare.ts'
import { cutAtPlace, findPlace } from '../lab/kernel/cuts/cut-at.ts'
import { CutBench, type CutBenchOptions } from '../lab/kernel/cuts/cut-bench.ts'
import { HANG_BOUND } from '../lab/kernel/cuts/follow-panic.ts'
import { randomCuts, wilson } from '../lab/kernel/cuts/random.ts'
import { type CutReport, type KernelCutRow, summaryOf } from '../lab/kernel/cuts/rows.ts'
import { Sweep } from '../lab/kernel/cuts/sweep.ts'
import { Twins } from '../lab/kernel/cuts/twins.ts'
import { traceWay } from '../lab/kernel/cuts/way.ts'
import { hangingInstructions, type SweptCut, weighted, windowTexts } from '../lab/kernel/cuts/windows.ts'
import type { Kernel } from '../lab/kernel/kernel-cache.ts'
import { messageOf } from '../lab/kernel/message-of.ts'
import { steps } from '../lab/step.ts'
import { LastwordError } from '../protocol/error.ts'
import { printLine, printRow } from './output.ts'
import { UsageError } from './params.ts'

export interface KernelCutOptions {
  at?: string[]
  hit?: number
  everyInstruction?: boolean
  instructions?: { from: number; to: number }
  sample?: number
  random?: number
  traffic?: 'full' | 'slow'
  interface: 'kcs' | 'bt'
  panicOp: 'none' | 'event' | 'string'
  watchdog?: boolean
  cpus: 1 | 2
  /** Virtual machines that share a sweep's work. */
  jobs: number
  /** The policies' rows beside the kernel's. */
  compare?: boolean
  svg?: string
  json?: boolean
}

/** Of instructions that were not come by again, so many are named. */
const STRAYED_NAMED = 10

const PROGRESS_MS = 5000

export async function runKernelCuts(
  kernel: Kernel,
  options: KernelCutOptions,
  signal: AbortSignal,
): Promise<void> {
  if (options.svg !== undefined) await expectWritable(options.svg)
  if (options.json !== true) printLine(heading(kernel, options))
  const bench = await CutBench.start(benchOptions(kernel, options, signal))
  try {
    const { rows, strayed } = await run(bench, options)
    if (options.compare === true || options.svg !== undefined) await compare(rows, options)
    if (options.json === true) printRow(summaryOf(kernel.version, rows, strayed))
    else printLine(`\n${HANG_BOUND}`)
  } finally {
    await bench.dispose()
  }
}

/** What the kernel says in a panic by an NMI. */
const PANIC_TEXT = 'NMI: Not continuing'

async function compare(rows: readonly WeightedRow[], options: KernelCutOptions): Promise<void> {
  const policyRows = policyCuts(PANIC_TEXT)
  if (options.json === true) for (const row of policyRows) printRow(row)
  else printLine(`\n${comparisonTable(rows, policyRows)}\n\n${policyNote(options)}`)
  if (options.svg !== undefined)
    await writeFile(options.svg, comparisonSvg(rows, policyRows)).catch(unwritable)
}

/** Told before minutes of cuts, not after them. */
async function expectWritable(path: string): Promise<void> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  )
  // A file that is there is left as it is; of one that is not, its folder has to take it.
  await (isThere ? open(path, 'r+').then(file => file.close()) : access(dirname(path), constants.W_OK)).catch(
    unwritable,
  )
}

function unwritable(cause: unknown): never {
  throw new LastwordError('FILE_UNWRITABLE', `The picture cannot be written: ${messageOf(cause)}`, { cause })
}

interface Swept {
  rows: WeightedRow[]
  /** Instructions that were not come by again. */
  strayed: number
}

async function run(bench: CutBench, options: KernelCutOptions): Promise<Swept> {
  if (options.everyInstruction === true || options.sample !== undefined) return runSweep(bench, options)
  const { random } = options
  const rows = await (random === undefined
    ? runPlaces(bench, options.at ?? steps, options)
    : runRandom(bench, random, options))
  return { rows, strayed: 0 }
}

function benchOptions(kernel: Kernel, options: KernelCutOptions, signal: AbortSignal): CutBenchOptions {
  return {
    kernel,
    interface: options.interface,
    panicOp: options.panicOp,
    watchdog: options.watchdog === true ? 'started' : 'off',
    traffic: options.traffic ?? 'full',
    cpus: options.cpus,
    signal,
  }
}

function heading(kernel: Kernel, options: KernelCutOptions): string {
  return (
    `Linux ${kernel.version} (${kernel.release}) over ${options.interface.toUpperCase()}, ` +
    `panic_op=${options.panicOp}${options.watchdog === true ? ', ipmi_watchdog started' : ''}` +
    `${options.cpus === 2 ? ', one processor held while the other panics' : ''}\n`
  )
}

async function runPlaces(
  bench: CutBench,
  places: readonly string[],
  options: KernelCutOptions,
): Promise<KernelCutRow[]> {
  const rows: KernelCutRow[] = []
  // All of them first: nobody waits for three cuts to hear that the fourth place does not exist.
  const found = places.map(place => findPlace(bench, place, options.hit))
  if (options.json !== true) {
    printLine('a panic that strikes at         outcome                  executed  where the processor sat')
  }
  for (const [index, place] of places.entries()) {
    const cut = await cutAtPlace(bench, found[index]!)
    rows.push(cut.row)
    if (options.json === true) printRow(cut.row)
    else printLine(placeLine(place, cut))
  }
  return rows
}

function placeLine(place: string, { row, sat }: CutReport): string {
  const where = row.step === null ? row.symbol : `${place} ${row.symbol}`
  return [
    where.padEnd(30),
    endWords(row.outcome, row.panicOp).padEnd(23),
    String(row.executed).padStart(8),
    sat,
  ].join('  ')
}

async function runSweep(bench: CutBench, options: KernelCutOptions): Promise<Swept> {
  const progress = new Progress(`on request ${bench.serial}'s way`)
  const way = await traceWay(bench, done => progress.show(`${done} instructions traced`))
  const { from, to } = stretch(options.instructions, way.length)
  await using machines = await Twins.of(bench, options.jobs - 1)
  const sweep = new Sweep([bench, ...machines.twins], way)
  const startMs = performance.now()
  const cuts: SweptCut[] = []
  const swept =
    options.sample === undefined ? sweep.everyInstruction(from, to) : sweep.sampled(options.sample)
  for await (const cut of swept) {
    cuts.push(cut)
    if (options.json === true) printRow(cut[1].row)
    progress.show(`${cuts.length} cuts, at instruction ${cut[0]} of ${way.length}`)
  }
  const seconds = (performance.now() - startMs) / 1000
  if (options.json !== true) printSweep(way, cuts, seconds, to - from, sweep.strayed)
  return { rows: weighted(cuts, to), strayed: sweep.strayed.length }
}

function stretch(asked: KernelCutOptions['instructions'], length: number): { from: number; to: number } {
  if (asked === undefined) return { from: 0, to: length }
  if (asked.from >= length) throw new UsageError(`--instructions: the way has ${length} instructions only`)
  return { from: asked.from, to: Math.min(asked.to + 1, length) }
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
  const hanging = hangingInstructions(windows)
  const part = swept === way.length ? '' : ' that were cut'
  printLine(`\n${hanging} of ${swept} instructions${part} hang: ${percent(hanging / swept)}`)
  if (strayed.length > 0) {
    const which = strayed.toSorted((a, b) => a - b).slice(0, STRAYED_NAMED)
    const more = strayed.length > which.length ? ', …' : ''
    printLine(`${strayed.length} were not come by again, and not cut: ${which.join(', ')}${more}`)
  }
}

async function runRandom(bench: CutBench, count: number, options: KernelCutOptions): Promise<KernelCutRow[]> {
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
