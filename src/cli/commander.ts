/** Runs the commands that are declared with commander: those that serve or explore, and talk to no BMC. */
import { Command, CommanderError } from 'commander'
import { exitStatus } from './output.ts'

/** `words` begin with the command's name. */
export async function runCommander(
  command: Command,
  words: readonly string[],
  version: string,
): Promise<void> {
  const program = new Command('lastword')
    .version(version)
    .option('--debug', 'print stack traces with errors')
    .showHelpAfterError('(add --help for what there is)')
    .enablePositionalOptions()
    .exitOverride()
  program.addCommand(command)
  inheritSettings(program)
  try {
    await program.parseAsync([...words], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    process.exitCode = error.exitCode === 0 ? exitStatus.ok : exitStatus.usage
  }
}

function inheritSettings(parent: Command): void {
  for (const command of parent.commands) inheritSettings(command.copyInheritedSettings(parent))
}
