/** `lastword exec`: command lines from a file over one connection. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { withoutSecrets } from '../../client/shown-url.ts'
import { CompletionCodeError } from '../../protocol/completion-code.ts'
import { LastwordError } from '../../protocol/error.ts'
import { type Context, subcommand } from '../declare.ts'
import { resultsAs } from '../output/results.ts'
import { file, flag, optional } from '../params.ts'
import { splitWords } from '../words.ts'

export const exec = subcommand({
  name: 'exec',
  summary: 'runs the command lines of a file, or of standard input, over one connection',
  args: { file: optional(file('FILE', 'one command a line, # for remarks; - is standard input')) },
  options: { stop: flag('stop at the first line that fails') },
  details:
    'A line that fails is told on standard error; the exit status is that of the first.\n' +
    'It ends at once where there is no connection.\n' +
    'As JSON or YAML: one list of { line, command, result or error }; as NDJSON one such object a line.',
  readsInput: ({ file: path }) => isStandardInput(path),
  async run(context, { file: path, stop }) {
    // Before the first line is read, for a password may be asked for.
    if (isStandardInput(path) && process.stdin.isTTY && context.namesBmc) await context.bmc()
    const results = resultsAs(context.format, context.print)
    const failures: unknown[] = []
    let number = 0
    try {
      for await (const line of linesOf(path ?? '-', context.signal)) {
        number++
        context.signal.throwIfAborted()
        const done = await outcomeOf(context, line, results === undefined ? 'printed' : 'kept')
        if (done === undefined) continue
        await results?.add({ line: number, ...done.shown })
        if (done.error === undefined) continue
        const { error } = done
        if (context.endsAll(error)) throw error
        failures.push(error)
        if (stop)
          throw new LastwordError('EXEC_LINE', `line ${number} failed: ${messageOf(error)}`, { cause: error })
        context.report(error)
      }
    } finally {
      await results?.end()
    }
    if (failures.length > 0) {
      const [cause] = failures
      throw new LastwordError('EXEC_LINE', `${failures.length} of ${number} lines failed`, { cause })
    }
    return undefined
  },
  view: as => as.silent(),
})

function isStandardInput(path: string | undefined): boolean {
  return path === undefined || path === '-'
}

interface Outcome {
  error?: unknown
  /** For programs. */
  shown: object
}

/** Undefined when there is no more to tell of the line. */
async function outcomeOf(
  context: Context,
  line: string,
  how: 'printed' | 'kept',
): Promise<Outcome | undefined> {
  let command = '…'
  try {
    const words = splitWords(line)
    if (words.length === 0) return undefined
    if (how === 'printed') {
      await context.runLine(words)
      return undefined
    }
    command = await context.shownLine(words)
    return { shown: { command, ...(await context.resultOfLine(words)) } }
  } catch (error) {
    if (context.signal.aborted) throw error
    return { error, shown: { command, error: errorData(error) } }
  }
}

function errorData(error: unknown): object {
  const message = withoutSecrets(messageOf(error))
  if (!(error instanceof LastwordError)) return { message }
  const { code, hint } = error
  return {
    code,
    message,
    ...(error instanceof CompletionCodeError ? { completionCode: error.completionCode } : {}),
    ...(hint === undefined ? {} : { hint }),
  }
}

async function* linesOf(path: string, signal: AbortSignal): AsyncGenerator<string, void, void> {
  const input = path === '-' ? process.stdin : createReadStream(path)
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
  let failure: Error | undefined
  input.once('error', (error: Error) => {
    failure = error
    lines.close()
  })
  signal.addEventListener('abort', () => lines.close(), { once: true })
  try {
    // Only the lines: which Nodes tell of the input's failure here differs.
    yield* lines
  } catch (error) {
    failure ??= error as Error
  } finally {
    input.destroy()
  }
  signal.throwIfAborted()
  if (failure === undefined) return
  throw new LastwordError('FILE_UNREADABLE', `${path} cannot be read: ${failure.message}`, { cause: failure })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
