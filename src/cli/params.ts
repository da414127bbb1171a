/** The arguments and options of a subcommand: each says its type, its words for people, and how it is read. */
import { LastwordError } from '../protocol/error.ts'

export type Arity = 'one' | 'optional' | 'rest' | 'flag'

export interface Param<T> {
  /** What stands for the value in a usage line: `on|off`, `SECONDS`. */
  readonly value: string
  readonly summary: string
  readonly arity: Arity
  /** The words it takes, for completion. */
  readonly choices?: readonly string[]
  /** What completes it in a shell. */
  readonly completes?: 'file' | 'host'
  /** The letter of an option. */
  readonly short?: string
  /** What may stand in it, where it is made of parts; for the help. */
  readonly parts?: { readonly named: Params; readonly joint: '=' | ' ' }
  /** From all the words given for it; `name` is for errors. */
  read(words: readonly string[], name: string): T
}

export type Params = Readonly<Record<string, Param<unknown>>>
export type ValuesOf<P extends Params> = { [K in keyof P]: P[K] extends Param<infer T> ? T : never }

/** The command line is wrong: exit status 2. */
export class UsageError extends LastwordError {
  constructor(message: string, hint?: string) {
    super('USAGE', message, hint === undefined ? {} : { hint })
    this.name = 'UsageError'
  }
}

type Reader<T> = (word: string, name: string) => T
type Extra = Partial<Pick<Param<unknown>, 'choices' | 'completes'>>

export function one<T>(value: string, summary: string, reader: Reader<T>, extra: Extra = {}): Param<T> {
  return { value, summary, arity: 'one', ...extra, read: ([word], name) => reader(word!, name) }
}

export function text(value: string, summary: string): Param<string> {
  return one(value, summary, word => word)
}

export function file(value: string, summary: string): Param<string> {
  return one(value, summary, word => word, { completes: 'file' })
}

/** One of a few words. */
export function choice<const W extends string>(words: readonly W[], summary: string): Param<W> {
  return one(
    words.join('|'),
    summary,
    (word, name) => {
      const found = words.find(candidate => candidate.toLowerCase() === word.toLowerCase())
      if (found === undefined) throw new UsageError(`${name}: "${word}" is none of ${words.join(', ')}`)
      return found
    },
    { choices: words },
  )
}

/** One of a few words, each of which stands for something. */
export function mapped<const T>(values: Readonly<Record<string, T>>, summary: string): Param<T> {
  const word = choice(Object.keys(values), summary)
  return { ...word, read: (words, name) => values[word.read(words, name)]! }
}

/** `on` or `off`. */
export function onOrOff(summary: string): Param<boolean> {
  return mapped({ on: true, off: false }, summary)
}

export interface Range {
  min?: number
  max?: number
}

/** A whole number, also in hexadecimal with 0x. */
export function integer(value: string, summary: string, range: Range = {}): Param<number> {
  return one(value, summary, (word, name) => readInteger(word, name, range))
}

export function readInteger(word: string, name: string, { min = 0, max = 0xffffffff }: Range = {}): number {
  const number = /^-?(0x[0-9a-f]+|\d+)$/i.test(word) ? signed(word) : Number.NaN
  if (Number.isNaN(number)) throw new UsageError(`${name}: "${word}" is no whole number`)
  if (number < min || number > max) throw new UsageError(`${name}: ${word} is not within ${min} and ${max}`)
  return number
}

function signed(word: string): number {
  return word.startsWith('-') ? -Number(word.slice(1)) : Number(word)
}

/** A number, or one of a few names for one; letters may be small or large. */
export function namedInteger(
  names: Readonly<Record<string, number>>,
  value: string,
  summary: string,
  range: Range = {},
): Param<number> {
  const known = Object.keys(names)
  const reader = (word: string, name: string) => {
    const found = known.find(candidate => candidate === word.toLowerCase())
    if (found === undefined && !/^-?\d/.test(word))
      throw new UsageError(`${name}: "${word}" is neither a number nor one of ${known.join(', ')}`)
    return found === undefined ? readInteger(word, name, range) : names[found]!
  }
  return one(value, summary, reader, { choices: known })
}

/** A number with or without a fraction. */
export function decimal(value: string, summary: string): Param<number> {
  return one(value, summary, (word, name) => {
    const number = word.trim() === '' ? Number.NaN : Number(word)
    if (!Number.isFinite(number)) throw new UsageError(`${name}: "${word}" is no number`)
    return number
  })
}

/** The parameter may be left out. */
export function optional<T>(param: Param<T>): Param<T | undefined> {
  return {
    ...param,
    arity: 'optional',
    read: (words, name) => (words.length === 0 ? undefined : param.read(words, name)),
  }
}

/** All words that are left, of which there may be none. */
export function many<T>(param: Param<T>): Param<T[]> {
  return { ...param, arity: 'rest', read: (words, name) => words.map(word => param.read([word], name)) }
}

/** An option without a value. */
export function flag(summary: string, short?: string): Param<boolean> {
  const head = short === undefined ? {} : { short }
  return { value: '', summary, arity: 'flag', ...head, read: words => words.length > 0 }
}

/** Gives an option its letter. */
export function withShort<T>(short: string, param: Param<T>): Param<T> {
  return { ...param, short }
}
