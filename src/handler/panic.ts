/**
 * The panic path: what is under way is finished, the last words are sent, every message ends. docs/panic.md.
 * It runs in whatever state the host was cut, awaits nothing, calls no user code and makes no message:
 * all that it needs exists since construction.
 */
import { Point, type Trace } from '../machine/trace.ts'
import type { PanicPolicy } from '../si/panic-policy.ts'
import { Fault, SiResult, type SmiDriver, Stage } from '../si/smi-msg.ts'
import type { MsgHandler } from './handler.ts'
import { type HandlerMsg, Origin } from './handler-msg.ts'
import { LastWordsSender, type PanicOp } from './last-words-sender.ts'

/** How the panic path lets time pass: no timer runs any more. */
export interface PanicClock {
  /** Waits at least this long without giving up the processor; returns how long it was. */
  delayUs(us: number): number
}

export interface PanicOptions {
  policy: PanicPolicy
  clock: PanicClock
  /** Where `Point.LastWords` is told; the handler's unless said otherwise. */
  trace?: Trace
  /** What is said: nothing, the platform event, or that and the text. `string` unless said otherwise. */
  panicOp?: PanicOp
  /** How long all of it may take; 20 s unless said otherwise. Policy `none` knows no bound, as Linux does not. */
  budgetUs?: number
  /** Most F0h records that the text may take, 24 (264 bytes) unless said otherwise; 256 can be numbered. */
  maxTextRecords?: number
}

/**
 * How a panic ended: `complete`; `unconfirmed`, the BMC has sent the text to another event receiver, whose answer is
 * not waited for; `hang`, where stock Linux would wait for ever; `budgetSpent`, the BMC being too slow or dead;
 * `incomplete`, the BMC refused a part of the last words.
 */
export type PanicOutcome = 'complete' | 'unconfirmed' | 'incomplete' | 'budgetSpent' | 'hang'

/** A turn of the wait without a delay in between would only heat the host. */
const POLL_US = 250
/** After so many turns in which nothing moved and nothing was under way, nothing will. */
const MAX_IDLE_TURNS = 16
/** No policy turns longer than this, an interface that always moves included (F10). */
const MAX_TURNS = 2_000_000

export class PanicPath {
  readonly policy: PanicPolicy
  readonly #handler: MsgHandler
  readonly #driver: SmiDriver
  readonly #clock: PanicClock
  readonly #trace: Trace
  readonly #budgetUs: number
  readonly #sender: LastWordsSender
  #outcome: PanicOutcome | null = null
  #spentUs = 0
  #turns = 0

