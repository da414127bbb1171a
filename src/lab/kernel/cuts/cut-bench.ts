/** A real kernel held at one point of one request's way: it is moved on, panicked, and put back, BMC and all, without a boot. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Tape } from '../../../machine/tape.ts'
import { LastwordError } from '../../../protocol/error.ts'
import { readLastWords } from '../../../protocol/last-words.ts'
import { decodeSelRecord } from '../../../protocol/sel-record.ts'
import type { Account } from '../account.ts'
import type { GdbRemote } from '../gdb-remote.ts'
import type { KernelBench } from '../kernel-bench.ts'
import type { SymbolTable } from '../symbols.ts'
import {
  boot,
  bootOptions,
  type CutBenchOptions,
  type Held,
  holdAtRequest,
  TRAFFIC_LIMIT_MS,
} from './cut-boot.ts'
import { followPanic, type PanicEnd } from './follow-panic.ts'
import type { Place } from './kernel-steps.ts'
import { StandstillWatch, undisturbed } from './standstill.ts'

export type { CutBenchOptions } from './cut-boot.ts'

export type Outcome = 'recorded' | 'incomplete' | 'hang'

/** A moment of machine and BMC together. */
export interface Moment {
  name: string
  tape: Tape
  account: ReturnType<Account['snapshot']>
}

/** What became of a cut. */
export interface CutEnd extends PanicEnd {
  outcome: Outcome
  /** How often the BMC executed the request that was under way. */
  executed: number
  /** Nothing of the panic is in the SEL. */
  silent: boolean
}

/** Turns of QEMU's main loop in which it takes a whole response from our socket, a byte in each. */
const LOOP_TURNS_PER_RESPONSE = 40
const OS_STOP_SENSOR_TYPE = 0x20
const CONSOLE_PATIENCE_MS = 2000
/** What the driver does once a second takes hundreds. */
const REQUESTS_PER_PASSAGE = { full: 2000, slow: 60 } as const

export class CutBench implements AsyncDisposable {
  readonly options: CutBenchOptions
  readonly bench: KernelBench
  readonly gdb: GdbRemote
  /** What traffic's request is under way at the start. */
  readonly serial: number
  /** The start, to which `restore` goes back. */
  readonly entry: Moment
  /** Which processor stands at the place and is held, by GDB's name; undefined with one. */
  #held: Held | undefined
  readonly #heldAtEntry: Held | undefined
  readonly #watch = new StandstillWatch(() => this.bench.machine.isStopped())
  readonly #redone: { cuts: number }

  private constructor(parts: {
    options: CutBenchOptions
    bench: KernelBench
    gdb: GdbRemote
    serial: number
    entry: Moment
    held: Held | undefined
    redone?: { cuts: number }
  }) {
    this.options = parts.options
    this.bench = parts.bench
    this.gdb = parts.gdb
    this.serial = parts.serial
    this.entry = parts.entry
    this.#held = parts.held
    this.#heldAtEntry = parts.held
    this.#redone = parts.redone ?? { cuts: 0 }
  }

  /** Boots, lets traffic flow, and holds the machine as a request enters `smi_send`. */
  static async start(options: CutBenchOptions): Promise<CutBench> {
    const bench = await boot(options)
    try {
      const gdb = await bench.machine.gdb()
      const held = await holdAtRequest(bench, gdb, options)
      await gdb.setBreakpoint(bench.symbols.resolve('emergency_restart'))
      const serial = bench.account.highestSerial + 1
      const entry = await save(bench, 'entry')
      return new CutBench({ options, bench, gdb, serial, entry, held })
    } catch (error) {
      await bench.dispose()
      throw error
    }
  }

