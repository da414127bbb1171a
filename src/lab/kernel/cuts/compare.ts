/** A real kernel's row beside those of `none`, `drop` and `resend`: the same steps, the same words, one table and one picture. */
import { type PanicPolicy, panicPolicies } from '../../../si/panic-policy.ts'
import { panicAtStep } from '../../at-step.ts'
import type { Fate } from '../../fate.ts'
import { type Step, steps } from '../../step.ts'
import { type Cell, panicTable } from '../../table.ts'
import type { Outcome } from './cut-bench.ts'
import type { KernelCutRow } from './rows.ts'

export interface PolicyCutRow {
  kind: 'policy-cut'
  policy: PanicPolicy['name']
  step: Step
  outcome: Outcome
  /** Requests accepted and never executed, and executed more than once, by the BMC. */
  lost: number
  doubled: number
}

/** A kernel's row, and how many instructions of the way it stands for; one when it is a single cut. */
export type WeightedRow = KernelCutRow & { instructions?: number }

/** The order of the mail: before the patch, its reviewer's wish, the patch. */
const policyOrder: readonly PanicPolicy['name'][] = ['none', 'drop', 'resend']

/** The lab's policies over KCS, cut at each step with the text of the kernel's panic. */
export function policyCuts(text: string): PolicyCutRow[] {
  return policyOrder.flatMap(name => {
    const policy = panicPolicies.find(one => one.name === name)!
    return steps.map((step): PolicyCutRow => {
      const { fate } = panicAtStep(policy, step, text)
      const outcome = fate.hang ? 'hang' : fate.lastWords ? 'recorded' : 'incomplete'
      return { kind: 'policy-cut', policy: name, step, outcome, lost: fate.lost, doubled: fate.doubled }
    })
  })
}

export function nameOfKernel({ kernel, interface: way }: Pick<KernelCutRow, 'kernel' | 'interface'>): string {
  return `Linux ${kernel} ${way.toUpperCase()}`
}

/** One row a step; the kernels' columns first. Rows without a step are left out. */
export function comparisonTable(
  kernelRows: readonly WeightedRow[],
  policyRows: readonly PolicyCutRow[],
): string {
  const cells: Cell[] = [
    ...kernelRows.flatMap(row => {
      if (row.step === null) return []
      return [
        { policy: nameOfKernel(row), step: row.step, ...fateOfKernel(row), cuts: row.instructions ?? 1 },
      ]
    }),
    ...policyRows.map(row => ({ policy: row.policy, step: row.step, ...fateOfPolicy(row) })),
  ]
  return panicTable(cells, [...new Set(cells.map(({ policy }) => policy))])
}

function fateOfKernel({ outcome, step, executed }: KernelCutRow): Fate {
  return {
    hang: outcome === 'hang',
    // Before the first store it was not accepted yet, so that nothing was lost.
    lost: step !== 'before-1' && executed === 0 ? 1 : 0,
    doubled: executed > 1 ? 1 : 0,
    lastWords: outcome === 'recorded',
    unended: 0,
    unwanted: 0,
    silent: outcome === 'hang',
  }
}

function fateOfPolicy({ outcome, lost, doubled }: PolicyCutRow): Fate {
  return {
    hang: outcome === 'hang',
    lost,
    doubled,
    lastWords: outcome === 'recorded',
    unended: 0,
    unwanted: 0,
    silent: outcome === 'hang',
  }
}

/** A run of neighbouring cuts at one step that fared alike. */
interface Run {
  step: Step
  outcome: Outcome
  cuts: number
}

const columnWidth = 104
const labelWidth = 170
const barHeight = 22
const rowHeight = 40
const headHeight = 74
const colours: Readonly<Record<Outcome, string>> = {
  recorded: '#2f9e58',
  incomplete: '#e8a33d',
  hang: '#d43c35',
}
const meanings: Readonly<Record<Outcome, string>> = {
  recorded: 'last words whole',
  incomplete: 'last words not whole',
  hang: 'hangs, nothing recorded',
}

/**
 * One message's way as a bar for each kernel and policy, coloured by outcome. `kernelRows` are in the order of the way;
 * each step takes one column, its cuts spread over it.
 */
export function comparisonSvg(
  kernelRows: readonly WeightedRow[],
  policyRows: readonly PolicyCutRow[],
): string {
  const bars = new Map<string, Run[]>()
  for (const row of kernelRows)
    if (row.step !== null) extend(bars, nameOfKernel(row), row.step, row.outcome, row.instructions)
  for (const { policy, step, outcome } of policyRows) extend(bars, policy, step, outcome)
  const width = labelWidth + steps.length * columnWidth + 12
  const height = headHeight + bars.size * rowHeight + 12
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="13">`,
    "<title>A panic on one message's way, by kernel and policy</title>",
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="12" y="24" font-size="16" font-weight="bold">A panic on one message's way</text>`,
    ...legend(width),
    ...steps.map((step, at) => `<text x="${labelWidth + at * columnWidth + 4}" y="62">${step}</text>`),
  ]
  let y = headHeight
  for (const [name, runs] of bars) {
    parts.push(`<text x="12" y="${y + 16}">${escaped(name)}</text>`, ...barOf(runs, y))
    y += rowHeight
  }
  return `${[...parts, '</svg>'].join('\n')}\n`
}

function extend(bars: Map<string, Run[]>, name: string, step: Step, outcome: Outcome, cuts = 1): void {
  const runs = bars.get(name) ?? []
  bars.set(name, runs)
  const last = runs.at(-1)
  if (last?.step === step && last.outcome === outcome) last.cuts += cuts
  else runs.push({ step, outcome, cuts })
}

function barOf(runs: readonly Run[], y: number): string[] {
  return steps.flatMap((step, column) => {
    const ofStep = runs.filter(run => run.step === step)
    const total = ofStep.reduce((sum, { cuts }) => sum + cuts, 0)
    let x = labelWidth + column * columnWidth
    return ofStep.map(({ outcome, cuts }) => {
      const width = (cuts / total) * (columnWidth - 2)
      const at = x
      x += width
      const title = `${step}: ${meanings[outcome]}, ${Math.round((100 * cuts) / total)} % of the step`
      return `<rect x="${at.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${barHeight}" fill="${colours[outcome]}"><title>${title}</title></rect>`
    })
  })
}

function legend(width: number): string[] {
  return (Object.keys(colours) as Outcome[]).flatMap((outcome, at) => {
    const x = width - 560 + at * 186
    return [
      `<rect x="${x}" y="12" width="14" height="14" fill="${colours[outcome]}"/>`,
      `<text x="${x + 20}" y="24">${meanings[outcome]}</text>`,
    ]
  })
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
