/** One run of the program: a connection that several command lines may share, and the way of a line from words to print. */
import type { Bmc } from '../client/bmc.ts'
import { withoutSecrets } from '../client/shown-url.ts'
import { LastwordError } from '../protocol/error.ts'
import { openBmc } from './connection/open.ts'
import { resolveTarget } from './connection/target.ts'
import type { Context, LineResult, Subcommand } from './declare.ts'
import { connectionFlags, globalFlags } from './flags.ts'
import { commandHelp, groupHelp } from './help.ts'
import { refuseLeftOut } from './left-out.ts'
import { formatOf } from './output/formats.ts'
import { progressBar } from './output/progress.ts'
import { checkIpmitool, forPrograms, render } from './output/render.ts'
import { exitStatus, exitStatusOf } from './output.ts'
import { type Params, UsageError, type ValuesOf } from './params.ts'
import { argumentValues, findCommand, flagValues, type Given, isHelp, split } from './parse.ts'
import { findEntry, withoutAlias } from './registry.ts'
import { hideFromProcessList, isSecretFlag, secretFlags, seen } from './secret-words.ts'
import { StandardInput } from './standard-input.ts'
import type { Trace } from './trace.ts'

export type GlobalValues = ValuesOf<typeof globalFlags>

interface Performed {
  command: Subcommand
  data: unknown
  bmc: Context['bmc']
  globals: GlobalValues
  /** All flags that were given. */
  merged: Given
  /** What is wrong in the data all the same; it is told behind them. */
  problems: readonly unknown[]
}

export interface SessionOptions {
  env: NodeJS.ProcessEnv
  signal: AbortSignal
  /** Resolves when standard output can take more. */
  print(text: string | Uint8Array): Promise<void>
  warn(text: string): void
  /** Tells an error that does not end the program. */
  report(error: unknown): void
}

/** So often -v tells each request, as --trace does. */
const TELLS_ALL = 2

export class Session implements AsyncDisposable {
  readonly #options: SessionOptions
  /** Flags before the first command; the lines of `exec` and `shell` add to them, `set` for good. */
  readonly #given: Given
  #bmc: Promise<Bmc> | null = null
  /** Why there is no connection. */
  #unconnected: unknown
  #lastGlobals: { words: string; values: GlobalValues } | null = null
  #trace: Trace | null = null
  readonly #input = new StandardInput()

  constructor(given: Given, options: SessionOptions) {
    this.#given = given
    this.#options = options
  }

  /** Runs `mc info --json` or any other line that begins with a declared command. */
  async run(words: readonly string[], from: 'processList' | 'lines' = 'processList'): Promise<void> {
    const { print } = this.#options
    const done = await this.#perform(words, from, print)
    if (done === undefined) return
    await this.#print(done)
    this.#tell(done.problems)
  }

