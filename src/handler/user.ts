/** A user of the handler: who sends requests, and who gets events and commands. Linux's `ipmi_user`. */
import type { Done } from './reply.ts'

/** Where a request goes. */
export type IpmiAddr =
  /** The BMC itself. */
  | { kind: 'systemInterface'; lun?: number }
  /** A controller on an IPMB behind it; over LAN also one behind another, `transit`, on its `channel`. */
  | {
      kind: 'ipmb'
      channel: number
      slaveAddr: number
      lun?: number
      transit?: { channel: number; slaveAddr: number }
    }

export const bmcAddr: IpmiAddr = { kind: 'systemInterface' }

export interface IpmiRequest {
  /** The BMC unless said otherwise. */
  addr?: IpmiAddr
  netFn: number
  cmd: number
  /** What follows the command byte. */
  data?: Uint8Array
  /** High goes before all that is queued as normal. */
  priority?: 'normal' | 'high'
  /** For bridged requests: how often it is sent again, 4 unless said otherwise. */
  retries?: number
  /** For bridged requests: how long each answer is waited for, 1000 unless said otherwise. */
  retryTimeMs?: number
}

/** A command that came from another controller, for a user who registered for it. */
export interface IncomingCommand {
  channel: number
  slaveAddr: number
  lun: number
  rqSeq: number
  netFn: number
  cmd: number
  data: Uint8Array
  /**
   * Sends the answer: completion code and at most 24 bytes of data. Throws LastwordError REQUEST_BAD,
   * INTERFACE_GONE, PANICKED or POOL_EXHAUSTED when it is not accepted.
   */
  respond(body: Uint8Array): void
}

export interface IpmiUserHandlers {
  /** The 16 bytes of an event record. */
  onEvent?: (record: Uint8Array) => void
  onCommand?: (command: IncomingCommand) => void
  /** The watchdog is about to expire. */
  onWatchdogPretimeout?: () => void
}

/** What the handler does for its users. */
export interface UserHost {
  userSend(user: IpmiUser, request: IpmiRequest, done: Done): number
  userAbort(user: IpmiUser, id: number): boolean
  userDestroy(user: IpmiUser): void
  userWantsEvents(user: IpmiUser): void
  registerForCmd(user: IpmiUser, netFn: number, cmd: number): void
}

export class IpmiUser {
  readonly handlers: IpmiUserHandlers
  /** Requests that have no answer yet. */
  outstanding = 0
  readonly maxOutstanding: number
  getsEvents = false
  isDestroyed = false
  readonly #host: UserHost

  constructor(host: UserHost, handlers: IpmiUserHandlers, maxOutstanding: number) {
    this.#host = host
    this.handlers = handlers
    this.maxOutstanding = maxOutstanding
  }

  /**
   * Sends a request; `done` is called exactly once, never from inside this call. Returns the request's id.
   * Throws LastwordError when it is not accepted: USER_LIMIT, POOL_EXHAUSTED, USER_GONE, REQUEST_BAD,
   * SEQ_TABLE_FULL, IN_MAINTENANCE, INTERFACE_GONE or PANICKED.
   */
  send(request: IpmiRequest, done: Done): number {
    return this.#host.userSend(this, request, done)
  }

  /** Gives up: `done` gets ABORTED. A request that is still queued is never executed. False when it was answered. */
  abort(id: number): boolean {
    return this.#host.userAbort(this, id)
  }

  /** Events go to this user from now on, those first that came while nobody listened. Throws USER_GONE. */
  wantEvents(): void {
    this.#host.userWantsEvents(this)
  }

  /** Commands with these codes from other controllers go to this user. Throws USER_GONE, COMMAND_TAKEN or REQUEST_BAD. */
  registerForCmd(netFn: number, cmd: number): void {
    this.#host.registerForCmd(this, netFn, cmd)
  }

  /** Every request without an answer ends with USER_GONE before this returns. */
  destroy(): void {
    this.#host.userDestroy(this)
  }
}
