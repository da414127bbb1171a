/**
 * The message handler: users, queues, and the one message that is handed down. Linux's `ipmi_msghandler`.
 * It is synchronous and has no clock: `work` delivers what has come and hands the next message down, `tick`
 * lets time pass, `panic.ts` takes over when the host dies.
 */
import type { Saveable, Tape } from '../machine/tape.ts'
import { Point, type Trace } from '../machine/trace.ts'
import { LastwordError } from '../protocol/error.ts'
import { MAX_MSG_LENGTH, netFnLun } from '../protocol/message.ts'
import { Fault, type SmiDriver, type SmiMsg, type SmiUpper, Stage } from '../si/smi-msg.ts'
import { Bridge } from './bridge.ts'
import { callAll } from './call-all.ts'
import { EventDelivery } from './events.ts'
import { type HandlerMsg, Origin } from './handler-msg.ts'
import { Maintenance } from './maintenance.ts'
import { MsgPool } from './msg-pool.ts'
import { MsgQueue } from './msg-queue.ts'
import type { Done } from './reply.ts'
import { wasNotExecuted, wrongField } from './request-check.ts'
import { newHandlerStats } from './stats.ts'
import { bmcAddr, type IpmiRequest, IpmiUser, type IpmiUserHandlers, type UserHost } from './user.ts'
import { UserList } from './user-list.ts'
import { Xmit } from './xmit.ts'

export interface MsgHandlerOptions {
  /** Messages that users can have under way together, 128 unless said otherwise. */
  maxMsgs?: number
  /** Messages that one user can have under way, 32 unless said otherwise. */
  maxMsgsPerUser?: number
  /** Bytes of one message, netFn and command included: 272 unless said otherwise. */
  maxMsgLength?: number
  /** Our slave address on the IPMB, 20h unless said otherwise. */
  slaveAddr?: number
}

export class MsgHandler implements SmiUpper, UserHost, Saveable {
  readonly driver: SmiDriver
  readonly trace: Trace
  readonly pool: MsgPool
  readonly xmit: Xmit
  readonly waitingRcvMsgs: MsgQueue
  readonly events = new EventDelivery(this)
  readonly maintenance: Maintenance
  readonly stats = newHandlerStats()
  readonly slaveAddr: number
  runToCompletion = false
  /** There is something for `work` to do. */
  hasWork = false
  readonly #users = new UserList()
  readonly #bridge: Bridge
  readonly #maxMsgsPerUser: number
  #lastId = 0
  #isShutDown = false
  #pretimeoutDue = false

  constructor(driver: SmiDriver, trace: Trace, options: MsgHandlerOptions = {}) {
    this.driver = driver
    this.trace = trace
    this.pool = new MsgPool(options.maxMsgs ?? 128, options.maxMsgLength ?? MAX_MSG_LENGTH)
    this.xmit = new Xmit(driver, this.pool, trace)
    this.waitingRcvMsgs = new MsgQueue(trace)
    this.slaveAddr = options.slaveAddr ?? 0x20
    this.#maxMsgsPerUser = options.maxMsgsPerUser ?? 32
    this.maintenance = new Maintenance(state => driver.setMaintenance(state))
    this.#bridge = new Bridge(this, this.#users)
    driver.startProcessing(this)
  }

  /** Requests to other controllers that have no answer yet. */
  get bridgedRequests(): number {
    return this.#bridge.seqTable.used
  }

