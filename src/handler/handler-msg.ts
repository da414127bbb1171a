/** A message as the handler knows it: the driver's slot, and whose it is. Linux's `ipmi_smi_msg` and `ipmi_recv_msg`. */

import { findCommand } from '../protocol/catalogue.ts'
import { CompletionCodeError } from '../protocol/completion-code.ts'
import type { LastwordError } from '../protocol/error.ts'
import { messageTitle, netFnOf, responseByte } from '../protocol/message.ts'
import { Fault, SmiMsg, Stage } from '../si/smi-msg.ts'
import { faultError } from './fault-error.ts'
import type { Done, Reply } from './reply.ts'
import type { IpmiUser } from './user.ts'

/** Where a message comes from, which says what is done with its answer. */
export const Origin = {
  User: 0,
  /** A user's request to another controller, wrapped in Send Message. */
  Bridged: 1,
  /** Our answer to a command that came over a bus, wrapped in Send Message; nobody waits for it. */
  Answer: 2,
  /** A fetch of the driver's: an event or a message. */
  Fetch: 3,
  /** The panic's own. */
  Panic: 4,
} as const
export type Origin = (typeof Origin)[keyof typeof Origin]

export class HandlerMsg extends SmiMsg implements Reply {
  declare next: HandlerMsg | null
  declare previous: HandlerMsg | null
  /** The request's name for its user. */
  id = 0
  /** Counts acceptances, a retransmission's too: the order in which a panic sends what is left. */
  order = 0
  priority: 'normal' | 'high' = 'normal'
  origin: Origin = Origin.User
  user: IpmiUser | null = null
  /** Null once the user has been answered. */
  done: Done | null = null
  /** For Origin.Bridged: the sequence number, and what is left of time and tries. */
  rqSeq = 0
  retriesLeft = 0
  retryTimeMs = 0
  leftMs = 0
  isFromTarget = false

  get completionCode(): number {
    return this.rspSize >= 3 ? this.rsp[2]! : 0xff
  }

  get body(): Uint8Array {
    return this.rsp.subarray(2, Math.max(2, this.rspSize))
  }

  get error(): LastwordError | null {
    if (this.fault !== Fault.None) return faultError(this.fault, this.title, this.#failedWhere)
    if (this.completionCode === 0) return null
    const command = findCommand(netFnOf(this.rsp[0]!), this.rsp[1]!, this.rsp.subarray(3, this.rspSize))
    return new CompletionCodeError(this.#refusedTitle, this.completionCode, command)
  }

  /** A bridged request can be refused twice: by our own BMC, and by whom it was for. */
  get #refusedTitle(): string {
    if (this.origin !== Origin.Bridged || this.isFromTarget) return this.title
    return `${messageTitle(this.data.subarray(0, this.dataSize))} for ${this.#bridgedTitle}`
  }

  /** The request inside Send Message: its netFn and command stand in the frame that begins at byte 3. */
  get #bridgedTitle(): string {
    const inner = messageTitle(Uint8Array.of(this.data[4]!, this.data[8]!))
    return `${inner} (to controller 0x${this.data[3]!.toString(16)})`
  }

  get #failedWhere(): string {
    if (this.fault !== Fault.WrongReply) return this.where
    return `it is one to ${messageTitle(this.rsp.subarray(0, this.rspSize))}`
  }

  get title(): string {
    if (this.origin === Origin.Bridged) return this.#bridgedTitle
    return messageTitle(this.data.subarray(0, this.dataSize))
  }

  /** The response belongs to the request: same netFn plus one, same command. */
  get isMatched(): boolean {
    return this.rsp[0] === responseByte(this.data[0]!) && this.rsp[1] === this.data[1]
  }

  /** Every field as new: a slot that is used again must carry nothing over (F17). */
  reset(): void {
    this.dataSize = 0
    this.rspSize = 0
    this.fault = Fault.None
    this.where = ''
    this.id = 0
    this.order = 0
    this.priority = 'normal'
    this.origin = Origin.User
    this.user = null
    this.done = null
    this.rqSeq = 0
    this.retriesLeft = 0
    this.retryTimeMs = 0
    this.leftMs = 0
    this.isFromTarget = false
    this.next = null
    this.previous = null
    this.stage = Stage.Free
  }
}
