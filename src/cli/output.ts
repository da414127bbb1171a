/** What every command shares: exit statuses, and how errors, lines and JSON rows are printed. */
import { LastwordError } from '../protocol/error.ts'

/** Documented in docs/cli.md. */
export const exitStatus = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const

/** One line that says what failed and one that says what to do; a stack trace only when asked for. */
export function printError(error: unknown, how: 'short' | 'withStack'): void {
  if (how === 'withStack' && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof LastwordError ? ` [${error.code}]` : ''
  process.stderr.write(`lastword: ${message}${code}\n`)
  if (error instanceof LastwordError && error.hint !== undefined) process.stderr.write(`  ${error.hint}\n`)
  if (how === 'short' && !(error instanceof LastwordError)) {
    process.stderr.write(
      '  This is a fault in Lastword: run it again with --debug and report what it prints.\n',
    )
  }
}

export function printLine(text = ''): void {
  process.stdout.write(`${text}\n`)
}

/** One JSON object a line. */
export function printRow(row: object): void {
  process.stdout.write(`${JSON.stringify(row)}\n`)
}
