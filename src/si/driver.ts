/**
 * The system interface driver: steps 2 to 5 of a message's way, each store a tracepoint.
 * It owns `waitingMsg` (accepted, not started) and `currMsg` (being transferred). Linux's `ipmi_si`.
 */
import type { Tape } from '../machine/tape.ts'
import { Point, type Trace } from '../machine/trace.ts'
import { LastwordError } from '../protocol/error.ts'
import { Housekeeping, type HousekeepingHost, SiState } from './housekeeping.ts'
import type { SiMachine } from './machine.ts'
import { type PanicPolicy, resend } from './panic-policy.ts'
import { Fault, SiResult, type SmiDriver, type SmiMsg, type SmiUpper, Stage } from './smi-msg.ts'

/** Far more than a message takes: whoever polls gets the processor back though the BMC never lets go. */
const MAX_TURNS_A_POLL = 20_000
/** A dead interface is tried again after this long; until then messages end at once. */
const DEAD_RETRY_US = 1_000_000

/** What a driver has to say to people. */
export type SiNotice = 'dead' | 'alive' | 'wrongReply'

export interface SiDriverOptions {
  policy?: PanicPolicy
  /** Whether the BMC's event buffer is enabled and read. */
  events?: 'on' | 'off'
  /** Told once when the interface dies, when it answers again, and when the BMC begins to give answers to other questions. */
  onNotice?: (notice: SiNotice, text: string) => void
}

export class SiDriver implements SmiDriver, HousekeepingHost {
  readonly machine: SiMachine
  readonly trace: Trace
  readonly policy: PanicPolicy
  readonly stats = {
    idles: 0,
    attentions: 0,
    flagFetches: 0,
    hosed: 0,
    completeTransactions: 0,
    events: 0,
    incomingMessages: 0,
    watchdogPretimeouts: 0,
    wrongReplies: 0,
  }
  waitingMsg: SmiMsg | null = null
  currMsg: SmiMsg | null = null
  runToCompletion = false
  upper: SmiUpper | null = null
  readonly #housekeeping: Housekeeping
  readonly #onNotice: (notice: SiNotice, text: string) => void
  #dead = false
  #deadForUs = 0
  #shutDown = false
  /** A turn is being made; whoever else comes in meanwhile (a timer during a panic) finds nothing to do (F06). */
  #isTurning = false
  #notice: SiNotice | null = null
  #noticeText = ''

  constructor(machine: SiMachine, trace: Trace, options: SiDriverOptions = {}) {
    this.machine = machine
    this.trace = trace
    this.policy = options.policy ?? resend
    this.#onNotice = options.onNotice ?? (() => {})
    this.#housekeeping = new Housekeeping(this, options.events ?? 'on')
  }

  startProcessing(upper: SmiUpper): void {
    this.upper = upper
    this.#housekeeping.request()
  }

  get isIdle(): boolean {
    return this.waitingMsg === null && this.currMsg === null && this.#housekeeping.state === SiState.Normal
  }

  /** The interface did not answer when it was last tried. */
  get isDead(): boolean {
    return this.#dead
  }

