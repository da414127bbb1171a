/** What a cut in a real kernel is reported as, one object a line, and the windows that rows next to each other make. */
import type { Step } from '../../step.ts'
import type { CutBench, CutEnd, Outcome } from './cut-bench.ts'
import type { CutInterface } from './kernel-steps.ts'
import type { Variables } from './stores.ts'

export interface KernelCutRow {
  kind: 'kernel-cut'
  kernel: string
  interface: CutInterface
  panicOp: string
  /** The function from whose entry instructions are counted. */
  after: string
  instruction: number
  /** Where the panic struck, such as `sender+0x12`. */
  symbol: string
  step: Step | null
  outcome: Outcome
  /** How often the BMC executed the request that was under way. */
  executed: number
  /** Nothing of the panic is in the SEL. */
  silent: boolean
  /** With `--every-store`: how many instructions it stands for, itself and those right behind it. */
  alike?: number
  /** With `--read`: what stood in the kernel's variables as the NMI struck. */
  read?: Variables
}

export interface KernelWindow {
  after: string
  /** First and last instruction that hangs. */
  from: number
  to: number
  step: Step | null
}

export interface KernelSummary {
  kind: 'kernel-summary'
  kernel: string
  cuts: number
  hangs: number
  /** Of a way: the instructions that the cuts stand for. */
  instructions?: number
  /** Instructions of the way that were not come by again, and so not cut. */
  strayed: number
  /** With `--check`: instructions that were left out and cut all the same, and how many of them fared otherwise. */
  checked?: { cuts: number; differ: number }
  windows: KernelWindow[]
}

export function cutRow(
  bench: CutBench,
  where: Pick<KernelCutRow, 'after' | 'instruction' | 'symbol' | 'step'>,
  end: CutEnd,
): CutReport {
  const { kernel, interface: way, panicOp } = bench.options
  const { after, instruction, symbol, step } = where
  const row: KernelCutRow = {
    kind: 'kernel-cut',
    kernel: kernel.version,
    interface: way,
    panicOp,
    after,
    instruction,
    symbol,
    step,
    outcome: end.outcome,
    executed: end.executed,
    silent: end.silent,
  }
  return { row, sat: end.sat }
}

/** A row and where the processor sat at its end, which only people read. */
export interface CutReport {
  row: KernelCutRow
  sat: string
}

/** Of a way's cuts, `rows` in its order; hangs with no other row between them are one window, as long as the step is the same. */
export function windowsOf(rows: readonly KernelCutRow[]): KernelWindow[] {
  const windows: KernelWindow[] = []
  let open: KernelWindow | undefined
  for (const { outcome, after, instruction, step, alike = 1 } of rows) {
    const last = instruction + alike - 1
    if (outcome !== 'hang') {
      open = undefined
    } else if (open !== undefined && open.after === after && open.step === step) {
      open.to = last
    } else {
      open = { after, from: instruction, to: last, step }
      windows.push(open)
    }
  }
  return windows
}

/** Of single cuts, between which nothing was cut: each hang is a window of its own. */
export function singleWindows(rows: readonly KernelCutRow[]): KernelWindow[] {
  return rows
    .filter(({ outcome }) => outcome === 'hang')
    .map(({ after, instruction, step }) => ({ after, from: instruction, to: instruction, step }))
}

export function summaryOf(
  kernel: string,
  rows: readonly KernelCutRow[],
  windows: KernelWindow[],
  more: Pick<KernelSummary, 'strayed' | 'instructions' | 'checked'> = { strayed: 0 },
): KernelSummary {
  return {
    kind: 'kernel-summary',
    kernel,
    cuts: rows.length,
    hangs: rows.filter(({ outcome }) => outcome === 'hang').length,
    windows,
    ...more,
  }
}
