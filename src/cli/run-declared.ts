/** Runs a declared command: one module with what every command needs, so that a bundler makes one file of it. */
import { interruptible } from './interrupt.ts'
import { writeOut } from './output/stdout.ts'
import type { Given } from './parse.ts'
import { Session } from './session.ts'

/** `words` begin with the command; `report` tells an error that does not end the program. */
export async function runDeclared(
  given: Given,
  words: readonly string[],
  report: (error: unknown) => void,
): Promise<void> {
  await interruptible(async signal => {
    await using session = new Session(given, {
      env: process.env,
      signal,
      print: writeOut,
      report,
      warn: text => process.stderr.write(`lastword: ${text}\n`),
    })
    await session.run(words)
  })
}
