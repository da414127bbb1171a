/** A real kernel's row beside those of `none`, `drop` and `resend`: the same steps, the same words, one table and one picture. */
import { type PanicPolicy, panicPolicies } from '../../../si/panic-policy.ts'
import { panicAtStep } from '../../at-step.ts'
import { type Step, steps } from '../../step.ts'
import { stepTable, type WordedCell } from '../../table.ts'
import type { Outcome } from './cut-bench.ts'
import type { KernelCutRow } from './rows.ts'

export interface PolicyCutRow {
  kind: 'policy-cut'
  policy: PanicPolicy['name']
  /** What the lab has: no other interface, and a panic that always sends its text. */
  interface: 'kcs'
  panicOp: 'string'
  step: Step
  outcome: Outcome
  /** How often the BMC executed the request that was under way. */
  executed: number
  /** Nothing of the panic is in the SEL. */
  silent: boolean
  /** Of all requests, two that waited behind it included: accepted and never executed, and executed more than once. */
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
      const { fate, executed } = panicAtStep(policy, step, text)
      const outcome = fate.hang ? 'hang' : fate.lastWords ? 'recorded' : 'incomplete'
      return {
        kind: 'policy-cut',
        policy: name,
        interface: 'kcs',
        panicOp: 'string',
        step,
        outcome,
        executed,
        silent: fate.silent,
        lost: fate.lost,
        doubled: fate.doubled,
      }
    })
  })
}

type Named = Pick<KernelCutRow, 'kernel' | 'interface' | 'panicOp'>

export function nameOfKernel({ kernel, interface: way, panicOp }: Named): string {
  const name = `Linux ${kernel} ${way.toUpperCase()}`
  return panicOp === 'string' ? name : `${name}, panic_op=${panicOp}`
}

export function nameOfPolicy({ policy, interface: way }: PolicyCutRow): string {
  return `${policy} (lab, ${way.toUpperCase()})`
}

/** What the policies' columns stand for, and that it is another case than the kernel's where it is. */
export function policyNote(options: {
  interface: string
  panicOp: string
  watchdog?: boolean
  cpus?: 1 | 2
}): string {
  const others = [
    ...(options.interface === 'kcs' ? [] : [options.interface.toUpperCase()]),
    ...(options.panicOp === 'string' ? [] : [`panic_op=${options.panicOp}`]),
    ...(options.watchdog === true ? ['ipmi_watchdog'] : []),
    ...(options.cpus === 2 ? ['two processors'] : []),
  ]
  const plain = "none, drop and resend are the Panic Lab's policies over KCS, panic_op=string, one processor"
  return others.length === 0
    ? `${plain}.`
    : `${plain}: not the kernel's case, which has ${others.join(' and ')}.`
}

/** One row a step; the kernels' columns first. Rows without a step are left out. */
export function comparisonTable(
  kernelRows: readonly WeightedRow[],
  policyRows: readonly PolicyCutRow[],
): string {
  const cells: WordedCell[] = [
    ...kernelRows.flatMap(row => {
      const { step, instructions } = row
      if (step === null) return []
      return [{ policy: nameOfKernel(row), step, words: cutWords(row), cuts: instructions ?? 1 }]
    }),
    ...policyRows.map(row => ({ policy: nameOfPolicy(row), step: row.step, words: cutWords(row) })),
  ]
  return stepTable(cells, [...new Set(cells.map(({ policy }) => policy))])
}

interface Ended {
  outcome: Outcome
  executed: number
  step: Step | null
  panicOp: string
  silent: boolean
}

/** What became of the panic and of the request that was under way: the same words for kernels and policies. */
export function cutWords({ outcome, executed, step, panicOp, silent }: Ended): string {
  const words = [endWords({ outcome, panicOp, silent })]
  // Before the first store it was not accepted yet, so that nothing was lost.
  if (executed === 0 && step !== 'before-1') words.push('request lost')
  if (executed > 1) words.push('request doubled')
  return words.join(', ')
}

