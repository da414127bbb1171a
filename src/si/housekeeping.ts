/**
 * What the driver asks of the BMC on its own account: message flags, events, messages from other buses, and the
 * global enables. IPMI 2.0 rev 1.1, sections 22.1 to 22.8; Linux's `si_intf_state`.
 */
import type { Saveable, Tape } from '../machine/tape.ts'
import { Point, type Trace } from '../machine/trace.ts'
import {
  ClearMessageFlags,
  GetBmcGlobalEnables,
  GetMessage,
  GetMessageFlags,
  MessageFlag,
  ReadEventMessageBuffer,
  SetBmcGlobalEnables,
} from '../protocol/commands/messaging.ts'
import { messageTitle, netFnLun, responseByte } from '../protocol/message.ts'
import { NetFn } from '../protocol/net-fn.ts'
import type { SiMachine } from './machine.ts'
import type { PanicPolicy } from './panic-policy.ts'
import { Fault, type SmiMsg, type SmiUpper, Stage } from './smi-msg.ts'

/** What the transaction that is under way is for. */
export const SiState = {
  /** A user's message, or nothing. */
  Normal: 0,
  GettingFlags: 1,
  GettingEvents: 2,
  ClearingFlags: 3,
  GettingMessages: 4,
  CheckingEnables: 5,
  SettingEnables: 6,
} as const
export type SiState = (typeof SiState)[keyof typeof SiState]

/** So many fetches in a row, then a user's message gets its turn: a BMC that always has one more must starve nobody. */
const MAX_FETCHES_IN_A_ROW = 10

const APP = netFnLun(NetFn.App, 0)
/** Bit 2 of the global enables, and those that we set or clear. Section 22.1. */
const EVENT_MESSAGE_BUFFER = 0x04
const OUR_ENABLES = 0x07

/** The driver, as far as its housekeeping needs it. */
export interface HousekeepingHost {
  readonly machine: SiMachine
  readonly trace: Trace
  readonly policy: PanicPolicy
  readonly upper: SmiUpper | null
  readonly runToCompletion: boolean
  currMsg: SmiMsg | null
  readonly stats: {
    attentions: number
    flagFetches: number
    events: number
    incomingMessages: number
    watchdogPretimeouts: number
    wrongReplies: number
  }
  notice(notice: 'wrongReply', text: string): void
}

export class Housekeeping implements Saveable {
  readonly #driver: HousekeepingHost
  readonly #events: 'on' | 'off'
  readonly #own = new Uint8Array(4)
  readonly #ownRsp = new Uint8Array(64)
  state: SiState = SiState.Normal
  #msgFlags = 0
  #requested = false
  #gotAttention = false
  #maintenance = false
  #fetchesInARow = 0
  #gaveWrongReply = false

  constructor(driver: HousekeepingHost, events: 'on' | 'off') {
    this.#driver = driver
    this.#events = events
  }

