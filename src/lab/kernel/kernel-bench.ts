/** A real Linux kernel on our BMC: QEMU boots it, its IPMI driver talks to us, and what it says in a panic is read from our SEL. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Bmc } from '../../bmc/bmc.ts'
import { VmServer, type VmTap } from '../../bmc/vm-server.ts'
import { LastwordError } from '../../protocol/error.ts'
import { lastWordsSentence, readLastWords } from '../../protocol/last-words.ts'
import { decodeSelRecord } from '../../protocol/sel-record.ts'
import { Account } from './account.ts'
import { type BootedGuest, waitForInterface } from './guest-boot.ts'
import type { InitOptions } from './init-script.ts'
import { buildInitramfs } from './initramfs.ts'
import type { Kernel } from './kernel-cache.ts'
import { kernelCommandLine } from './qemu-command.ts'
import type { SymbolTable } from './symbols.ts'
import { VirtualMachine } from './virtual-machine.ts'

export interface KernelBenchOptions {
  kernel: Kernel
  init: InitOptions
  cpus?: number
  /** What happens after a panic: a reset, which ends QEMU, at once or after a second. */
  resetAfterPanic?: 'at-once' | number
  /** A GDB server and a place for snapshots, for cuts at exact instructions. */
  debugger?: 'none' | 'attached'
  tap?: VmTap
  signal?: AbortSignal
}

/** All of it is looked through each time a snapshot is put back; Debian's kernels boot in 128, not in 96. */
const SNAPSHOT_MEMORY_MIB = 128
const CONNECT_LIMIT_MS = 20_000

/** More than any run adds. */
const SEL_CAPACITY = 60_000

/** The text of the kernel's panic as its console prints it. */
const panicLine = /Kernel panic - not syncing: (.*?)\s*$/

export class KernelBench implements AsyncDisposable {
  readonly bmc: Bmc
  readonly server: VmServer
  readonly machine: VirtualMachine
  readonly account: Account
  readonly symbols: SymbolTable
  /** What `uname -r` says in the guest. */
  readonly release: string

  private constructor(parts: {
    bmc: Bmc
    server: VmServer
    machine: VirtualMachine
    account: Account
    symbols: SymbolTable
    release: string
  }) {
    this.bmc = parts.bmc
    this.server = parts.server
    this.machine = parts.machine
    this.account = parts.account
    this.symbols = parts.symbols
    this.release = parts.release
  }

  /** Boots the guest until its driver has found the interface. */
  static boot(options: KernelBenchOptions): Promise<KernelBench> {
    const symbols = options.init.symbols ?? 'silent'
    const wait = options.signal === undefined ? { symbols } : { symbols, signal: options.signal }
    return KernelBench.#attach(
      options,
      port => startMachine(options, port),
      ({ machine }) => waitForInterface(machine, wait),
    )
  }

  /** A second machine beside this one, with a BMC of its own, that never boots: it has to be put at one of this one's snapshots. */
  async twin(options: KernelBenchOptions): Promise<KernelBench> {
    const { symbols, release } = this
    return KernelBench.#attach(
      options,
      port => startMachine(options, port, this.machine),
      async ({ server }) => {
        await connected(server)
        return { symbols, release }
      },
    )
  }

  static async #attach(
    options: KernelBenchOptions,
    start: (port: number) => Promise<VirtualMachine>,
    wait: (parts: { machine: VirtualMachine; server: VmServer }) => Promise<BootedGuest>,
  ): Promise<KernelBench> {
    const account = new Account(() => performance.now())
    const bmc = new Bmc({ selCapacity: SEL_CAPACITY })
    const { tap } = options
    const server = await VmServer.listen(bmc, {
      port: 0,
      tap: {
        onRequest(request) {
          account.note(request)
          tap?.onRequest?.(request)
        },
        onResponse: (request, response, respond) => tap?.onResponse?.(request, response, respond) ?? true,
        onSent: request => tap?.onSent?.(request),
      },
    })
    try {
      const machine = await start(server.port)
      try {
        const guest = await wait({ machine, server })
        return new KernelBench({ bmc, server, machine, account, ...guest })
      } catch (error) {
        await machine.dispose()
        throw error
      }
    } catch (error) {
      await server.close()
      throw error
    }
  }

  /** What the kernel said in its panic, by its console; undefined when it did not panic. */
  get panicText(): string | undefined {
    return this.panicTextSince(0)
  }

  /** The same, of what the console printed since it gave this mark. */
  panicTextSince(mark: number): string | undefined {
    for (const line of this.machine.console.linesSince(mark).toReversed()) {
      const match = panicLine.exec(line)
      if (match !== null) return match[1]!
    }
    return undefined
  }

  /** What the SEL has of it. */
  get recorded(): { text: string; hasGap: boolean; sentence: string } | undefined {
    const records = this.bmc.sel.records.slice(-64).map(decodeSelRecord)
    const words = readLastWords(records).at(-1)
    if (words === undefined) return undefined
    return { text: words.text, hasGap: words.wholeness === 'partMissing', sentence: lastWordsSentence(words) }
  }

  async dispose(): Promise<void> {
    await this.machine.dispose()
    await this.server.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }
}

/** QEMU says what it can do as it connects; only then has it a BMC. */
async function connected(server: VmServer): Promise<void> {
  const limitAtMs = performance.now() + CONNECT_LIMIT_MS
  while (server.capabilities === undefined) {
    if (performance.now() > limitAtMs)
      throw new LastwordError('QEMU_DIED', 'QEMU did not connect to its BMC as it was started')
    await sleep(1)
  }
}

async function startMachine(
  options: KernelBenchOptions,
  port: number,
  first?: VirtualMachine,
): Promise<VirtualMachine> {
  const initramfs = await buildInitramfs({ kernel: options.kernel, init: options.init })
  const attached = options.debugger === 'attached'
  return VirtualMachine.start({
    kernel: options.kernel.vmlinuz,
    initrd: initramfs.path,
    append: kernelCommandLine({ resetAfterPanic: options.resetAfterPanic ?? 1 }),
    cpus: options.cpus ?? 1,
    bmc: { interface: options.init.interface, at: { host: '127.0.0.1', port } },
    gdb: attached ? 'socket' : 'none',
    snapshots: first ?? (attached ? 'kept' : 'none'),
    begin: first ? 'held' : 'at-once',
    ...(attached && { memoryMib: SNAPSHOT_MEMORY_MIB }),
    time: attached && (options.cpus ?? 1) === 1 ? 'counted' : 'real',
  })
}
