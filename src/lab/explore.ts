/**
 * The Panic Lab's explorer: goes through every schedule of sender, driver, BMC and user up to a stated size, and at
 * every tracepoint and register access lets the host panic, looks at what came of it, and puts the state back.
 */

import { StateSet } from '../machine/state-set.ts'
import { Tape } from '../machine/tape.ts'
import { Point, type TraceHook } from '../machine/trace.ts'
import type { PanicPolicy } from '../si/panic-policy.ts'
import { FATES, type Fate, isViolation, judge, packFate, unpackFate } from './fate.ts'
import { MAX_NUMBER, Rig } from './rig.ts'
import { type Step, stepOf, steps } from './step.ts'

/** How much may happen before the panic. Everything within it is explored in every order. */
export interface Size {
  /** Requests, each with normal or high priority. */
  messages: number
  /** Events that the BMC raises. */
  events: number
  /** Requests whose user gives up. */
  aborts: number
  /** Whether the second user, who sends every other request, may be destroyed. */
  destroys: number
}

export interface CutRow extends Fate {
  policy: PanicPolicy['name']
  interface: 'kcs'
  step: Step
  /** How many cuts ended so. */
  cuts: number
}

export interface Exploration {
  policy: PanicPolicy['name']
  /** Distinct states between two turns. */
  states: number
  /** Distinct states in which the host panicked. */
  cuts: number
  violations: number
  rows: CutRow[]
  /** False when it was stopped before all was seen. */
  isWhole: boolean
}

const TEXT = 'lab panic'

/** Thrown out of a panic whose end is known from an earlier one that came to the same state. */
const knownFate = new Error('this panic goes on as an earlier one did')
knownFate.stack = ''

export class Explorer {
  readonly rig: Rig
  readonly #size: Size
  readonly #policy: PanicPolicy
  readonly #states = new StateSet()
  readonly #cuts = new StateSet()
  readonly #fates = new StateSet()
  readonly #counts = new Int32Array(steps.length * FATES)
  readonly #cutTape = new Tape()
  readonly #fateTape = new Tape()
  readonly #lastIds: number[] = []
  #known = -1
  #violations = 0
  /** What has happened so far: part of the state. */
  #sent = 0
  #raised = 0
  #aborted = 0
  #destroyed = 0

  constructor(policy: PanicPolicy, size: Size) {
    if (size.messages > MAX_NUMBER) throw new RangeError(`${MAX_NUMBER} messages are the most`)
    this.#policy = policy
    this.#size = size
    this.rig = new Rig({ policy, text: TEXT, bmc: 'stepped', maxMsgs: size.messages + 2 })
    this.rig.panicTrace.hook = this.#atLastWords
    for (const user of this.rig.users) user.wantEvents()
    this.rig.settle()
  }

  /** Goes through all states, or until `maxCuts`. */
  run(maxCuts = Number.POSITIVE_INFINITY): Exploration {
    const stack: Tape[] = []
    const spare: Tape[] = []
    const next = new Tape()
    this.#save(next)
    this.#states.add(next)
    stack.push(new Tape().copyFrom(next))
    while (stack.length > 0 && this.#cuts.size < maxCuts) {
      const here = stack.pop()!
      for (let actor = 0; actor < this.#actors.length; actor++) {
        this.#load(here)
        if (actor === 0) this.#cut(Point.Send, -1)
        this.rig.trace.hook = this.#cut
        const moved = this.#actors[actor]!()
        this.rig.trace.hook = null
        if (!moved) continue
        this.#save(next)
        if (this.#states.add(next)) stack.push((spare.pop() ?? new Tape()).copyFrom(next))
      }
      spare.push(here)
    }
    return {
      policy: this.#policy.name,
      states: this.#states.size,
      cuts: this.#cuts.size,
      violations: this.#violations,
      rows: this.#rows(),
      isWhole: stack.length === 0,
    }
  }

  /** Who can move. Each returns false when it had nothing to do. */
  readonly #actors: readonly (() => boolean)[] = [
    () => this.rig.side.step(),
    () => {
      this.rig.driver.step(0)
      return true
    },
    () => {
      if (!this.rig.handler.hasWork) return false
      this.rig.handler.work()
      return true
    },
    () => this.#send('normal'),
    () => this.#send('high'),
    () => this.#raiseEvent(),
    () => this.#abort(),
    () => this.#destroy(),
  ]

