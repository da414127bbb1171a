/** What may stand at the end of a command line, for the shells and for `lastword shell`. */
import { readHosts } from '../connection/hosts.ts'
import { type OptionSpot, rootSpot, type Spot, type Value, type Word } from './spots.ts'

export type Completion = { kind: 'words'; words: readonly Word[] } | { kind: 'files' }

/** Where the words before the last have led to. */
interface Reading {
  spot: Spot
  /** Words that were no command. */
  args: number
  /** Waits for its value. */
  option?: OptionSpot
}

/** `typed` is what stands behind the program's name; the last of it is to be completed, and may be empty. */
export async function complete(typed: readonly string[], env: NodeJS.ProcessEnv): Promise<Completion> {
  const last = typed.at(-1) ?? ''
  const reading = await read(typed.slice(0, -1))
  const completion = await candidates(reading, last, env)
  if (completion.kind === 'files') return completion
  return { kind: 'words', words: completion.words.filter(({ word }) => word.startsWith(last)) }
}

async function read(words: readonly string[]): Promise<Reading> {
  const reading: Reading = { spot: rootSpot, args: 0 }
  for (const word of words) {
    if (isForOption(reading, word)) {
      if (reading.option?.value?.goesOn !== true) delete reading.option
      continue
    }
    delete reading.option
    if (word.startsWith('-') && word !== '-') {
      const option = optionAtEnd(reading.spot, word)
      if (option !== undefined) reading.option = option
    } else if (!(reading.spot === rootSpot && word.includes('://'))) {
      // A URL in front of the command says where it goes to.
      const next =
        reading.args === 0 ? reading.spot.next.find(candidate => candidate.word === word) : undefined
      if (next === undefined) reading.args++
      else reading.spot = await next.open()
    }
  }
  return reading
}

/** Of several values the first that is an option ends them. */
function isForOption({ option }: Reading, word: string): boolean {
  return option !== undefined && !(option.value?.goesOn === true && word.startsWith('-'))
}

/** The option that waits for its value behind this word: `--host`, or the last letter of `-vH`. */
function optionAtEnd({ options }: Spot, word: string): OptionSpot | undefined {
  const find = (name: string) =>
    options.find(({ names, value }) => value !== undefined && names.includes(name))
  if (word.startsWith('--')) return find(word)
  const letters = [...word.slice(1)]
  const first = letters.findIndex(letter => find(`-${letter}`) !== undefined)
  return first >= 0 && first === letters.length - 1 ? find(`-${letters[first]}`) : undefined
}

async function candidates(reading: Reading, last: string, env: NodeJS.ProcessEnv): Promise<Completion> {
  const { spot, args } = reading
  if (isForOption(reading, last)) return valueWords(reading.option?.value, '', env)
  const [, name] = /^(--[^=]+)=/.exec(last) ?? []
  if (name !== undefined) return valueWords(optionAtEnd(spot, name)?.value, `${name}=`, env)
  if (last.startsWith('-')) return { kind: 'words', words: optionWords(spot) }
  const arg = spot.args[args] ?? (spot.args.at(-1)?.goesOn ? spot.args.at(-1) : undefined)
  const values = await valueWords(arg, '', env)
  if (args > 0 || values.kind === 'files') return values
  return { kind: 'words', words: [...spot.next, ...values.words] }
}

function optionWords({ options }: Spot): Word[] {
  return options.flatMap(({ names, summary }) => names.map(word => ({ word, summary })))
}

/** `stem` stands before the value in the same word. */
async function valueWords(
  value: Value | undefined,
  stem: string,
  env: NodeJS.ProcessEnv,
): Promise<Completion> {
  if (value?.completes === 'file') return { kind: 'files' }
  const words = value?.completes === 'host' ? await hostNames(env) : (value?.choices ?? [])
  return { kind: 'words', words: words.map(word => ({ word: stem + word, summary: '' })) }
}

/** None where the file is wrong: the command itself tells that. */
async function hostNames(env: NodeJS.ProcessEnv): Promise<string[]> {
  try {
    return (await readHosts(env)).map(({ name }) => name)
  } catch {
    return []
  }
}
