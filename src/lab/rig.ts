/**
 * What the Panic Lab cuts: the real handler over the real driver and machine, on the simulated BMC's registers,
 * with traffic whose requests are numbered so that the BMC's executions can be counted.
 */
import { Bmc } from '../bmc/bmc.ts'
import { execute } from '../bmc/execute.ts'
import { KcsSide } from '../bmc/kcs-side.ts'
import { MsgHandler } from '../handler/handler.ts'
import { PanicPath } from '../handler/panic.ts'
import type { Reply } from '../handler/reply.ts'
import type { IpmiUser } from '../handler/user.ts'
import type { Saveable, Tape } from '../machine/tape.ts'
import { Point, Trace } from '../machine/trace.ts'
import { KcsRegister } from '../ports/kcs.ts'
import { KcsRegisters } from '../ports/kcs-registers.ts'
import type { RegisterPort } from '../ports/register-port.ts'
import { AddSelEntry } from '../protocol/commands/sel.ts'
import { SelRecordType } from '../protocol/sel-record.ts'
import { SiDriver } from '../si/driver.ts'
import { KcsMachine } from '../si/kcs.ts'
import type { PanicPolicy } from '../si/panic-policy.ts'
import { Fault, Stage } from '../si/smi-msg.ts'

/** Numbers that the traffic's requests can have. */
export const MAX_NUMBER = 8

/** Traffic is Add SEL Entry of this record type, the number in its fourth byte. */
const TRAFFIC_RECORD = SelRecordType.OemFirst + 1
const NUMBER_AT = 5
const RECORD_TYPE_AT = 4

/** A lab's BMC knows no time: the same state must look the same. */
const FIXED_NOW_MS = 1_000_000_000_000

/** When a user gave up: a request that was still queued must never be executed. */
export const Withdrawn = { No: 0, OnItsWay: 1, BeforeItWasSent: 2 } as const

export interface RigOptions {
  policy: PanicPolicy
  /** What the host says in its panic. */
  text: string
  /** `atOnce`: the BMC acts on each register write; `stepped`: only when `bmcStep` is called. */
  bmc: 'atOnce' | 'stepped'
  /** Slots for the traffic. */
  maxMsgs: number
  maxMsgsPerUser?: number
  /** Milliseconds since 1970 for the BMC's clock; fixed unless said otherwise. */
  nowMs?: () => number
}

/** A port that makes each register access a tracepoint, before and after it. */
class TracedPort implements RegisterPort {
  readonly #registers: KcsRegisters
  readonly #trace: Trace

  constructor(registers: KcsRegisters, trace: Trace) {
    this.#registers = registers
    this.#trace = trace
  }

