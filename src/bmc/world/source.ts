/** Values over time as pure functions of the second: constants, walks and scripts hold no state, for one BMC or many. */
import type { AnalogValue, DiscreteStates } from './config.ts'

export interface Source<T> {
  /** `seed` tells one BMC and sensor from another. */
  at(seconds: number, seed: number, power: 'on' | 'off'): T
  /** It never changes by itself. */
  readonly isConstant: boolean
}

export function analogSource(value: AnalogValue): Source<number> & { min: number; max: number } {
  if (typeof value === 'number') return { at: () => value, isConstant: true, min: value, max: value }
  if ('walk' in value) {
    const { min, max, periodSeconds } = value.walk
    return {
      at: (seconds, seed) => min + (max - min) * wander(seconds / periodSeconds, seed),
      isConstant: false,
      min,
      max,
    }
  }
  const values = value.script.map(([, at]) => at)
  return { ...scriptSource(value), min: Math.min(...values), max: Math.max(...values) }
}

export function stateSource(states: DiscreteStates): Source<number> {
  if (Array.isArray(states)) {
    const mask = maskOf(states)
    return { at: () => mask, isConstant: true }
  }
  if ('script' in states) {
    const { repeatSeconds } = states
    const script = states.script.map(([at, list]) => [at, maskOf(list)] as [number, number])
    return scriptSource({ script, ...(repeatSeconds === undefined ? {} : { repeatSeconds }) })
  }
  const [on, off] = [maskOf(states.on), maskOf(states.off)]
  return { at: (_seconds, _seed, power) => (power === 'on' ? on : off), isConstant: false }
}

/** The value of the last step that has come; before the first, its value. */
function scriptSource(options: {
  script: [number, number][]
  repeatSeconds?: number | undefined
}): Source<number> {
  const { script, repeatSeconds } = options
  return {
    at(seconds) {
      const now = repeatSeconds === undefined ? seconds : seconds % repeatSeconds
      let value = script[0]![1]
      for (const [at, next] of script) if (now >= at) value = next
      return value
    },
    isConstant: script.length === 1,
  }
}

export function maskOf(offsets: readonly number[]): number {
  return offsets.reduce((mask, offset) => mask | (1 << offset), 0)
}

/** Between 0 and 1: at each whole turn a drawn height, in between a smooth way from one to the next. */
function wander(turns: number, seed: number): number {
  const turn = Math.floor(turns)
  const part = turns - turn
  const smooth = part * part * (3 - 2 * part)
  const from = height(turn, seed)
  return from + (height(turn + 1, seed) - from) * smooth
}

function height(turn: number, seed: number): number {
  let hash = Math.imul(turn ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(seed + 1, 0xc2b2ae35)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39)
  return ((hash ^ (hash >>> 15)) >>> 0) / 0xffffffff
}
