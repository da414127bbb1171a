/** The windows of a swept way for people: first and last instruction by name, what is stored there, how long each is. */
import { type CutReport, type KernelCutRow, windowsOf } from './rows.ts'
import { storesText } from './stores.ts'
import type { Instruction } from './way.ts'

export type SweptCut = [at: number, report: CutReport]

export interface WindowText {
  after: string
  from: number
  to: number
  step: string
  first: string
  last: string
  stores: string
  sat: string
  instructions: number
}

/** `cuts` in any order. */
export function windowTexts(way: readonly Instruction[], cuts: readonly SweptCut[]): WindowText[] {
  const ordered = inOrder(cuts)
  return windowsOf(ordered.map(([, { row }]) => row)).map(window => {
    const inside = ordered.filter(([, { row }]) => isWithin(row, window))
    const [firstAt, first] = inside[0]!
    const [lastCut, last] = inside.at(-1)!
    const lastAt = lastCut + (last.row.alike ?? 1) - 1
    return {
      ...window,
      step: window.step ?? '',
      first: first.row.symbol,
      last: way[lastAt]!.symbol,
      stores: storesText(way[firstAt]!.stores),
      sat: first.sat,
      instructions: lastAt - firstAt + 1,
    }
  })
}

export function inOrder(cuts: readonly SweptCut[]): SweptCut[] {
  return [...cuts].sort(([a], [b]) => a - b)
}

/** Each cut with the instructions up to the next one, which it stands for in a table of shares. */
export function weighted(
  cuts: readonly SweptCut[],
  length: number,
): (KernelCutRow & { instructions: number })[] {
  const ordered = inOrder(cuts)
  return ordered.map(([at, { row }], index) => ({
    ...row,
    instructions: (ordered[index + 1]?.[0] ?? length) - at,
  }))
}

function isWithin(row: KernelCutRow, window: { after: string; from: number; to: number }): boolean {
  return (
    row.outcome === 'hang' &&
    row.after === window.after &&
    row.instruction >= window.from &&
    row.instruction <= window.to
  )
}

/** Instructions of the way that hang, by the windows' edges. */
export function hangingInstructions(windows: readonly WindowText[]): number {
  return windows.reduce((total, { instructions }) => total + instructions, 0)
}
