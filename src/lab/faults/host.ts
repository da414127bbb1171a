/** A host on a BMC that can be made to misbehave, in virtual time: what the fault list is provoked with. */
import { Bmc } from '../../bmc/bmc.ts'
import { execute } from '../../bmc/execute.ts'
import { KcsSide } from '../../bmc/kcs-side.ts'
import { MsgHandler } from '../../handler/handler.ts'
import type { PanicOp } from '../../handler/last-words-sender.ts'
import { PanicPath } from '../../handler/panic.ts'
import type { Done, Reply } from '../../handler/reply.ts'
import type { IpmiRequest, IpmiUser } from '../../handler/user.ts'
import { type Point, Trace } from '../../machine/trace.ts'
import { KcsRegisters } from '../../ports/kcs-registers.ts'
import type { RegisterPort } from '../../ports/register-port.ts'
import { readLastWords } from '../../protocol/last-words.ts'
import { decodeSelRecord } from '../../protocol/sel-record.ts'
import { SiDriver } from '../../si/driver.ts'
import { KcsMachine } from '../../si/kcs.ts'
import { type PanicPolicy, resend } from '../../si/panic-policy.ts'
import { SiResult } from '../../si/smi-msg.ts'

const POLL_US = 250

export interface FaultHostOptions {
  policy?: PanicPolicy
  events?: 'on' | 'off'
  maxMsgs?: number
  maxMsgsPerUser?: number
  /** Instead of the BMC's registers, or around them. */
  port?: (registers: RegisterPort) => RegisterPort
  /** What the BMC does with a request: `execute` is the ordinary way, null is no answer (yet). */
  answer?: (request: Uint8Array, execute: (request: Uint8Array) => Uint8Array) => Uint8Array | null
  /** How long the BMC takes for each request, in virtual time. */
  latencyUs?: number
  panicOp?: PanicOp
  maxTextRecords?: number
  budgetUs?: number
}

/** How a request ended; `times` must be one in the end. */
export interface Ended {
  times: number
  /** `ok`, or the error's code. */
  how: string
  body: Uint8Array
}

export class FaultHost {
  readonly trace = new Trace()
  readonly registers = new KcsRegisters()
  readonly bmc: Bmc
  readonly side: KcsSide
  readonly machine: KcsMachine
  readonly driver: SiDriver
  readonly handler: MsgHandler
  readonly panicPath: PanicPath
  readonly user: IpmiUser
  /** Every request that the BMC was given, in order. */
  readonly requests: Uint8Array[] = []
  /** One line for each thing that the driver had to say. */
  readonly log: string[] = []
  nowUs = 0
  /** While true, the BMC takes no step. */
  bmcIsDead = false
  /** Called whenever virtual time passes, in a panic as well: where a stray timer fires. */
  onTime: (() => void) | null = null
  readonly #latencyUs: number
  #readyAtUs = 0

  constructor(options: FaultHostOptions = {}) {
    const { policy = resend, answer } = options
    this.#latencyUs = options.latencyUs ?? 0
    this.bmc = new Bmc({
      nowMs: () => 1_000_000_000_000 + this.nowUs / 1000,
      identity: { guid: new Uint8Array(16) },
    })
    const normally = (request: Uint8Array) => execute(this.bmc, request)
    this.side = new KcsSide(this.registers, request => {
      this.requests.push(request.slice())
      return answer === undefined ? normally(request) : answer(request, normally)
    })
    this.bmc.listen({
      onAttention: state => this.registers.setAttention(state),
      onReset: () => this.side.reset(),
    })
    this.registers.onHostWrite = () => this.#runBmc()
    const port = options.port?.(this.registers) ?? this.registers
    this.machine = new KcsMachine(port, this.trace)
    this.driver = new SiDriver(this.machine, this.trace, {
      policy,
      events: options.events ?? 'off',
      onNotice: notice => this.log.push(notice),
    })
    this.handler = new MsgHandler(this.driver, this.trace, {
      maxMsgs: options.maxMsgs ?? 32,
      maxMsgsPerUser: options.maxMsgsPerUser ?? options.maxMsgs ?? 32,
    })
    this.panicPath = new PanicPath(this.handler, {
      policy,
      clock: { delayUs: us => this.#pass(us) },
      ...(options.panicOp === undefined ? {} : { panicOp: options.panicOp }),
      ...(options.budgetUs === undefined ? {} : { budgetUs: options.budgetUs }),
      ...(options.maxTextRecords === undefined ? {} : { maxTextRecords: options.maxTextRecords }),
    })
    this.user = this.handler.createUser()
  }

  #runBmc(): void {
    if (this.bmcIsDead) return
    if (this.#latencyUs === 0) {
      this.side.run()
      this.bmc.settle()
    } else if (this.#readyAtUs === 0) {
      this.#readyAtUs = this.nowUs + this.#latencyUs
    }
  }

  #pass(us: number): number {
    this.nowUs += us
    if (!this.bmcIsDead && this.nowUs >= this.#readyAtUs) {
      this.#readyAtUs = 0
      this.side.run()
      this.bmc.settle()
    }
    this.onTime?.()
    return us
  }

  /** Sends a request and keeps account of how it ends. */
  send(request: IpmiRequest, user = this.user): Ended {
    const { ended, done } = newEnding()
    user.send(request, done)
    return ended
  }

  /** One turn of what a pump would do. */
  turn(elapsedUs: number): SiResult {
    const result = this.driver.poll(elapsedUs)
    while (this.handler.hasWork) this.handler.work()
    return result
  }

  /** Pumps until nothing is under way, for so much virtual time at the most. */
  run(limitUs = 120_000_000): void {
    const endUs = this.nowUs + limitUs
    let result = this.turn(0)
    while (
      this.nowUs < endUs &&
      (this.handler.pool.live > 0 || !this.driver.isIdle || result !== SiResult.Idle)
    ) {
      if (result === SiResult.Attention && this.handler.pool.live === 0) return
      result = this.turn(this.#pass(POLL_US))
    }
  }

  /** Lets virtual time pass with the ticks of every second. */
  wait(us: number): void {
    const endUs = this.nowUs + us
    while (this.nowUs < endUs) {
      const part = Math.min(1_000_000, endUs - this.nowUs)
      for (let passed = 0; passed < part; passed += 10_000)
        this.turn(this.#pass(Math.min(10_000, part - passed)))
      this.handler.tick(part / 1000)
      this.turn(0)
    }
  }

  /** The texts of all last words in the SEL that are whole. */
  get lastWords(): string[] {
    const records = this.bmc.sel.records.map(decodeSelRecord)
    return readLastWords(records)
      .filter(words => words.wholeness !== 'partMissing')
      .map(words => words.text)
  }

  /** Lets the host panic at the `nth` passage of a point, then abandons what was cut. Returns whether it came by. */
  panicAt(point: Point, text: string, action: () => void, nth = 1): boolean {
    let passages = 0
    this.trace.hook = passed => {
      if (passed !== point || ++passages < nth) return
      this.trace.hook = null
      this.panicPath.panic(text)
      throw stopped
    }
    try {
      action()
      return false
    } catch (error) {
      if (error !== stopped) throw error
      return true
    } finally {
      this.trace.hook = null
    }
  }
}

const stopped = new Error('the host has stopped')

function newEnding(): { ended: Ended; done: Done } {
  const ended: Ended = { times: 0, how: 'not yet', body: new Uint8Array(0) }
  const done = (reply: Reply) => {
    ended.times++
    ended.how = reply.error?.code ?? 'ok'
    ended.body = reply.body.slice()
  }
  return { ended, done }
}
