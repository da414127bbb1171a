/** `lastword completion`: the completion script of a shell, and what the script asks at each Tab. */
import { readFileSync } from 'node:fs'
import { complete } from '../completion/complete.ts'
import { completionScript, shells } from '../completion/scripts.ts'
import { subcommand } from '../declare.ts'
import { choice } from '../params.ts'

export const completion = subcommand({
  name: 'completion',
  summary: 'prints the completion script of a shell',
  args: { what: choice([...shells, 'words'], 'the shell; words is what its script asks at each Tab') },
  details: [
    'bash: lastword completion bash > ~/.local/share/bash-completion/completions/lastword',
    'zsh:  lastword completion zsh > a file _lastword in a folder of $fpath',
    'fish: lastword completion fish > ~/.config/fish/completions/lastword.fish',
  ].join('\n'),
  run: async (_, { what }) => (what === 'words' ? wordsFor(typedWords()) : completionScript(what)),
  view: as => as.lines(text => text),
})

/** Each ends with a null byte, as no word can hold one; as arguments the process list would show them. */
function typedWords(): string[] {
  return readFileSync(0, 'utf8').split('\0').slice(0, -1)
}

/** `words` or `files`; behind it a word a line, a tab and what it means. */
async function wordsFor(typed: readonly string[]): Promise<string> {
  const completion = await complete(typed, process.env)
  const words = completion.kind === 'words' ? completion.words : []
  return [completion.kind, ...words.map(({ word, summary }) => `${word}\t${summary}`)].join('\n')
}
