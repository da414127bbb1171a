/** `lastword completion`: the completion script of a shell. */
import { completionScript, shells } from '../completion/scripts.ts'
import { subcommand } from '../declare.ts'
import { choice } from '../params.ts'

export const completion = subcommand({
  name: 'completion',
  summary: 'prints the completion script of a shell',
  args: { shell: choice(shells, 'the shell') },
  details: [
    'bash: lastword completion bash > ~/.local/share/bash-completion/completions/lastword',
    'zsh:  lastword completion zsh > a file _lastword in a folder of $fpath',
    'fish: lastword completion fish > ~/.config/fish/completions/lastword.fish',
  ].join('\n'),
  run: (_, { shell }) => completionScript(shell),
  view: as => as.lines(script => script),
})
