/** Runs the system's programs that the bench leans on (apt, dpkg-deb, tar, xz, ldd, qemu-img), each with a bound. */
import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Readable } from 'node:stream'
import { LastwordError } from '../../protocol/error.ts'
import { messageOf } from './message-of.ts'

export interface RunOptions {
  cwd?: string
  env?: Record<string, string>
  timeoutMs?: number
  /** Ends the program, and all that it has started. */
  signal?: AbortSignal | undefined
}

export interface ProgramResult {
  exitCode: number
  stdout: Buffer
  stderr: string
}

/** Debian's package for a program, where the two names differ. */
const debianPackages: Readonly<Record<string, string>> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  'bmc-info': 'freeipmi-tools',
  ipmiconsole: 'freeipmi-tools',
  rmcpping: 'freeipmi-tools',
  'ipmi-config': 'freeipmi-tools',
  'ipmi-pet': 'freeipmi-tools',
  ipmidetect: 'freeipmi-ipmidetect',
  ipmidetectd: 'freeipmi-ipmidetect',
  'ipmitool.py': 'python3-pyipmi',
  ipmi_sim: 'openipmi',
  busybox: 'busybox-static',
  'dpkg-deb': 'dpkg',
  'apt-get': 'apt',
  'apt-cache': 'apt',
  ldd: 'libc-bin',
  editcap: 'wireshark-common',
  xz: 'xz-utils',
}

export function installCommand(program: string): string {
  return `apt-get install -y --no-install-recommends ${debianPackages[program] ?? program}`
}

/** Where a program is: looked for in PATH and in the folders of root's programs, unless it is a path already. */
export function findProgram(program: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].filter(Boolean)
  const candidates = program.includes('/') ? [program] : folders.map(folder => join(folder, program))
  return candidates.find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export function requireProgram(program: string): string {
  const path = findProgram(program)
  if (path) return path
  throw new LastwordError(
    'NO_PROGRAM',
    `${program} is not installed; install it with: ${installCommand(program)}`,
  )
}

/** Runs a program to its end. A status other than 0 is for the caller to judge; a timeout is thrown. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<ProgramResult> {
  return finish(program, start(program, args, options, 'ignore'), options)
}

/** Runs `first | second`, and throws unless both end with status 0. */
export async function runPipeline(
  first: readonly [program: string, ...args: string[]],
  second: readonly [program: string, ...args: string[]],
  options: RunOptions = {},
): Promise<ProgramResult> {
  const source = start(first[0], first.slice(1), options, 'ignore')
  const sink = start(second[0], second.slice(1), options, source.stdout ?? 'ignore')
  // Only the second program may read the pipe, or bytes would be lost to us.
  source.stdout?.destroy()
  // Both have to be gone before the folders in which they work may go.
  const [made, taken] = await Promise.allSettled([
    finish(first[0], source, options),
    finish(second[0], sink, options),
  ])
  if (made.status === 'rejected') throw made.reason
  if (taken.status === 'rejected') throw taken.reason
  expectSuccess(first[0], made.value)
  return expectSuccess(second[0], taken.value)
}

export function expectSuccess(program: string, result: ProgramResult): ProgramResult {
  if (result.exitCode === 0) return result
  const said = lastLine(result.stderr) || lastLine(result.stdout.toString()) || 'it said nothing'
  throw new LastwordError('PROGRAM_FAILED', `${program} ended with status ${result.exitCode}: ${said}`)
}

export function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1)?.trim() ?? ''
}

function start(
  program: string,
  args: readonly string[],
  options: RunOptions,
  stdin: 'ignore' | Readable,
): ChildProcess {
  options.signal?.throwIfAborted()
  const child = spawn(requireProgram(program), args, {
    ...(options.cwd && { cwd: options.cwd }),
    // Their messages are read by us, so they have to be in one language.
    env: { ...process.env, LC_ALL: 'C', ...options.env },
    stdio: [stdin, 'pipe', 'pipe'],
    // A group of its own, to be killed as one: apt-get leaves its work to others.
    detached: isGroup(options),
  })
  if (isGroup(options)) {
    if (groups.size === 0) process.on('exit', killGroups)
    groups.add(child)
  }
  child.once('close', () => {
    if (groups.delete(child) && groups.size === 0) process.off('exit', killGroups)
  })
  return child
}

/** What can be told to stop, and goes with us when we end before it is told. */
const groups = new Set<ChildProcess>()

function isGroup({ signal }: RunOptions): boolean {
  return signal !== undefined
}

function killGroups(): void {
  for (const child of groups) kill(child)
}

function kill(child: ChildProcess): void {
  if (!groups.has(child) || child.pid === undefined) child.kill('SIGKILL')
  else
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {}
}

/** Resolves or rejects when the program has ended, whatever it was that ended it. */
function finish(program: string, child: ChildProcess, options: RunOptions): Promise<ProgramResult> {
  const { timeoutMs = 60_000, signal } = options
  return new Promise((resolve, reject) => {
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    let failure: LastwordError | undefined
    const end = (why: LastwordError) => {
      failure ??= why
      kill(child)
    }
    const late = () =>
      end(new LastwordError('PROGRAM_STUCK', `${program} did not end within ${timeoutMs / 1000} s`))
    const abort = () => end(new LastwordError('ABORTED', `${program} was ended before it was done`))
    child.stdout?.on('data', chunk => stdout.push(chunk))
    child.stderr?.on('data', chunk => stderr.push(chunk))
    const timer = setTimeout(late, timeoutMs)
    signal?.addEventListener('abort', abort)
    child.on('error', cause => {
      failure ??= new LastwordError('PROGRAM_FAILED', `${program} could not be run: ${messageOf(cause)}`, {
        cause,
      })
    })
    child.on('close', (status, killedBy) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      if (failure !== undefined) return reject(failure)
      const said = Buffer.concat(stderr).toString()
      resolve({
        exitCode: status ?? 128,
        stdout: Buffer.concat(stdout),
        stderr: killedBy ? `${said}killed by ${killedBy}` : said,
      })
    })
  })
}