  #send(priority: 'normal' | 'high'): boolean {
    const number = this.#sent
    const userIndex = number % 2
    if (number >= this.#size.messages || this.rig.users[userIndex]!.isDestroyed) return false
    this.#sent++
    this.#lastIds[number] = this.rig.send(number, priority, userIndex)
    return true
  }

  #raiseEvent(): boolean {
    if (this.#raised >= this.#size.events) return false
    this.#raised++
    this.rig.bmc.messaging.bufferEvent(new Uint8Array(16).fill(this.#raised))
    return true
  }

  #abort(): boolean {
    if (this.#aborted >= this.#size.aborts || this.#sent === 0) return false
    this.#aborted++
    const number = this.#sent - 1
    return this.rig.abort(this.#lastIds[number]!, number % 2)
  }

  #destroy(): boolean {
    const user = this.rig.users[1]!
    if (this.#destroyed >= this.#size.destroys || user.isDestroyed) return false
    this.#destroyed++
    this.rig.destroyUser(1)
    return true
  }

  /** The panic strikes here; afterwards it has not. */
  readonly #cut: TraceHook = () => {
    const rig = this.rig
    rig.trace.hook = null
    const tape = this.#cutTape
    this.#save(tape)
    if (this.#cuts.add(tape)) {
      const step = steps.indexOf(stepOf(rig.handler, rig.driver))
      const fate = this.#panic()
      this.#load(tape)
      this.#counts[step * FATES + fate]!++
      if (isViolation(this.#policy.name, unpackFate(fate))) this.#violations++
    }
    rig.trace.hook = this.#cut
  }

  #panic(): number {
    const rig = this.rig
    this.#known = -1
    rig.letBmcRunFreely()
    try {
      rig.panic()
    } catch (error) {
      if (error !== knownFate) throw error
    }
    rig.registers.onHostWrite = null
    const fate = this.#known >= 0 ? this.#known : packFate(judge(rig, TEXT))
    rig.panicPath.rearm()
    if (this.#known >= 0) return fate
    this.#fates.find(this.#fateTape)
    this.#fates.keep(fate)
    return fate
  }

  /** Before the last words go out, many panics have come to the same state: what follows is the same, too. */
  readonly #atLastWords: TraceHook = () => {
    this.rig.save(this.#fateTape.rewrite())
    this.#known = this.#fates.find(this.#fateTape)
    if (this.#known >= 0) throw knownFate
  }

  #save(tape: Tape): void {
    tape.rewrite()
    this.rig.save(tape)
    tape.put(this.#sent | (this.#raised << 8) | (this.#aborted << 16) | (this.#destroyed << 24))
  }

  #load(tape: Tape): void {
    tape.rewind()
    this.rig.load(tape)
    const happened = tape.take()
    this.#sent = happened & 0xff
    this.#raised = (happened >> 8) & 0xff
    this.#aborted = (happened >> 16) & 0xff
    this.#destroyed = (happened >> 24) & 0xff
  }

  #rows(): CutRow[] {
    const rows: CutRow[] = []
    for (const [index, step] of steps.entries()) {
      for (let fate = 0; fate < FATES; fate++) {
        const cuts = this.#counts[index * FATES + fate]!
        if (cuts > 0)
          rows.push({ policy: this.#policy.name, interface: 'kcs', step, ...unpackFate(fate), cuts })
      }
    }
    return rows
  }
}
