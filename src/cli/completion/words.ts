/** What can be completed: the tree of commands with the words and options of each, made from the declarations. */
import type { Group, Subcommand } from '../declare.ts'
import { globalFlags } from '../flags.ts'
import type { Param, Params } from '../params.ts'
import { kebab } from '../parse.ts'
import { declaredCommands, registry } from '../registry.ts'

export interface Word {
  readonly word: string
  readonly summary: string
}

export interface OptionWord extends Word {
  readonly short?: string
  readonly takesValue: boolean
  readonly choices: readonly string[]
  readonly completes: 'file' | 'host' | undefined
}

/** One command or group: the words that lead to it and what may come next. */
export interface Place {
  /** `mc watchdog`; the empty path is the program itself. */
  readonly path: string
  readonly next: readonly Word[]
  /** Choices of the positional arguments, in order. */
  readonly positions: readonly (readonly string[])[]
  /** The last of them stands for all words that follow. */
  readonly goesOn: boolean
  readonly options: readonly OptionWord[]
}

export async function places(): Promise<Place[]> {
  const root: Place = {
    path: '',
    next: registry.map(({ name, summary }) => ({ word: name, summary })),
    positions: [],
    goesOn: false,
    options: optionWords(globalFlags),
  }
  const declared = await declaredCommands()
  return [root, ...declared.flatMap(node => placesBelow(node, node.name))]
}

function placesBelow(node: Group | Subcommand, path: string): Place[] {
  if (node.kind === 'command') return [{ path, next: [], ...wordsOf(node) }]
  const next = node.commands.map(({ name, summary }) => ({ word: name, summary }))
  const none = { positions: [], goesOn: false, options: [] }
  const here: Place = { path, next, ...(node.otherwise === undefined ? none : wordsOf(node.otherwise)) }
  return [here, ...node.commands.flatMap(child => placesBelow(child, `${path} ${child.name}`))]
}

function wordsOf({ args, options }: Subcommand): Pick<Place, 'positions' | 'goesOn' | 'options'> {
  return {
    positions: Object.values(args).map(({ choices }) => choices ?? []),
    goesOn: Object.values(args).at(-1)?.arity === 'rest',
    options: optionWords(options),
  }
}

function optionWords(options: Params): OptionWord[] {
  return Object.entries(options).map(([name, param]) => ({
    word: `--${kebab(name)}`,
    summary: param.summary,
    ...(param.short === undefined ? {} : { short: `-${param.short}` }),
    takesValue: param.arity !== 'flag',
    choices: param.choices ?? [],
    completes: completesOf(name, param),
  }))
}

function completesOf(name: string, param: Param<unknown>): OptionWord['completes'] {
  return name === 'host' ? 'host' : param.completes
}