  createUser(handlers: IpmiUserHandlers = {}): IpmiUser {
    if (this.#isShutDown) throw new LastwordError('INTERFACE_GONE', 'the interface was taken away')
    const user = new IpmiUser(this, handlers, this.#maxMsgsPerUser)
    if (this.trace.hook !== null) this.trace.hook(Point.UserChange, -1)
    this.#users.add(user)
    return user
  }

  userSend(user: IpmiUser, request: IpmiRequest, done: Done): number {
    this.#admit(user, request)
    const msg = this.allocForUser()
    msg.id = ++this.#lastId
    msg.user = user
    msg.done = done
    msg.priority = request.priority ?? 'normal'
    try {
      this.#fill(msg, request)
    } catch (error) {
      this.pool.free(msg)
      throw error
    }
    const { id } = msg
    if (msg.origin === Origin.User) this.maintenance.accepted(request.netFn, request.cmd, id)
    user.outstanding++
    this.xmit.smiSend(msg)
    return id
  }

  /** Throws LastwordError INTERFACE_GONE, PANICKED or POOL_EXHAUSTED. */
  allocForUser(): HandlerMsg {
    if (this.#isShutDown) throw new LastwordError('INTERFACE_GONE', 'the interface was taken away')
    if (this.runToCompletion)
      throw new LastwordError('PANICKED', 'the host has panicked: only last words are sent')
    const msg = this.pool.alloc('user')
    if (msg !== null) return msg
    throw new LastwordError('POOL_EXHAUSTED', 'as many messages are under way as the handler has room for', {
      hint: 'Wait for an answer before you send more, or construct the handler with more maxMsgs.',
    })
  }

  #admit(user: IpmiUser, request: IpmiRequest): void {
    refuseDestroyed(user)
    if (user.outstanding >= user.maxOutstanding) {
      throw new LastwordError(
        'USER_LIMIT',
        `this user has ${user.outstanding} requests under way, the most it may have`,
        {
          hint: 'Wait for an answer before you send more.',
        },
      )
    }
    this.maintenance.admit(request.netFn, request.cmd)
  }

  #fill(msg: HandlerMsg, request: IpmiRequest): void {
    const addr = request.addr ?? bmcAddr
    const wrong = wrongField(request)
    if (wrong !== null) {
      this.stats.sentInvalidCommands++
      throw new LastwordError('REQUEST_BAD', `a request's ${wrong}`)
    }
    if (addr.kind === 'ipmb') {
      this.#bridge.wrapRequest(msg, addr, request)
      return
    }
    const size = 2 + (request.data?.length ?? 0)
    if (size > msg.data.length) {
      this.stats.sentInvalidCommands++
      throw new LastwordError('REQUEST_BAD', `a request of ${size} bytes, ${msg.data.length} is the most`)
    }
    msg.data[0] = netFnLun(request.netFn, addr.lun ?? 0)
    msg.data[1] = request.cmd
    if (request.data !== undefined) msg.data.set(request.data, 2)
    msg.dataSize = size
    this.stats.sentLocalCommands++
  }

  smiMsgReceived(received: SmiMsg): void {
    const msg = received as HandlerMsg
    // The panic looks at its own message itself.
    if (msg.origin !== Origin.Panic) this.waitingRcvMsgs.push(msg)
    if (msg === this.xmit.currMsg) this.xmit.currMsg = null
    if (this.trace.hook !== null) this.trace.hook(Point.HandlerCleared, msg.index)
    this.hasWork = true
    if (this.runToCompletion) this.work()
  }

  /** Hands the next message down and delivers what has come. Linux's `smi_work`. */
  work(): void {
    this.hasWork = false
    this.xmit.next()
    // In a panic no user code runs: what was answered stays where it is, the report tells of it.
    if (this.runToCompletion) return
    try {
      this.#tellPretimeout()
      this.#handleNewRecvMsgs()
    } finally {
      // A user's callback may have thrown: the others are not to wait for it.
      if (this.waitingRcvMsgs.head !== null) this.hasWork = true
    }
  }

  #handleNewRecvMsgs(): void {
    while (!this.runToCompletion) {
      const msg = this.waitingRcvMsgs.shift()
      if (msg === null) return

      switch (msg.origin) {
        case Origin.User:
          this.#handleBmcRsp(msg)
          break
        case Origin.Bridged:
          this.#bridge.sent(msg)
          break
        case Origin.Fetch:
          this.#bridge.fetched(msg)
          break
        default:
          this.pool.free(msg)
      }
    }
  }

