/** `lastword man`: the manual page, made from the declarations. */
import { subcommand } from '../declare.ts'
import { manualPage } from '../manual.ts'

export const man = subcommand({
  name: 'man',
  summary: 'prints the manual page: lastword man | man -l -',
  run: () => manualPage(),
  view: as => as.lines(page => page),
})
