/** The console's side of a session with one BMC as a machine: requests, datagrams and times in, datagrams and answers out. */
import { randomBytes } from 'node:crypto'
import { encodeRequest, Privilege } from '../protocol/command.ts'
import { GetDeviceId } from '../protocol/commands/device.ts'
import { PayloadType } from '../protocol/commands/payload.ts'
import { AuthType, CloseSession, SetSessionPrivilegeLevel } from '../protocol/commands/session.ts'
import type { LastwordError } from '../protocol/error.ts'
import { decodeIncoming, type Incoming } from './client-ask.ts'
import { explained, levelRefused, sessionClosed, timedOut } from './client-errors.ts'
import { type Done, Exchange, type ExchangeHost, newPending } from './client-exchange.ts'
import { LoginRunner } from './client-login.ts'
import {
  defaultFirstWaitMs,
  defaultKeepAliveMs,
  defaultTimeoutMs,
  type LanClientOptions,
  mostInFlight,
} from './client-options.ts'
import { loginPlus } from './client-plus-login.ts'
import { type RoutedRequest, toBmc } from './client-route.ts'
import { explainSilence, loginV15 } from './client-v15-login.ts'
import { Pace } from './pace.ts'
import { mergeQuirks } from './quirks.ts'
import { decodeRmcp, RmcpClass } from './rmcp.ts'
import { type Opened, PlusLink, V15Link } from './session-link.ts'

type State = 'idle' | 'loggingIn' | 'raising' | 'open' | 'closing' | 'closed'

/** A session that was silent for this part of a request's time is taken for lost. */
const SILENT_PART = 0.35
const CLOSE_MS = 1000
const noBytes = new Uint8Array(0)

export class LanClientMachine implements ExchangeHost {
  readonly name: string
  readonly pace: Pace
  readonly maxInFlight: number
  readonly mayReplay: boolean
  readonly #options: LanClientOptions
  readonly #random: (bytes: number) => Uint8Array
  readonly #timeoutMs: number
  readonly #firstWaitMs: number
  readonly #keepAliveMs: number
  readonly #exchange: Exchange
  readonly #out: Uint8Array[] = []
  #state: State = 'idle'
  #login: LoginRunner<PlusLink | V15Link> | null = null
  #link: PlusLink | V15Link | null = null
  #consoleId = 0
  #nextId = 1
  /** Datagrams of a log-in that are no packets. */
  #unreadable = 0
  #lastHeardMs = 0
  #lastSentMs = 0
  /** Requests that a log-in is wanted for, before there is any other. */
  #openers: Done[] = []
  /** Told once the session is closed. */
  #onClosed: () => void = () => {}
  /** Payloads that are no IPMI messages, such as SOL's. */
  onPayload: ((opened: Opened) => void) | null = null
  /** A session was lost, or closed. */
  onSessionEnd: (() => void) | null = null

  constructor(options: LanClientOptions) {
    this.#options = options
    this.name = options.name
    this.#random = options.random ?? randomBytes
    this.#timeoutMs = options.timeoutMs ?? defaultTimeoutMs
    this.#firstWaitMs = options.firstWaitMs ?? defaultFirstWaitMs
    this.#keepAliveMs = options.keepAliveMs ?? defaultKeepAliveMs
    const asked = options.maxInFlight ?? mostInFlight
    const quirk = mergeQuirks(options.quirks ?? [])
    this.maxInFlight = Math.min(asked, quirk.maxInFlight ?? mostInFlight, mostInFlight)
    this.mayReplay = quirk.executesReplays !== true
    this.pace = new Pace({
      firstWaitMs: this.#firstWaitMs,
      longestWaitMs: this.#firstWaitMs,
      maxInFlight: this.maxInFlight,
    })
    this.#exchange = new Exchange(this, this.#random(1)[0]! & 0x3f)
  }

  get state(): State {
    return this.#state
  }

