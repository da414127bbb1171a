/** All messages that can be alive, made at construction: the pool is also the ledger that a panic goes by. */
import type { Saveable, Tape } from '../machine/tape.ts'
import { MAX_MSG_LENGTH } from '../protocol/message.ts'
import { Stage } from '../si/smi-msg.ts'
import { HandlerMsg, type Origin } from './handler-msg.ts'
import type { Done } from './reply.ts'
import type { IpmiUser } from './user.ts'

/** Slots that users cannot take: for events and messages that the driver fetches. */
export const FETCH_RESERVE = 2

export class MsgPool implements Saveable {
  /** The last slot is the panic's own and never handed out. */
  readonly slots: readonly HandlerMsg[]
  readonly panicMsg: HandlerMsg
  #free: HandlerMsg | null = null
  #freeCount = 0

  constructor(userSlots: number, maxLength = MAX_MSG_LENGTH) {
    const count = userSlots + FETCH_RESERVE
    if (count >= NO_MSG)
      throw new RangeError(`a pool of ${userSlots} messages, ${NO_MSG - FETCH_RESERVE - 1} is the most`)
    this.slots = Array.from({ length: count + 1 }, (_, index) => new HandlerMsg(index, maxLength))
    this.panicMsg = this.slots[count]!
    for (let i = count - 1; i >= 0; i--) this.free(this.slots[i]!)
  }

  /** Messages that are not in the pool: zero when nothing is under way. */
  get live(): number {
    return this.slots.length - 1 - this.#freeCount
  }

  /** Null when none is left (for users: when only the reserve is left). */
  alloc(kind: 'user' | 'fetch'): HandlerMsg | null {
    const msg = this.#free
    if (msg === null || (kind === 'user' && this.#freeCount <= FETCH_RESERVE)) return null
    this.#free = msg.next
    this.#freeCount--
    msg.next = null
    msg.stage = Stage.Building
    return msg
  }

  free(msg: HandlerMsg): void {
    msg.reset()
    if (msg === this.panicMsg) return
    msg.next = this.#free
    this.#free = msg
    this.#freeCount++
  }

  save(tape: Tape): void {
    tape.put((this.#free === null ? NO_MSG : this.#free.index) | (this.#freeCount << 12))
    for (const msg of this.slots) {
      const next = msg.next === null ? NO_MSG : msg.next.index
      const previous = msg.previous === null ? NO_MSG : msg.previous.index
      const marks =
        (msg.done === null ? 0 : 1) |
        (msg.priority === 'high' ? 2 : 0) |
        (msg.origin << 2) |
        (msg.isFromTarget ? 32 : 0)
      tape.put(next | (previous << 12) | (marks << 24))
      tape.put(msg.stage)
      if (msg.stage === Stage.Free) continue
      msg.save(tape)
      tape.put(msg.id)
      tape.put(msg.order)
      tape.put(msg.rqSeq | (msg.retriesLeft << 8))
      tape.put(msg.leftMs)
      tape.put(msg.retryTimeMs)
      tape.putRef(msg.done)
      tape.putRef(msg.user)
    }
  }

  load(tape: Tape): void {
    const word = tape.take()
    this.#free = this.#at(word & 0xfff)
    this.#freeCount = word >>> 12
    for (const msg of this.slots) {
      const links = tape.take()
      const stage = tape.take()
      if (stage === Stage.Free) {
        if (msg.stage !== Stage.Free) msg.reset()
      } else {
        const marks = links >>> 24
        msg.priority = (marks & 2) !== 0 ? 'high' : 'normal'
        msg.origin = ((marks >> 2) & 7) as Origin
        msg.isFromTarget = (marks & 32) !== 0
        msg.load(tape)
        msg.id = tape.take()
        msg.order = tape.take()
        const bridge = tape.take()
        msg.rqSeq = bridge & 0xff
        msg.retriesLeft = bridge >> 8
        msg.leftMs = tape.take()
        msg.retryTimeMs = tape.take()
        msg.done = tape.takeRef() as Done | null
        msg.user = tape.takeRef() as IpmiUser | null
      }
      msg.next = this.#at(links & 0xfff)
      msg.previous = this.#at((links >> 12) & 0xfff)
    }
  }

  #at(index: number): HandlerMsg | null {
    return index === NO_MSG ? null : this.slots[index]!
  }
}

const NO_MSG = 0xfff
