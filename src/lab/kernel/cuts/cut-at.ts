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

/** A place that this kernel has, and the step of the mail that was asked for, if one was. */
export interface FoundPlace extends Place {
  step: Step | null
}

export function isStep(place: string): place is Step {
  return (steps as readonly string[]).includes(place)
}

/** Throws SYMBOL_UNKNOWN with the nearest names. */
export function findPlace(bench: CutBench, place: string, hit?: number): FoundPlace {
  const { symbols, options } = bench
  const found: Place = isStep(place)
    ? placeOfStep(place, options.interface, symbols, options.kernel.version)
    : { expression: place, hit: 1 }
  symbols.resolve(found.expression)
  return { ...found, ...(hit !== undefined && { hit }), step: isStep(place) ? place : null }
}

/** Throws NOT_PASSED when the place is not come by. */
export async function cutAtPlace(bench: CutBench, place: FoundPlace): Promise<CutReport> {
  const serial = await bench.goTo(place)
  const symbol = bench.symbols.locate(await bench.rip())?.text ?? place.expression
  const end = await bench.panicHere(serial)
  const plain = symbol.replace(/ \[.*/, '')
  return cutRow(bench, { after: plain, instruction: 0, symbol: plain, step: place.step }, end)
}

export async function cutAt(bench: CutBench, { place, hit }: CutAtOptions): Promise<CutReport> {
  return cutAtPlace(bench, findPlace(bench, place, hit))
}
