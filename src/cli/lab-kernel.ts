/** `lastword lab kernel`: panics a real Linux kernel whose BMC is ours. */
import { Command, InvalidArgumentError, Option } from 'commander'
import { findKernel, type KernelChoice } from '../lab/kernel/debian-kernel.ts'
import type { Kernel } from '../lab/kernel/kernel-cache.ts'
import {
  isFailure,
  type KernelCut,
  kernelCuts,
  runScenario,
  type ScenarioRow,
} from '../lab/kernel/scenario.ts'
import { steps } from '../lab/step.ts'
import { LastwordError } from '../protocol/error.ts'
import { interruptible } from './interrupt.ts'
import { runKernelCuts } from './lab-kernel-cuts.ts'
import { exitStatus, printLine, printRow } from './output.ts'

interface LabKernelOptions {
  cut?: KernelCut[]
  at?: string[]
  hit?: number
  panicOp: 'none' | 'event' | 'string'
  watchdog?: boolean
  cpus?: 'both' | '1' | '2'
  interface: 'kcs' | 'bt'
  debian?: string
  kernel?: string
  modules?: string
  json?: boolean
}

export function labKernelCommand(): Command {
  return new Command('kernel')
    .description(
      'panics a real Linux kernel in QEMU, whose BMC is ours: at points of the protocol, or exactly where told',
    )
    .addOption(new Option('--cut <names...>', 'only these points of the protocol').choices(kernelCuts))
    .option('--at <places...>', `an instruction instead: ${steps.join(', ')}, or [MODULE:]SYMBOL[+OFFSET]`)
    .option('--hit <n>', 'which passage of the place, counted from the entry of a request', positive)
    .addOption(
      new Option('--panic-op <what>', "ipmi_msghandler's panic_op")
        .choices(['none', 'event', 'string'])
        .default('string'),
    )
    .option('--watchdog', 'with ipmi_watchdog started')
    .addOption(
      new Option(
        '--cpus <n>',
        'processors of the machine (default: both at points of the protocol, 1 at instructions; with 2 one is held while the other panics)',
      ).choices(['1', '2', 'both']),
    )
    .addOption(new Option('--interface <name>', 'which interface').choices(['kcs', 'bt']).default('kcs'))
    .option('--debian <suite>', "that suite's newest kernel instead of this machine's own suite's")
    .option('--kernel <file>', "one's own kernel, with --modules")
    .option('--modules <dir>', "the folder of one's own kernel's modules")
    .option('--json', 'one JSON object a line')
    .action((options: LabKernelOptions) => interruptible(signal => runCuts(options, signal)))
}

async function runCuts(options: LabKernelOptions, signal: AbortSignal): Promise<void> {
  checkOptions(options)
  const kernel = await chosenKernel(options)
  if (options.at !== undefined) {
    const cpus = options.cpus === '2' ? 2 : 1
    return runKernelCuts(kernel, { ...options, at: options.at, cpus }, signal)
  }
  const cpus = options.cpus ?? 'both'
  const cpuCounts = cpus === 'both' ? ([1, 2] as const) : ([Number(cpus) as 1 | 2] as const)
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

function positive(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('It takes a whole number from 1 on.')
  return Number(text)
}

function checkOptions(options: LabKernelOptions): void {
  const isExact = options.at !== undefined
  if (isExact && options.cut !== undefined)
    throw new LastwordError('USAGE', '--cut and --at do not go together')
  if (isExact && options.cpus === 'both') throw new LastwordError('USAGE', '--at takes --cpus 1 or 2')
  if (!isExact && options.hit !== undefined) throw new LastwordError('USAGE', '--hit needs --at')
  if (!isExact && (options.panicOp !== 'string' || options.watchdog === true)) {
    throw new LastwordError('USAGE', '--panic-op and --watchdog need --at')
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
