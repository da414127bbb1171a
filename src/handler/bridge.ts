/**
 * Traffic with other controllers: requests wrapped in Send Message, answers and commands out of Get Message.
 * IPMI 2.0 rev 1.1, sections 6.12 and 6.13, 22.6 and 22.7.
 */

import { ReadEventMessageBuffer, SendMessage } from '../protocol/commands/messaging.ts'
import { CompletionCode } from '../protocol/completion-code.ts'
import { LastwordError } from '../protocol/error.ts'
import { decodeIpmbWithoutAddress, encodeIpmb, type IpmbFrame } from '../protocol/ipmb.ts'
import { netFnLun } from '../protocol/message.ts'
import { NetFn } from '../protocol/net-fn.ts'
import { Fault, Stage } from '../si/smi-msg.ts'
import type { EventDelivery } from './events.ts'
import { type HandlerMsg, Origin } from './handler-msg.ts'
import type { MsgPool } from './msg-pool.ts'
import { SEQ_TABLE_SIZE, SeqTable } from './seq-table.ts'
import type { HandlerStats } from './stats.ts'
import type { IncomingCommand, IpmiAddr, IpmiRequest, IpmiUser } from './user.ts'
import type { UserList } from './user-list.ts'
import type { Xmit } from './xmit.ts'

type IpmbAddr = Extract<IpmiAddr, { kind: 'ipmb' }>

/** Answers to requests with this LUN go to the host's receive queue. Section 6.12, table 7-2. */
const SMS_LUN = 2
const DEFAULT_RETRIES = 4
const DEFAULT_RETRY_TIME_MS = 1000
const TRACK_REQUEST = 0x40
/** What an IPMB message of 32 bytes has room for, completion code included. IPMB 1.0, section 2.4. */
const MAX_ANSWER_LENGTH = 25

/** The handler, as far as bridging needs it. */
export interface BridgeHost {
  readonly pool: MsgPool
  readonly stats: HandlerStats
  readonly events: EventDelivery
  readonly slaveAddr: number
  readonly xmit: Xmit
  readonly runToCompletion: boolean
  allocForUser(): HandlerMsg
  answer(msg: HandlerMsg): void
  endEarly(msg: HandlerMsg, fault: Fault): void
}

export class Bridge {
  readonly seqTable = new SeqTable()
  readonly #host: BridgeHost
  readonly #users: UserList
  readonly #commandUsers = new Map<number, IpmiUser>()

  constructor(host: BridgeHost, users: UserList) {
    this.#host = host
    this.#users = users
  }

