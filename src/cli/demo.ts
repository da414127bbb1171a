/** `lastword demo`, which is `npm start`: the main job in a few seconds. */
import { Command } from 'commander'
import { type PanicAtStep, panicAtStep } from '../lab/at-step.ts'
import { steps } from '../lab/step.ts'
import { panicTable } from '../lab/table.ts'
import { panicPolicies } from '../si/panic-policy.ts'
import { printLine, printRow } from './output.ts'

const TEXT = 'Fatal exception in interrupt'

export function demoCommand(): Command {
  return new Command('demo')
    .description('a host panics at each step of a message, under each policy, and its BMC tells what got out')
    .option('--json', 'one JSON object a line')
    .action((options: { json?: boolean }) => {
      const runs = panicPolicies.flatMap(policy => steps.map(step => panicAtStep(policy, step, TEXT)))
      if (options.json === true) printRows(runs)
      else printStory(runs)
    })
}

function printRows(runs: readonly PanicAtStep[]): void {
  for (const { policy, step, fate } of runs) {
    const { hang, lost, doubled, lastWords } = fate
    printRow({ kind: 'cut', policy, interface: 'kcs', step, hang, lost, doubled, lastWords })
  }
  for (const { policy, step, sentences } of runs) {
    for (const text of sentences) printRow({ kind: 'sel', text, policy, step })
  }
}

function printStory(runs: readonly PanicAtStep[]): void {
  printLine(
    'A host sends requests to its BMC over KCS: one is done, one is on its way, two wait. Then it panics.',
  )
  printLine(`The real message handler and driver are cut at each step, on a simulated BMC's registers.`)
  printLine()
  const cells = runs.map(({ policy, step, fate }) => ({ policy, step, ...fate }))
  printLine(
    panicTable(
      cells,
      panicPolicies.map(policy => policy.name),
    ),
  )
  printLine()
  printLine('none is what stock Linux does to this day, resend and drop are the policies of this project.')
  printLine()
  const survivor = runs.find(run => run.policy === 'resend' && run.step === 'before-2')
  printLine('The SEL of the BMC after the panic before step 2, under resend, read back:')
  for (const sentence of survivor?.sentences ?? []) printLine(`  ${sentence}`)
  printLine()
  printLine('Try next:')
  printLine('  npx lastword lab                     every schedule, cut at every store and register access')
  printLine('  npx lastword lab kernel              the same on a real Linux kernel in QEMU')
  printLine('  npx lastword bmc --vm 127.0.0.1:9002 --state ./bmc   a BMC for your own virtual machine')
}
