/** From words to values: flags before or after the command, its arguments, and errors that name the word that is wrong. */
import { parseArgs } from 'node:util'
import { nearestNames as nearest } from '../lab/kernel/nearest-names.ts'
import type { Group, Subcommand } from './declare.ts'
import { mayBeLeftOut, refuseLeftOut } from './left-out.ts'
import { type Params, UsageError, type ValuesOf } from './params.ts'

/** Words by the name of the flag that they were given for. */
export type Given = Map<string, string[]>

interface Split {
  given: Given
  positionals: string[]
}

/** Asked for with every line of `exec`. */
const kebabs = new Map<string, string>()

export function kebab(name: string): string {
  const known = kebabs.get(name)
  if (known !== undefined) return known
  const made = name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
  kebabs.set(name, made)
  return made
}

/** -10 is a number, not the flags -1 and -0. */
const NEGATIVE = /^-\.?\d/
const MARK = '\0'

function tokensOf(words: readonly string[], flags: Params) {
  const options = optionsOf(flags)
  return parseArgs({ args: [...words], options, strict: false, allowPositionals: true, tokens: true }).tokens
}

/** Splits the words before the command from the rest. */
export function splitAtCommand(words: readonly string[], flags: Params): [head: string[], tail: string[]] {
  const tokens = tokensOf(words, flags)
  const first = tokens.find(token => token.kind === 'positional')
  const at = first?.index ?? words.length
  return [words.slice(0, at), words.slice(at)]
}

/** The names of the flags among these words, wherever they stand. */
export function flagsAmong(words: readonly string[], flags: Params): string[] {
  const tokens = tokensOf(words, flags)
  const given = new Set(tokens.filter(token => token.kind === 'option').map(token => token.name))
  return Object.keys(flags).filter(name => given.has(kebab(name)))
}

/** Reads flags and positionals; negative numbers are positionals where `negatives` says so. */
export function split(words: readonly string[], flags: Params, negatives: 'areNumbers' | 'areFlags'): Split {
  // Most lines of exec have no flags.
  if (!words.some(word => word.startsWith('-'))) return { given: new Map(), positionals: [...words] }
  const masked = words.map(word => (negatives === 'areNumbers' && NEGATIVE.test(word) ? MARK + word : word))
  const tokens = tokensOf(masked, flags)
  const byOption = new Map(Object.keys(flags).map(name => [kebab(name), name]))
  const given: Given = new Map()
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(unmask(token.value))
    if (token.kind !== 'option') continue
    const name = byOption.get(token.name)
    if (name === undefined) throw unknownFlag(token.rawName, [...byOption.keys()])
    const isFlag = flags[name]!.arity === 'flag'
    if (isFlag && token.value !== undefined) throw new UsageError(`${token.rawName} takes no value`)
    if (!isFlag && token.value === undefined) {
      throw new UsageError(`${token.rawName} wants a value: ${flags[name]!.value}`)
    }
    given.set(name, [...(given.get(name) ?? []), unmask(token.value ?? '')])
  }
  return { given, positionals }
}

function unmask(word: string): string {
  return word.startsWith(MARK) ? word.slice(MARK.length) : word
}

type ParseOptions = Record<string, { type: 'boolean' | 'string'; short?: string }>

/** By the flags that they are of. */
const parseOptions = new WeakMap<Params, ParseOptions>()

function optionsOf(flags: Params): ParseOptions {
  const known = parseOptions.get(flags)
  if (known !== undefined) return known
  const made = Object.fromEntries(
    Object.entries(flags).map(([name, { arity, short }]) => [
      kebab(name),
      { type: arity === 'flag' ? ('boolean' as const) : ('string' as const), ...(short ? { short } : {}) },
    ]),
  )
  parseOptions.set(flags, made)
  return made
}

function unknownFlag(rawName: string, known: readonly string[]): UsageError {
  refuseLeftOut(rawName)
  const [close] = rawName.startsWith('--') ? nearest(rawName.slice(2), known) : []
  return new UsageError(
    `there is no ${rawName}`,
    close === undefined ? 'Add --help for what there is.' : `Did you mean --${close}?`,
  )
}

/** The values of flags; the last of several counts. */
export function flagValues<P extends Params>(flags: P, given: Given): ValuesOf<P> {
  const values: Record<string, unknown> = {}
  for (const [name, param] of Object.entries(flags)) {
    const words = given.get(name) ?? []
    values[name] = param.read(param.arity === 'flag' ? words : words.slice(-1), `--${kebab(name)}`)
  }
  return values as ValuesOf<P>
}

/** The values of positional arguments. */
export function argumentValues(command: Subcommand, path: string, positionals: readonly string[]) {
  if (mayBeLeftOut(path))
    refuseLeftOut([path, ...positionals.map(word => (/^\d/.test(word) ? 'ID' : word))].join(' '))
  const values: Record<string, unknown> = {}
  const isSecret = () => command.hides?.(positionals) === true
  let left = [...positionals]
  for (const [name, param] of Object.entries(command.args)) {
    const words = param.arity === 'rest' ? left : left.slice(0, 1)
    left = left.slice(words.length)
    if (words.length === 0 && param.arity === 'one') {
      throw new UsageError(`${path}: ${kebab(name)} is missing (${param.value})`, `lastword ${path} --help`)
    }
    try {
      values[name] = param.read(words, kebab(name))
    } catch (error) {
      // What is wrong with a word may be that it is the secret, in a wrong place.
      throw isSecret() ? new UsageError(`${kebab(name)}: it takes ${param.value}`) : error
    }
  }
  if (left.length > 0) {
    const word = isSecret() ? 'the last word' : `"${left[0]}"`
    throw new UsageError(`${path}: ${word} is too many`, `lastword ${path} --help`)
  }
  return values
}

export interface Found {
  /** The words that lead to it: `mc watchdog get`. */
  path: string
  node: Group | Subcommand
  /** The words behind it. */
  rest: string[]
}

/** Walks down from a group as far as the words lead; a group without a further word means its default. */
export function findCommand(root: Group | Subcommand, words: readonly string[]): Found {
  let node = root
  let path = root.name
  let rest = [...words]
  while (node.kind === 'group') {
    const [word] = rest
    const isWord = word !== undefined && !word.startsWith('-')
    const name = isWord ? word : node.whenAlone
    if (name === undefined || (!isWord && rest.some(isHelp))) break
    const next: Group | Subcommand | undefined = node.commands.find(candidate => candidate.name === name)
    if (next === undefined && name === 'help') break
    if (next === undefined && node.otherwise !== undefined) return { path, node: node.otherwise, rest }
    if (next === undefined) {
      refuseLeftOut(`${path} ${name}`)
      const known = node.commands.map(candidate => candidate.name)
      const [close] = nearest(name, known)
      throw new UsageError(
        `${path}: there is no "${name}"`,
        close === undefined ? `There are: ${known.join(', ')}.` : `Did you mean "${path} ${close}"?`,
      )
    }
    if (isWord) rest = rest.slice(1)
    path = `${path} ${next.name}`
    node = next
  }
  return { path, node, rest }
}

export function isHelp(word: string): boolean {
  return ['--help', '-h', 'help'].includes(word)
}
