/** How a subcommand is declared: once, with its words, its work and its print; help, completion, man page and docs follow. */
import type { Bmc } from '../client/bmc.ts'
import type { Format } from './output/formats.ts'
import type { Plain } from './output/plain.ts'
import { type View, type Views, views } from './output/view.ts'
import type { Params, ValuesOf } from './params.ts'

/** What a subcommand's work can reach. */
export interface Context {
  /** Whether the command's words can be read in the process list, or came as a line of exec or shell. */
  readonly wordsFrom: 'processList' | 'lines'
  /** The BMC of the connection flags; connected to on the first call. */
  bmc(): Promise<Bmc>
  /** Whether the flags so far say which BMC that is. */
  readonly namesBmc: boolean
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal
  /** Counts `-v`. */
  readonly verbosity: number
  /** Dates are printed in UTC, not in this machine's time zone. */
  readonly isUtc: boolean
  /** How the data will be printed. */
  readonly format: Format
  /** The logical unit for raw requests. */
  readonly lun: number
  /** Before the letter of an escape key of SOL. */
  readonly escapeKey: string
  /** A bar on a terminal for long work; nothing elsewhere. */
  progress(what: string, total: number): Promise<Progress>
  /** Asks for a secret on the terminal; `hint` says how else to give it. */
  ask(question: string, hint: string): Promise<string>
  /** A remark for the person, on standard error. */
  note(text: string): void
  /** Tells an error that does not end the work. */
  report(error: unknown): void
  /** For what is wrong in data that are printed all the same: told behind them, and the program ends with the error's status. */
  problem(error: unknown): void
  /** Onto standard output, for commands that print while they work. */
  print(text: string): Promise<void>
  /** Gives a flag to all lines that follow, as `set` of exec and shell does; without words it is taken back. */
  setFlag(name: string, words: readonly string[]): void
  /** Runs another command line on the same connection. */
  runLine(words: readonly string[]): Promise<void>
  /** Whether no other line can do better: there is no connection, or standard output cannot be written. */
  endsAll(error: unknown): boolean
  /** A command line as it may be repeated: without its secrets. */
  shownLine(words: readonly string[]): Promise<string>
  /** Runs a line for a program to read: nothing is printed. */
  resultOfLine(words: readonly string[]): Promise<LineResult>
}

export interface LineResult {
  /** The command's data. */
  result?: Plain
  /** What it would have printed by itself while it worked, or as help. */
  output?: string
}

export interface Progress extends Disposable {
  to(done: number): void
}

/** What a renderer of `--format ipmitool` may need besides the data. */
export interface RenderContext {
  readonly verbosity: number
  readonly isUtc: boolean
  /** ipmitool's -c. */
  readonly isCsv: boolean
  /** What is printed is a failure for ipmitool: the program ends with its status. */
  fail(): void
  /** The manufacturer ID of the BMC, which is asked for it. */
  maker(): Promise<number>
}

export interface SubcommandSpec<A extends Params, O extends Params, D> {
  readonly name: string
  readonly summary: string
  /** Positional, in this order. */
  readonly args?: A
  readonly options?: O
  /** Further sentences of the help. */
  readonly details?: string
  /** Whether the words behind the command hold a secret, which no output repeats. */
  hides?(words: readonly string[]): boolean
  /** `help` as its only word is a word like others. */
  readonly takesHelp?: true
  /** Whether it reads standard input or the terminal's keys, which one command of a run can have. */
  readsInput?(values: ValuesOf<A> & ValuesOf<O>): boolean
  run(context: Context, values: ValuesOf<A> & ValuesOf<O>): Promise<D>
  view(as: Views<NoInfer<D>>): View<NoInfer<D>>
  /** What programs get as JSON and YAML, where that is not the data as they are. */
  data?(data: NoInfer<D>): unknown
  /** Byte for byte what ipmitool 1.8.19 prints. */
  ipmitool?(data: NoInfer<D>, context: RenderContext): string | Promise<string>
}

/** A subcommand whose types are its own business. */
export interface Subcommand {
  readonly kind: 'command'
  readonly name: string
  readonly summary: string
  readonly args: Params
  readonly options: Params
  readonly details?: string
  hides?(words: readonly string[]): boolean
  readonly takesHelp?: true
  readsInput?(values: Readonly<Record<string, unknown>>): boolean
  run(context: Context, values: Readonly<Record<string, unknown>>): Promise<unknown>
  readonly view: View<unknown>
  readonly data?: (data: unknown) => unknown
  readonly ipmitool?: (data: unknown, context: RenderContext) => string | Promise<string>
}

export interface Group {
  readonly kind: 'group'
  readonly name: string
  readonly summary: string
  readonly commands: readonly (Subcommand | Group)[]
  /** The subcommand that is meant when none is named. */
  readonly whenAlone?: string
  /** What a word that is none of the commands belongs to. */
  readonly otherwise?: Subcommand
}

export function subcommand<const A extends Params, const O extends Params, D>(
  spec: SubcommandSpec<A, O, D>,
): Subcommand {
  const { args, options, readsInput, run, view, data, ipmitool, ...head } = spec
  return {
    kind: 'command',
    ...head,
    args: args ?? {},
    options: options ?? {},
    ...(readsInput === undefined ? {} : { readsInput: readsInput as Subcommand['readsInput'] & {} }),
    run: (context, values) => run(context, values as ValuesOf<A> & ValuesOf<O>),
    view: view(views<D>()) as View<unknown>,
    ...(data === undefined ? {} : { data: data as Subcommand['data'] & {} }),
    ...(ipmitool === undefined ? {} : { ipmitool: ipmitool as Subcommand['ipmitool'] & {} }),
  }
}

/** What a group has, each with the words that lead to it. */
export function below(
  { commands, otherwise }: Group,
  path: string,
): { node: Group | Subcommand; path: string }[] {
  const named = commands.map(node => ({ node, path: `${path} ${node.name}`.trimStart() }))
  return otherwise === undefined ? named : [...named, { node: otherwise, path }]
}

export function group(
  name: string,
  summary: string,
  commands: readonly (Subcommand | Group)[],
  how: Pick<Group, 'whenAlone' | 'otherwise'> = {},
): Group {
  return { kind: 'group', name, summary, commands, ...how }
}
