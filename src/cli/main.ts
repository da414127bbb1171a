#!/usr/bin/env node
/** The command `lastword`: finds the subcommand and prints errors for people. */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { bmcCommand } from './bmc.ts'
import { demoCommand } from './demo.ts'
import { labCommand } from './lab.ts'
import { exitStatus, printError } from './output.ts'

const packageJson = new URL('../../package.json', import.meta.url)

const program = new Command('lastword')
  .description('The IPMI stack for TypeScript, whose messages get out even in a panic.')
  .version((JSON.parse(readFileSync(packageJson, 'utf8')) as { version: string }).version)
  .option('--debug', 'print stack traces with errors')
  .showHelpAfterError('(add --help for what there is)')
  .enablePositionalOptions()
  .exitOverride()
for (const command of [demoCommand(), labCommand(), bmcCommand()]) program.addCommand(command)
inheritSettings(program)

function inheritSettings(parent: Command): void {
  for (const command of parent.commands) inheritSettings(command.copyInheritedSettings(parent))
}

// `lastword lab | head` ends when its reader does.
process.stdout.on('error', error => {
  if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit(exitStatus.ok)
  throw error
})

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? exitStatus.ok : exitStatus.usage
  } else {
    printError(error, program.opts<{ debug?: boolean }>().debug === true ? 'withStack' : 'short')
    process.exitCode = exitStatus.failed
  }
}