  wrapRequest(msg: HandlerMsg, addr: IpmbAddr, request: IpmiRequest): void {
    const data = request.data ?? new Uint8Array(0)
    if (10 + data.length > msg.data.length) {
      this.#host.stats.sentInvalidCommands++
      throw new LastwordError('REQUEST_BAD', `a bridged request of ${data.length} bytes is too long`)
    }
    const rqSeq = this.seqTable.add(msg)
    if (rqSeq < 0) {
      throw new LastwordError(
        'SEQ_TABLE_FULL',
        `${SEQ_TABLE_SIZE} bridged requests are under way, the most there can be`,
        {
          hint: 'Wait for an answer before you send more.',
        },
      )
    }
    msg.origin = Origin.Bridged
    msg.rqSeq = rqSeq
    msg.retriesLeft = request.retries ?? DEFAULT_RETRIES
    msg.retryTimeMs = request.retryTimeMs ?? DEFAULT_RETRY_TIME_MS
    this.#wrap(msg, addr.channel, {
      rsAddr: addr.slaveAddr,
      netFn: request.netFn,
      rsLun: addr.lun ?? 0,
      rqAddr: this.#host.slaveAddr,
      rqSeq,
      rqLun: SMS_LUN,
      cmd: request.cmd,
      data,
    })
    this.#host.stats.sentIpmbCommands++
  }

  #wrap(msg: HandlerMsg, channel: number, frame: IpmbFrame): void {
    const bytes = encodeIpmb(frame)
    msg.data[0] = netFnLun(SendMessage.netFn, 0)
    msg.data[1] = SendMessage.cmd
    msg.data[2] = channel | (msg.origin === Origin.Bridged ? TRACK_REQUEST : 0)
    msg.data.set(bytes, 3)
    msg.dataSize = 3 + bytes.length
  }

  /** Send Message has been answered: the request is on the bus, or never got there. */
  sent(msg: HandlerMsg): void {
    if (msg.done === null) return this.#finish(msg)
    const accepted = msg.fault === Fault.None && msg.isMatched && msg.completionCode === CompletionCode.Ok
    if (accepted) {
      msg.stage = Stage.Bridged
      msg.leftMs = msg.retryTimeMs
      return
    }
    this.#host.stats.sentIpmbCommandErrs++
    if (msg.fault === Fault.None && !msg.isMatched) msg.fault = Fault.WrongReply
    this.#finish(msg)
  }

  #finish(msg: HandlerMsg): void {
    this.seqTable.remove(msg)
    this.#host.answer(msg)
  }

  forget(msg: HandlerMsg): void {
    if (msg.origin === Origin.Bridged) this.seqTable.remove(msg)
  }

  tick(elapsedMs: number): void {
    this.seqTable.tick(elapsedMs, msg => {
      // The time-out of one before may have panicked the host: no user is called any more (F15).
      if (this.#host.runToCompletion) return
      if (msg.retriesLeft > 0) {
        msg.retriesLeft--
        this.#host.stats.retransmittedIpmbCommands++
        this.#host.xmit.smiSend(msg)
      } else {
        this.#host.stats.timedOutIpmbCommands++
        msg.fault = Fault.BridgeTimeout
        this.#finish(msg)
      }
    })
  }

  /** The driver has fetched an event or a message. */
  fetched(msg: HandlerMsg): void {
    const body = msg.rsp.slice(2, msg.rspSize)
    const isEvent = msg.data[1] === ReadEventMessageBuffer.cmd
    this.#host.pool.free(msg)
    if (isEvent) this.#event(body)
    else this.#message(body)
  }

  #event(body: Uint8Array): void {
    if (body.length < 17) {
      this.#host.stats.invalidEvents++
      return
    }
    this.#host.stats.events++
    this.#host.events.deliver(body.subarray(1, 17), this.#users.all)
  }

  #message(body: Uint8Array): void {
    const channel = (body[1] ?? 0) & 0x0f
    const frame = decodeIpmbWithoutAddress(body.subarray(2), this.#host.slaveAddr)
    if (frame === undefined) this.#countInvalid(body[2] ?? 0)
    else if ((frame.netFn & 1) !== 0) this.#response(frame)
    else this.#command(channel, frame)
  }

  /** The first byte of a frame is netFn and LUN; an odd netFn is a response's. */
  #countInvalid(netFnLun: number): void {
    if ((netFnLun & 4) === 0) this.#host.stats.invalidCommands++
    else this.#host.stats.invalidIpmbResponses++
  }

  /** The answer to a bridged request; one that nobody waits for any more is counted and dropped. */
  #response(frame: IpmbFrame): void {
    const msg = this.seqTable.at(frame.rqSeq)
    const wrapped = msg?.data
    // Our own frame begins at byte 3 of Send Message: addressee, netFn/LUN, checksum, sender, sequence, command.
    const isTheirs =
      wrapped !== undefined &&
      wrapped[3] === frame.rqAddr &&
      wrapped[4]! >> 2 === (frame.netFn & ~1) &&
      wrapped[8] === frame.cmd
    if (msg === null || !isTheirs || msg.done === null) {
      this.#host.stats.unhandledIpmbResponses++
      return
    }
    this.#host.stats.handledIpmbResponses++
    msg.rsp[0] = netFnLun(frame.netFn, frame.rqLun)
    msg.rsp[1] = frame.cmd
    msg.rsp.set(frame.data, 2)
    msg.rspSize = 2 + frame.data.length
    msg.isFromTarget = true
    // Also while it is being sent again: the first answer is the answer.
    this.#host.endEarly(msg, msg.rspSize < 3 ? Fault.TooShort : Fault.None)
  }

  #command(channel: number, frame: IpmbFrame): void {
    const user = this.#commandUsers.get((frame.netFn << 8) | frame.cmd)
    if (user?.handlers.onCommand === undefined) {
      this.#host.stats.unhandledCommands++
      this.#refuse(channel, frame)
      return
    }
    this.#host.stats.handledCommands++
    const command: IncomingCommand = {
      channel,
      slaveAddr: frame.rqAddr,
      lun: frame.rqLun,
      rqSeq: frame.rqSeq,
      netFn: frame.netFn,
      cmd: frame.cmd,
      data: frame.data,
      respond: body => this.#respond(channel, frame, body),
    }
    user.handlers.onCommand(command)
  }

  /** Nobody registered for the command. Its sender asks again when there was no room for the refusal. */
  #refuse(channel: number, frame: IpmbFrame): void {
    try {
      this.#respond(channel, frame, Uint8Array.of(CompletionCode.InvalidCommand))
    } catch (error) {
      if (!(error instanceof LastwordError)) throw error
      this.#host.stats.unsentIpmbResponses++
    }
  }

  /** Throws LastwordError REQUEST_BAD, INTERFACE_GONE, PANICKED or POOL_EXHAUSTED. */
  #respond(channel: number, to: IpmbFrame, body: Uint8Array): void {
    if (body.length < 1 || body.length > MAX_ANSWER_LENGTH) {
      throw new LastwordError(
        'REQUEST_BAD',
        `an answer of ${body.length} bytes; a completion code and at most ${MAX_ANSWER_LENGTH - 1} bytes of data are sent`,
      )
    }
    const msg = this.#host.allocForUser()
    msg.origin = Origin.Answer
    this.#wrap(msg, channel, {
      rsAddr: to.rqAddr,
      netFn: to.netFn | 1,
      rsLun: to.rqLun,
      rqAddr: this.#host.slaveAddr,
      rqSeq: to.rqSeq,
      rqLun: to.rsLun,
      cmd: to.cmd,
      data: body,
    })
    this.#host.stats.sentIpmbResponses++
    this.#host.xmit.smiSend(msg)
  }

  register(user: IpmiUser, netFn: number, cmd: number): void {
    const key = (netFn << 8) | cmd
    if (netFn === NetFn.App && cmd === SendMessage.cmd) {
      throw new LastwordError('REQUEST_BAD', 'Send Message is for the BMC, nobody can register for it')
    }
    if (this.#commandUsers.has(key)) {
      throw new LastwordError('COMMAND_TAKEN', 'another user is registered for this command already')
    }
    this.#commandUsers.set(key, user)
  }

  unregister(user: IpmiUser): void {
    for (const [key, owner] of this.#commandUsers) if (owner === user) this.#commandUsers.delete(key)
  }
}
