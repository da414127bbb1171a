/** Runs a log-in: sends what it asks, again while no answer comes, and hands it the answers. */
import { LastwordError } from '../protocol/error.ts'
import { type Ask, garbled, type Incoming } from './client-ask.ts'

export interface LoginRun<T> {
  /** Begins the log-in, and begins it once more when it went wrong on the way. */
  start(): Generator<Ask<unknown>, T, unknown>
  send(datagram: Uint8Array): void
  firstWaitMs: number
  /** How long one question is asked. */
  timeoutMs: number
  /** What no answer to this question means. */
  onSilence(question: Ask<unknown>): LastwordError
}

export type LoginOutcome<T> = { kind: 'loggedIn'; value: T } | { kind: 'failed'; error: LastwordError }

const BACK_OFF = 1.5
const LONGEST_WAIT_MS = 2000
/** A BMC that lost track of a log-in, because packets came twice, is asked anew. */
const RUNS = 3

export class LoginRunner<T> {
  readonly #run: LoginRun<T>
  #generator: Generator<Ask<unknown>, T, unknown>
  #runsLeft = RUNS - 1
  #question: Ask<unknown> | null = null
  /** The error of the last question that was given up; what else comes out is the log-in's own. */
  #silence: LastwordError | null = null
  #sendings = 0
  #waitMs = 0
  #deadlineMs = 0
  dueMs = 0
  outcome: LoginOutcome<T> | null = null
  /** Answers that could not be read. */
  garbled = 0

  constructor(run: LoginRun<T>, nowMs: number) {
    this.#run = run
    this.#generator = run.start()
    this.#go(() => this.#generator.next(), nowMs)
  }

  /** True when it was the answer to the question that is open. */
  handle(incoming: Incoming, nowMs: number): boolean {
    const answer = this.#question?.take(incoming)
    if (answer === garbled) this.garbled++
    if (answer === undefined || answer === garbled) return false
    this.#go(() => this.#generator.next(answer), nowMs)
    return true
  }

  /** Whether the BMC may have a session of this log-in already. */
  get mayHaveOpened(): boolean {
    return this.#question?.opensSession === true
  }

  /** The question that is open is the last one, and is not waited for any longer than that. */
  endBy(deadlineMs: number): void {
    this.#runsLeft = 0
    this.#deadlineMs = Math.min(this.#deadlineMs, deadlineMs)
    this.dueMs = Math.min(this.dueMs, this.#deadlineMs)
  }

  #sendAll(datagrams: readonly Uint8Array[]): void {
    for (const datagram of datagrams) this.#run.send(datagram)
  }

  tick(nowMs: number): void {
    const question = this.#question
    if (question === null || nowMs < this.dueMs) return
    if (nowMs >= this.#deadlineMs) {
      const error = this.#run.onSilence(question)
      this.#silence = error
      this.#go(() => this.#generator.throw(error), nowMs)
      return
    }
    const substitute = question.without?.(this.#sendings)
    if (substitute !== undefined) {
      this.#go(() => this.#generator.next(substitute), nowMs)
      return
    }
    this.#sendAll(question.datagrams)
    this.#sendings++
    this.#waitMs = Math.min(this.#waitMs * BACK_OFF, LONGEST_WAIT_MS)
    this.dueMs = Math.min(nowMs + this.#waitMs, this.#deadlineMs)
  }

  #go(advance: () => IteratorResult<Ask<unknown>, T>, nowMs: number): void {
    this.#question = null
    try {
      let step = advance()
      while (!step.done && step.value.isOneWay) {
        this.#sendAll(step.value.datagrams)
        step = this.#generator.next()
      }
      if (step.done) this.outcome = { kind: 'loggedIn', value: step.value }
      else this.#put(step.value, nowMs)
    } catch (error) {
      if (!(error instanceof LastwordError)) throw error
      const isConfused =
        (error.code === 'LOGIN_REFUSED' || error.code === 'TIMEOUT') && error !== this.#silence
      if (!isConfused || this.#runsLeft-- === 0) this.outcome = { kind: 'failed', error }
      else {
        this.#generator = this.#run.start()
        this.#go(() => this.#generator.next(), nowMs)
      }
    }
  }

  #put(question: Ask<unknown>, nowMs: number): void {
    const { firstWaitMs, timeoutMs } = this.#run
    this.#question = question
    this.#waitMs = firstWaitMs
    this.#deadlineMs = nowMs + timeoutMs
    this.dueMs = Math.min(nowMs + firstWaitMs, this.#deadlineMs)
    this.#sendings = 1
    this.#sendAll(question.datagrams)
  }
}
