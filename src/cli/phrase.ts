/** Names of the catalogue as people read them: `powerCycle` is `power cycle`. */
import { hex } from './hex.ts'

/** A name in words; a code that has no name in hexadecimal. */
export function phrase(name: string | number): string {
  if (typeof name === 'number') return `unknown (${hex(name)})`
  return name.replace(/[A-Z0-9]+/g, part => ` ${part.length > 1 ? part : part.toLowerCase()}`).trim()
}

/** The names of the flags that are set, as one phrase; `none` when there is none. */
export function flagPhrases(flags: Readonly<Record<string, unknown>>, none = 'none'): string {
  const set = Object.keys(flags).filter(name => flags[name] === true)
  return set.length === 0 ? none : set.map(phrase).join(', ')
}

export function onOff(state: boolean): string {
  return state ? 'on' : 'off'
}
