/** `lastword shell`: command lines typed one after the other over one connection. */
import { createInterface } from 'node:readline'
import { complete } from '../completion/complete.ts'
import { type Context, subcommand } from '../declare.ts'
import { ShellHistory } from '../shell-history.ts'
import { splitWords } from '../words.ts'

export const shell = subcommand({
  name: 'shell',
  summary: 'takes command lines from the terminal over one connection; exit ends it',
  details:
    'It ends at once where the BMC that is named cannot be connected to.\n' +
    'Tab completes, the arrow keys bring back what was typed, also in earlier runs; a line with a password in it is ' +
    'forgotten. Ctrl-C empties the line, Ctrl-D ends the shell.',
  readsInput: () => true,
  async run(context) {
    if (context.namesBmc) await context.bmc()
    const isTerminal = process.stdin.isTTY === true
    const history = isTerminal ? new ShellHistory(process.env) : undefined
    /** readline's own list, newest first. */
    let typed: string[] = []
    const input = createInterface({
      input: process.stdin,
      ...(isTerminal ? { output: process.stderr } : {}),
      history: history?.read() ?? [],
      removeHistoryDuplicates: true,
      prompt: 'lastword> ',
      completer: (line: string, told: (error: null, result: [string[], string]) => void) =>
        void completionsOf(line).then(result => told(null, result)),
    })
    input.on('history', (list: string[]) => {
      typed = list
    })
    // Ctrl-C empties the line, as in other shells.
    input.on('SIGINT', () => {
      input.write(null, { ctrl: true, name: 'e' })
      input.write(null, { ctrl: true, name: 'u' })
    })
    context.signal.addEventListener('abort', () => input.close(), { once: true })
    if (isTerminal) input.prompt()
    for await (const line of input) {
      try {
        const words = splitWords(line)
        if (words[0] === 'exit' || words[0] === 'quit') break
        if (words.length > 0) {
          if (await holdsSecret(context, words)) forget(typed, line)
          else history?.add(line.trim())
          await context.runLine(words)
        }
      } catch (error) {
        if (context.signal.aborted) throw error
        context.report(error)
      }
      if (isTerminal) input.prompt()
    }
    input.close()
    context.signal.throwIfAborted()
    return undefined
  },
  view: as => as.silent(),
})

async function holdsSecret(context: Context, words: readonly string[]): Promise<boolean> {
  return (await context.shownLine(words)) !== words.join(' ')
}

function forget(typed: string[], line: string): void {
  const at = typed.indexOf(line)
  if (at >= 0) typed.splice(at, 1)
}

/** The words that may follow what is typed, and the part of the line that they replace. */
async function completionsOf(line: string): Promise<[string[], string]> {
  // What stands in quotes is nothing that could be completed.
  const typed = line.trimStart().split(/\s+/)
  const completion = await complete(typed, process.env)
  return [completion.kind === 'words' ? completion.words.map(({ word }) => word) : [], typed.at(-1) ?? '']
}