  /** Logs in; `done` gets an empty body. */
  open(done: Done, nowMs: number): void {
    if (this.#state === 'open') return done(null, noBytes)
    this.#openers.push(done)
    if (this.#state === 'idle') this.#startLogin(nowMs)
  }

  /** Sends a request, logging in first if need be; `done` is called once. Returns an id for `abort`. */
  request(request: RoutedRequest, done: Done, nowMs: number): number {
    const id = this.#nextId++
    if (this.#state === 'closing' || this.#state === 'closed') {
      done(sessionClosed(this.name), noBytes)
      return id
    }
    this.#exchange.add(newPending(request, id, this.#timeoutMs, done))
    if (this.#state === 'idle') this.#startLogin(nowMs)
    else if (this.#state === 'open') this.#exchange.pump(nowMs)
    return id
  }

  /** Gives a request up; its `done` is not called any more. False when it was answered. */
  abort(id: number, nowMs: number): boolean {
    const wasThere = this.#exchange.remove(id, nowMs) !== undefined
    if (this.#state === 'open') this.#exchange.pump(nowMs)
    return wasThere
  }

  /** A log-in that is under way ends with this error. */
  abandonLogin(error: LastwordError, nowMs: number): void {
    if (this.#login === null) return
    this.#login = null
    this.#state = 'idle'
    this.#failAll(error, nowMs)
  }

  /** Drops the session without a word, as when the console was away; the next request logs in anew. */
  forget(): void {
    if (this.#state !== 'open') return
    this.#endSession()
    this.#state = 'idle'
  }

  /** Ends what is under way and closes the session; `done` comes within two seconds, and mostly at once. */
  close(done: () => void, nowMs: number): void {
    const login = this.#login
    this.#onClosed = () => {
      this.#state = 'closed'
      done()
    }
    this.#state = 'closing'
    this.#failAll(sessionClosed(this.name), nowMs)
    if (login?.mayHaveOpened) return login.endBy(nowMs + CLOSE_MS)
    this.#login = null
    this.#closeSession(this.#onClosed, nowMs)
  }

  /** Asks the BMC to close the session, if there is one, for a second at the most. */
  #closeSession(done: () => void, nowMs: number): void {
    const link = this.#link
    if (link === null) return done()
    const finish = () => {
      this.#endSession()
      done()
    }
    const data = encodeRequest(CloseSession, { sessionId: link.remoteId })
    this.#exchange.sendNow(newPending(toBmc(CloseSession, data), this.#nextId++, CLOSE_MS, finish), nowMs)
  }

  pollTransmit(): Uint8Array | null {
    return this.#out.shift() ?? null
  }

  pollTimeout(nowMs: number): number | null {
    if (this.#login !== null) return this.#login.dueMs
    if (this.#state === 'idle' || this.#state === 'closed') return null
    const due = this.#exchange.nextDueMs(nowMs)
    if (due !== null || this.#keepAliveMs === 0) return due
    return this.#keepAliveDueMs()
  }

  tick(nowMs: number): void {
    if (this.#login !== null) {
      this.#login.tick(nowMs)
      this.#settleLogin(nowMs)
      return
    }
    if (this.#link === null) return
    const givenUp = this.#exchange.tick(nowMs)
    if (this.#state === 'open') {
      this.#checkSilence(givenUp, nowMs)
      this.#keepAlive(nowMs)
    }
    if (this.#state === 'open' || this.#state === 'closing') this.#exchange.pump(nowMs)
  }

  /** Takes a datagram from the BMC's address; false when it is not of this session. */
  handle(datagram: Uint8Array, nowMs: number): boolean {
    const message = decodeRmcp(datagram)
    if (message === null || message.isAck || message.messageClass !== RmcpClass.Ipmi) return false
    const incoming = decodeIncoming(message.data)
    if (incoming === null) {
      if (this.#login !== null) this.#unreadable++
      return false
    }
    if (this.#login !== null) {
      const isMine = this.#isForLogin(incoming) && this.#login.handle(incoming, nowMs)
      if (isMine) this.#settleLogin(nowMs)
      return isMine
    }
    const opened = this.#openPacket(incoming)
    if (opened === null) return false
    this.#lastHeardMs = nowMs
    if (opened.freshness === 'seen') return true
    if (opened.payloadType === PayloadType.Ipmi) this.#exchange.handle(opened.payload, nowMs)
    else this.onPayload?.(opened)
    if (this.#state === 'open') this.#exchange.pump(nowMs)
    return true
  }

  /** Sends a payload that is no IPMI message; false outside of a session. */
  sendPayload(payloadType: number, payload: Uint8Array, nowMs: number): boolean {
    if (!(this.#link instanceof PlusLink) || this.#state !== 'open') return false
    this.#lastSentMs = nowMs
    this.send(this.#link.seal(payloadType, payload))
    return true
  }

  /** The session sequence number of the newest packet that came in. */
  get inbound(): number {
    return this.#link instanceof PlusLink ? this.#link.inbound : 0
  }

  // What the exchange needs.

  get outbound(): number {
    return this.#link?.outbound ?? 0
  }

  seal(message: Uint8Array): Uint8Array {
    const link = this.#link!
    return link instanceof PlusLink ? link.seal(PayloadType.Ipmi, message) : link.seal(message)
  }

  send(datagram: Uint8Array): void {
    this.#out.push(datagram)
  }

  #startLogin(nowMs: number): void {
    this.#state = 'loggingIn'
    this.#unreadable = 0
    const options = this.#options
    const random = this.#random
    this.#login = new LoginRunner<PlusLink | V15Link>(
      {
        start: () => {
          this.#consoleId = newId(random)
          const context = { options, consoleId: this.#consoleId, random }
          return options.version === '2.0' ? loginPlus(context) : loginV15(context)
        },
        send: datagram => this.send(datagram),
        firstWaitMs: this.#firstWaitMs,
        timeoutMs: this.#timeoutMs,
        onSilence: question =>
          options.version === '2.0'
            ? timedOut(this.name, question.what)
            : explainSilence(this.name, options.userName, question),
      },
      nowMs,
    )
    this.#settleLogin(nowMs)
  }

  #settleLogin(nowMs: number): void {
    const login = this.#login
    const outcome = login?.outcome ?? null
    if (login === null || outcome === null) return
    this.#login = null
    if (this.#state === 'closing') {
      if (outcome.kind === 'loggedIn') this.#link = outcome.value
      return this.#closeSession(this.#onClosed, nowMs)
    }
    if (outcome.kind === 'failed') {
      this.#state = 'idle'
      this.#failAll(explained(this.name, outcome.error, login.garbled + this.#unreadable), nowMs)
      return
    }
    this.#link = outcome.value
    this.#lastHeardMs = nowMs
    this.#lastSentMs = nowMs
    const privilege = this.#options.privilege ?? Privilege.Admin
    if (privilege > Privilege.User) this.#raise(privilege, nowMs)
    else this.#ready(nowMs)
  }

  /** A session begins as a user, whatever its limit. */
  #raise(privilege: Privilege, nowMs: number): void {
    this.#state = 'raising'
    const data = encodeRequest(SetSessionPrivilegeLevel, { privilege })
    const done: Done = (error, body) => {
      if (this.#state !== 'raising') return
      const code = body[0]
      if (error === null && code === 0) return this.#ready(nowMs)
      // Left open, it would take the place of another log-in for as long as the BMC waits.
      this.#closeSession(() => {
        if (this.#state !== 'raising') return
        this.#state = 'idle'
        this.#failAll(error ?? levelRefused(this.name, code ?? 0xff), nowMs)
      }, nowMs)
    }
    const pending = newPending(toBmc(SetSessionPrivilegeLevel, data), this.#nextId++, this.#timeoutMs, done)
    this.#exchange.sendNow({ ...pending, isRepeatable: true }, nowMs)
  }

  #ready(nowMs: number): void {
    this.#state = 'open'
    const openers = this.#openers
    this.#openers = []
    for (const done of openers) done(null, noBytes)
    this.#exchange.pump(nowMs)
  }

  #endSession(): void {
    if (this.#link === null) return
    this.#link = null
    this.onSessionEnd?.()
  }

  #failAll(error: LastwordError, nowMs: number): void {
    const openers = this.#openers
    this.#openers = []
    for (const done of openers) done(error, noBytes)
    this.#exchange.fail(error, nowMs)
  }

  /** A BMC that has forgotten the session answers nothing. */
  #checkSilence(givenUp: number, nowMs: number): void {
    const pending = this.#exchange.longestUnanswered()
    const sinceMs = Math.max(this.#lastHeardMs, pending?.firstSentMs ?? Number.NEGATIVE_INFINITY)
    if (pending === undefined && givenUp === 0) return
    if (nowMs - sinceMs < this.#timeoutMs * SILENT_PART) return
    this.#endSession()
    this.#exchange.loseSession(nowMs)
    this.#state = 'idle'
    // If nobody waits, the next request logs in anew.
    if (!this.#exchange.isIdle) this.#startLogin(nowMs)
  }

  #keepAlive(nowMs: number): void {
    if (this.#keepAliveMs === 0 || !this.#exchange.isIdle) return
    if (nowMs < this.#keepAliveDueMs()) return
    this.#lastSentMs = nowMs
    this.#exchange.add(newPending(toBmc(GetDeviceId, noBytes), this.#nextId++, this.#timeoutMs, () => {}))
  }

  #keepAliveDueMs(): number {
    return Math.max(this.#lastSentMs, this.#lastHeardMs) + this.#keepAliveMs
  }

  #isForLogin({ format, packet }: Incoming): boolean {
    if (format === 'v15') return packet.authType !== AuthType.RmcpPlus
    return packet.sessionId === 0 && !packet.isEncrypted && !packet.isAuthenticated
  }

  #openPacket(incoming: Incoming): Opened | null {
    const link = this.#link
    if (incoming.format === 'plus')
      return link instanceof PlusLink && incoming.packet.sessionId === this.#consoleId
        ? link.open(incoming.packet)
        : null
    return link instanceof V15Link && incoming.packet.sessionId === link.remoteId
      ? link.open(incoming.packet)
      : null
  }
}

/** Our name for a session; 0 is none. */
function newId(random: (bytes: number) => Uint8Array): number {
  const bytes = random(4)
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) || 1
}