  constructor(handler: MsgHandler, options: PanicOptions) {
    this.policy = options.policy
    this.#handler = handler
    this.#driver = handler.driver
    this.#clock = options.clock
    this.#trace = options.trace ?? handler.trace
    this.#budgetUs = options.budgetUs ?? 20_000_000
    this.#sender = new LastWordsSender(
      handler.pool.panicMsg,
      options.panicOp ?? 'string',
      options.maxTextRecords ?? 24,
      handler.slaveAddr,
      options.policy.recovery === 'ledger' ? 'retries' : 'goesOn',
    )
  }

  /** Null until there was a panic. */
  get outcome(): PanicOutcome | null {
    return this.#outcome
  }

  get lastWords(): LastWordsSender {
    return this.#sender
  }

  get spentUs(): number {
    return this.#spentUs
  }

  /** Call it where the host dies. A second panic during the first, or after it, changes nothing. */
  panic(text: string): PanicOutcome {
    if (this.#outcome !== null) return this.#outcome
    this.#outcome = 'hang'
    this.#sender.begin(text)
    this.#spentUs = 0
    this.#turns = 0
    this.#takeOver()
    this.#flush()
    if (this.policy.recovery === 'ledger') this.#recover()
    if (this.#trace.hook !== null) this.#trace.hook(Point.LastWords, -1)
    const said = this.#say()
    this.#outcome = said
    if (this.policy.recovery === 'ledger') {
      if (!this.#sendTheRest()) this.#outcome = 'budgetSpent'
      this.#endAll()
    }
    return this.#outcome
  }

  /** For a lab that has put the state before the panic back. */
  rearm(): void {
    this.#outcome = null
  }

  #takeOver(): void {
    const handler = this.#handler
    handler.runToCompletion = true
    if (this.policy.recovery === 'ledger') {
      // Lists may be half linked; whose message is where, the ledger knows.
      handler.waitingRcvMsgs.clear()
      handler.xmit.holdsQueue = true
      this.#driver.settle()
    } else {
      handler.xmit.dropIfLocked()
      if (handler.waitingRcvMsgs.locked) handler.waitingRcvMsgs.clear()
    }
    this.#driver.setRunToCompletion()
  }

  /** Drives the interface until it is idle. */
  #flush(): void {
    let result = this.#driver.poll(0)
    while (result !== SiResult.Idle && result !== SiResult.Attention && this.#mayGoOn()) {
      result = this.#driver.poll(this.#delay(POLL_US))
    }
  }

  #delay(us: number): number {
    const elapsed = this.#clock.delayUs(us)
    this.#spentUs += elapsed
    this.#turns++
    return elapsed
  }

  #mayGoOn(): boolean {
    if (this.#turns > MAX_TURNS) return false
    return this.policy.recovery === 'none' || this.#spentUs < this.#budgetUs
  }

  /** Builds the queues anew from the ledger: what was accepted and not started, in the order of acceptance. */
  #recover(): void {
    const { xmit } = this.#handler
    const unstarted = xmit.currMsg
    xmit.currMsg = null
    xmit.clearQueues()
    if (this.policy.unstarted === 'dropped' && unstarted?.stage === Stage.Accepted) {
      unstarted.fault = Fault.PanicDropped
      unstarted.stage = Stage.Ended
    }
    let after = 0
    for (let msg = this.#nextAccepted(after); msg !== null; msg = this.#nextAccepted(after)) {
      after = msg.order
      if (msg.priority === 'high' || msg === unstarted) xmit.hpXmitMsgs.push(msg)
      else xmit.xmitMsgs.push(msg)
    }
  }

  #nextAccepted(afterOrder: number): HandlerMsg | null {
    let first: HandlerMsg | null = null
    for (const msg of this.#handler.pool.slots) {
      if (msg.stage !== Stage.Accepted || msg.order <= afterOrder) continue
      if (first === null || msg.order < first.order) first = msg
    }
    return first
  }

  #say(): PanicOutcome {
    const sender = this.#sender
    while (sender.next()) {
      const ended = this.#sendAndWait(sender.msg)
      if (ended !== 'ended') return ended
      const pauseUs = sender.answered()
      if (pauseUs > 0) {
        this.#pause(pauseUs)
        if (!this.#mayGoOn()) return 'budgetSpent'
      }
    }
    if (!sender.isComplete) return 'incomplete'
    return sender.isConfirmed ? 'complete' : 'unconfirmed'
  }

  #pause(us: number): void {
    // The driver counts the time, too: a dead interface is tried again when enough of it has passed.
    this.#driver.poll(this.#delay(us))
  }

  #sendAndWait(msg: HandlerMsg): 'ended' | 'hang' | 'budgetSpent' {
    const handler = this.#handler
    msg.origin = Origin.Panic
    if (this.policy.recovery === 'ledger') {
      msg.stage = Stage.Accepted
      handler.xmit.handDown(msg)
    } else {
      handler.xmit.smiSend(msg)
    }
    let idleTurns = 0
    let result = this.#driver.poll(0)
    while (msg.stage !== Stage.Ended) {
      if (result !== SiResult.Idle) idleTurns = 0
      else if (++idleTurns > MAX_IDLE_TURNS) return 'hang'
      if (!this.#mayGoOn()) return this.policy.recovery === 'ledger' ? 'budgetSpent' : 'hang'
      result = this.#driver.poll(this.#delay(POLL_US))
    }
    return 'ended'
  }

  /** Sends what is queued, as far as the budget goes. */
  #sendTheRest(): boolean {
    const handler = this.#handler
    if (!this.#mayGoOn()) return this.#handler.xmit.isEmpty
    handler.xmit.holdsQueue = false
    handler.work()
    let idleTurns = 0
    let result = this.#driver.poll(0)
    while (!handler.xmit.isEmpty) {
      if (result !== SiResult.Idle) idleTurns = 0
      else if (++idleTurns > MAX_IDLE_TURNS) return false
      if (!this.#mayGoOn()) return false
      result = this.#driver.poll(this.#delay(POLL_US))
    }
    return true
  }

  #endAll(): void {
    for (const msg of this.#handler.pool.slots) {
      if (msg.stage === Stage.Accepted) msg.fault = Fault.PanicBudget
      // On a bus, or in the BMC: its answer will not be waited for.
      else if (msg.stage === Stage.Started || msg.stage === Stage.Bridged) msg.fault = Fault.ResponseLost
      else continue
      msg.stage = Stage.Ended
    }
  }
}
