/** `lastword exec`: command lines from a file over one connection. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { LastwordError } from '../../protocol/error.ts'
import { type Context, subcommand } from '../declare.ts'
import { file, flag, optional } from '../params.ts'
import { splitWords } from '../words.ts'

export const exec = subcommand({
  name: 'exec',
  summary: 'runs the command lines of a file, or of standard input, over one connection',
  args: { file: optional(file('FILE', 'one command a line, # for remarks; - is standard input')) },
  options: { stop: flag('stop at the first line that fails') },
  details: 'A line that fails is told on standard error; the exit status is that of the first.',
  async run(context, { file: path, stop }) {
    const failures: unknown[] = []
    let number = 0
    for await (const line of linesOf(path ?? '-', context.signal)) {
      number++
      context.signal.throwIfAborted()
      const error = await failureOf(context, line)
      if (error === undefined) continue
      failures.push(error)
      if (stop)
        throw new LastwordError('EXEC_LINE', `line ${number} failed: ${messageOf(error)}`, { cause: error })
      context.report(error)
    }
    if (failures.length > 0) {
      const [cause] = failures
      throw new LastwordError('EXEC_LINE', `${failures.length} of ${number} lines failed`, { cause })
    }
    return undefined
  },
  view: as => as.silent(),
})

/** What the line failed with; undefined when it did not. */
async function failureOf(context: Context, line: string): Promise<unknown> {
  try {
    const words = splitWords(line)
    if (words.length > 0) await context.runLine(words)
    return undefined
  } catch (error) {
    if (context.signal.aborted) throw error
    return error
  }
}

async function* linesOf(path: string, signal: AbortSignal): AsyncGenerator<string, void, void> {
  const input = path === '-' ? process.stdin : createReadStream(path)
  const failed = new Promise<never>((_, reject) => {
    input.once('error', reject)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  failed.catch(() => {})
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await Promise.race([lines.next(), failed])
      if (next.done === true) return
      yield next.value
    }
  } catch (cause) {
    if (!(cause instanceof Error) || !('syscall' in cause)) throw cause
    throw new LastwordError('FILE_UNREADABLE', `${path} cannot be read: ${cause.message}`, { cause })
  } finally {
    input.destroy()
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
