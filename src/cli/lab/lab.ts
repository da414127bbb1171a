/** `lastword lab`: explores every schedule and cuts it everywhere. */
import { Command, InvalidArgumentError, Option } from 'commander'
import { type Exploration, Explorer, type Size } from '../../lab/explore.ts'
import { MAX_NUMBER } from '../../lab/rig.ts'
import { panicTable } from '../../lab/table.ts'
import { panicPolicies } from '../../si/panic-policy.ts'
import { exitStatus, printLine, printRow } from '../output.ts'
import { labKernelCommand } from './kernel.ts'

interface LabOptions extends Size {
  policy?: string
  json?: boolean
  maxCuts?: number
}

export function labCommand(): Command {
  return new Command('lab')
    .description(
      'lets a host panic in every schedule, at every store and register access, and prints what became of it',
    )
    .option('--json', 'one JSON object a line')
    .addOption(
      new Option('--policy <name>', 'only this one').choices(panicPolicies.map(policy => policy.name)),
    )
    .option(
      '--messages <n>',
      `requests under way, each normal or high, ${MAX_NUMBER} at the most`,
      messageCount,
      2,
    )
    .option('--events <n>', 'events that the BMC raises', count, 1)
    .option('--aborts <n>', 'requests whose user gives up', count, 1)
    .option('--destroys <n>', 'users that go away (0 or 1)', count, 1)
    .option('--max-cuts <n>', 'stop after so many cuts for each policy', count)
    .addCommand(labKernelCommand())
    .action((options: LabOptions) => {
      const policies = panicPolicies.filter(
        policy => options.policy === undefined || policy.name === options.policy,
      )
      const explorations = policies.map(policy => new Explorer(policy, options).run(options.maxCuts))
      if (options.json === true) printRows(explorations)
      else printTable(explorations, options)
      const broken = explorations.some(({ policy, violations }) => policy !== 'none' && violations > 0)
      if (broken) process.exitCode = exitStatus.failed
    })
}

function count(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It takes a whole number.')
  return Number(text)
}

function messageCount(text: string): number {
  const value = count(text)
  if (value > MAX_NUMBER) throw new InvalidArgumentError(`It takes a whole number up to ${MAX_NUMBER}.`)
  return value
}

function printRows(explorations: readonly Exploration[]): void {
  for (const { rows } of explorations) for (const row of rows) printRow({ kind: 'cut', ...row })
  printRow({
    kind: 'summary',
    states: sum(explorations, exploration => exploration.states),
    cuts: sum(explorations, exploration => exploration.cuts),
    violations: Object.fromEntries(explorations.map(({ policy, violations }) => [policy, violations])),
  })
}

function printTable(explorations: readonly Exploration[], size: Size): void {
  const { messages, events, aborts, destroys } = size
  printLine(
    `Up to ${messages} messages, ${events} events, ${aborts} aborts and ${destroys} users destroyed, in every order, over KCS.`,
  )
  printLine()
  printLine(
    panicTable(
      explorations.flatMap(({ rows }) => rows),
      explorations.map(({ policy }) => policy),
    ),
  )
  printLine()
  for (const { policy, states, cuts, violations, isWhole } of explorations) {
    const verdict =
      violations === 0 ? 'no violation' : `${violations} cuts in which something hung, was lost or doubled`
    const whole = isWhole ? '' : ' (stopped early)'
    printLine(`${policy.padEnd(6)}  ${states} states, ${cuts} cuts${whole}: ${verdict}`)
  }
}

function sum(explorations: readonly Exploration[], of: (exploration: Exploration) => number): number {
  return explorations.reduce((total, exploration) => total + of(exploration), 0)
}
