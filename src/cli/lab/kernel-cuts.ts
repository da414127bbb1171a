/** `lastword lab kernel --at …` and its like: cuts a real kernel at exact instructions, or at random moments. */
import { endWords, policyNote } from '../../lab/kernel/cuts/compare.ts'
import { cutAtPlace, findPlace } from '../../lab/kernel/cuts/cut-at.ts'
import { CutBench, type CutBenchOptions } from '../../lab/kernel/cuts/cut-bench.ts'
import { HANG_BOUND } from '../../lab/kernel/cuts/follow-panic.ts'
import { type CutReport, type KernelCutRow, singleWindows, summaryOf } from '../../lab/kernel/cuts/rows.ts'
import { STANDSTILL_MS } from '../../lab/kernel/cuts/standstill.ts'
import { StoreProbe, variablesText } from '../../lab/kernel/cuts/stores.ts'
import type { Kernel } from '../../lab/kernel/kernel-cache.ts'
import { steps } from '../../lab/step.ts'
import { printLine, printRow } from '../output.ts'
import { expectWritable, showComparison } from './kernel-compare.ts'
import type { KernelCutOptions } from './kernel-options.ts'
import { runRandom, runSweep, type Swept } from './kernel-sweep.ts'

export async function runKernelCuts(
  kernel: Kernel,
  options: KernelCutOptions,
  signal: AbortSignal,
): Promise<void> {
  if (options.svg !== undefined) await expectWritable(options.svg)
  if (options.json !== true) printLine(heading(kernel, options))
  const bench = await CutBench.start(benchOptions(kernel, options, signal))
  try {
    const { rows, windows, summary } = await run(bench, options)
    if (options.compare === true || options.svg !== undefined)
      await showComparison(rows, [policyNote(options)], options)
    if (options.json === true) printRow(summaryOf(kernel.version, rows, windows, summary))
    else printLine(`\n${HANG_BOUND}`)
    if (bench.redone > 0) process.stderr.write(redoneText(bench.redone))
  } finally {
    await bench.dispose()
  }
}

function redoneText(redone: number): string {
  const cuts = redone === 1 ? 'One cut was' : `${redone} cuts were`
  return `${cuts} thrown away and made again: this process or QEMU stood still for more than ${STANDSTILL_MS / 1000} s in the middle\n`
}

async function run(bench: CutBench, options: KernelCutOptions): Promise<Swept> {
  if (options.everyInstruction === true || options.everyStore === true || options.sample !== undefined)
    return runSweep(bench, options)
  const summary = { strayed: 0 }
  // Moments at random are on no way, and make no windows.
  if (options.random !== undefined) {
    return { rows: await runRandom(bench, options.random, options), windows: [], summary }
  }
  const rows = await runPlaces(bench, options.at ?? steps, options)
  return { rows, windows: singleWindows(rows), summary }
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
  const probe = options.read === true ? await findVariables(bench) : undefined
  for (const [index, place] of places.entries()) {
    const cut = await cutAtPlace(bench, found[index]!, probe)
    rows.push(cut.row)
    if (options.json === true) printRow(cut.row)
    else printLine(placeLine(place, cut))
  }
  return rows
}

async function findVariables(bench: CutBench): Promise<StoreProbe> {
  await bench.restore(bench.entry)
  return StoreProbe.find(bench.gdb, bench.symbols, bench.options.interface)
}

function placeLine(place: string, { row, sat }: CutReport): string {
  const where = row.step === null && row.instruction === 0 ? row.symbol : `${place} ${row.symbol}`
  const variables = row.read === undefined ? [] : [variablesText(row.read)]
  return [
    where.padEnd(30),
    endWords(row).padEnd(23),
    String(row.executed).padStart(8),
    ...variables,
    sat,
  ].join('  ')
}
