/** For tests against real programs: skips them by name where a program is missing, or lets them fail if told to. */
import { it, type TestContext } from 'node:test'
import { findProgram, installCommand } from './run-program.ts'

/** Options for `it`. With LASTWORD_NO_SKIP set nothing is skipped, so what is missing fails. */
export function needs(...programs: readonly string[]): { skip: string | false } {
  const missing = programs.filter(program => !findProgram(program))
  if (missing.length === 0 || process.env.LASTWORD_NO_SKIP) return { skip: false }
  return { skip: missing.map(program => `no ${program} (${installCommand(program)})`).join(', ') }
}

/** `it` for tests that need programs: where one is missing, each of them is skipped by its own name and counted. */
export function itNeeds(...programs: readonly string[]) {
  const options = needs(...programs)
  return (name: string, run: (test: TestContext) => void | Promise<void>) => it(name, options, run)
}

/** Whether `before` can do its part; where it cannot, every test is skipped by `itNeeds`. */
export function hasAll(...programs: readonly string[]): boolean {
  return needs(...programs).skip === false
}