/** How a panic ended; `recorded` is what `panic_op` asks for, which with `none` is nothing. */
export function endWords({
  outcome,
  panicOp,
  silent,
}: Pick<Ended, 'outcome' | 'panicOp' | 'silent'>): string {
  if (outcome === 'hang' && panicOp === 'none') return 'HANGS'
  if (outcome === 'hang') return silent ? 'HANGS, nothing recorded' : 'HANGS, recorded in part'
  if (panicOp === 'none') return 'ends, nothing to record'
  if (panicOp === 'event') return outcome === 'recorded' ? 'event recorded' : 'event missing'
  return outcome === 'recorded' ? 'last words whole' : 'last words incomplete'
}

/** In the picture a hang is a hang, whether or not a part was recorded. */
function meaningOf(outcome: Outcome, panicOp: string): string {
  return outcome === 'hang' ? 'hangs' : endWords({ outcome, panicOp, silent: false })
}

/** A run of neighbouring cuts at one step that fared alike. */
interface Run {
  step: Step
  outcome: Outcome
  panicOp: string
  cuts: number
}

const columnWidth = 104
const labelWidth = 232
const barHeight = 22
const rowHeight = 40
const headHeight = 74
const colours: Readonly<Record<Outcome, string>> = {
  recorded: '#2f9e58',
  incomplete: '#e8a33d',
  hang: '#d43c35',
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
    if (row.step !== null) extend(bars, nameOfKernel(row), { ...row, step: row.step }, row.instructions)
  for (const row of policyRows) extend(bars, nameOfPolicy(row), row)
  const width = labelWidth + steps.length * columnWidth + 12
  const height = headHeight + bars.size * rowHeight + 12
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="13">`,
    "<title>A panic on one message's way, by kernel and policy</title>",
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="12" y="24" font-size="16" font-weight="bold">A panic on one message's way</text>`,
    ...legend(width, kernelRows[0]?.panicOp ?? 'string'),
    ...steps.map((step, at) => `<text x="${labelWidth + at * columnWidth + 4}" y="62">${step}</text>`),
  ]
  let y = headHeight
  for (const [name, runs] of bars) {
    parts.push(`<text x="12" y="${y + 16}">${escaped(name)}</text>`, ...barOf(runs, y))
    y += rowHeight
  }
  return `${[...parts, '</svg>'].join('\n')}\n`
}

function extend(bars: Map<string, Run[]>, name: string, row: Omit<Run, 'cuts'>, cuts = 1): void {
  const { step, outcome, panicOp } = row
  const runs = bars.get(name) ?? []
  bars.set(name, runs)
  const last = runs.at(-1)
  if (last?.step === step && last.outcome === outcome) last.cuts += cuts
  else runs.push({ step, outcome, panicOp, cuts })
}

function barOf(runs: readonly Run[], y: number): string[] {
  return steps.flatMap((step, column) => {
    const ofStep = runs.filter(run => run.step === step)
    const total = ofStep.reduce((sum, { cuts }) => sum + cuts, 0)
    let x = labelWidth + column * columnWidth
    return ofStep.map(({ outcome, panicOp, cuts }) => {
      const width = (cuts / total) * (columnWidth - 2)
      const at = x
      x += width
      const title = `${step}: ${meaningOf(outcome, panicOp)}, ${Math.round((100 * cuts) / total)} % of the step`
      return `<rect x="${at.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${barHeight}" fill="${colours[outcome]}"><title>${title}</title></rect>`
    })
  })
}

function legend(width: number, panicOp: string): string[] {
  return (Object.keys(colours) as Outcome[]).flatMap((outcome, at) => {
    const x = width - 560 + at * 186
    return [
      `<rect x="${x}" y="12" width="14" height="14" fill="${colours[outcome]}"/>`,
      `<text x="${x + 20}" y="24">${meaningOf(outcome, panicOp)}</text>`,
    ]
  })
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
