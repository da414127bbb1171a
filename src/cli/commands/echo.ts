/** `lastword echo`: prints its words, between those of other lines. */
import { subcommand } from '../declare.ts'
import { many, text } from '../params.ts'

export const echo = subcommand({
  name: 'echo',
  summary: 'prints its words; for the lines of exec',
  args: { words: many(text('WORD', 'what to print')) },
  takesHelp: true,
  run: async (_, { words }) => ({ text: words.join(' ') }),
  view: as => as.lines(({ text: shown }) => `${shown}\n`),
  ipmitool: ({ text: shown }) => `${shown} \n`,
})