  #tell(problems: readonly unknown[]): void {
    for (const error of problems) {
      this.#options.report(error)
      process.exitCode = exitStatusOf(error)
    }
  }

  async #resultOf(words: readonly string[]): Promise<LineResult> {
    const printed: (string | Uint8Array)[] = []
    const done = await this.#perform(words, 'lines', async text => void printed.push(text))
    this.#tell(done?.problems ?? [])
    const output = Buffer.concat(printed.map(text => Buffer.from(text as string))).toString()
    return {
      ...(done === undefined ? {} : { result: await forPrograms(done.command, done.data) }),
      ...(output === '' ? {} : { output }),
    }
  }

  /** Undefined when all is said: it was help. */
  async #perform(
    line: readonly string[],
    from: Context['wordsFrom'],
    print: SessionOptions['print'],
  ): Promise<Performed | undefined> {
    const words = await withoutAlias(line)
    const [first = ''] = words
    const entry = findEntry(first)
    if (entry?.kind !== 'declared') {
      refuseLeftOut(first)
      throw new UsageError(`there is no command "${first}" here`)
    }
    const { path, node, rest } = findCommand(await entry.load(), words.slice(1))
    if (node.kind === 'group') {
      if (rest.some(isHelp)) return void (await print(groupHelp(path, node)))
      throw new UsageError(`${path}: a word is missing`, groupHelp(path, node).trimEnd())
    }
    const { given, positionals } = split(rest, flagsOf(node), 'areNumbers')
    if (from === 'processList' && node.hides?.(positionals)) hideFromProcessList()
    const merged = this.#merge(given, node.options)
    const globals = this.#globalsOf(merged)
    if (globals.help || asksForHelp(node, positionals)) return void (await print(commandHelp(path, node)))
    if (formatOf(globals) === 'ipmitool') checkIpmitool(path, node, verbosityOf(merged))
    const values = { ...argumentValues(node, path, positionals), ...flagValues(node.options, given) }
    if (node.readsInput?.(values)) this.#input.take(path)
    const problems: unknown[] = []
    const context = this.#context(globals, merged, {
      wordsFrom: from,
      print,
      problem: error => problems.push(error),
    })
    const begin = performance.now()
    const before = this.#trace?.requests ?? 0
    const data = await node.run(context, values)
    if (context.verbosity > 0 && this.#trace !== null) {
      const ms = Math.round(performance.now() - begin)
      const count = this.#trace.requests - before
      context.note(`${path}: ${count === 1 ? 'one request' : `${count} requests`}, ${ms} ms`)
    }
    return { command: node, data, bmc: context.bmc, globals, merged, problems }
  }

  /** From the first command on that is to tell more, the connection is looked at. */
  async #watched(globals: GlobalValues, verbosity: number, ask: Context['ask']): Promise<Bmc> {
    const bmc = await this.#connect(globals, ask)
    if ((verbosity > 0 || globals.trace) && this.#trace === null) {
      const { Trace } = await import('./trace.ts')
      this.#trace = new Trace(bmc, line => process.stderr.write(`${line}\n`))
    }
    if (this.#trace !== null) this.#trace.isTelling = globals.trace || verbosity >= TELLS_ALL
    return bmc
  }

  /** The flags before the first command and those of a line, but for the command's own. */
  #merge(given: Given, own: Params): Given {
    if (given.size === 0) return this.#given
    this.#refuseLate([...given.keys()].filter(name => !(name in own)))
    const merged = new Map(this.#given)
    for (const [name, words] of given) {
      if (!(name in own)) merged.set(name, [...(merged.get(name) ?? []), ...words])
    }
    return merged
  }

  /** Line after line has the same flags. */
  #globalsOf(given: Given): GlobalValues {
    const words = JSON.stringify([...given])
    if (this.#lastGlobals?.words !== words)
      this.#lastGlobals = { words, values: flagValues(globalFlags, given) }
    return this.#lastGlobals.values
  }

  #context(
    globals: GlobalValues,
    given: Given,
    { wordsFrom, print, problem }: Pick<Context, 'wordsFrom' | 'print' | 'problem'>,
  ): Context {
    const { signal } = this.#options
    const ask: Context['ask'] = (question, hint) => this.#input.ask(question, hint, { wordsFrom, signal })
    // Each by its name: V8 makes an object that begins with a spread a field at a time, for each line of exec.
    return {
      wordsFrom,
      print,
      problem,
      bmc: () => this.#watched(globals, verbosityOf(given), ask),
      namesBmc: [globals.host, globals.url, globals.interface].some(value => value !== undefined),
      signal,
      ask,
      verbosity: verbosityOf(given),
      isUtc: globals.utc,
      format: formatOf(globals),
      lun: globals.lun ?? 0,
      escapeKey: globals.escapeKey ?? '~',
      progress: progressBar,
      note: text => {
        if (!globals.quiet) this.#options.warn(text)
      },
      report: error => this.#options.report(error),
      setFlag: (name, words) => this.#setFlag(name, words),
      runLine: words => this.run(words, 'lines'),
      endsAll: error => error === this.#unconnected || isUnprintable(error),
      shownLine,
      resultOfLine: words => this.#resultOf(words),
    }
  }

  #setFlag(name: string, words: readonly string[]): void {
    this.#refuseLate([name])
    if (words.length === 0) this.#given.delete(name)
    else this.#given.set(name, [...words])
  }

  #refuseLate(names: Iterable<string>): void {
    if (this.#bmc === null) return
    for (const name of names) {
      if (name in connectionFlags)
        throw new UsageError('the connection is made already; its flags go before exec or shell')
    }
  }

  #connect(globals: GlobalValues, ask: Context['ask']): Promise<Bmc> {
    this.#bmc ??= this.#open(globals, ask).catch((error: unknown) => {
      // The next line may do better: a little later, or with other flags.
      this.#bmc = null
      this.#unconnected = error
      throw error
    })
    return this.#bmc
  }

  async #open(globals: GlobalValues, ask: Context['ask']): Promise<Bmc> {
    const { env, warn, signal } = this.#options
    if (globals.kg !== undefined || globals.kgHex !== undefined) warn(seen(secretFlags.kg))
    return openBmc(await resolveTarget(globals, env, ask), { env, warn, ask, signal })
  }

  async #print({ command, data, bmc, globals, merged }: Performed): Promise<void> {
    const format = formatOf(globals)
    const context = {
      verbosity: verbosityOf(merged),
      isUtc: globals.utc,
      isCsv: globals.csv,
      fail: () => {
        process.exitCode = exitStatus.failed
      },
      maker: async () => {
        const { manufacturerId } = await (await bmc()).identify({ signal: this.#options.signal })
        return manufacturerId
      },
    }
    for await (const text of render(command, data, format, context)) await this.#options.print(text)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const bmc = this.#bmc
    this.#bmc = null
    if (bmc !== null) await bmc.then(open => open.close()).catch(() => {})
  }
}

function verbosityOf(given: Given): number {
  return given.get('verbose')?.length ?? 0
}

function isUnprintable(error: unknown): boolean {
  return error instanceof LastwordError && error.code === 'OUTPUT_UNWRITABLE'
}

/** A command line as it may be repeated: what holds a secret ends with an ellipsis. */
async function shownLine(line: readonly string[]): Promise<string> {
  const words = await withoutAlias(line)
  const entry = findEntry(words[0] ?? '')
  try {
    // Of a mistyped command nobody knows what follows.
    if (entry?.kind !== 'declared') return line.length < 2 ? line.join() : `${words[0]} …`
    const { path, node, rest } = findCommand(await entry.load(), words.slice(1))
    const isGroup = node.kind === 'group'
    const { given, positionals } = split(rest, isGroup ? globalFlags : flagsOf(node), 'areNumbers')
    const isSecret = (!isGroup && node.hides?.(positionals)) || [...given.keys()].some(isSecretFlag)
    return isSecret ? `${path} …` : withoutSecrets(line.join(' '))
  } catch {
    return `${words[0]} …`
  }
}

/** ipmitool's ways: `help` as the only word, or among the options. */
function asksForHelp({ takesHelp }: Subcommand, words: readonly string[]): boolean {
  if (takesHelp) return false
  return (words.length === 1 && words[0] === 'help') || words.includes('options=help')
}

const flagsByCommand = new WeakMap<Subcommand, Params>()

/** The flags that may stand behind a command: everybody's and its own. */
function flagsOf(command: Subcommand): Params {
  const known = flagsByCommand.get(command)
  if (known !== undefined) return known
  const flags = { ...globalFlags, ...command.options }
  flagsByCommand.set(command, flags)
  return flags
}
