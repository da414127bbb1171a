/** Single cuts in a real kernel: at a step of the mail, or at whatever symbol somebody names. */
import { type Step, steps } from '../../step.ts'
import type { CutBench } from './cut-bench.ts'
import { type Place, placeOfStep } from './kernel-steps.ts'
import { type CutReport, cutRow } from './rows.ts'
import type { StoreProbe } from './stores.ts'

export interface CutAtOptions {
  /** A step, or `[MODULE:]SYMBOL[+OFFSET]`, and `/N` for N instructions behind it. */
  place: string
  /** Which passage; a step's own choice by default, the first for a symbol. */
  hit?: number
}

/** A place that this kernel has, and the step of the mail that was asked for, if one was. */
export interface FoundPlace extends Place {
  step: Step | null
  /** Single steps from there. */
  behind: number
}

/** `PLACE` or `PLACE/N`. */
const placeForm = /^(?<at>(?:\w+:)?[^\s+/]+(?:\+(?:0x[\da-f]+|\d+))?)(?:\/(?<behind>\d+))?$/i

/** Whether it can be a place at all; only the kernel's own symbols tell whether it is one. */
export function isPlace(text: string): boolean {
  return placeForm.test(text)
}

export function isStep(place: string): place is Step {
  return (steps as readonly string[]).includes(place)
}

/** Throws SYMBOL_UNKNOWN with the nearest names. */
export function findPlace(bench: CutBench, place: string, hit?: number): FoundPlace {
  const { symbols, options } = bench
  const { at = place, behind = '0' } = placeForm.exec(place)?.groups ?? {}
  const found: Place = isStep(at)
    ? placeOfStep(at, options.interface, symbols, options.kernel.version)
    : { expression: at, hit: 1 }
  symbols.resolve(found.expression)
  const step = isStep(at) && behind === '0' ? at : null
  return { ...found, ...(hit !== undefined && { hit }), step, behind: Number(behind) }
}

/** Throws NOT_PASSED when the place is not come by. */
export function cutAtPlace(bench: CutBench, place: FoundPlace, probe?: StoreProbe): Promise<CutReport> {
  return bench.undisturbed(() => cutOnce(bench, place, probe))
}

async function cutOnce(bench: CutBench, place: FoundPlace, probe?: StoreProbe): Promise<CutReport> {
  const serial = await bench.goTo(place)
  const after = await symbolHere(bench)
  for (let step = 0; step < place.behind; step++) await bench.step()
  const symbol = await symbolHere(bench)
  const read = await probe?.readVariables()
  const end = await bench.panicHere(serial)
  const { row, sat } = cutRow(bench, { after, instruction: place.behind, symbol, step: place.step }, end)
  return { row: read === undefined ? row : { ...row, read }, sat }
}

async function symbolHere(bench: CutBench): Promise<string> {
  const rip = await bench.rip()
  return bench.symbols.nameAt(rip) ?? `0x${rip.toString(16)}`
}

export async function cutAt(bench: CutBench, { place, hit }: CutAtOptions): Promise<CutReport> {
  return cutAtPlace(bench, findPlace(bench, place, hit))
}
