/**
 * The last words, message by message, as Linux sends them: the platform event, then, for a text, where to write it,
 * then the text in F0h records. A machine: it fills one message at a time and looks at the answer.
 */

import { GetDeviceId } from '../protocol/commands/device.ts'
import { GetEventReceiver, PlatformEvent } from '../protocol/commands/event.ts'
import { SendMessage } from '../protocol/commands/messaging.ts'
import { AddSelEntry } from '../protocol/commands/sel.ts'
import { CompletionCode } from '../protocol/completion-code.ts'
import { checksum } from '../protocol/ipmb.ts'
import {
  PLATFORM_EVENT_BYTES,
  TEXT_BYTES_PER_RECORD,
  textRecords,
  writePanicEvent,
  writePanicText,
} from '../protocol/last-words.ts'
import { netFnLun } from '../protocol/message.ts'
import { SEL_RECORD_BYTES } from '../protocol/sel-record.ts'
import { Fault } from '../si/smi-msg.ts'
import type { HandlerMsg } from './handler-msg.ts'

/** As Linux's module parameter `panic_op`. */
export type PanicOp = 'none' | 'event' | 'string'

type Step = 'event' | 'deviceId' | 'eventReceiver' | 'text' | 'end'

/** A BMC that says it is busy, starting up, or (for a moment) not in the state for it. */
const NOT_NOW: readonly number[] = [
  CompletionCode.NodeBusy,
  CompletionCode.Timeout,
  CompletionCode.InitInProgress,
  CompletionCode.NotSupportedInState,
]
const BUSY_PAUSE_US = 100_000
const DEAD_PAUSE_US = 1_000_000

/** Bits of Get Device ID's "additional device support". Section 20.1. */
const SUPPORTS_SEL = 0x04
const SUPPORTS_EVENT_GENERATOR = 0x20
/** Where "additional device support" stands in the response, netFn and command counted. */
const SUPPORT_AT = 8

export class LastWordsSender {
  readonly msg: HandlerMsg
  readonly #op: PanicOp
  readonly #slaveAddr: number
  readonly #text: Uint8Array
  readonly #whenRefused: 'retries' | 'goesOn'
  readonly #encoder = new TextEncoder()
  #textLength = 0
  #step: Step = 'end'
  #piece = 0
  #receiver = 0
  #receiverLun = 0
  /** Messages that the last words take as far as known, and those that the BMC has accepted. */
  wanted = 0
  sent = 0

  constructor(
    msg: HandlerMsg,
    op: PanicOp,
    maxTextRecords: number,
    slaveAddr: number,
    whenRefused: 'retries' | 'goesOn',
  ) {
    this.#whenRefused = whenRefused
    this.msg = msg
    this.#op = op
    this.#slaveAddr = slaveAddr
    const records = textRecords(maxTextRecords * TEXT_BYTES_PER_RECORD)
    this.#text = new Uint8Array(records * TEXT_BYTES_PER_RECORD)
  }

  get isComplete(): boolean {
    return this.#step === 'end' && this.sent === this.wanted
  }

  /** The text is in our own BMC's SEL, or went to another controller whose answer nobody waited for. */
  get isConfirmed(): boolean {
    return this.#receiver === 0
  }

  begin(text: string): void {
    this.#textLength = this.#encoder.encodeInto(text, this.#text).written
    this.#step = this.#op === 'none' ? 'end' : 'event'
    this.#piece = 0
    this.#receiver = 0
    this.#receiverLun = 0
    this.sent = 0
    const records = this.#op === 'string' ? textRecords(this.#textLength) : 0
    this.wanted = this.#op === 'none' ? 0 : 1 + records
  }

