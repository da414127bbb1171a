/** A queue of messages linked through the messages themselves: no allocation, and every half-done change is a tracepoint. */
import type { Tape } from '../machine/tape.ts'
import { Point, type Trace } from '../machine/trace.ts'
import type { HandlerMsg } from './handler-msg.ts'

export class MsgQueue {
  head: HandlerMsg | null = null
  tail: HandlerMsg | null = null
  length = 0
  /** Set while a change is half done: what a spinlock that is held tells Linux. */
  locked = false
  readonly #trace: Trace

  constructor(trace: Trace) {
    this.#trace = trace
  }

  push(msg: HandlerMsg): void {
    const trace = this.#trace
    this.locked = true
    msg.previous = this.tail
    msg.next = null
    if (trace.hook !== null) trace.hook(Point.QueueLinking, msg.index)
    if (this.tail === null) this.head = msg
    else this.tail.next = msg
    if (trace.hook !== null) trace.hook(Point.QueueLinked, msg.index)
    this.tail = msg
    this.length++
    this.locked = false
  }

  shift(): HandlerMsg | null {
    const msg = this.head
    if (msg !== null) this.remove(msg)
    return msg
  }

  remove(msg: HandlerMsg): void {
    const trace = this.#trace
    this.locked = true
    if (msg.previous === null) this.head = msg.next
    else msg.previous.next = msg.next
    if (trace.hook !== null) trace.hook(Point.QueueUnlinking, msg.index)
    if (msg.next === null) this.tail = msg.previous
    else msg.next.previous = msg.previous
    msg.next = null
    msg.previous = null
    this.length--
    this.locked = false
  }

  /** Forgets what it holds; the messages' links are left as they are. */
  clear(): void {
    this.head = null
    this.tail = null
    this.length = 0
    this.locked = false
  }

  save(tape: Tape): void {
    const head = this.head === null ? NO_MSG : this.head.index
    const tail = this.tail === null ? NO_MSG : this.tail.index
    tape.put(head | (tail << 12) | (this.locked ? 1 << 24 : 0))
    tape.put(this.length)
  }

  load(tape: Tape, pool: { readonly slots: readonly HandlerMsg[] }): void {
    const word = tape.take()
    const head = word & 0xfff
    const tail = (word >> 12) & 0xfff
    this.head = head === NO_MSG ? null : pool.slots[head]!
    this.tail = tail === NO_MSG ? null : pool.slots[tail]!
    this.locked = word >> 24 !== 0
    this.length = tape.take()
  }
}

const NO_MSG = 0xfff