  inb(offset: number): number {
    if (this.#trace.hook !== null) this.#trace.hook(Point.Register, -1)
    const value = this.#registers.inb(offset)
    // Reading the status changes nothing that a panic could find changed.
    if (offset === KcsRegister.Data && this.#trace.hook !== null) this.#trace.hook(Point.Register, -1)
    return value
  }

  outb(offset: number, value: number): void {
    if (this.#trace.hook !== null) this.#trace.hook(Point.Register, -1)
    this.#registers.outb(offset, value)
    if (this.#trace.hook !== null) this.#trace.hook(Point.Register, -1)
  }
}

export class Rig implements Saveable {
  readonly trace = new Trace()
  /** The panic path's own tracepoint, apart from the host's. */
  readonly panicTrace = new Trace()
  readonly bmc: Bmc
  readonly registers = new KcsRegisters()
  readonly side: KcsSide
  readonly machine: KcsMachine
  readonly driver: SiDriver
  readonly handler: MsgHandler
  readonly panicPath: PanicPath
  readonly users: IpmiUser[]
  /** How often the BMC executed each number, and how often each was answered. */
  readonly executed = new Uint8Array(MAX_NUMBER)
  readonly answered = new Uint8Array(MAX_NUMBER)
  /** Numbers whose user gave up, and when: see `Withdrawn`. */
  readonly withdrawn = new Uint8Array(MAX_NUMBER)
  /** Called when a number is answered: where a script sends from inside a callback. */
  onAnswer: ((number: number) => void) | null = null
  readonly #text: string
  readonly #traffic: Uint8Array[] = []

  constructor(options: RigOptions) {
    const { policy } = options
    this.#text = options.text
    this.bmc = new Bmc({
      nowMs: options.nowMs ?? (() => FIXED_NOW_MS),
      identity: { guid: new Uint8Array(16) },
    })
    this.side = new KcsSide(this.registers, request => this.#execute(request))
    this.bmc.listen({ onAttention: state => this.registers.setAttention(state) })
    if (options.bmc === 'atOnce') this.letBmcRunFreely()
    this.machine = new KcsMachine(new TracedPort(this.registers, this.trace), this.trace)
    this.driver = new SiDriver(this.machine, this.trace, { policy })
    this.handler = new MsgHandler(this.driver, this.trace, {
      maxMsgs: options.maxMsgs,
      maxMsgLength: 40,
      ...(options.maxMsgsPerUser === undefined ? {} : { maxMsgsPerUser: options.maxMsgsPerUser }),
    })
    this.panicPath = new PanicPath(this.handler, {
      policy,
      clock: { delayUs: us => this.#delay(us) },
      trace: this.panicTrace,
    })
    this.users = [this.handler.createUser(), this.handler.createUser()]
    for (let number = 0; number < MAX_NUMBER; number++) this.#traffic.push(trafficRequest(number))
  }

  letBmcRunFreely(): void {
    this.registers.onHostWrite = () => this.side.run()
  }

  #execute(request: Uint8Array): Uint8Array {
    const number = trafficNumber(request)
    if (number >= 0) this.executed[number]!++
    return execute(this.bmc, request)
  }

  #delay(us: number): number {
    this.side.run()
    return us
  }

  send(number: number, priority: 'normal' | 'high', userIndex = 0): number {
    const data = this.#traffic[number]!
    return this.users[userIndex]!.send(
      { netFn: AddSelEntry.netFn, cmd: AddSelEntry.cmd, data, priority },
      this.#onReply[number]!,
    )
  }

  /** The user gives up; false when there is nothing to give up. */
  abort(id: number, userIndex: number): boolean {
    this.#noteQueued()
    return this.users[userIndex]!.abort(id)
  }

  destroyUser(userIndex: number): void {
    this.#noteQueued()
    this.users[userIndex]!.destroy()
  }

  /** Which numbers stand in a queue as somebody gives up: seen from outside, before anything is changed. */
  #noteQueued(): void {
    this.#queuedNumbers.clear()
    const { xmit } = this.handler
    for (const queue of [xmit.hpXmitMsgs, xmit.xmitMsgs]) {
      for (let msg = queue.head; msg !== null; msg = msg.next)
        this.#queuedNumbers.add(trafficNumber(msg.data))
    }
  }

  readonly #queuedNumbers = new Set<number>()

  readonly #onReply = Array.from({ length: MAX_NUMBER }, (_, number) => (reply: Reply) => {
    this.answered[number]!++
    if (reply.fault === Fault.Aborted || reply.fault === Fault.UserGone) {
      const wasQueued = this.#queuedNumbers.has(number)
      this.withdrawn[number] = wasQueued ? Withdrawn.BeforeItWasSent : Withdrawn.OnItsWay
    }
    this.onAnswer?.(number)
  })

  /** Runs everything until nothing moves. */
  settle(): void {
    for (let idle = 0; idle < 3; ) {
      this.driver.step(0)
      this.side.run()
      if (this.handler.hasWork) this.handler.work()
      idle = this.driver.isIdle && !this.side.isBusy && !this.handler.hasWork ? idle + 1 : 0
    }
  }

  /** How a number's request ended for its user. */
  endOf(number: number): string {
    if (this.answered[number]! > 0) return 'answered'
    const msg = this.handler.pool.slots.find(
      slot => slot.stage >= Stage.Accepted && trafficNumber(slot.data) === number,
    )
    if (msg === undefined) return 'never accepted'
    if (msg.stage !== Stage.Ended) return 'unanswered'
    return msg.error === null ? 'answered' : msg.error.code
  }

  panic(): void {
    this.panicPath.panic(this.#text)
  }

  save(tape: Tape): void {
    this.handler.save(tape)
    this.driver.save(tape)
    this.registers.save(tape)
    this.side.save(tape)
    this.bmc.save(tape)
    tape.putBytes(this.executed, MAX_NUMBER)
    tape.putBytes(this.answered, MAX_NUMBER)
    tape.putBytes(this.withdrawn, MAX_NUMBER)
  }

  load(tape: Tape): void {
    this.handler.load(tape)
    this.driver.load(tape)
    this.registers.load(tape)
    this.side.load(tape)
    this.bmc.load(tape)
    tape.takeBytes(this.executed, MAX_NUMBER)
    tape.takeBytes(this.answered, MAX_NUMBER)
    tape.takeBytes(this.withdrawn, MAX_NUMBER)
  }
}

function trafficRequest(number: number): Uint8Array {
  const record = new Uint8Array(16)
  record[2] = TRAFFIC_RECORD
  record[3] = number
  return record
}

/** The number of a traffic request, or -1. */
export function trafficNumber(request: Uint8Array): number {
  const isTraffic = request[1] === AddSelEntry.cmd && request[RECORD_TYPE_AT] === TRAFFIC_RECORD
  return isTraffic ? request[NUMBER_AT]! : -1
}
