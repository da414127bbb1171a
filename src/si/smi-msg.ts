/** The message that handler and driver pass between them, and what each of the two asks of the other. */
import type { Saveable, Tape } from '../machine/tape.ts'

/**
 * How far a message has come. The stage is the ledger's one truth: after a panic the message's fate follows
 * from it, whatever the queues look like. Each step forward is a single store.
 */
export const Stage = {
  /** In the pool. */
  Free: 0,
  /** Being filled in; nobody has promised anything. */
  Building: 1,
  /** Accepted: it will be sent once, or end with an error. */
  Accepted: 2,
  /** The machine has a copy and will transfer it, or is doing so. */
  Started: 3,
  /** Its transaction has ended; `rsp` or `fault` says how. */
  Ended: 4,
  /** A bridged request: sent, its answer will come on its own (section 6.12). */
  Bridged: 5,
} as const
export type Stage = (typeof Stage)[keyof typeof Stage]

/** Why a message has no response of the BMC's. */
export const Fault = {
  None: 0,
  /** The interface failed to follow its state machine or did not answer in time; the request may not be executed. */
  Hosed: 1,
  /** The request was transferred, its response was lost: it may have been executed. */
  ResponseLost: 2,
  /** The response did not fit. */
  Truncated: 3,
  /** The response has fewer than three bytes. */
  TooShort: 4,
  /** The response is another command's. */
  WrongReply: 5,
  /** Longer or shorter than the interface can carry. */
  BadLength: 6,
  /** The machine was not ready to take it: a fault in the driver. */
  NotReady: 7,
  /** The interface is known to be dead; it is tried again within a second. */
  InterfaceDead: 8,
  /** Policy `drop`, or a panic cut what had not begun. */
  PanicDropped: 9,
  /** The panic's budget was spent before its turn came. */
  PanicBudget: 10,
  /** A bridged request without an answer after all its retries. */
  BridgeTimeout: 11,
  /** The user gave up. */
  Aborted: 12,
  /** The user was destroyed. */
  UserGone: 13,
  /** The interface was taken away. */
  InterfaceGone: 14,
} as const
export type Fault = (typeof Fault)[keyof typeof Fault]

/** One slot of a pool, made at construction and used again and again. */
export class SmiMsg implements Saveable {
  /** Place in the pool; what tracepoints name it by. */
  readonly index: number
  /** The request: netFn/LUN, command, data. */
  readonly data: Uint8Array
  dataSize = 0
  /** The response: netFn/LUN, command, completion code, data. */
  readonly rsp: Uint8Array
  rspSize = 0
  stage: Stage = Stage.Free
  fault: Fault = Fault.None
  /** Where in its transfer it failed, for people; empty when that says nothing. */
  where = ''
  /** Links of the queue that holds it. */
  next: SmiMsg | null = null
  previous: SmiMsg | null = null

  constructor(index: number, maxLength: number) {
    this.index = index
    this.data = new Uint8Array(maxLength)
    this.rsp = new Uint8Array(maxLength)
  }

  /** The pool saves links as indices; see `MsgPool`. */
  save(tape: Tape): void {
    tape.put(this.stage | (this.fault << 4) | (this.dataSize << 10) | (this.rspSize << 20))
    tape.putBytes(this.data, this.dataSize)
    tape.putBytes(this.rsp, this.rspSize)
  }

  load(tape: Tape): void {
    const head = tape.take()
    this.stage = (head & 0x0f) as Stage
    this.fault = ((head >> 4) & 0x3f) as Fault
    this.dataSize = (head >> 10) & 0x3ff
    this.rspSize = (head >> 20) & 0x3ff
    tape.takeBytes(this.data, this.dataSize)
    tape.takeBytes(this.rsp, this.rspSize)
  }
}

/** What the driver asks of the layer above: Linux's `ipmi_smi_msg_received` and its neighbours. */
export interface SmiUpper {
  /** A message for a transaction of the driver's own; null when the pool has none to spare. */
  allocFetchMsg(): SmiMsg | null
  freeFetchMsg(msg: SmiMsg): void
  /** A transaction has ended. `msg` is a user's, or an event or message that was fetched. */
  smiMsgReceived(msg: SmiMsg): void
  watchdogPretimeout(): void
  /** By index, for `load`. */
  msgAt(index: number): SmiMsg
}

/** What the handler asks of a driver: Linux's `ipmi_smi_handlers`. */
export interface SmiDriver extends Saveable {
  startProcessing(upper: SmiUpper): void
  /** Step 2. The caller keeps at most one message out. */
  sender(msg: SmiMsg): void
  /** Drives the interface as far as it goes without waiting. */
  poll(elapsedUs: number): SiResult
  requestEvents(): void
  setRunToCompletion(): void
  /** Settles what a panic cut inside the driver's stores, so that going on sends each message once. */
  settle(): void
  /** True when nothing is accepted or under way. */
  readonly isIdle: boolean
  setMaintenance(state: 'on' | 'off'): void
  /** Ends with an error whatever the driver holds, and takes nothing more. */
  shutdown(): void
}

/** What a turn of a machine or a driver asks for. Linux's `si_sm_result`. */
export const SiResult = {
  /** Call again at once. */
  CallWithoutDelay: 0,
  /** Call again after a short while. */
  CallWithDelay: 1,
  /** Call again after a clock tick: error recovery is not for spinning. */
  CallWithTickDelay: 2,
  /** The transaction has ended; take the response. */
  TransactionComplete: 3,
  /** Nothing to do. */
  Idle: 4,
  /** The hardware failed to follow the state machine; the transaction is lost. */
  Hosed: 5,
  /** Nothing to do, but the BMC wants attention. */
  Attention: 6,
} as const
export type SiResult = (typeof SiResult)[keyof typeof SiResult]
