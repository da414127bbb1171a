/** The command `lastword`: finds the command, runs it, and prints errors for people. */
import module from 'node:module'
import { nearestNames } from '../lab/kernel/nearest-names.ts'
import { globalFlags } from './flags.ts'
import { rootHelp } from './help.ts'
import { refuseLeftOut } from './left-out.ts'
import { writeOut } from './output/stdout.ts'
import { exitStatus, exitStatusOf, printError } from './output.ts'
import { UsageError } from './params.ts'
import { flagsAmong, flagValues, split, splitAtCommand } from './parse.ts'
import { findEntry, registry, withoutAlias } from './registry.ts'
import { hideFromProcessList, isSecretFlag, isSecretUrl } from './secret-words.ts'

// Newer Nodes keep what they have compiled.
if ('enableCompileCache' in module) (module.enableCompileCache as () => void)()

const words = process.argv.slice(2)
// As early as can be; a command hides its own arguments.
if (words.some(isSecretUrl) || flagsAmong(words, globalFlags).some(isSecretFlag)) hideFromProcessList()

let debug = false
main()
  .catch((error: unknown) => {
    printError(error, debug ? 'withStack' : 'short')
    process.exitCode = exitStatusOf(error)
  })
  .finally(() => {
    // ipmitool knows one failure only.
    const isFailure = process.exitCode !== undefined && process.exitCode !== exitStatus.interrupted
    if (isFailure && asksForIpmitool(words)) process.exitCode = exitStatus.failed
  })

function asksForIpmitool(given: readonly string[]): boolean {
  return given.some(
    (word, at) => word === '--format=ipmitool' || (word === '--format' && given[at + 1] === 'ipmitool'),
  )
}

async function main(): Promise<void> {
  const [head, rest] = splitAtCommand(words, globalFlags)
  debug = words.includes('--debug')
  // A URL in place of a command says where it goes to; flags and the command follow.
  const isUrl = rest[0]?.includes('://') === true
  const [more, line] = isUrl ? splitAtCommand(rest.slice(1), globalFlags) : [[], rest]
  const { given } = split([...head, ...more], globalFlags, 'areFlags')
  if (isUrl) given.set('url', [rest[0]!])
  const tail = commanderHelp(await withoutAlias(line))
  const globals = flagValues(globalFlags, given)
  const [name] = tail
  if (globals.version) return writeOut(`${await version()}\n`)
  if (globals.help || name === undefined) {
    await writeOut(rootHelp(registry))
    if (!globals.help) throw new UsageError('no command given')
    return
  }
  const entry = findEntry(name)
  if (entry === undefined) throw unknownCommand(name, [...head, ...more])
  if (entry.kind === 'declared') {
    const { runDeclared } = await import('./run-declared.ts')
    return runDeclared(given, tail, error => printError(error, debug ? 'withStack' : 'short'))
  }
  const { runCommander } = await import('./commander.ts')
  await runCommander(await entry.load(), tail, await version())
}

/** `help lab` is `lab --help`; that of a declared command is told by the command help. */
function commanderHelp(tail: readonly string[]): readonly string[] {
  const [first, name = ''] = tail
  return first === 'help' && findEntry(name)?.kind === 'commander' ? [...tail.slice(1), '--help'] : tail
}

/** These ask for a secret or read it from the environment; some give it as their value. */
const withoutValue = /^-[aEKY]$/

function unknownCommand(name: string, before: readonly string[]): UsageError {
  refuseLeftOut(name)
  const last = before.at(-1) ?? ''
  if (withoutValue.test(last))
    return new UsageError(`the word behind ${last} is no command`, `${last} takes no value.`)
  const [close] = nearestNames(
    name,
    registry.map(entry => entry.name),
  )
  return new UsageError(
    `there is no command "${name}"`,
    close === undefined ? 'lastword --help lists them.' : `Did you mean "${close}"?`,
  )
}

async function version(): Promise<string> {
  const { readFileSync } = await import('node:fs')
  const packageJson = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(packageJson) as { version: string }).version
}
