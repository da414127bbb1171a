/** What the command line can be at each of its spots: a tree made from the declarations, opened as far as the words lead. */
import type { Argument, Command } from 'commander'
import type { Group, Subcommand } from '../declare.ts'
import { globalFlags } from '../flags.ts'
import type { Param, Params } from '../params.ts'
import { kebab } from '../parse.ts'
import { alsoMeans, type Entry, registry } from '../registry.ts'

export interface Word {
  readonly word: string
  readonly summary: string
}

/** What may be given for an option or an argument. */
export interface Value {
  readonly choices: readonly string[]
  readonly completes?: Param<unknown>['completes']
  /** It stands for all words that follow. */
  readonly goesOn: boolean
}

export interface OptionSpot {
  /** `-H` and `--host`, or one of them. */
  readonly names: readonly string[]
  readonly summary: string
  /** Of an option that takes one. */
  readonly value?: Value
}

/** A command or a group, and what may come next; the program itself is one, too. */
export interface Spot {
  readonly next: readonly (Word & { open(): Spot | Promise<Spot> })[]
  readonly args: readonly Value[]
  readonly options: readonly OptionSpot[]
}

const globalOptions = optionsOf(globalFlags)

export const rootSpot: Spot = {
  next: registry.map(entry => ({ word: entry.name, summary: entry.summary, open: () => spotOf(entry) })),
  args: [],
  options: globalOptions,
}

async function spotOf(entry: Entry): Promise<Spot> {
  const own = entry.kind === 'declared' ? declaredSpot(await entry.load()) : commanderSpot(await entry.load())
  const other = registry.find(({ name }) => name === alsoMeans[entry.name])
  return other === undefined ? own : { ...own, next: [...own.next, ...(await spotOf(other)).next] }
}

function declaredSpot(node: Group | Subcommand): Spot {
  const command = node.kind === 'command' ? node : node.otherwise
  const below = node.kind === 'command' ? [] : node.commands
  return {
    next: below.map(child => ({ word: child.name, summary: child.summary, open: () => declaredSpot(child) })),
    args: Object.values(command?.args ?? {}).map(paramValue),
    options: [...optionsOf(command?.options ?? {}), ...globalOptions],
  }
}

function optionsOf(params: Params): OptionSpot[] {
  return Object.entries(params).map(([name, param]) => ({
    names: [...(param.short === undefined ? [] : [`-${param.short}`]), `--${kebab(name)}`],
    summary: param.summary,
    ...(param.arity === 'flag' ? {} : { value: paramValue(param) }),
  }))
}

function paramValue({ choices = [], completes, arity }: Param<unknown>): Value {
  return { choices, ...(completes === undefined ? {} : { completes }), goesOn: arity === 'rest' }
}

function commanderSpot(command: Command): Spot {
  return {
    next: command.commands.map(child => ({
      word: child.name(),
      summary: child.description(),
      open: () => commanderSpot(child),
    })),
    args: command.registeredArguments.map(argument => commanderValue(argument, argument.name())),
    options: command
      .createHelp()
      .visibleOptions(command)
      .map(option => ({
        names: [option.short, option.long].filter(name => name !== undefined),
        summary: option.description,
        ...(option.required || option.optional
          ? { value: commanderValue(option, option.flags.split(/[<[]/)[1]) }
          : {}),
      })),
  }
}

/** Commander knows no more of a value than its name: `<files...>`. */
function commanderValue(
  { argChoices = [], variadic }: Pick<Argument, 'argChoices' | 'variadic'>,
  name: string | undefined,
): Value {
  const isFile = /^(files?|dir|socket)\b/.test(name ?? '')
  return { choices: argChoices, ...(isFile ? { completes: 'file' as const } : {}), goesOn: variadic }
}
