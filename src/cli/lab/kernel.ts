/** `lastword lab kernel`: panics a real Linux kernel whose BMC is ours. */
import { Command, InvalidArgumentError, Option } from 'commander'
import { defaultJobs, MOST_JOBS } from '../../lab/kernel/cuts/twins.ts'
import { findKernel, type KernelChoice } from '../../lab/kernel/debian-kernel.ts'
import type { Kernel } from '../../lab/kernel/kernel-cache.ts'
import { requireProgram } from '../../lab/kernel/run-program.ts'
import { isFailure, kernelCuts, runScenario, type ScenarioRow } from '../../lab/kernel/scenario.ts'
import { steps } from '../../lab/step.ts'
import { interruptible } from '../interrupt.ts'
import { exitStatus, printLine, printRow } from '../output.ts'
import { UsageError } from '../params.ts'
import { checkOptions, isExact } from './kernel-check.ts'
import { compareFiles } from './kernel-compare.ts'
import { runKernelCuts } from './kernel-cuts.ts'
import type { LabKernelOptions } from './kernel-options.ts'

/** What a machine is made with. */
const programs = ['qemu-system-x86_64', 'busybox', 'ipmitool'] as const

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
      "cuts at n instructions of the way and at each store of the message's pointers, then halves to the edges",
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
    .option(
      '--from <files...>',
      'cuts nothing: compares what runs with --json have printed, one bar for each kernel',
    )
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
      `virtual machines that share a sweep, up to ${MOST_JOBS} (default: one a processor, two at the most)`,
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
  if (options.from !== undefined) return compareFiles(options.from, options)
  // What cannot begin has no heading, and fetches nothing.
  for (const program of programs) requireProgram(program)
  if (isExact(options)) requireProgram('qemu-img')
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
  if (options.debian !== undefined && !/^[a-z0-9][a-z0-9.-]*$/.test(options.debian)) {
    throw new UsageError(`--debian: '${options.debian}' is no name of a suite, such as bookworm`)
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
