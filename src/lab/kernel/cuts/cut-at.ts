/** Single cuts in a real kernel: at a step of the mail, or at whatever symbol somebody names. */
import { type Step, steps } from '../../step.ts'
import type { CutBench } from './cut-bench.ts'
import { type Place, placeOfStep } from './kernel-steps.ts'
import { type CutReport, cutRow } from './rows.ts'

export interface CutAtOptions {
  /** A step, or `[MODULE:]SYMBOL[+OFFSET]`. */
  place: string
  /** Which passage; a step's own choice by default, the first for a symbol. */
  hit?: number
}

export function isStep(place: string): place is Step {
  return (steps as readonly string[]).includes(place)
}

/** Throws SYMBOL_UNKNOWN with the nearest names, and NOT_PASSED when the place was not come by. */
export async function cutAt(bench: CutBench, { place, hit }: CutAtOptions): Promise<CutReport> {
  const { symbols, options } = bench
  const found: Place = isStep(place)
    ? placeOfStep(place, options.interface, symbols, options.kernel.version)
    : { expression: place, hit: 1 }
  const serial = await bench.goTo(hit === undefined ? found : { ...found, hit })
  const symbol = symbols.locate(await bench.rip())?.text ?? found.expression
  const end = await bench.panicHere(serial)
  const plain = symbol.replace(/ \[.*/, '')
  const step = isStep(place) ? place : null
  return cutRow(bench, { after: plain, instruction: 0, symbol: plain, step }, end)
}