  #handleBmcRsp(msg: HandlerMsg): void {
    if (msg.done === null) this.stats.unhandledLocalResponses++
    else this.stats.handledLocalResponses++
    if (msg.fault === Fault.None && !msg.isMatched) msg.fault = Fault.WrongReply
    if (wasNotExecuted(msg)) this.maintenance.notExecuted(msg.id)
    this.answer(msg)
  }

  /** Gives the user its one answer, and the slot back. */
  answer(msg: HandlerMsg): void {
    try {
      this.#callDone(msg)
    } finally {
      this.pool.free(msg)
    }
  }

  #callDone(msg: HandlerMsg): void {
    const done = msg.done
    if (done === null) return
    msg.done = null
    if (msg.user !== null) msg.user.outstanding--
    if (this.trace.hook !== null) this.trace.hook(Point.Deliver, msg.index)
    done(msg)
    if (this.trace.hook !== null) this.trace.hook(Point.Delivered, msg.index)
  }

  userAbort(user: IpmiUser, id: number): boolean {
    const msg = this.pool.slots.find(slot => slot.id === id && slot.user === user && slot.done !== null)
    if (msg === undefined) return false
    this.endEarly(msg, Fault.Aborted)
    return true
  }

  /** Answers now with a fault. What is queued is taken out; what is under way comes back later, to nobody (F23). */
  endEarly(msg: HandlerMsg, fault: Fault): void {
    const queued = this.xmit.remove(msg)
    if (queued) this.maintenance.notExecuted(msg.id)
    msg.fault = fault
    if (queued || msg.stage === Stage.Bridged) {
      // Before its user is told: a panic must not send what its user was told is not sent.
      msg.stage = Stage.Ended
      this.#bridge.forget(msg)
      this.answer(msg)
    } else {
      this.#callDone(msg)
    }
  }

  userDestroy(user: IpmiUser): void {
    if (user.isDestroyed) return
    user.isDestroyed = true
    user.getsEvents = false
    if (this.trace.hook !== null) this.trace.hook(Point.UserChange, -1)
    this.#users.remove(user)
    this.#bridge.unregister(user)
    this.#endAllOf(msg => msg.user === user, Fault.UserGone)
  }

  #endAllOf(isMeant: (msg: HandlerMsg) => boolean, fault: Fault): void {
    const meant = this.pool.slots
      .filter(msg => msg.stage !== Stage.Free && msg.done !== null && isMeant(msg))
      .map(msg => ({ msg, id: msg.id }))
    callAll(meant, this, ({ msg, id }) => {
      // A callback may have ended it, and the slot may be another request's by now.
      if (msg.id === id && msg.done !== null) this.endEarly(msg, fault)
    })
  }

  userWantsEvents(user: IpmiUser): void {
    refuseDestroyed(user)
    user.getsEvents = true
    this.events.handOver(user)
    this.driver.requestEvents()
  }

  registerForCmd(user: IpmiUser, netFn: number, cmd: number): void {
    refuseDestroyed(user)
    this.#bridge.register(user, netFn, cmd)
  }

  /** Lets time pass: bridged requests time out, maintenance ends, events are asked for. Call it about once a second. */
  tick(elapsedMs: number): void {
    if (this.runToCompletion) return
    this.maintenance.tick(elapsedMs)
    this.#bridge.tick(elapsedMs)
    this.driver.requestEvents()
  }

  /** Takes the interface away: every request ends with INTERFACE_GONE before this returns (F34). */
  shutdown(): void {
    if (this.#isShutDown) return
    this.#isShutDown = true
    if (this.trace.hook !== null) this.trace.hook(Point.UserChange, -1)
    this.driver.shutdown()
    this.#handleNewRecvMsgs()
    try {
      this.#endAllOf(() => true, Fault.InterfaceGone)
    } finally {
      for (const user of this.#users.all) this.userDestroy(user)
    }
  }

  allocFetchMsg(): SmiMsg | null {
    const msg = this.pool.alloc('fetch')
    if (msg !== null) msg.origin = Origin.Fetch
    return msg
  }

  freeFetchMsg(msg: SmiMsg): void {
    this.pool.free(msg as HandlerMsg)
  }

  watchdogPretimeout(): void {
    this.#pretimeoutDue = true
    this.hasWork = true
  }

  #tellPretimeout(): void {
    if (!this.#pretimeoutDue) return
    this.#pretimeoutDue = false
    callAll(this.#users.all, this, user => user.handlers.onWatchdogPretimeout?.())
  }

  msgAt(index: number): HandlerMsg {
    return this.pool.slots[index]!
  }

  save(tape: Tape): void {
    const marks =
      (this.runToCompletion ? 1 : 0) |
      (this.hasWork ? 2 : 0) |
      (this.#pretimeoutDue ? 4 : 0) |
      (this.#isShutDown ? 8 : 0)
    tape.put(marks)
    tape.put(this.#lastId)
    this.pool.save(tape)
    this.xmit.save(tape)
    this.waitingRcvMsgs.save(tape)
    this.#bridge.seqTable.save(tape)
    this.maintenance.save(tape)
    this.#users.save(tape)
  }

  load(tape: Tape): void {
    const marks = tape.take()
    this.runToCompletion = (marks & 1) !== 0
    this.hasWork = (marks & 2) !== 0
    this.#pretimeoutDue = (marks & 4) !== 0
    this.#isShutDown = (marks & 8) !== 0
    this.#lastId = tape.take()
    this.pool.load(tape)
    this.xmit.load(tape)
    this.waitingRcvMsgs.load(tape, this.pool)
    this.#bridge.seqTable.load(tape)
    this.maintenance.load(tape)
    this.#users.load(tape)
  }
}

function refuseDestroyed(user: IpmiUser): void {
  if (user.isDestroyed) throw new LastwordError('USER_GONE', 'this user was destroyed')
}
