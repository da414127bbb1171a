/** `lastword lab kernel`: panics a real Linux kernel whose BMC is ours. */
import { Command, InvalidArgumentError, Option } from 'commander'
import { isPlace } from '../lab/kernel/cuts/cut-at.ts'
import { defaultJobs } from '../lab/kernel/cuts/twins.ts'
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
import { interruptible } from './interrupt.ts'
import { runKernelCuts } from './lab-kernel-cuts.ts'
import type { KernelCutOptions } from './lab-kernel-options.ts'
import { exitStatus, printLine, printRow } from './output.ts'
import { UsageError } from './params.ts'

interface LabKernelOptions extends Omit<KernelCutOptions, 'cpus' | 'jobs'> {
  jobs?: number
  cut?: KernelCut[]
  cpus?: 'both' | '1' | '2'
  debian?: string
  kernel?: string
  modules?: string
}

export function labKernelCommand(): Command {
  return new Command('kernel')
    .description(
      'panics a real Linux kernel in QEMU, whose BMC is ours: at points of the protocol, or exactly where told',
    )
    .addOption(new Option('--cut <names...>', 'only these points of the protocol').choices(kernelCuts))
    .option(
      '--at <places...>',
      `an instruction instead: ${steps.join(', ')}, or [MODULE:]SYMBOL[+OFFSET][/INSTRUCTIONS-BEHIND]`,
    )
    .option('--read', "prints what stands in the drivers' variables at each --at")
    .option('--hit <n>', 'which passage of the place, counted from the entry of a request', positive)
    .option('--every-instruction', "cuts at each instruction of one request's way")
    .option(
      '--every-store',
      'only at those before which memory or a device may have changed: the others fare alike',
    )
    .option('--check <n>', 'cuts n of those that --every-store leaves out as well, and compares', positive)
    .option('--instructions <from-to>', 'only these of the way, counted from 0', span)
    .option(
      '--sample <n>',
      'cuts at n instructions of the way and at each store, then halves to the edges',
      positive,
    )
    .option('--random <n>', 'n NMIs at random moments', positive)
    .addOption(
      new Option('--traffic <kind>', 'requests back to back, or one a second').choices(['full', 'slow']),
    )
    .option(
      '--compare',
      'prints the rows of none, drop and resend beside; cuts at all steps unless told where',
    )
    .option('--svg <file>', 'the same as a picture')
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
    .option(
      '--jobs <n>',
      'virtual machines that share a sweep (default: one a processor, two at the most)',
      positive,
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
  const kernel = await chosenKernel(options, signal)
  if (isExact(options)) {
    const cpus = options.cpus === '2' ? 2 : 1
    return runKernelCuts(kernel, { ...options, cpus, jobs: options.jobs ?? defaultJobs(cpus) }, signal)
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

function span(text: string): { from: number; to: number } {
  const [, from, to] = /^(\d+)-(\d+)$/.exec(text) ?? []
  if (from === undefined || Number(from) > Number(to)) {
    throw new InvalidArgumentError('It takes two whole numbers, such as 0-300.')
  }
  return { from: Number(from), to: Number(to) }
}

/** The options that ask for cuts at exact instructions or moments; without any the points of the protocol are cut. */
function exactWays(options: LabKernelOptions): string[] {
  return [
    ...(options.at === undefined ? [] : ['--at']),
    ...(options.everyInstruction === undefined ? [] : ['--every-instruction']),
    ...(options.everyStore === undefined ? [] : ['--every-store']),
    ...(options.sample === undefined ? [] : ['--sample']),
    ...(options.random === undefined ? [] : ['--random']),
  ]
}

/** At exact instructions, and not at points of the protocol. */
function isExact(options: LabKernelOptions): boolean {
  return exactWays(options).length > 0 || options.compare === true || options.svg !== undefined
}

function checkOptions(options: LabKernelOptions): void {
  const exact = exactWays(options)
  const asked = options.cut === undefined ? exact : [...exact, '--cut']
  if (asked.length > 1) throw new UsageError(`${asked.join(' and ')} do not go together`)
  if (!isExact(options)) {
    const lonely = [
      ...(options.hit === undefined ? [] : ['--hit']),
      ...(options.instructions === undefined ? [] : ['--instructions']),
      ...(options.traffic === undefined ? [] : ['--traffic']),
      ...(options.panicOp === 'string' ? [] : ['--panic-op']),
      ...(options.watchdog === undefined ? [] : ['--watchdog']),
    ]
    if (lonely.length > 0) {
      throw new UsageError(`${lonely[0]} needs --at, --every-instruction, --sample or --random`)
    }
  } else if (options.cpus === 'both')
    throw new UsageError('--cpus both is for points of the protocol; take 1 or 2')
  if (isExact(options) && options.cut !== undefined)
    throw new UsageError('--cut needs the points of the protocol')
  if (options.random !== undefined && (options.compare === true || options.svg !== undefined)) {
    throw new UsageError('--random has no steps to compare')
  }
  if (options.hit !== undefined && options.at === undefined) throw new UsageError('--hit needs --at')
  if (options.read !== undefined && options.at === undefined) throw new UsageError('--read needs --at')
  const noPlace = options.at?.find(place => !isPlace(place))
  if (noPlace !== undefined) {
    throw new UsageError(
      `'${noPlace}' is no step and not of the form [MODULE:]SYMBOL[+OFFSET][/INSTRUCTIONS]`,
    )
  }
  const isEvery = options.everyInstruction !== undefined || options.everyStore !== undefined
  if (options.instructions !== undefined && !isEvery) {
    throw new UsageError('--instructions needs --every-instruction or --every-store')
  }
  if (options.check !== undefined && options.everyStore === undefined) {
    throw new UsageError('--check needs --every-store')
  }
}

/** The kernel that the options name, fetched when it has to be; what takes time is said on standard error. */
export function chosenKernel(
  options: { debian?: string; kernel?: string; modules?: string },
  signal: AbortSignal,
): Promise<Kernel> {
  if ((options.kernel === undefined) !== (options.modules === undefined)) {
    throw new UsageError(
      '--kernel and --modules go together',
      'Give the vmlinuz and the folder with its modules, such as /lib/modules/RELEASE.',
    )
  }
  if (options.kernel !== undefined && options.debian !== undefined) {
    throw new UsageError("--kernel and --debian do not go together: one is one's own, the other Debian's")
  }
  const onProgress = (line: string) => process.stderr.write(`${line} …\n`)
  const choice: KernelChoice =
    options.kernel !== undefined && options.modules !== undefined
      ? { kernelFile: options.kernel, modulesDir: options.modules, signal }
      : { ...(options.debian !== undefined && { suite: options.debian }), onProgress, signal }
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