  /** Fills the next message; false when all is said. */
  next(): boolean {
    switch (this.#step) {
      case 'event':
        this.#begin(PlatformEvent.netFn, PlatformEvent.cmd, PLATFORM_EVENT_BYTES)
        writePanicEvent(this.msg.data, 2, this.#text, this.#textLength)
        return true
      case 'deviceId':
        this.#begin(GetDeviceId.netFn, GetDeviceId.cmd, 0)
        return true
      case 'eventReceiver':
        this.#begin(GetEventReceiver.netFn, GetEventReceiver.cmd, 0)
        return true
      case 'text':
        this.#fillText()
        return true
      case 'end':
        return false
    }
  }

  #begin(netFn: number, cmd: number, dataBytes: number): void {
    this.msg.reset()
    this.msg.data[0] = netFnLun(netFn, 0)
    this.msg.data[1] = cmd
    this.msg.dataSize = 2 + dataBytes
  }

  #fillText(): void {
    const { msg } = this
    if (this.#receiver === 0) {
      this.#begin(AddSelEntry.netFn, AddSelEntry.cmd, SEL_RECORD_BYTES)
      writePanicText(msg.data, 2, this.#slaveAddr, this.#piece, this.#text, this.#textLength)
      return
    }
    // The SEL is another controller's: the record goes there inside Send Message, on channel 0, the IPMB.
    this.#begin(SendMessage.netFn, SendMessage.cmd, 1 + 7 + SEL_RECORD_BYTES)
    const at = 3
    msg.data[2] = 0x00
    msg.data[at] = this.#receiver
    msg.data[at + 1] = netFnLun(AddSelEntry.netFn, this.#receiverLun)
    msg.data[at + 2] = checksum(msg.data, at, at + 2)
    msg.data[at + 3] = this.#slaveAddr
    msg.data[at + 4] = (this.#piece & 0x3f) << 2
    msg.data[at + 5] = AddSelEntry.cmd
    writePanicText(msg.data, at + 6, this.#slaveAddr, this.#piece, this.#text, this.#textLength)
    msg.data[at + 6 + SEL_RECORD_BYTES] = checksum(msg.data, at + 3, at + 6 + SEL_RECORD_BYTES)
  }

  /** Looks at the answer to the message that `next` filled. Returns how long to pause before the same one again, or 0. */
  answered(): number {
    const { msg } = this
    const answeredAs =
      msg.fault === Fault.None && msg.isMatched ? msg.completionCode : CompletionCode.Unspecified
    if (this.#whenRefused === 'retries') {
      if (msg.fault === Fault.Hosed || msg.fault === Fault.InterfaceDead) return DEAD_PAUSE_US
      if (NOT_NOW.includes(answeredAs)) return BUSY_PAUSE_US
    }
    const isOk = answeredAs === CompletionCode.Ok
    if (isOk && (this.#step === 'event' || this.#step === 'text')) this.sent++
    this.#advance(isOk)
    return 0
  }

  #advance(isOk: boolean): void {
    const { rsp } = this.msg
    switch (this.#step) {
      case 'event':
        this.#step = this.#op === 'string' && this.#textLength > 0 ? 'deviceId' : 'end'
        break
      case 'deviceId': {
        const supports = isOk ? rsp[SUPPORT_AT]! : SUPPORTS_SEL
        this.#step = (supports & SUPPORTS_EVENT_GENERATOR) !== 0 ? 'eventReceiver' : 'text'
        if (this.#step === 'text' && (supports & SUPPORTS_SEL) === 0) this.#step = 'end'
        break
      }
      case 'eventReceiver':
        if (isOk && this.#isForeign(rsp[3]!)) {
          this.#receiver = rsp[3]!
          this.#receiverLun = rsp[4]! & 3
        }
        this.#step = 'text'
        break
      case 'text':
        this.#piece++
        if (this.#piece >= textRecords(this.#textLength)) this.#step = 'end'
        break
      case 'end':
    }
  }

  /** A valid IPMB address that is not our own BMC's. */
  #isForeign(address: number): boolean {
    return (address & 1) === 0 && address !== 0 && address !== this.#slaveAddr
  }
}
