/** For tests against real programs: skips them by name where a program is missing, or lets them fail if told to. */
import { findProgram, installCommand } from './run-program.ts'

/** Options for `it` or `describe`. With LASTWORD_NO_SKIP set nothing is skipped, so what is missing fails. */
export function needs(...programs: readonly string[]): { skip: string | false } {
  const missing = programs.filter(program => !findProgram(program))
  if (missing.length === 0 || process.env.LASTWORD_NO_SKIP) return { skip: false }
  return { skip: missing.map(program => `no ${program} (${installCommand(program)})`).join(', ') }
}
