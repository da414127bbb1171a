/** Requests in a session: how many are in flight, when each is sent again, and which answer is whose. IPMI 2.0 rev 1.1, section 6.12. */
import { CompletionCode } from '../protocol/completion-code.ts'
import type { LastwordError } from '../protocol/error.ts'
import { decodeIpmb } from '../protocol/ipmb.ts'
import { messageTitle, netFnLun } from '../protocol/message.ts'
import { timedOut } from './client-errors.ts'
import { encodeRouted, type RoutedRequest, readRouted } from './client-route.ts'
import type { Pace } from './pace.ts'
import { isRepeatable } from './repeatable.ts'
import { RqSeqs } from './rq-seqs.ts'

/** Gets the body (completion code and data), or the reason why there is none. */
export type Done = (error: LastwordError | null, body: Uint8Array) => void

export interface Pending extends RoutedRequest {
  readonly id: number
  readonly done: Done
  readonly isRepeatable: boolean
  readonly timeoutMs: number
  /** -1 while it waits. */
  rqSeq: number
  order: number
  sends: number
  firstSentMs: number
  lastSentMs: number
  dueMs: number
  deadlineMs: number
  /** The last packet, and its number in the session. */
  datagram: Uint8Array
  sequence: number
  /** A BMC that was busy is asked again from then on. */
  notBeforeMs: number
  busyAnswers: number
  /** Sessions that were lost under it. */
  losses: number
}

export interface ExchangeHost {
  readonly name: string
  readonly pace: Pace
  readonly maxInFlight: number
  /** Whether what must not be executed twice may be sent again as the same packet. */
  readonly mayReplay: boolean
  seal(message: Uint8Array): Uint8Array
  /** The number of the last packet that was sealed. */
  readonly outbound: number
  send(datagram: Uint8Array): void
}

/** A packet that must not be executed twice stays within the window that the specification gives a BMC. */
const ONCE_WINDOW = 12
/** Requests between the oldest in flight and the newest, so that a BMC still remembers the oldest. */
const ORDER_WINDOW = 32
/** Answers to sendings that were already answered come within this time. */
const QUIET_MS = 2000
const FIRST_BUSY_PAUSE_MS = 50
const LONGEST_BUSY_PAUSE_MS = 1000
const nobody = new Uint8Array(0)

export function newPending(request: RoutedRequest, id: number, timeoutMs: number, done: Done): Pending {
  const { netFn, cmd, data, lun, route } = request
  return {
    // Each by its name: spread, V8 would keep the many fields in a dictionary of 8 KB.
    netFn,
    cmd,
    data,
    lun,
    route,
    id,
    done,
    isRepeatable: isRepeatable(netFn, cmd, data),
    timeoutMs,
    rqSeq: -1,
    order: 0,
    sends: 0,
    firstSentMs: 0,
    lastSentMs: 0,
    dueMs: 0,
    deadlineMs: 0,
    datagram: nobody,
    sequence: 0,
    notBeforeMs: 0,
    busyAnswers: 0,
    losses: 0,
  }
}

export function titleOf({ netFn, cmd, data }: RoutedRequest): string {
  const message = new Uint8Array(2 + data.length)
  message.set([netFnLun(netFn, 0), cmd])
  message.set(data, 2)
  return messageTitle(message)
}

export class Exchange {
  readonly #host: ExchangeHost
  readonly #rqSeqs: RqSeqs
  /** In the order of their first sending. */
  readonly #inFlight = new Map<number, Pending>()
  #waiting: Pending[] = []
  /** Of those in flight, how many must not be executed twice. */
  #onceInFlight = 0

  constructor(host: ExchangeHost, firstRqSeq: number) {
    this.#host = host
    this.#rqSeqs = new RqSeqs(firstRqSeq)
  }

  get isIdle(): boolean {
    return this.#inFlight.size === 0 && this.#waiting.length === 0
  }

  get inFlight(): number {
    return this.#inFlight.size
  }

  add(pending: Pending, where: 'first' | 'last' = 'last'): void {
    if (where === 'first') this.#waiting.unshift(pending)
    else this.#waiting.push(pending)
  }

