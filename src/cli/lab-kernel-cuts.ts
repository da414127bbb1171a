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
import { type CutReport, type KernelCutRow, summaryOf } from '../lab/kernel/cuts/rows.ts'
import { STANDSTILL_MS } from '../lab/kernel/cuts/standstill.ts'
import { StoreProbe, variablesText } from '../lab/kernel/cuts/stores.ts'
import type { Kernel } from '../lab/kernel/kernel-cache.ts'
import { messageOf } from '../lab/kernel/message-of.ts'
import { steps } from '../lab/step.ts'
import { LastwordError } from '../protocol/error.ts'
import type { KernelCutOptions } from './lab-kernel-options.ts'
import { runRandom, runSweep, type Swept } from './lab-kernel-sweep.ts'
import { printLine, printRow } from './output.ts'

export async function runKernelCuts(
  kernel: Kernel,
  options: KernelCutOptions,
  signal: AbortSignal,
): Promise<void> {
  if (options.svg !== undefined) await expectWritable(options.svg)
  if (options.json !== true) printLine(heading(kernel, options))
  const bench = await CutBench.start(benchOptions(kernel, options, signal))
  try {
    const { rows, summary } = await run(bench, options)
    if (options.compare === true || options.svg !== undefined) await compare(rows, options)
    if (options.json === true) printRow(summaryOf(kernel.version, rows, summary))
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

async function run(bench: CutBench, options: KernelCutOptions): Promise<Swept> {
  if (options.everyInstruction === true || options.everyStore === true || options.sample !== undefined)
    return runSweep(bench, options)
  const { random } = options
  const rows = await (random === undefined
    ? runPlaces(bench, options.at ?? steps, options)
    : runRandom(bench, random, options))
  return { rows, summary: { strayed: 0 } }
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
