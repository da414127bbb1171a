/** Panics of a real kernel at points of the protocol: as its BMC receives or answers a request, is late, silent or dead. */
import { VmCommand } from '../../bmc/vm-serial.ts'
import type { VmTap } from '../../bmc/vm-server.ts'
import { serialOf } from './account.ts'
import type { IpmiInterface } from './init-script.ts'
import { marker } from './init-script.ts'
import { KernelBench } from './kernel-bench.ts'
import type { Kernel } from './kernel-cache.ts'

export const kernelCuts = [
  'nmi-before-answer',
  'nmi-after-answer',
  'late-answer',
  'no-answer',
  'dead-bmc',
  'sysrq-under-traffic',
] as const
export type KernelCut = (typeof kernelCuts)[number]

export interface ScenarioOptions {
  kernel: Kernel
  cut: KernelCut
  cpus: 1 | 2
  interface: IpmiInterface
  /** Which numbered request the BMC strikes at. */
  atRequest?: number
  signal?: AbortSignal
}

export interface ScenarioRow {
  kind: 'kernel-run'
  kernel: string
  interface: IpmiInterface
  cpus: number
  cut: KernelCut
  outcome: 'recorded' | 'incomplete' | 'hang'
  /** What the SEL says, and what the console said. */
  recorded: string
  said: string
  /** From the NMI (or the sysrq) to the last record; null when there is none. */
  panicToLastRecordMs: number | null
  lost: number
  doubled: number
  /** How often the request at which the BMC struck was executed. */
  executed: number
  bmcAnswers: boolean
}

/** Early enough to come soon, late enough that traffic flows. */
const DEFAULT_REQUEST = 20
const ANSWER_AFTER_NMI_MS = 50
const LATE_ANSWER_MS = 3000
/** Traffic before the host is told to panic from inside. */
const SYSRQ_AFTER_MS = 1500
/** Linux gives a request to a dead BMC up by itself after 13 s; without an exchange for longer, it never will. */
const SILENCE_LIMIT_MS = 45_000
const CHECK_MS = 100

/** Boots a kernel, cuts it once and tells what became of it. */
export async function runScenario(options: ScenarioOptions): Promise<ScenarioRow> {
  const { kernel, cut, cpus, interface: ipmiInterface, atRequest = DEFAULT_REQUEST } = options
  const strike = new Strike(cut, atRequest)
  const bench = await KernelBench.boot({
    kernel,
    cpus,
    init: {
      interface: ipmiInterface,
      panicOp: 'string',
      traffic: 'full',
      start: 'when-told',
      ...(cpus === 2 && { trafficCpu: 1 }),
      panic:
        cut === 'sysrq-under-traffic' ? { by: 'sysrq', afterMs: SYSRQ_AFTER_MS, cpu: 0 } : { by: 'outside' },
    },
    tap: strike,
    ...(options.signal && { signal: options.signal }),
  })
  try {
    strike.bench = bench
    await bench.machine.console.waitFor(marker.waiting, wait(options.signal))
    bench.machine.console.tell('go')
    if (cut === 'sysrq-under-traffic') {
      await bench.machine.console.waitFor(marker.panicking, wait(options.signal))
      strike.panickedAtMs = performance.now()
    }
    const ended = await untilItEnds(bench, options.signal)
    return describe(options, bench, strike, ended)
  } finally {
    await bench.dispose()
  }
}

function wait(signal: AbortSignal | undefined) {
  return { quietMs: 60_000, limitMs: 120_000, ...(signal && { signal }) }
}

/** `reset` when the kernel came through; `hang` when there was no exchange with the BMC for too long. */
async function untilItEnds(bench: KernelBench, signal: AbortSignal | undefined): Promise<'reset' | 'hang'> {
  let ended = false
  void bench.machine.exited.then(() => {
    ended = true
  })
  let quietSinceMs = performance.now()
  let requests = bench.account.requests
  while (!ended) {
    signal?.throwIfAborted()
    await Promise.race([bench.machine.exited, new Promise(resolve => setTimeout(resolve, CHECK_MS))])
    if (bench.account.requests !== requests) {
      requests = bench.account.requests
      quietSinceMs = performance.now()
    }
    if (!ended && performance.now() - quietSinceMs > SILENCE_LIMIT_MS) return 'hang'
  }
  return 'reset'
}

/** The BMC's part: strikes at the k-th numbered request as the cut says. */
class Strike implements VmTap {
  bench: KernelBench | null = null
  panickedAtMs: number | null = null
  /** The serial number of the request at which it struck. */
  serial: number | undefined
  readonly #cut: KernelCut
  readonly #atRequest: number

  constructor(cut: KernelCut, atRequest: number) {
    this.#cut = cut
    this.#atRequest = atRequest
  }

  onResponse(request: Uint8Array, _response: Uint8Array, respond: () => void): boolean {
    if (serialOf(request) !== this.#atRequest || this.serial !== undefined) return true
    this.serial = this.#atRequest
    switch (this.#cut) {
      case 'nmi-before-answer':
        this.#nmi()
        setTimeout(respond, ANSWER_AFTER_NMI_MS)
        return false
      case 'late-answer':
        this.#nmi()
        setTimeout(respond, LATE_ANSWER_MS)
        return false
      case 'no-answer':
        this.#nmi()
        return false
      case 'dead-bmc':
        this.#nmi()
        this.bench?.server.die()
        return false
      default:
        return true
    }
  }

  onSent(request: Uint8Array): void {
    if (this.#cut === 'nmi-after-answer' && serialOf(request) === this.#atRequest) this.#nmi()
  }

  #nmi(): void {
    this.panickedAtMs = performance.now()
    this.bench?.server.command(VmCommand.SendNmi)
  }
}

function describe(
  options: ScenarioOptions,
  bench: KernelBench,
  strike: Strike,
  ended: 'reset' | 'hang',
): ScenarioRow {
  const { account } = bench
  const said = bench.panicText ?? ''
  const recorded = bench.recorded
  const panickedAtMs = strike.panickedAtMs
  return {
    kind: 'kernel-run',
    kernel: options.kernel.version,
    interface: options.interface,
    cpus: options.cpus,
    cut: options.cut,
    outcome: outcomeOf(ended, said, recorded),
    recorded: recorded?.text ?? '',
    said,
    panicToLastRecordMs:
      recorded === undefined || panickedAtMs === null
        ? null
        : Math.round(account.lastRequestMs - panickedAtMs),
    lost: account.lost,
    doubled: account.doubled,
    executed: account.timesExecuted(options.atRequest ?? DEFAULT_REQUEST),
    bmcAnswers: options.cut !== 'dead-bmc',
  }
}

/** The record is whole when it says what the console said, all of it. */
export function outcomeOf(
  ended: 'reset' | 'hang',
  said: string,
  recorded: { text: string; hasGap: boolean } | undefined,
): ScenarioRow['outcome'] {
  if (ended === 'hang') return 'hang'
  const isWhole = recorded?.hasGap === false && recorded.text === said.trimEnd() && said !== ''
  return isWhole ? 'recorded' : 'incomplete'
}

/** The run is a failure: the BMC answers, and yet the last words are not whole. */
export function isFailure(row: Pick<ScenarioRow, 'bmcAnswers' | 'outcome'>): boolean {
  return row.bmcAnswers && row.outcome !== 'recorded'
}