  /** A second machine that stands where this one's entry is, without a boot, and goes the same ways. */
  async twin(): Promise<CutBench> {
    const { options, serial, entry } = this
    const bench = await this.bench.twin(bootOptions(options))
    try {
      const gdb = await bench.machine.gdb()
      await gdb.setBreakpoint(bench.symbols.resolve('emergency_restart'))
      return new CutBench({
        options,
        bench,
        gdb,
        serial,
        entry,
        held: this.#heldAtEntry,
        redone: this.#redone,
      })
    } catch (error) {
      await bench.dispose()
      throw error
    }
  }

  get symbols(): SymbolTable {
    return this.bench.symbols
  }

  save(name: string): Promise<Moment> {
    return save(this.bench, name)
  }

  async restore(moment: Moment): Promise<void> {
    this.options.signal?.throwIfAborted()
    await this.bench.machine.qmp.loadvm(moment.name)
    this.bench.bmc.load(moment.tape.rewind())
    this.bench.account.restore(moment.account)
    this.#held = this.#heldAtEntry
    if (this.#held) await this.gdb.selectThread(this.#held.thread)
  }

  async forget(moment: Moment): Promise<void> {
    await this.bench.machine.qmp.delvm(moment.name)
  }

  async rip(): Promise<bigint> {
    return (await this.gdb.readRegisters()).rip
  }

  /** Executes one instruction, interrupts held back; an answer of the BMC that it asked for has arrived afterwards. */
  async step(): Promise<void> {
    const before = this.bench.account.requests
    if (this.#held) await this.gdb.stepAlone(this.#held.thread)
    else await this.gdb.step()
    await nextTurn()
    if (this.bench.account.requests === before) return
    for (let turn = 0; turn < LOOP_TURNS_PER_RESPONSE; turn++)
      await this.bench.machine.qmp.execute('query-status')
  }

  /** Puts it back to its entry and lets it run to a place. Gives the number of the request that is under way there. */
  async goTo(place: Place): Promise<number> {
    await this.restore(this.entry)
    const before = place.via === undefined ? 0 : await this.runTo(this.symbols.resolve(place.via), 1)
    return this.serial + before + (await this.runTo(this.symbols.resolve(place.expression), place.hit))
  }

  /** Lets it run until it has passed an address so often. Gives how many requests entered `smi_send` meanwhile. */
  async runTo(address: bigint, hits: number): Promise<number> {
    const entry = this.symbols.resolve('ipmi_msghandler:smi_send')
    const wanted = this.symbols.locate(address)?.text ?? `0x${address.toString(16)}`
    let requests = 0
    // The entry at which it stands is not stopped at again: it counts here.
    let passed = (await this.rip()) === address ? 1 : 0
    if (passed === hits) return requests
    const { traffic = 'full', requestsPerPassage: limit = REQUESTS_PER_PASSAGE[traffic] } = this.options
    let requestsAtPassage = 0
    await this.gdb.setBreakpoint(entry)
    if (address !== entry) await this.gdb.setBreakpoint(address)
    try {
      while (passed < hits) {
        await this.#continueToStop(wanted)
        const rip = await this.rip()
        if (rip === entry) requests++
        if (rip === address) {
          passed++
          requestsAtPassage = requests
        } else if (requests - requestsAtPassage >= limit) throw notPassed(wanted, `${limit} requests`)
      }
    } finally {
      if (address !== entry) await this.gdb.clearBreakpoint(address)
      await this.gdb.clearBreakpoint(entry)
    }
    return requests
  }

  async #continueToStop(wanted: string): Promise<void> {
    const { signal } = this.options
    try {
      // A machine that goes on from a breakpoint would stop there at once; a step passes it.
      await this.step()
      const stop = await this.gdb.continue(
        signal === undefined ? { timeoutMs: TRAFFIC_LIMIT_MS } : { timeoutMs: TRAFFIC_LIMIT_MS, signal },
      )
      // It may be the other processor that comes by: an interrupt goes where it likes.
      const thread = stop.kind === 'stopped' ? stop.thread : undefined
      if (thread === this.#held?.other) this.#held = swapped(this.#held)
    } catch (error) {
      if (!(error instanceof LastwordError) || error.code !== 'GDB_TIMEOUT') throw error
      await this.gdb.interrupt()
      throw notPassed(wanted, `${TRAFFIC_LIMIT_MS / 1000} s of traffic`)
    }
  }

  /** Cuts that were thrown away and made again, on this machine and its twins. */
  get redone(): number {
    return this.#redone.cuts
  }

  /** Makes a whole cut, from `restore` on, and makes it again when this process or QEMU stood still in its middle. */
  undisturbed<T>(cut: () => Promise<T>): Promise<T> {
    const { gdb, options } = this
    const how = {
      watch: this.#watch,
      takeSlowestAnswerMs: () => gdb.takeSlowestAnswerMs(),
      beforeRedo: async () => {
        this.#redone.cuts++
        await gdb.interrupt()
        // What gave up in its middle may have left some.
        const end = this.symbols.resolve('emergency_restart')
        for (const address of gdb.breakpoints) if (address !== end) await gdb.clearBreakpoint(address)
      },
      ...(options.signal && { signal: options.signal }),
    }
    return undisturbed(how, cut)
  }

  /** An NMI strikes here; tells what became of it. The machine has to be put back afterwards. */
  async panicHere(serial = this.serial): Promise<CutEnd> {
    const { bench, gdb, options } = this
    const mark = bench.machine.console.mark
    const recordsBefore = bench.bmc.sel.length
    await bench.machine.qmp.injectNmi()
    const end = await followPanic({
      gdb,
      symbols: this.symbols,
      interface: options.interface,
      requests: () => bench.account.requests,
      ...(this.#held && { onlyThread: this.#held.other }),
      ...(options.signal && { signal: options.signal }),
    })
    const isWhole = end.came === 'through' && (await this.#isWhole(mark, recordsBefore))
    const outcome = end.came === 'never' ? 'hang' : isWhole ? 'recorded' : 'incomplete'
    const records = bench.bmc.sel.records.slice(recordsBefore).map(decodeSelRecord)
    const silent = readLastWords(records).length === 0
    return { ...end, outcome, executed: bench.account.timesExecuted(serial), silent }
  }

  /** All that `panic_op` asks for is in the SEL; with `none` nothing is asked for. */
  async #isWhole(mark: number, recordsBefore: number): Promise<boolean> {
    const { bench, options } = this
    if (options.panicOp === 'none') return true
    if (options.panicOp === 'event') {
      const records = bench.bmc.sel.records.slice(recordsBefore).map(decodeSelRecord)
      return records.some(one => one.kind === 'system' && one.sensorType === OS_STOP_SENSOR_TYPE)
    }
    const limitAtMs = performance.now() + CONSOLE_PATIENCE_MS
    // The console's bytes take a way of their own, and may come after the kernel's last stop.
    while (bench.panicTextSince(mark) === undefined && performance.now() < limitAtMs) await nextTurn()
    const said = bench.panicTextSince(mark)
    // Text without its event has a gap.
    const recorded = bench.recorded
    return said !== undefined && recorded?.hasGap === false && recorded.text === said.trimEnd()
  }

  async dispose(): Promise<void> {
    this.gdb.close()
    await this.bench.dispose()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }
}

function notPassed(wanted: string, meanwhile: string): LastwordError {
  return new LastwordError('NOT_PASSED', `The kernel did not come by ${wanted} in ${meanwhile}`, {
    hint: 'Choose a function that a request comes by, an offset at which an instruction begins, or fewer passages.',
  })
}

function swapped(held: Held | undefined): Held | undefined {
  return held && { thread: held.other, other: held.thread }
}

async function save(bench: KernelBench, name: string): Promise<Moment> {
  await bench.machine.qmp.savevm(name)
  const tape = new Tape().rewind()
  bench.bmc.save(tape)
  return { name, tape, account: bench.account.snapshot() }
}