  sender(msg: SmiMsg): void {
    if (this.#shutDown) return this.#end(msg, Fault.InterfaceGone)
    if (this.#dead && this.#deadForUs < DEAD_RETRY_US) return this.#end(msg, Fault.InterfaceDead)
    this.waitingMsg = msg
    if (this.trace.hook !== null) this.trace.hook(Point.StartNext, msg.index)
    // In a panic the layer above polls; starting here would only nest deeper.
    if (!this.runToCompletion && this.#housekeeping.state === SiState.Normal && this.currMsg === null)
      this.startNextMsg()
  }

  /** Steps 3 and 4. */
  startNextMsg(): SiResult {
    const msg = this.waitingMsg
    if (msg === null) {
      this.currMsg = null
      return SiResult.Idle
    }
    this.currMsg = msg
    if (this.trace.hook !== null) this.trace.hook(Point.CurrSet, msg.index)
    this.waitingMsg = null
    if (this.trace.hook !== null) this.trace.hook(Point.StartTransaction, msg.index)
    const fault = this.machine.start(msg.data, msg.dataSize)
    if (this.trace.hook !== null) this.trace.hook(Point.Started, msg.index)
    msg.stage = Stage.Started
    if (fault !== Fault.None) this.#endCurrent(fault)
    return SiResult.CallWithoutDelay
  }

  poll(elapsedUs: number): SiResult {
    let result = this.step(elapsedUs)
    for (let turns = 1; result === SiResult.CallWithoutDelay; turns++) {
      if (turns === MAX_TURNS_A_POLL) return SiResult.CallWithTickDelay
      result = this.step(0)
    }
    if (this.#notice !== null) this.#tellNotice()
    return result
  }

  /** Kept until the turn is over: whoever is told may come in again. */
  notice(notice: SiNotice, text: string): void {
    this.#notice = notice
    this.#noticeText = text
  }

  #tellNotice(): void {
    const notice = this.#notice
    this.#notice = null
    if (notice !== null && !this.runToCompletion) this.#onNotice(notice, this.#noticeText)
  }

  /** One turn: one event of the machine, and what follows from it. */
  step(elapsedUs: number): SiResult {
    if (this.#isTurning) return SiResult.CallWithDelay
    this.#isTurning = true
    try {
      return this.#turn(elapsedUs)
    } catch (error) {
      // A port that fails is an interface that failed; anything else is a fault of the program.
      if (!(error instanceof LastwordError)) throw error
      this.machine.abandon()
      this.#hosed(error.message)
      return this.#whenIdle(false)
    } finally {
      this.#isTurning = false
    }
  }

  #turn(elapsedUs: number): SiResult {
    // F34: after a shutdown what is being transferred may end, and nothing begins.
    if (this.#shutDown && this.machine.isIdle) return SiResult.Idle
    if (this.#dead) this.#deadForUs += elapsedUs
    const result = this.machine.event(elapsedUs)
    switch (result) {
      case SiResult.TransactionComplete:
        this.stats.completeTransactions++
        if (this.#dead) this.#revive()
        this.#handleTransactionDone()
        return this.#whenIdle(this.machine.attention)
      case SiResult.Hosed:
        this.#hosed(this.#where())
        return this.#whenIdle(false)
      case SiResult.Idle:
      case SiResult.Attention:
        this.stats.idles++
        return this.#whenIdle(result === SiResult.Attention)
      default:
        return result
    }
  }

  /** The machine is idle: the BMC's own business first, but never for ever, then the next message, then events. */
  #whenIdle(attention: boolean): SiResult {
    const housekeeping = this.#housekeeping
    if (!this.machine.isIdle) return SiResult.CallWithoutDelay
    if (this.#shutDown) return SiResult.Idle
    if (housekeeping.attend(attention)) return SiResult.CallWithoutDelay
    if (this.waitingMsg !== null) {
      housekeeping.rest()
      return this.startNextMsg()
    }
    this.currMsg = null
    if (housekeeping.startRequested()) return SiResult.CallWithoutDelay
    const isTired = housekeeping.isTired
    housekeeping.rest()
    return isTired ? SiResult.CallWithTickDelay : SiResult.Idle
  }

  #handleTransactionDone(): void {
    if (this.#housekeeping.state !== SiState.Normal) return this.#housekeeping.transactionDone()
    const msg = this.currMsg
    if (msg === null) return
    if (this.trace.hook !== null) this.trace.hook(Point.GetResult, msg.index)
    this.#takeResult(msg)
    if (this.trace.hook !== null) this.trace.hook(Point.ResultTaken, msg.index)
    this.#deliver(msg)
  }

  #takeResult(msg: SmiMsg): void {
    msg.rspSize = this.machine.takeResponse(msg.rsp)
    msg.fault = this.machine.fault
    if (msg.fault !== Fault.None) msg.where = this.#where()
    msg.stage = Stage.Ended
  }

  /** Not in a panic, whose path makes no strings. */
  #where(): string {
    return this.runToCompletion ? '' : this.machine.describe()
  }

  /** Step 5. */
  #deliver(msg: SmiMsg): void {
    this.currMsg = null
    if (this.trace.hook !== null) this.trace.hook(Point.MsgReceived, msg.index)
    this.upper!.smiMsgReceived(msg)
  }

  #end(msg: SmiMsg, fault: Fault): void {
    msg.rspSize = 0
    msg.fault = fault
    msg.stage = Stage.Ended
    this.upper!.smiMsgReceived(msg)
  }

  #endCurrent(fault: Fault): void {
    const msg = this.currMsg
    if (msg === null) return
    this.currMsg = null
    this.#end(msg, fault)
  }

  #hosed(where: string): void {
    this.stats.hosed++
    this.#deadForUs = 0
    if (!this.#dead) {
      this.#dead = true
      this.notice('dead', where)
    }
    this.#housekeeping.giveUp()
    if (this.currMsg !== null) this.currMsg.where = where
    this.#endCurrent(this.machine.fault)
    // F21: who waits behind a message that died must not wait for an interface that is gone.
    const waiting = this.waitingMsg
    this.waitingMsg = null
    if (waiting !== null) this.#end(waiting, Fault.InterfaceDead)
  }

