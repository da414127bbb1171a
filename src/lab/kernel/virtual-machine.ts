/** A virtual machine for the bench: QEMU with its console, monitor and GDB server, and nothing left of it afterwards. */
import { readFileSync } from 'node:fs'
import { copyFile, type FileHandle, mkdtemp, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { LastwordError } from '../../protocol/error.ts'
import type { Endpoint } from './endpoint.ts'
import { GdbRemote } from './gdb-remote.ts'
import { type LeashedProcess, startOnLeash } from './leash.ts'
import { messageOf } from './message-of.ts'
import { type MachineOptions, parseQemuVersion, qemuArguments } from './qemu-command.ts'
import { QmpClient } from './qmp.ts'
import { expectSuccess, lastLine, requireProgram, runProgram } from './run-program.ts'
import { SerialConsole } from './serial-console.ts'

export interface VirtualMachineOptions extends MachineOptions {
  /** `socket` opens a GDB server on a private unix socket, for `gdb()`; an address is for a debugger of one's own. */
  gdb?: 'none' | 'socket' | { host: string; port: number }
  /** Whether `savevm` has a place to save to, or the machine whose snapshots it begins with. Default: `none`. */
  snapshots?: 'none' | 'kept' | VirtualMachine
  /** A file that gets everything the console prints. */
  consoleFile?: string
  /** QEMU's program; `qemu-system-x86_64` by default. */
  qemu?: string
}

export interface MachineExit {
  /** Why QEMU ended: QEMU's own word (`guest-reset`, `guest-shutdown`, …), `killed` by us, or `died`. */
  reason: string
  exitCode: number | null
  signal: NodeJS.Signals | null
  /** The last line that QEMU wrote to its standard error. */
  complaint: string
}

/** `stat` counts in these. */
const BLOCK_BYTES = 512
const startLimitMs = 20_000
const secondSerialName = 'second-serial'
const snapshotName = 'snapshots.qcow2'
const snapshotDriveSize = '1G'

export class VirtualMachine implements AsyncDisposable {
  readonly console: SerialConsole
  readonly qmp: QmpClient
  /** Resolves when QEMU has ended; never rejects. */
  readonly exited: Promise<MachineExit>
  /** The console's copy in a file. */
  readonly #copied: Promise<void> | undefined
  readonly #process: LeashedProcess
  readonly #folder: string
  readonly #gdb: Endpoint | undefined

  private constructor(parts: {
    console: SerialConsole
    qmp: QmpClient
    exited: Promise<MachineExit>
    copied: Promise<void> | undefined
    process: LeashedProcess
    folder: string
    gdb: Endpoint | undefined
  }) {
    this.console = parts.console
    this.qmp = parts.qmp
    this.exited = parts.exited
    this.#copied = parts.copied
    this.#process = parts.process
    this.#folder = parts.folder
    this.#gdb = parts.gdb
  }

  /** Starts QEMU; the kernel begins to boot. */
  static async start(options: VirtualMachineOptions): Promise<VirtualMachine> {
    const qemu = requireProgram(options.qemu ?? 'qemu-system-x86_64')
    const version = parseQemuVersion((await runProgram(qemu, ['--version'])).stdout.toString())
    const folder = await mkdtemp(join(tmpdir(), 'lastword-vm-'))
    try {
      const gdb = options.gdb === 'socket' ? { path: join(folder, 'gdb') } : options.gdb
      const files = {
        qmp: join(folder, 'qmp'),
        secondSerial: join(folder, secondSerialName),
        ...(gdb && gdb !== 'none' && { gdb }),
        ...(await snapshotFile(options.snapshots, folder)),
      }
      const consoleFile = options.consoleFile ? await openForWriting(options.consoleFile) : undefined
      const process = startOnLeash(qemu, qemuArguments(options, files, version), folder)
      return await VirtualMachine.#attach(process, folder, files, consoleFile)
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      throw error
    }
  }

  static async #attach(
    process: LeashedProcess,
    folder: string,
    files: { qmp: string; gdb?: Endpoint },
    consoleFile: FileHandle | undefined,
  ): Promise<VirtualMachine> {
    const console = new SerialConsole(process.stdout, process.stdin)
    const copied = consoleFile && copyToFile(process.stdout, consoleFile)
    const watch = watchExit(process)
    try {
      const qmp = await connectMonitor(files.qmp, watch.exited)
      qmp.onEvent(({ name, data }) => {
        if (name === 'SHUTDOWN') watch.setReason(String(data.reason))
      })
      return new VirtualMachine({
        console,
        qmp,
        exited: watch.exited,
        copied,
        process,
        folder,
        gdb: files.gdb,
      })
    } catch (error) {
      process.kill()
      await watch.exited
      throw error
    }
  }

  /** Connects to the GDB server, which stops the machine. */
  async gdb(): Promise<GdbRemote> {
    if (!this.#gdb) throw new LastwordError('NO_GDB', "The machine was started without `gdb: 'socket'`")
    return GdbRemote.connect(this.#gdb)
  }

  /** All that the guest has written to its second serial port. */
  readSecondSerial(): Promise<Buffer> {
    return readFile(join(this.#folder, secondSerialName))
  }

  /** Copies the drive with all snapshots to a file; the machine has to stand still. */
  async copySnapshots(path: string): Promise<void> {
    // A stop writes out what QEMU still keeps of the drive in its memory, even when it stands already.
    await this.qmp.stop()
    await copyFile(join(this.#folder, snapshotName), path)
  }

  /** A path in the machine's private folder, for a file that goes with it. */
  scratchPath(name: string): string {
    return join(this.#folder, name)
  }

  /** QEMU's process. */
  get pid(): number {
    return this.#process.pid
  }

  /** Whether somebody has stopped QEMU's process, as SIGSTOP does. */
  isStopped(): boolean {
    try {
      // The program's name is in brackets, and its state behind them.
      return /\) [Tt] /.test(readFileSync(`/proc/${this.pid}/stat`, 'latin1'))
    } catch {
      return false
    }
  }

  /** What QEMU takes of this computer now: resident memory, and the files in its folder, snapshots included. */
  async usage(): Promise<{ memoryBytes: number; diskBytes: number }> {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8')
    let diskBytes = 0
    for (const name of await readdir(this.#folder)) {
      const file = await stat(join(this.#folder, name))
      diskBytes += file.isFile() ? file.blocks * BLOCK_BYTES : 0
    }
    return { memoryBytes: Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024, diskBytes }
  }

  /** Kills QEMU, and removes all that it needed; a machine that is gone already is no error. */
  async dispose(): Promise<void> {
    this.qmp.close()
    this.#process.kill()
    await this.exited
    await this.#copied
    await rm(this.#folder, { recursive: true, force: true })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }
}

async function openForWriting(path: string): Promise<FileHandle> {
  return open(path, 'w').catch(cause => {
    const message = `The console's file cannot be written: ${messageOf(cause)}`
    throw new LastwordError('FILE_UNWRITABLE', message, { cause })
  })
}

/** Copies a stream to a file. Resolves when the last of it is there; a full disk is no reason to lose the machine. */
function copyToFile(stream: Readable, file: FileHandle): Promise<void> {
  return finished(stream.pipe(file.createWriteStream({ encoding: 'latin1' }))).catch(() => {})
}

async function snapshotFile(
  snapshots: VirtualMachineOptions['snapshots'],
  folder: string,
): Promise<{ snapshotDrive?: string }> {
  const path = join(folder, snapshotName)
  if (snapshots === undefined || snapshots === 'none') return {}
  if (snapshots === 'kept') await createSnapshotDrive(path)
  else await snapshots.copySnapshots(path)
  return { snapshotDrive: path }
}

async function createSnapshotDrive(path: string): Promise<void> {
  const created = await runProgram('qemu-img', ['create', '-q', '-f', 'qcow2', path, snapshotDriveSize])
  expectSuccess('qemu-img', created)
}

function watchExit(process: LeashedProcess): {
  exited: Promise<MachineExit>
  setReason(reason: string): void
} {
  let reason: string | undefined
  let complaints = ''
  process.stderr.on('data', chunk => {
    complaints = (complaints + String(chunk)).slice(-8192)
  })
  const exited = new Promise<MachineExit>(resolve => {
    process.child.once('close', (exitCode, signal) => {
      const ended = signal === 'SIGKILL' ? 'killed' : 'died'
      resolve({ reason: reason ?? ended, exitCode, signal, complaint: lastLine(complaints) })
    })
  })
  return {
    exited,
    setReason: known => {
      reason = known
    },
  }
}

/** QEMU opens its monitor a moment after it was started, or ends with a complaint. */
async function connectMonitor(path: string, exited: Promise<MachineExit>): Promise<QmpClient> {
  const limitAt = Date.now() + startLimitMs
  let exit: MachineExit | undefined
  void exited.then(ended => {
    exit = ended
  })
  for (;;) {
    try {
      return await QmpClient.connect({ path })
    } catch (error) {
      if (exit) throw diedAtStart(exit)
      if (Date.now() > limitAt) throw error
    }
    await Promise.race([exited, sleep(10)])
  }
}

function diedAtStart(exit: MachineExit): LastwordError {
  const said = exit.complaint || `it said nothing (status ${exit.exitCode}, signal ${exit.signal})`
  if (/Address already in use/.test(said)) {
    return new LastwordError(
      'PORT_IN_USE',
      `QEMU could not open a port: ${said}; choose another, or use a socket`,
    )
  }
  return new LastwordError('QEMU_DIED', `QEMU ended as it was started: ${said}`)
}