  /** Checks the enables and fetches events when the interface is next idle. */
  request(): void {
    if (this.#events === 'on' && !this.#maintenance) this.#requested = true
  }

  setMaintenance(state: 'on' | 'off'): void {
    this.#maintenance = state === 'on'
    if (this.#maintenance) this.#requested = false
  }

  /** So much was fetched without a pause that somebody else has a turn now, be it only the clock (F18). */
  get isTired(): boolean {
    return this.#fetchesInARow >= MAX_FETCHES_IN_A_ROW
  }

  /** Somebody else had a turn: the count of fetches begins anew here and nowhere else (F19). */
  rest(): void {
    this.#fetchesInARow = 0
  }

  /** The machine is idle. True when a transaction was begun for the BMC's attention or for flags still to handle. */
  attend(attention: boolean): boolean {
    if (attention) this.#gotAttention = true
    if (!this.#mayFetch() || this.isTired) return false
    if (this.#msgFlags !== 0 && this.#handleFlags()) return true
    if (!this.#gotAttention) return false
    this.#gotAttention = false
    this.#driver.stats.attentions++
    this.#driver.stats.flagFetches++
    this.#fetchesInARow++
    return this.#startOwn(SiState.GettingFlags, GetMessageFlags.cmd)
  }

  /** True when a check that was requested has begun. */
  startRequested(): boolean {
    if (!this.#requested || !this.#mayFetch() || this.isTired) return false
    this.#requested = false
    return this.#startOwn(SiState.CheckingEnables, GetBmcGlobalEnables.cmd)
  }

  /** A panic that trusts the ledger has no time for the BMC's news, which may never end (F10). */
  #mayFetch(): boolean {
    return !(this.#driver.runToCompletion && this.#driver.policy.recovery === 'ledger')
  }

  #startOwn(state: SiState, cmd: number, argument = -1): boolean {
    const driver = this.#driver
    this.#own[0] = APP
    this.#own[1] = cmd
    if (argument >= 0) this.#own[2] = argument
    if (driver.trace.hook !== null) driver.trace.hook(Point.Fetch, -1)
    if (driver.machine.start(this.#own, argument >= 0 ? 3 : 2) !== Fault.None) return false
    if (driver.trace.hook !== null) driver.trace.hook(Point.Fetch, -1)
    this.state = state
    return true
  }

  /** True when a transaction was begun for one of the flags. */
  #handleFlags(): boolean {
    const driver = this.#driver
    if ((this.#msgFlags & MessageFlag.WatchdogPreTimeout) !== 0) {
      this.#msgFlags &= ~MessageFlag.WatchdogPreTimeout
      driver.stats.watchdogPretimeouts++
      const begun = this.#startOwn(
        SiState.ClearingFlags,
        ClearMessageFlags.cmd,
        MessageFlag.WatchdogPreTimeout,
      )
      driver.upper!.watchdogPretimeout()
      return begun
    }
    if ((this.#msgFlags & MessageFlag.ReceiveMessageAvailable) !== 0) {
      return this.#startFetch(SiState.GettingMessages, GetMessage.cmd)
    }
    if ((this.#msgFlags & MessageFlag.EventMessageBufferFull) !== 0) {
      return this.#startFetch(SiState.GettingEvents, ReadEventMessageBuffer.cmd)
    }
    this.#msgFlags = 0
    return false
  }

  #startFetch(state: SiState, cmd: number): boolean {
    const driver = this.#driver
    const msg = driver.upper!.allocFetchMsg()
    // F27: the flag stays up, and the BMC keeps what it has until there is a message for it.
    if (msg === null) return false
    this.#fetchesInARow++
    msg.data[0] = APP
    msg.data[1] = cmd
    msg.dataSize = 2
    if (driver.trace.hook !== null) driver.trace.hook(Point.Fetch, msg.index)
    driver.currMsg = msg
    if (driver.machine.start(msg.data, 2) !== Fault.None) {
      driver.currMsg = null
      driver.upper!.freeFetchMsg(msg)
      return false
    }
    if (driver.trace.hook !== null) driver.trace.hook(Point.Fetch, msg.index)
    this.state = state
    msg.stage = Stage.Started
    return true
  }

  /** The transaction of `state` has ended. */
  transactionDone(): void {
    const state = this.state
    const { trace } = this.#driver
    if (trace.hook !== null) trace.hook(Point.FetchDone, -1)
    switch (state) {
      case SiState.GettingFlags:
        this.#msgFlags = this.#takeOwn() >= 4 && this.#ownRsp[2] === 0 ? this.#ownRsp[3]! : 0
        this.state = SiState.Normal
        break
      case SiState.GettingEvents:
        this.#fetched(MessageFlag.EventMessageBufferFull)
        break
      case SiState.GettingMessages:
        this.#fetched(MessageFlag.ReceiveMessageAvailable)
        break
      case SiState.CheckingEnables:
        this.#enablesKnown()
        break
      default:
        this.#takeOwn()
        this.state = SiState.Normal
        if (state === SiState.SettingEnables) this.#msgFlags |= MessageFlag.EventMessageBufferFull
    }
  }

  /** The size of the response to our own request, or 0 when it is none. */
  #takeOwn(): number {
    const size = this.#driver.machine.takeResponse(this.#ownRsp)
    if (this.#driver.machine.fault !== Fault.None) return 0
    return this.#isReply(this.#own, this.#ownRsp, size) ? size : 0
  }

  /** A BMC that gives answers to other questions is told of once, until it gives a right one. */
  #isReply(request: Uint8Array, response: Uint8Array, size: number): boolean {
    const isReply = size >= 3 && response[0] === responseByte(request[0]!) && response[1] === request[1]
    if (!isReply && !this.#gaveWrongReply && !this.#driver.runToCompletion) {
      this.#driver.notice('wrongReply', `${messageTitle(request)} was answered as ${messageTitle(response)}`)
    }
    if (!isReply) this.#driver.stats.wrongReplies++
    this.#gaveWrongReply = !isReply
    return isReply
  }

  /** An event or a message has come, or there was none left; the flag goes down only then. */
  #fetched(flag: number): void {
    const driver = this.#driver
    const msg = driver.currMsg
    if (msg === null) {
      this.state = SiState.Normal
      return
    }
    msg.rspSize = driver.machine.takeResponse(msg.rsp)
    msg.fault = driver.machine.fault
    driver.currMsg = null
    this.state = SiState.Normal
    const isReply = msg.fault === Fault.None && this.#isReply(msg.data, msg.rsp, msg.rspSize)
    if (!isReply || msg.rsp[2] !== 0) {
      this.#msgFlags &= ~flag
      driver.upper!.freeFetchMsg(msg)
      return
    }
    if (flag === MessageFlag.EventMessageBufferFull) driver.stats.events++
    else driver.stats.incomingMessages++
    msg.stage = Stage.Ended
    driver.upper!.smiMsgReceived(msg)
  }

  /** A BMC that was reset from outside has lost its enables: put them back, then look for events. */
  #enablesKnown(): void {
    const size = this.#takeOwn()
    this.state = SiState.Normal
    if (size < 4 || this.#ownRsp[2] !== 0) return
    const enables = this.#ownRsp[3]!
    const wanted = (enables & ~OUR_ENABLES) | EVENT_MESSAGE_BUFFER
    if (wanted === enables) this.#msgFlags |= MessageFlag.EventMessageBufferFull
    else this.#startOwn(SiState.SettingEnables, SetBmcGlobalEnables.cmd, wanted)
  }

  /** The interface died: nothing of ours is worth a second try now. */
  giveUp(): void {
    const fetching = this.state === SiState.GettingEvents || this.state === SiState.GettingMessages
    this.state = SiState.Normal
    this.#msgFlags = 0
    this.#gotAttention = false
    if (fetching) this.#dropFetch()
  }

  /** A panic cut a fetch before it began or after it ended: the BMC still has what it had. */
  settle(): void {
    if (this.state === SiState.Normal || !this.#driver.machine.isIdle) return
    this.giveUp()
  }

  #dropFetch(): void {
    const driver = this.#driver
    const msg: SmiMsg | null = driver.currMsg
    driver.currMsg = null
    if (msg !== null) driver.upper!.freeFetchMsg(msg)
  }

  save(tape: Tape): void {
    const marks = (this.#requested ? 1 : 0) | (this.#gotAttention ? 2 : 0) | (this.#maintenance ? 4 : 0)
    tape.put(this.state | (marks << 4) | (this.#msgFlags << 8) | (this.#fetchesInARow << 16))
  }

  load(tape: Tape): void {
    const word = tape.take()
    this.state = (word & 0x0f) as SiState
    this.#requested = (word & 0x10) !== 0
    this.#gotAttention = (word & 0x20) !== 0
    this.#maintenance = (word & 0x40) !== 0
    this.#msgFlags = (word >> 8) & 0xff
    this.#fetchesInARow = word >> 16
  }
}