  #revive(): void {
    this.#dead = false
    this.notice('alive', '')
    this.#housekeeping.request()
  }

  requestEvents(): void {
    this.#housekeeping.request()
  }

  setMaintenance(state: 'on' | 'off'): void {
    this.#housekeeping.setMaintenance(state)
  }

  setRunToCompletion(): void {
    this.runToCompletion = true
    // The panic may have cut a turn, which will never end.
    this.#isTurning = false
    // Nor does an interface stay away that was being taken away (F16).
    this.#shutDown = false
    // What the panic has to say is worth a new try at an interface that was given up.
    this.#deadForUs = DEAD_RETRY_US
  }

  settle(): void {
    this.machine.settle()
    this.#housekeeping.settle()
    const msg = this.currMsg
    if (msg === null || this.#housekeeping.state !== SiState.Normal) return
    if (!this.machine.isIdle) {
      // Step 4 is done, its last stores are not.
      msg.stage = Stage.Started
      if (this.waitingMsg === msg) this.waitingMsg = null
    } else if (msg.stage === Stage.Started) {
      this.#takeResult(msg)
      this.#deliver(msg)
    } else if (msg.stage === Stage.Ended) {
      this.#deliver(msg)
    } else {
      // Not started: `waitingMsg` still has it, or the ledger knows.
      this.currMsg = null
    }
  }

  shutdown(): void {
    if (this.runToCompletion) return
    this.#shutDown = true
    this.#housekeeping.giveUp()
    this.#endCurrent(Fault.InterfaceGone)
    const waiting = this.waitingMsg
    this.waitingMsg = null
    if (waiting !== null) this.#end(waiting, Fault.InterfaceGone)
  }

  save(tape: Tape): void {
    const waiting = this.waitingMsg === null ? NO_MSG : this.waitingMsg.index
    const curr = this.currMsg === null ? NO_MSG : this.currMsg.index
    const marks =
      (this.runToCompletion ? 1 : 0) |
      (this.#dead ? 2 : 0) |
      (this.#shutDown ? 4 : 0) |
      (this.#isTurning ? 8 : 0)
    tape.put(waiting | (curr << 12) | (marks << 24))
    tape.put(this.#deadForUs)
    this.#housekeeping.save(tape)
    this.machine.save(tape)
  }

  load(tape: Tape): void {
    const head = tape.take()
    this.waitingMsg = this.#msgAt(head & 0xfff)
    this.currMsg = this.#msgAt((head >> 12) & 0xfff)
    this.runToCompletion = ((head >> 24) & 1) !== 0
    this.#dead = ((head >> 24) & 2) !== 0
    this.#shutDown = ((head >> 24) & 4) !== 0
    this.#isTurning = ((head >> 24) & 8) !== 0
    this.#deadForUs = tape.take()
    this.#housekeeping.load(tape)
    this.machine.load(tape)
  }

  #msgAt(index: number): SmiMsg | null {
    return index === NO_MSG ? null : this.upper!.msgAt(index)
  }
}

/** Pools are smaller than this. */
const NO_MSG = 0xfff
