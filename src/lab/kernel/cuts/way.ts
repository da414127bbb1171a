/** One message's whole way through a real kernel, instruction by instruction: from the entry to `smi_send` until its user has the response. */
import { LastwordError } from '../../../protocol/error.ts'
import type { Step } from '../../step.ts'
import type { CutBench } from './cut-bench.ts'
import { deliverySymbol, stateMachines } from './kernel-steps.ts'
import { type Phase, StoreProbe, type Stores, stepOfStores } from './stores.ts'
import { TranslationLog } from './translation-log.ts'

export interface Instruction {
  address: bigint
  /** Where the count begins anew: `smi_send`, the state machine's `get_…_result`, the delivery. */
  after: string
  /** How many instructions after that entry. */
  count: number
  /** What is stored before it is executed, and which step of the mail comes next. */
  stores: Stores
  step: Step
  /** Such as `sender+0x12`. */
  symbol: string
  /** Executing it may write memory or reach a device; otherwise a panic finds the same state before it and behind it. */
  effect: boolean
}

/** More than three times the longest way that was seen; without an end by then the user never gets its response. */
const MAX_INSTRUCTIONS = 100_000
const KERNEL_HALF = 1n << 63n

/** Steps from the entry until the user has the response; the bench has to be put back afterwards. */
export async function traceWay(
  bench: CutBench,
  onProgress: (instructions: number) => void = () => {},
): Promise<Instruction[]> {
  const { symbols, gdb, options } = bench
  const { machine } = bench.bench
  await bench.restore(bench.entry)
  const probe = await StoreProbe.find(gdb, symbols, options.interface)
  await bench.restore(bench.entry)
  const marks = new Landmarks(bench)
  await using log = await TranslationLog.open(machine.qmp, machine.scratchPath('translation'))
  const way: Instruction[] = []
  let stores = await probe.read()
  while (way.length < MAX_INSTRUCTIONS) {
    const address = await bench.rip()
    if (marks.isOver(address)) return way
    marks.pass(address)
    // In user mode the kernel's memory may be out of sight, and is not written.
    if (address >= KERNEL_HALF) stores = await probe.read()
    const symbol = symbols.nameAt(address) ?? `0x${address.toString(16)}`
    const step = stepOfStores(stores, marks.phase)
    await bench.step()
    way.push({ address, ...marks.place(), stores, step, symbol, effect: log.effectOf(address) })
    if (way.length % 500 === 0) onProgress(way.length)
  }
  throw new LastwordError(
    'WAY_ENDLESS',
    `After ${MAX_INSTRUCTIONS} instructions the user of request ${bench.serial} has no response; the machine is too slow or stuck`,
    { hint: 'Run it again; the answer of the BMC may have come too late for this once.' },
  )
}

/** Whether a panic may find another state before this instruction than before the one that was executed last. */
export function isNews(way: readonly Instruction[], at: number): boolean {
  const [before, here] = [way[at - 1], way[at]!]
  if (before === undefined || before.effect || before.after !== here.after) return true
  // The processor itself writes to the stack on its way into the kernel, and takes an NMI otherwise than in user mode.
  const isEntry = here.symbol.startsWith('asm_') && !here.symbol.includes('+')
  return isEntry || before.address < KERNEL_HALF !== here.address < KERNEL_HALF
}

/** Which of the way's points were passed. */
class Landmarks {
  readonly #begin: ReadonlyMap<bigint, string>
  readonly #event: bigint
  readonly #start: bigint
  readonly #result: bigint
  readonly #ioctl: bigint
  phase: Phase = 'not-started'
  #isStarted = false
  #isRead = false
  #after = ''
  #count = -1

  constructor(bench: CutBench) {
    const { symbols, options } = bench
    const machine = stateMachines[options.interface]
    const delivery = deliverySymbol(symbols, options.kernel.version)
    this.#start = symbols.resolve(`ipmi_si:${machine.start}`)
    this.#event = symbols.resolve(`ipmi_si:${machine.event}`)
    this.#result = symbols.resolve(`ipmi_si:${machine.result}`)
    this.#ioctl = symbols.resolve('ipmi_devintf:ipmi_ioctl')
    this.#begin = new Map([
      [symbols.resolve('ipmi_msghandler:smi_send'), 'smi_send'],
      [this.#result, machine.result],
      [symbols.resolve(`ipmi_msghandler:${delivery}`), delivery],
    ])
  }

  pass(address: bigint): void {
    if (address === this.#start) this.#isStarted = true
    if (address === this.#event && this.#isStarted && this.phase === 'not-started') this.phase = 'transfer'
    if (address === this.#result) this.phase = 'transferred'
    if (address === this.#ioctl && this.phase === 'transferred') this.#isRead = true
    const begin = this.#begin.get(address)
    this.#count++
    // A delivery that goes round twice is counted from its first entry.
    if (begin === undefined || begin === this.#after) return
    this.#after = begin
    this.#count = 0
  }

  /** Back in user mode after it has called for the response. */
  isOver(address: bigint): boolean {
    return this.#isRead && address < KERNEL_HALF
  }

  place(): { after: string; count: number } {
    return { after: this.#after, count: this.#count }
  }
}
