/** Boots a kernel for cuts and lets it run until it stands where they begin: a request of the traffic enters `smi_send`. */
import { LastwordError } from '../../../protocol/error.ts'
import type { GdbRemote } from '../gdb-remote.ts'
import { type InitOptions, marker } from '../init-script.ts'
import { KernelBench, type KernelBenchOptions } from '../kernel-bench.ts'
import type { Kernel } from '../kernel-cache.ts'
import { type CutInterface, requireSymbols } from './kernel-steps.ts'

export interface CutBenchOptions {
  kernel: Kernel
  interface: CutInterface
  panicOp: InitOptions['panicOp']
  watchdog?: 'off' | 'started'
  /** `full` sends requests back to back, `slow` one a second. Default: `full`. */
  traffic?: 'full' | 'slow'
  /** With 2, the traffic runs on the second, and a panic strikes the first while the second is held. Default: 1. */
  cpus?: 1 | 2
  /** `next-request` holds it at the entry to `smi_send`, `running` anywhere. Default: `next-request`. */
  hold?: 'next-request' | 'running'
  /** So many requests may go by before a place is come by once. Default: 2,000 under full traffic, 60 under slow. */
  requestsPerPassage?: number
  signal?: AbortSignal
}

/** Two processors, by GDB's names: one is held at the place, the other panics. */
export interface Held {
  thread: string
  other: string
}

/** Requests before the one that is cut: traffic flows by then. */
const WARM_UP_REQUESTS = 20
/** A request comes within that even from a machine that is slow and busy. */
export const TRAFFIC_LIMIT_MS = 60_000

/** The machine with its symbols, before traffic. */
export async function boot(options: CutBenchOptions): Promise<KernelBench> {
  const boots = () => KernelBench.boot(bootOptions(options))
  // The slow virtual processor's time-outs are soon over: on a busy computer our first answer may come too late.
  const bench = await boots().catch(error => {
    if (!(error instanceof LastwordError) || error.code !== 'INTERFACE_MISSING') throw error
    return boots()
  })
  try {
    requireSymbols(bench.symbols, options.interface, options.kernel.version)
    const wait = options.signal === undefined ? {} : { signal: options.signal }
    await bench.machine.console.waitFor(marker.waiting, wait)
    return bench
  } catch (error) {
    await bench.dispose()
    throw error
  }
}

export function bootOptions(options: CutBenchOptions): KernelBenchOptions {
  return {
    kernel: options.kernel,
    init: initOf(options),
    cpus: options.cpus ?? 1,
    resetAfterPanic: 'at-once',
    debugger: 'attached',
    ...(options.signal && { signal: options.signal }),
  }
}

function initOf(options: CutBenchOptions): InitOptions {
  return {
    interface: options.interface,
    panicOp: options.panicOp,
    watchdog: options.watchdog ?? 'off',
    traffic: options.traffic ?? 'full',
    start: 'when-told',
    symbols: 'printed',
    freeMemory: 'zeroed',
    ...(options.cpus === 2 && { trafficCpu: 1 }),
  }
}

/** Lets traffic begin, and stops it as a request of the traffic enters `smi_send`. */
export async function holdAtRequest(
  bench: KernelBench,
  gdb: GdbRemote,
  options: CutBenchOptions,
): Promise<Held | undefined> {
  const entry = bench.symbols.resolve('ipmi_msghandler:smi_send')
  const limit = { timeoutMs: TRAFFIC_LIMIT_MS, ...(options.signal && { signal: options.signal }) }
  bench.machine.console.tell('go')
  const warmUp = options.traffic === 'slow' ? 2 : WARM_UP_REQUESTS
  await gdb.setBreakpoint(entry)
  // The last one before is stopped at too: only then is it sure that the next stop is a new request's.
  await gdb.continue(limit)
  while (bench.account.highestSerial < warmUp) {
    await gdb.step()
    await gdb.continue(limit)
  }
  await gdb.step()
  const stop = await gdb.continue(limit)
  await gdb.clearBreakpoint(entry)
  if (options.hold === 'running' || options.cpus !== 2) return undefined
  const threads = await gdb.threads()
  const thread = (stop.kind === 'stopped' && stop.thread) || threads[0]!
  return { thread, other: threads.find(one => one !== thread)! }
}
