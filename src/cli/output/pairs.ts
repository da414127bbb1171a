/** Labelled values for people whose labels are not known beforehand: aligned lines, objects in objects one line a value. */
import { hex, hexBytes } from '../hex.ts'
import { flagPhrases, phrase } from '../phrase.ts'
import { recordText } from './table.ts'

/** What is undefined or empty is left out. */
export type WordPair = readonly [label: string, text: string | undefined]

export function pairsText(pairs: readonly WordPair[]): string {
  const columns = pairs
    .filter(([, text]) => text !== undefined && text !== '')
    .map(([label, text]) => ({ label, of: () => text, align: 'left' as const }))
  return recordText(columns, undefined)
}

/** The values of an object by the names that lead to them; its flags together in one line. */
export function wordPairs(value: object, path = ''): WordPair[] {
  const flags = Object.entries(value).filter(([, part]) => typeof part === 'boolean')
  const others = Object.entries(value).filter(([, part]) => typeof part !== 'boolean')
  const label = (name: string) => (path === '' ? phrase(name) : `${path}, ${phrase(name)}`)
  const together: WordPair[] =
    flags.length === 0 ? [] : [[path === '' ? 'flags' : path, flagPhrases(Object.fromEntries(flags))]]
  return [
    ...together,
    ...others.flatMap(([name, part]): WordPair[] =>
      part !== null && typeof part === 'object' && !(part instanceof Uint8Array)
        ? wordPairs(part, label(name))
        : [[label(name), partText(part)]],
    ),
  ]
}

function partText(part: unknown): string | undefined {
  if (part === undefined || part === null) return undefined
  if (part instanceof Uint8Array) return hexBytes(part)
  if (typeof part === 'number') return part > 9 ? `${part} (${hex(part)})` : String(part)
  return String(part)
}
