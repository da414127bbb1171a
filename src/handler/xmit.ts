/** The way down: the one message that the driver has, and the two queues behind it. Step 1 of a message's way. */
import type { Saveable, Tape } from '../machine/tape.ts'
import { Point, type Trace } from '../machine/trace.ts'
import { type SmiDriver, Stage } from '../si/smi-msg.ts'
import type { HandlerMsg } from './handler-msg.ts'
import type { MsgPool } from './msg-pool.ts'
import { MsgQueue } from './msg-queue.ts'

export class Xmit implements Saveable {
  readonly hpXmitMsgs: MsgQueue
  readonly xmitMsgs: MsgQueue
  /** The message that the driver has, or is about to get. */
  currMsg: HandlerMsg | null = null
  /** In a panic: queued messages wait until the last words are out. */
  holdsQueue = false
  readonly #driver: SmiDriver
  readonly #pool: MsgPool
  readonly #trace: Trace
  #nextOrder = 0

  constructor(driver: SmiDriver, pool: MsgPool, trace: Trace) {
    this.#driver = driver
    this.#pool = pool
    this.#trace = trace
    this.hpXmitMsgs = new MsgQueue(trace)
    this.xmitMsgs = new MsgQueue(trace)
  }

  /** Nothing is queued and nothing is out. */
  get isEmpty(): boolean {
    return this.currMsg === null && this.hpXmitMsgs.head === null && this.xmitMsgs.head === null
  }

  /** Step 1. The store of the stage is the first that a panic can see: from there on the message is accepted. */
  smiSend(msg: HandlerMsg): void {
    const trace = this.#trace
    msg.order = ++this.#nextOrder
    if (trace.hook !== null) trace.hook(Point.Send, msg.index)
    msg.stage = Stage.Accepted
    if (trace.hook !== null) trace.hook(Point.Accepted, msg.index)
    if (this.currMsg !== null || this.holdsQueue) this.#queueOf(msg).push(msg)
    else this.handDown(msg)
  }

  /** From step 1 to step 2. */
  handDown(msg: HandlerMsg): void {
    this.currMsg = msg
    if (this.#trace.hook !== null) this.#trace.hook(Point.Sender, msg.index)
    this.#driver.sender(msg)
  }

  /** Hands the next queued message down, if none is out. */
  next(): void {
    if (this.currMsg !== null || this.holdsQueue) return
    const msg = this.hpXmitMsgs.shift() ?? this.xmitMsgs.shift()
    if (msg === null) return
    if (this.#trace.hook !== null) this.#trace.hook(Point.NextPicked, msg.index)
    this.handDown(msg)
  }

  /** Takes a message out that has not been handed down; false when it has been, or was never queued. */
  remove(msg: HandlerMsg): boolean {
    if (msg.stage !== Stage.Accepted || msg === this.currMsg) return false
    this.#queueOf(msg).remove(msg)
    return true
  }

  #queueOf(msg: HandlerMsg): MsgQueue {
    return msg.priority === 'high' ? this.hpXmitMsgs : this.xmitMsgs
  }

  /** Linux: a list whose lock is held in a panic is dropped, its messages are lost. */
  dropIfLocked(): void {
    if (this.hpXmitMsgs.locked || this.xmitMsgs.locked) this.clearQueues()
  }

  clearQueues(): void {
    this.hpXmitMsgs.clear()
    this.xmitMsgs.clear()
  }

  save(tape: Tape): void {
    const curr = this.currMsg === null ? NO_MSG : this.currMsg.index
    tape.put(curr | (this.holdsQueue ? 1 << 16 : 0))
    tape.put(this.#nextOrder)
    this.hpXmitMsgs.save(tape)
    this.xmitMsgs.save(tape)
  }

  load(tape: Tape): void {
    const word = tape.take()
    const curr = word & 0xffff
    this.currMsg = curr === NO_MSG ? null : this.#pool.slots[curr]!
    this.holdsQueue = word >> 16 !== 0
    this.#nextOrder = tape.take()
    this.hpXmitMsgs.load(tape, this.#pool)
    this.xmitMsgs.load(tape, this.#pool)
  }
}

const NO_MSG = 0xffff
