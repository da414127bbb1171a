/** `lastword help`: the help of a command, also in a line of exec or shell. */
import { subcommand } from '../declare.ts'
import { rootHelp } from '../help.ts'
import { many, text } from '../params.ts'
import { registry } from '../registry.ts'

export const help = subcommand({
  name: 'help',
  summary: 'what there is, or how a command is used',
  args: { command: many(text('WORD', 'a command, such as lan set')) },
  takesHelp: true,
  async run({ print, runLine }, { command }) {
    if (command.length === 0) await print(rootHelp(registry))
    else await runLine([...command, '--help'])
    return undefined
  },
  view: as => as.silent(),
})