  /** Takes a request away without telling its owner. Undefined: it is answered already. */
  remove(id: number, nowMs: number): Pending | undefined {
    const at = this.#waiting.findIndex(pending => pending.id === id)
    if (at >= 0) return this.#waiting.splice(at, 1)[0]
    for (const pending of this.#inFlight.values()) {
      if (pending.id === id) {
        this.#land(pending, 0, nowMs)
        return pending
      }
    }
    return undefined
  }

  /** Sends what may be sent. */
  pump(nowMs: number): void {
    let at = 0
    while (at < this.#waiting.length && this.#hasRoom()) {
      const pending = this.#waiting[at]!
      if (pending.notBeforeMs > nowMs) {
        at++
        continue
      }
      const rqSeq = this.#rqSeqs.take(nowMs)
      if (rqSeq === null) return
      this.#waiting.splice(at, 1)
      this.#launch(pending, rqSeq, nowMs)
    }
  }

  /** Sends this one before all that wait. */
  sendNow(pending: Pending, nowMs: number): void {
    const rqSeq = this.#rqSeqs.take(nowMs)
    if (rqSeq === null) this.add(pending, 'first')
    else this.#launch(pending, rqSeq, nowMs)
  }

  #hasRoom(): boolean {
    const { pace, maxInFlight } = this.#host
    const size = this.#inFlight.size
    if (size >= Math.min(pace.inFlight, maxInFlight)) return false
    if (size === 0) return true
    const [oldest] = this.#inFlight.values()
    return this.#rqSeqs.order - oldest!.order < ORDER_WINDOW && this.#mayCountOn()
  }

  /** Whether another packet leaves those that must not be executed twice within the BMC's window. */
  #mayCountOn(): boolean {
    if (this.#onceInFlight === 0) return true
    for (const pending of this.#inFlight.values()) {
      if (!pending.isRepeatable) return this.#host.outbound - pending.sequence < ONCE_WINDOW
    }
    return true
  }

  #launch(pending: Pending, rqSeq: number, nowMs: number): void {
    pending.rqSeq = rqSeq
    pending.order = this.#rqSeqs.order - 1
    if (pending.sends === 0) {
      pending.firstSentMs = nowMs
      pending.deadlineMs = nowMs + pending.timeoutMs
    }
    pending.sends = 0
    this.#inFlight.set(rqSeq, pending)
    if (!pending.isRepeatable) this.#onceInFlight++
    this.#seal(pending)
    this.#transmit(pending, nowMs)
  }

  #seal(pending: Pending): void {
    pending.datagram = this.#host.seal(encodeRouted(pending, pending.rqSeq))
    pending.sequence = this.#host.outbound
  }

  #transmit(pending: Pending, nowMs: number): void {
    pending.sends++
    pending.lastSentMs = nowMs
    const isLast = !pending.isRepeatable && !this.#host.mayReplay
    const waitMs = isLast ? Number.POSITIVE_INFINITY : this.#host.pace.waitMs(pending.sends)
    pending.dueMs = Math.min(nowMs + waitMs, pending.deadlineMs)
    this.#host.send(pending.datagram)
  }

  /** `answers` that came may be fewer than the sendings: the others come late, or never. */
  #land(pending: Pending, answers: 0 | 1, nowMs: number): void {
    this.#inFlight.delete(pending.rqSeq)
    if (!pending.isRepeatable) this.#onceInFlight--
    this.#rqSeqs.release(pending.rqSeq, nowMs + QUIET_MS, pending.sends - answers)
    pending.rqSeq = -1
  }

  /** Takes the payload of a packet in. */
  handle(payload: Uint8Array, nowMs: number): void {
    const frame = decodeIpmb(payload)
    if (frame === undefined) return
    const pending = this.#inFlight.get(frame.rqSeq)
    if (pending === undefined) return this.#rqSeqs.noteLateAnswer(frame.rqSeq)
    const answer = readRouted(pending, frame)
    if (answer.kind === 'other' || answer.kind === 'onTheWay') return
    const { pace } = this.#host
    if (pending.sends === 1) pace.noteRoundTrip(nowMs - pending.lastSentMs)
    this.#land(pending, 1, nowMs)
    if (answer.kind === 'failed') pending.done(answer.error, nobody)
    else if (this.#isToBeAskedAgain(pending, answer.body[0]!, nowMs)) pace.noteLoss(nowMs)
    else pending.done(null, answer.body)
  }

  /** A busy BMC did not execute it; it is asked again a little later, under another number. */
  #isToBeAskedAgain(pending: Pending, code: number, nowMs: number): boolean {
    const isBusy =
      code === CompletionCode.NodeBusy || (code === CompletionCode.Timeout && pending.isRepeatable)
    const pauseMs = Math.min(FIRST_BUSY_PAUSE_MS * 2 ** pending.busyAnswers, LONGEST_BUSY_PAUSE_MS)
    if (!isBusy || nowMs + pauseMs >= pending.deadlineMs) return false
    pending.busyAnswers++
    pending.notBeforeMs = nowMs + pauseMs
    this.add(pending, 'first')
    return true
  }

  /** Sends again what is due, and gives up what is out of time; returns how many that were. */
  tick(nowMs: number): number {
    let givenUp = 0
    for (const pending of [...this.#inFlight.values()]) {
      // An answer to one may have made its owner give up another.
      if (pending.dueMs > nowMs || pending.rqSeq < 0) continue
      if (nowMs >= pending.deadlineMs) {
        this.#land(pending, 0, nowMs)
        pending.done(this.#timeout(pending), nobody)
        givenUp++
        continue
      }
      this.#host.pace.noteLoss(nowMs)
      // Only what tells may go out as a new packet, which a BMC executes anew if the first one did arrive.
      if (pending.isRepeatable && this.#mayCountOn()) this.#seal(pending)
      this.#transmit(pending, nowMs)
    }
    return givenUp
  }

  #timeout(pending: Pending): LastwordError {
    const what = `${titleOf(pending)}, sent ${pending.sends} times`
    return timedOut(this.#host.name, what, pending.isRepeatable ? 'no' : 'maybe')
  }

  nextDueMs(nowMs: number): number | null {
    let due: number | null = null
    const earlier = (ms: number) => {
      due = due === null ? ms : Math.min(due, ms)
    }
    for (const pending of this.#inFlight.values()) earlier(pending.dueMs)
    for (const { notBeforeMs } of this.#waiting) {
      // What is ready waits for an answer to another, or, with nothing in flight, for a number that rests.
      const isReady = notBeforeMs <= nowMs
      const wakeMs = isReady && this.#inFlight.size === 0 ? this.#rqSeqs.nextQuietEndMs(nowMs) : notBeforeMs
      if (wakeMs !== null && wakeMs > nowMs) earlier(wakeMs)
      if (isReady) break
    }
    return due
  }

  /** The oldest request in flight that was sent several times and may go into another session. */
  longestUnanswered(): Pending | undefined {
    for (const pending of this.#inFlight.values())
      if (pending.isRepeatable && pending.sends >= 3) return pending
    return undefined
  }

  /** The session is gone: what only tells waits for the next one, the rest ends. */
  loseSession(nowMs: number): void {
    const flying = [...this.#inFlight.values()]
    for (const pending of flying) this.#land(pending, 0, nowMs)
    const [again, over] = [flying.filter(mayGoOn), flying.filter(pending => !mayGoOn(pending))]
    for (const pending of again) {
      pending.losses++
      pending.sends = 0
    }
    this.#waiting = [...again, ...this.#waiting]
    for (const pending of over) pending.done(this.#timeout(pending), nobody)
  }

  /** Ends everything with this error. */
  fail(error: LastwordError, nowMs: number): void {
    const all = [...this.#inFlight.values(), ...this.#waiting]
    for (const pending of [...this.#inFlight.values()]) this.#land(pending, 0, nowMs)
    this.#waiting = []
    for (const pending of all) pending.done(error, nobody)
  }
}

/** Sessions that one request may go through. */
const MOST_LOSSES = 2

function mayGoOn({ isRepeatable, losses }: Pending): boolean {
  return isRepeatable && losses < MOST_LOSSES
}
