/** `lastword shell`: command lines typed one after the other over one connection. */
import { createInterface } from 'node:readline'
import { type Place, places } from '../completion/words.ts'
import { subcommand } from '../declare.ts'
import { splitWords } from '../words.ts'

export const shell = subcommand({
  name: 'shell',
  summary: 'takes command lines from the terminal over one connection; exit ends it',
  async run(context) {
    const known = await places()
    const isTerminal = process.stdin.isTTY === true
    const input = createInterface({
      input: process.stdin,
      ...(isTerminal ? { output: process.stderr } : {}),
      prompt: 'lastword> ',
      completer: (line: string) => complete(known, line),
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
        if (words.length > 0) await context.runLine(words)
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

/** The words that may follow what is typed, and the part of the line that they replace. */
export function complete(known: readonly Place[], line: string): [string[], string] {
  const words = line.split(/\s+/)
  const last = words.pop() ?? ''
  const path = words.filter(word => word !== '' && !word.startsWith('-')).join(' ')
  const place = known.find(candidate => candidate.path === path)
  const next = place?.next.map(({ word }) => word) ?? []
  const choices = place?.positions[0] ?? []
  return [[...next, ...choices].filter(word => word.startsWith(last)), last]
}
