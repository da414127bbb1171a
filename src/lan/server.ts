/** The BMC's side of a LAN channel as a machine: datagrams and times in, datagrams out. IPMI 2.0 rev 1.1, section 13. */
import { Privilege } from '../protocol/command.ts'
import { PayloadType } from '../protocol/commands/payload.ts'
import { AuthType } from '../protocol/commands/session.ts'
import { CompletionCode } from '../protocol/completion-code.ts'
import { answerTo, decodeIpmb, encodeIpmb, type IpmbFrame, requestIn } from '../protocol/ipmb.ts'
import type { LanAccounts } from './accounts.ts'
import type { Answered } from './answer-cache.ts'
import { LanStatistics } from './lan-statistics.ts'
import { Lockout } from './lockout.ts'
import { earliest } from './pending.ts'
import { pooledRandom } from './random-pool.ts'
import { decodeRmcp, pingTag, presencePong, RMCP_PORT, RmcpClass, rmcpAck } from './rmcp.ts'
import { decodePlus, encodePlus, type PlusPacket } from './rmcpplus.ts'
import { type PlusLogin, PlusLogins } from './server-plus-login.ts'
import { type Admission, isSamePeer, type Peer, ServerSession, SessionTable } from './server-session.ts'
import { type PendingV15, type V15Login, V15Logins } from './server-v15-login.ts'
import { type Opened, PlusLink } from './session-link.ts'
import { decodeV15, encodeV15, type V15Packet } from './session-v15.ts'
import { defaultSolSettings, type SolFarEnd, SolServer, type SolSettings } from './sol-server.ts'

/** Who sent a request, and what of the session server it may reach. */
export interface LanCaller {
  readonly channel: number
  readonly privilege: Privilege
  readonly server: LanServerMachine
  /** Null outside of a session. */
  readonly session: ServerSession | null
  /** The IPMI 1.5 log-in that the request belongs to. */
  readonly login: PendingV15 | null
  readonly peer: Peer
  readonly nowMs: number
  /** The answer of another controller, to be sent to the console behind this one's; only in a session. */
  forwarded: IpmbFrame | null
}

export interface LanServerMachineOptions {
  accounts: LanAccounts
  /** 16 bytes, the least significant first. */
  guid: Uint8Array
  /** The number of the channel; 1 unless said otherwise. */
  channel?: number
  /**
   * Executes a request: netFn/LUN, command, data. `respond` gets the response likewise, at once or when what it tells is
   * kept, then transmits are to be polled; null: there is no answer.
   */
  execute(request: Uint8Array, caller: LanCaller, respond: (response: Uint8Array | null) => void): void
  /** Up to 63; 32 unless said otherwise. */
  maxSessions?: number
  /** A session that is silent for so long is closed; 60 s unless said otherwise. */
  inactivityMs?: number
  random?: (bytes: number) => Uint8Array
  /** Where serial over LAN leads to; without it there is none. */
  sol?: { farEnd: SolFarEnd; settings?: () => SolSettings }
}

export interface Transmit {
  to: Peer
  datagram: Uint8Array
}

const BMC_ADDRESS = 0x20
const DEFAULT_SESSIONS = 32
const DEFAULT_INACTIVITY_MS = 60_000
/** What one length byte can say. */
const V15_PAYLOAD_BYTES = 255

export class LanServerMachine {
  readonly accounts: LanAccounts
  readonly guid: Uint8Array
  readonly channel: number
  readonly lockout = new Lockout()
  readonly sessions: SessionTable
  readonly v15: V15Logins
  /** Serial over LAN; null: there is none. */
  readonly sol: SolServer | null
  /** The UDP port, once it is known. */
  port = RMCP_PORT
  /** The line of serial over LAN has something to send: `tick` is wanted. */
  onWake: (() => void) | null = null
  /** Datagrams that were of no use. */
  dropped = 0
  readonly statistics = new LanStatistics()
  readonly #execute: LanServerMachineOptions['execute']
  readonly #inactivityMs: number
  readonly #random: (bytes: number) => Uint8Array
  readonly #plus: PlusLogins
  readonly #out: Transmit[] = []
  #nowMs = 0

  constructor(options: LanServerMachineOptions) {
    this.accounts = options.accounts
    this.guid = options.guid
    this.channel = options.channel ?? 1
    this.sessions = new SessionTable(options.maxSessions ?? DEFAULT_SESSIONS)
    this.#execute = options.execute
    this.#inactivityMs = options.inactivityMs ?? DEFAULT_INACTIVITY_MS
    this.#random = options.random ?? pooledRandom
    const { sol } = options
    this.sol =
      sol === undefined
        ? null
        : new SolServer({
            farEnd: sol.farEnd,
            settings: sol.settings ?? (() => defaultSolSettings),
            onWake: () => this.onWake?.(),
          })
    this.#plus = new PlusLogins(this)
    this.v15 = new V15Logins(this)
  }

