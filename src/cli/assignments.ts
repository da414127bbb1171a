/** `NAME=VALUE` and `NAME VALUE`, as ipmitool takes many of its settings: each name declared once, with the type of its value. */
import { type Param, type Params, UsageError, type ValuesOf } from './params.ts'

/** What was given; undefined for a name that was not. A flag stands without a value, a `rest` may come several times. */
type Assigned<P extends Params> = { [K in keyof P]: ValuesOf<P>[K] | undefined }

export function assignments<P extends Params>(
  parts: P,
  summary: string,
  least: 'any' | 'atLeastOne' = 'any',
): Param<Assigned<P>> {
  const forms = Object.entries(parts).flatMap(([name, part]) => formsOf(name, part))
  const names = Object.entries(parts).map(([name, part]) => (part.arity === 'flag' ? name : `${name}=`))
  return {
    value: 'NAME=VALUE',
    summary,
    arity: 'rest',
    choices: forms,
    parts: { named: parts, joint: '=' },
    read(words) {
      if (words.length === 0 && least === 'atLeastOne')
        throw new UsageError(`one is missing of ${names.join(', ')}`)
      return valuesOf(
        parts,
        words.map(word => nameAndValue(word, parts, names)),
      )
    },
  }
}

/** At least one `NAME VALUE`, each of two words. */
export function pairs<P extends Params>(parts: P, summary: string): Param<Assigned<P>> {
  const names = Object.keys(parts)
  const all = names.join(', ')
  return {
    value: 'NAME VALUE',
    summary,
    arity: 'rest',
    choices: [...names, ...Object.values(parts).flatMap(({ choices = [] }) => choices)],
    parts: { named: parts, joint: ' ' },
    read(words) {
      if (words.length === 0) throw new UsageError(`one is missing of ${all}`)
      const given: [name: string, words: string[]][] = []
      for (let at = 0; at < words.length; at += 2) {
        const [name = '', value] = words.slice(at, at + 2)
        if (!Object.hasOwn(parts, name)) throw new UsageError(`"${name}" is none of ${all}`)
        if (value === undefined) throw new UsageError(`${name} wants a value: ${wanted(parts[name]!)}`)
        given.push([name, [value]])
      }
      return valuesOf(parts, given)
    },
  }
}

function valuesOf<P extends Params>(
  parts: P,
  given: readonly (readonly [name: string, words: readonly string[]])[],
): Assigned<P> {
  const byName = new Map<string, string[]>()
  for (const [name, words] of given) byName.set(name, [...(byName.get(name) ?? []), ...words])
  const values = Object.entries(parts).map(([name, part]) => [name, assigned(part, name, byName.get(name))])
  return Object.fromEntries(values) as Assigned<P>
}

/** What may stand as its value. */
function wanted({ choices, value }: Param<unknown>): string {
  return choices?.join('|') ?? value
}

function formsOf(name: string, { arity, choices }: Param<unknown>): string[] {
  if (arity === 'flag') return [name]
  return choices === undefined ? [`${name}=`] : choices.map(choice => `${name}=${choice}`)
}

function nameAndValue(word: string, parts: Params, names: readonly string[]): [string, string[]] {
  const at = word.indexOf('=')
  const name = at < 0 ? word : word.slice(0, at)
  const part = Object.hasOwn(parts, name) ? parts[name] : undefined
  if (part === undefined) throw new UsageError(`"${word}" is none of ${names.join(', ')}`)
  if ((part.arity === 'flag') !== at < 0) {
    throw new UsageError(
      part.arity === 'flag' ? `${name} takes no value` : `${name} wants a value: ${name}=${wanted(part)}`,
    )
  }
  return [name, [word.slice(name.length + 1)]]
}

function assigned(part: Param<unknown>, name: string, words: readonly string[] | undefined): unknown {
  if (part.arity === 'flag') return part.read(words ?? [], name)
  if (words === undefined) return undefined
  return part.read(part.arity === 'rest' ? words : words.slice(-1), name)
}

/** Several of a few words with commas between them. */
export function wordList<const W extends string>(words: readonly W[], summary: string): Param<readonly W[]> {
  return {
    value: 'WORD,…',
    summary,
    arity: 'one',
    choices: words,
    read([text = ''], name) {
      const asked = text.split(',')
      const wrong = asked.find(word => !(words as readonly string[]).includes(word))
      if (wrong !== undefined) throw new UsageError(`${name}: "${wrong}" is none of ${words.join(', ')}`)
      return asked as W[]
    },
  }
}
