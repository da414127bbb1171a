/** The table of docs/panic.md, printed from what happened. */
import type { Fate } from './fate.ts'
import { type Step, steps } from './step.ts'

const stepTexts: Readonly<Record<Step, string>> = {
  'before-1': 'before 1  nothing is stored yet',
  'before-2': "before 2  the handler's currMsg is set",
  'before-3': "before 3  the driver's waitingMsg is set",
  'before-4': "before 4  the driver's currMsg is set",
  'before-5': 'before 5  in mid-transfer',
  done: 'done      transferred, result not taken',
  between: "between   the driver's currMsg is cleared",
  'after-5': "after 5   the handler's currMsg is cleared",
}

export interface Cell extends Fate {
  policy: string
  step: Step
  /** How many cuts ended so; one when it was a single run. */
  cuts?: number
}

/** What happened, in a few words. */
export function fateWords(fate: Fate): string {
  const words: string[] = []
  if (fate.hang) words.push('HANGS')
  if (fate.lost > 0) words.push(`${fate.lost} lost`)
  if (fate.doubled > 0) words.push(`${fate.doubled} doubled`)
  if (fate.unwanted > 0) words.push('withdrawn and yet executed')
  if (fate.unended > 0 && !fate.hang) words.push('without an end')
  if (fate.silent) words.push('nothing recorded')
  else if (!fate.lastWords) words.push('last words incomplete')
  if (words.length === 0) words.push('all sent once')
  return words.join(', ')
}

/** A cell whose words are said already. */
export interface WordedCell {
  policy: string
  step: Step
  words: string
  cuts?: number
}

function cellText(cells: readonly WordedCell[]): string[] {
  const total = cells.reduce((sum, cell) => sum + (cell.cuts ?? 1), 0)
  const byWords = new Map<string, number>()
  for (const { words, cuts } of cells) byWords.set(words, (byWords.get(words) ?? 0) + (cuts ?? 1))
  const ranked = [...byWords].sort((a, b) => b[1] - a[1])
  if (ranked.length === 1) return [ranked[0]![0]]
  return ranked.map(([words, cuts]) => `${percent(cuts / total)} ${words}`)
}

function percent(share: number): string {
  const text = (share * 100).toFixed(share < 0.1 ? 1 : 0)
  return `${share > 0 && Number(text) === 0 ? '<0.1' : text}%`
}

export function panicTable(cells: readonly Cell[], policies: readonly string[]): string {
  return stepTable(
    cells.map(cell => ({ ...cell, words: fateWords(cell) })),
    policies,
  )
}

/** One row a step, one column a policy; a cell with several outcomes takes several lines. */
export function stepTable(cells: readonly WordedCell[], policies: readonly string[]): string {
  const rows: string[][][] = [[['a panic that strikes'], ...policies.map(policy => [policy])]]
  for (const step of steps) {
    const ofStep = cells.filter(cell => cell.step === step)
    if (ofStep.length === 0) continue
    rows.push([
      [stepTexts[step]],
      ...policies.map(policy => cellText(ofStep.filter(cell => cell.policy === policy))),
    ])
  }
  const widths = rows[0]!.map((_, column) =>
    Math.max(...rows.flatMap(row => row[column]!.map(line => line.length))),
  )
  const lines: string[] = []
  for (const [index, row] of rows.entries()) {
    const height = Math.max(...row.map(cell => cell.length))
    for (let line = 0; line < height; line++) {
      lines.push(
        row
          .map((cell, column) => (cell[line] ?? '').padEnd(widths[column]!))
          .join('  ')
          .trimEnd(),
      )
    }
    if (index === 0) lines.push(widths.map(width => '─'.repeat(width)).join('  '))
  }
  return lines.join('\n')
}
