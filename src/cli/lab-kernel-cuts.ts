/** `lastword lab kernel --at …` and its like: cuts a real kernel at exact instructions. */

import { type CutAt, cutAt } from '../lab/kernel/cuts/cut-at.ts'
import { CutBench, type CutBenchOptions } from '../lab/kernel/cuts/cut-bench.ts'
import { HANG_TURNS, STUCK_MS } from '../lab/kernel/cuts/follow-panic.ts'
import { type KernelCutRow, summaryOf } from '../lab/kernel/cuts/rows.ts'
import type { Kernel } from '../lab/kernel/kernel-cache.ts'
import { printLine, printRow } from './output.ts'

export interface KernelCutOptions {
  at: string[]
  hit?: number
  interface: 'kcs' | 'bt'
  panicOp: 'none' | 'event' | 'string'
  watchdog?: boolean
  cpus: 1 | 2
  json?: boolean
}

/** What a hang is, as every report says it. */
export const hangBound =
  `A hang is ${HANG_TURNS} turns of the kernel's wait in a row without a request to the BMC, its state machine idle; ` +
  `or ${STUCK_MS / 1000} s with neither a turn nor a request.`

export async function runKernelCuts(
  kernel: Kernel,
  options: KernelCutOptions,
  signal: AbortSignal,
): Promise<void> {
  const isJson = options.json === true
  if (!isJson) printLine(heading(kernel, options))
  const rows: KernelCutRow[] = []
  await using bench = await CutBench.start(benchOptions(kernel, options, signal))
  for (const place of options.at) {
    const cut = await cutAt(bench, { place, ...(options.hit !== undefined && { hit: options.hit }) })
    rows.push(cut.row)
    if (isJson) printRow(cut.row)
    else printLine(cutLine(place, cut))
  }
  if (isJson) printRow(summaryOf(kernel.version, rows))
  else printLine(`\n${hangBound}`)
}

export function benchOptions(
  kernel: Kernel,
  options: Omit<KernelCutOptions, 'at'>,
  signal: AbortSignal,
): CutBenchOptions {
  return {
    kernel,
    interface: options.interface,
    panicOp: options.panicOp,
    watchdog: options.watchdog === true ? 'started' : 'off',
    cpus: options.cpus,
    signal,
  }
}

function heading(kernel: Kernel, options: KernelCutOptions): string {
  return (
    `Linux ${kernel.version} (${kernel.release}) over ${options.interface.toUpperCase()}, ` +
    `panic_op=${options.panicOp}${options.watchdog === true ? ', ipmi_watchdog started' : ''}\n\n` +
    'a panic that strikes at         outcome     executed  where the processor sat'
  )
}

function cutLine(place: string, { row, sat }: CutAt): string {
  const where = row.step === null ? row.symbol : `${place} ${row.symbol}`
  return [where.padEnd(30), row.outcome.padEnd(10), String(row.executed).padStart(8), sat].join('  ')
}