  /** Something may be due soon: a console has the serial line, or a log-in is to go on. */
  get isHurried(): boolean {
    return this.#plus.isWaiting || (this.sol !== null && this.sol.session !== null)
  }

  /** Log-ins that have begun and not ended. */
  get beginnings(): number {
    return this.#plus.size + this.v15.size
  }

  /** Takes a datagram in. Whatever it is, nothing is thrown. */
  handle(datagram: Uint8Array, from: Peer, nowMs: number): void {
    this.#nowMs = nowMs
    this.statistics.received++
    if (!this.#take(datagram, from)) this.dropped++
  }

  pollTransmit(): Transmit | null {
    const out = this.#nextTransmit()
    if (out !== null) this.statistics.transmitted++
    return out
  }

  #nextTransmit(): Transmit | null {
    const serial = this.#out.length > 0 ? null : (this.sol?.pollPayload() ?? null)
    if (serial === null) return this.#out.shift() ?? null
    const { link, peer } = serial.session
    if (!(link instanceof PlusLink)) return null
    return { to: peer, datagram: link.seal(PayloadType.Sol, serial.payload) }
  }

  /** When `tick` is wanted; null: not before the next datagram. */
  pollTimeout(): number | null {
    return earliest([
      this.#plus.nextDueMs(),
      this.v15.nextDueMs(),
      this.sol?.pollTimeout() ?? null,
      ...this.sessions.all().map(session => session.lastHeardMs + this.#inactivityMs),
    ])
  }

  tick(nowMs: number): void {
    this.#nowMs = nowMs
    this.#plus.expire(nowMs)
    this.v15.expire(nowMs)
    this.sol?.tick(nowMs)
    for (const session of this.sessions.all()) {
      if (nowMs >= session.lastHeardMs + this.#inactivityMs) this.close(session)
    }
  }

  close(session: ServerSession): void {
    this.sol?.sessionClosed(session)
    this.sessions.delete(session)
  }

  /** All sessions and log-ins end, as when a BMC starts anew. */
  reset(): void {
    for (const session of this.sessions.all()) this.close(session)
    this.#plus.clear()
    this.v15.clear()
  }

  random(bytes: number): Uint8Array {
    return this.#random(bytes)
  }

  newSessionId(): number {
    for (;;) {
      const bytes = this.#random(4)
      const id = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
      const isTaken = this.sessions.get(id) !== undefined || this.#plus.has(id) || this.v15.has(id)
      if (id !== 0 && !isTaken) return id
    }
  }

  admit(login: PlusLogin | V15Login): Admission {
    if (this.sessions.isFull) return 'full'
    const { id, sessionLimit = 0 } = login.account
    if (sessionLimit > 0 && this.sessions.countOf(id) >= sessionLimit) return 'userHasAll'
    const handle = this.sessions.freeHandle()
    this.sessions.add(new ServerSession({ ...login, handle, nowMs: this.#nowMs }))
    return 'admitted'
  }

  #send(to: Peer, datagram: Uint8Array | null): boolean {
    if (datagram === null) return false
    this.#out.push({ to, datagram })
    return true
  }

  #take(datagram: Uint8Array, from: Peer): boolean {
    const message = decodeRmcp(datagram)
    if (message === null) return false
    this.statistics.rmcpReceived++
    if (message.isAck) return false
    if (message.messageClass === RmcpClass.Asf) {
      const tag = pingTag(message.data)
      return this.#send(from, tag === null ? null : presencePong(tag))
    }
    if (message.messageClass !== RmcpClass.Ipmi) return false
    this.#send(from, rmcpAck(message))
    if (message.data[0] === AuthType.RmcpPlus) {
      const packet = decodePlus(message.data)
      return packet !== null && this.#takePlus(packet, from)
    }
    const packet = decodeV15(message.data)
    return packet !== null && this.#takeV15(packet, from)
  }

  #takePlus(packet: PlusPacket, from: Peer): boolean {
    if (packet.sessionId !== 0) {
      const session = this.sessions.get(packet.sessionId)
      if (session === undefined || !isSamePeer(session.peer, from)) return false
      const { link } = session
      const opened = link instanceof PlusLink ? link.open(packet) : null
      return opened !== null && this.#inSession(session, opened)
    }
    if (packet.isEncrypted || packet.isAuthenticated) return false
    const { payloadType, payload } = packet
    if (payloadType !== PayloadType.Ipmi)
      return this.#send(from, this.#plus.handle(payloadType, payload, from, this.#nowMs))
    return this.#answer(payload, this.#stranger(from, null), answer =>
      this.#send(from, encodePlus({ payloadType, sessionId: 0, sequence: 0, payload: answer })),
    )
  }

  #takeV15(packet: V15Packet, from: Peer): boolean {
    const { authType, sessionId, payload } = packet
    if (sessionId === 0) {
      if (authType !== AuthType.None) return false
      return this.#answer(payload, this.#stranger(from, null), answer =>
        this.#send(from, encodeV15({ authType, sessionId, sequence: 0, payload: answer }, new Uint8Array(0))),
      )
    }
    const session = this.sessions.get(sessionId)
    if (session === undefined) return this.#activateV15(packet, from)
    if (!isSamePeer(session.peer, from)) return false
    const { link } = session
    const opened = link instanceof PlusLink ? null : link.open(packet, this.accounts.perMessageAuthentication)
    return opened !== null && this.#inSession(session, opened)
  }

  #activateV15(packet: V15Packet, from: Peer): boolean {
    const login = this.v15.find(packet, from, this.#nowMs)
    if (login === null) return false
    return this.#answer(packet.payload, this.#stranger(from, login), answer => {
      const session = this.sessions.get(login.id)
      if (session === undefined) {
        this.#send(from, this.v15.seal(login, answer))
        return
      }
      // If this answer gets lost, the request comes again, then to the session, whose first packet the answer is.
      session.answers.keep(packet.payload, answer, this.#nowMs)
      this.#send(from, sealIpmi(session, answer))
    })
  }

  #inSession(session: ServerSession, opened: Opened): boolean {
    if (opened.payloadType === PayloadType.Sol) {
      if (opened.freshness === 'seen') return false
      session.lastHeardMs = this.#nowMs
      return this.sol?.handle(session, opened, this.#nowMs) ?? false
    }
    if (opened.payloadType !== PayloadType.Ipmi) return false
    if (opened.freshness === 'new') session.lastHeardMs = this.#nowMs
    return this.#answerOnce(session, opened)
  }

  /** A request that came before gets the answer that it got before, if the kept answers are for it. */
  #answerOnce(session: ServerSession, { payload, freshness }: Opened): boolean {
    if (payload.length < MIN_MESSAGE_BYTES) return false
    const before = session.answers.find(payload, freshness, this.#nowMs)
    if (before !== undefined) return this.#sendAnswer(session, before)
    if (freshness === 'seen') return false
    const kept = session.answers.keep(payload, null, this.#nowMs)
    const caller = this.#caller(session.peer, session, null)
    return this.#answer(payload, caller, answer => {
      kept.response = answer
      kept.forwarded = caller.forwarded && fitted(readdressed(caller.forwarded, payload), session)
      this.#sendAnswer(session, kept)
      if (session.isClosing) this.close(session)
    })
  }

  #sendAnswer(session: ServerSession, { response, forwarded }: Answered): boolean {
    if (response === null) return false
    this.#send(session.peer, sealIpmi(session, response))
    if (forwarded !== null) this.#send(session.peer, sealIpmi(session, forwarded))
    return true
  }

  #stranger(peer: Peer, login: PendingV15 | null): LanCaller {
    return this.#caller(peer, null, login)
  }

  #caller(peer: Peer, session: ServerSession | null, login: PendingV15 | null): LanCaller {
    const { channel } = this
    const privilege = session?.privilege ?? Privilege.None
    return { channel, privilege, server: this, session, login, peer, nowMs: this.#nowMs, forwarded: null }
  }

  /** Has the request in a LAN message executed; `give` gets the LAN message that answers it. False: nothing was executed. */
  #answer(payload: Uint8Array, caller: LanCaller, give: (answer: Uint8Array) => void): boolean {
    const request = requestIn(payload, BMC_ADDRESS)
    if (request === undefined) return false
    this.#execute(request, caller, response => {
      if (response !== null) give(fitted(answerTo(payload, response), caller.session))
    })
    return true
  }
}

const MIN_MESSAGE_BYTES = 7
/** Where a LAN message has the address of its sender. */
const RQ_ADDR_AT = 3

/** An answer to the console that sent this request, from whoever it is. */
function readdressed(answer: IpmbFrame, request: Uint8Array): Uint8Array {
  return encodeIpmb({ ...answer, rsAddr: request[RQ_ADDR_AT]! })
}

/** The answer; one that is too long for the packet becomes a completion code. */
function fitted(answer: Uint8Array, session: ServerSession | null): Uint8Array {
  if (answer.length <= V15_PAYLOAD_BYTES || session?.link instanceof PlusLink) return answer
  const data = Uint8Array.of(CompletionCode.CannotReturnRequestedBytes)
  return encodeIpmb({ ...decodeIpmb(answer)!, data })
}

function sealIpmi({ link }: ServerSession, payload: Uint8Array): Uint8Array {
  return link instanceof PlusLink ? link.seal(PayloadType.Ipmi, payload) : link.seal(payload)
}
