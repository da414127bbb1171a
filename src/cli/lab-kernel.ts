/** `lastword lab kernel`: panics a real Linux kernel whose BMC is ours. */
import { Command, Option } from 'commander'
import { findKernel, type KernelChoice } from '../lab/kernel/debian-kernel.ts'
import type { Kernel } from '../lab/kernel/kernel-cache.ts'
import {
  isFailure,
  type KernelCut,
  kernelCuts,
  runScenario,
  type ScenarioRow,
} from '../lab/kernel/scenario.ts'
import { LastwordError } from '../protocol/error.ts'
import { interruptible } from './interrupt.ts'
import { exitStatus, printLine, printRow } from './output.ts'

interface LabKernelOptions {
  cut?: KernelCut[]
  cpus: 'both' | '1' | '2'
  interface: 'kcs' | 'bt'
  debian?: string
  kernel?: string
  modules?: string
  json?: boolean
}

export function labKernelCommand(): Command {
  return new Command('kernel')
    .description('panics a real Linux kernel in QEMU, whose BMC is ours, at points of the protocol')
    .addOption(new Option('--cut <names...>', 'only these').choices(kernelCuts))
    .addOption(
      new Option('--cpus <n>', 'processors of the machine').choices(['1', '2', 'both']).default('both'),
    )
    .addOption(new Option('--interface <name>', 'which interface').choices(['kcs', 'bt']).default('kcs'))
    .option('--debian <suite>', "that suite's newest kernel instead of this machine's own suite's")
    .option('--kernel <file>', "one's own kernel, with --modules")
    .option('--modules <dir>', "the folder of one's own kernel's modules")
    .option('--json', 'one JSON object a line')
    .action((options: LabKernelOptions) => interruptible(signal => runCuts(options, signal)))
}

async function runCuts(options: LabKernelOptions, signal: AbortSignal): Promise<void> {
  const kernel = await chosenKernel(options)
  const cpuCounts = options.cpus === 'both' ? ([1, 2] as const) : ([Number(options.cpus) as 1 | 2] as const)
  const isJson = options.json === true
  if (!isJson) printLine(heading(kernel, options))
  let failures = 0
  for (const cut of options.cut ?? kernelCuts) {
    for (const cpus of cpuCounts) {
      const row = await runScenario({ kernel, cut, cpus, interface: options.interface, signal })
      if (isFailure(row)) failures++
      if (isJson) printRow(row)
      else printLine(rowLine(row))
    }
  }
  if (failures > 0) {
    process.stderr.write(
      `lastword: in ${failures} runs the last words are incomplete though the BMC answers\n`,
    )
    process.exitCode = exitStatus.failed
  }
}

/** The kernel that the options name, fetched when it has to be; what takes time is said on standard error. */
export function chosenKernel(options: {
  debian?: string
  kernel?: string
  modules?: string
}): Promise<Kernel> {
  if ((options.kernel === undefined) !== (options.modules === undefined)) {
    throw new LastwordError('USAGE', '--kernel and --modules go together', {
      hint: 'Give the vmlinuz and the folder with its modules, such as /lib/modules/RELEASE.',
    })
  }
  const onProgress = (line: string) => process.stderr.write(`${line} …\n`)
  const choice: KernelChoice =
    options.kernel !== undefined && options.modules !== undefined
      ? { kernelFile: options.kernel, modulesDir: options.modules }
      : options.debian === undefined
        ? { onProgress }
        : { suite: options.debian, onProgress }
  return findKernel(choice)
}

function heading(kernel: Kernel, options: LabKernelOptions): string {
  return (
    `Linux ${kernel.version} (${kernel.release}) over ${options.interface.toUpperCase()}, panic_op=string, ` +
    'traffic through /dev/ipmi0\n\n' +
    'cut                  cpus  outcome     panic to last record  lost  doubled  in the SEL'
  )
}

function rowLine(row: ScenarioRow): string {
  const time = row.panicToLastRecordMs === null ? '-' : `${row.panicToLastRecordMs} ms`
  return [
    row.cut.padEnd(19),
    String(row.cpus).padStart(4),
    row.outcome.padEnd(10),
    time.padStart(20),
    String(row.lost).padStart(4),
    String(row.doubled).padStart(7),
    row.recorded === '' ? `nothing${row.bmcAnswers ? '' : ' (the BMC is dead)'}` : `"${row.recorded}"`,
  ].join('  ')
}
