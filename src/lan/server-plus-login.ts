/** The BMC's side of an RMCP+ log-in: Open Session and RAKP 1 to 4. IPMI 2.0 rev 1.1, sections 13.15 to 13.24. */

import { timingSafeEqual } from 'node:crypto'
import type { ValueOf } from '../protocol/codec.ts'
import type { Privilege } from '../protocol/command.ts'
import { PayloadType } from '../protocol/commands/payload.ts'
import { USER_NAME_BYTES, userNameFrom } from '../protocol/user-name.ts'
import { findAccount, type LanAccount, type LanAccounts } from './accounts.ts'
import { type CipherSuite, cipherSuite, strongestFirst } from './cipher-suites.ts'
import type { Lockout } from './lockout.ts'
import { type Pending, PendingTable } from './pending.ts'
import {
  protectionOf,
  type RakpState,
  rakp2AuthCode,
  rakp3AuthCode,
  rakp4IntegrityCheck,
  sessionIntegrityKey,
} from './rakp.ts'
import { encodePlus } from './rmcpplus.ts'
import { type Admission, isSamePeer, type Peer } from './server-session.ts'
import { PlusLink } from './session-link.ts'
import {
  type Algorithms,
  ANY_ALGORITHM,
  openSessionRequest,
  openSessionResponse,
  RANDOM_BYTES,
  RakpStatus,
  rakp1,
  rakp2,
  rakp3,
  rakp4,
  readSetup,
  roleOf,
  writeSetup,
} from './session-setup.ts'

interface PendingPlus extends Pending {
  consoleId: number
  suite: CipherSuite
  /** The level that the suite, the channel and Open Session allow. */
  limit: number
  /** From RAKP 1 on. */
  rakp?: { state: RakpState; account: LanAccount; maximum: number }
  /** The last message and its answer, for when the answer gets lost. */
  answered?: { request: Uint8Array; answer: Uint8Array }
}

/** A log-in that came through. */
export interface PlusLogin {
  id: number
  peer: Peer
  link: PlusLink
  account: LanAccount
  maximum: Privilege
}

export interface PlusLoginHost {
  readonly accounts: LanAccounts
  readonly lockout: Lockout
  readonly guid: Uint8Array
  random(bytes: number): Uint8Array
  /** An ID that no session has. */
  newSessionId(): number
  admit(login: PlusLogin): Admission
}

const strongestSuites = strongestFirst.map(id => cipherSuite(id)!)
const MAX_PENDING = 64
/** Log-ins whose RAKP 4 may still have to be repeated. */
const MAX_DONE = 16
const HIGHEST_ROLE = 5

export class PlusLogins {
  readonly #host: PlusLoginHost
  readonly #pending = new PendingTable<PendingPlus>(MAX_PENDING)
  readonly #done = new PendingTable<PendingPlus>(MAX_DONE)

  constructor(host: PlusLoginHost) {
    this.#host = host
  }

  get size(): number {
    return this.#pending.size
  }

  has(id: number): boolean {
    return this.#pending.get(id) !== undefined
  }

  nextDueMs(): number | null {
    const due = [this.#pending.nextDueMs(), this.#done.nextDueMs()].filter(time => time !== null)
    return due.length === 0 ? null : Math.min(...due)
  }

  clear(): void {
    this.#pending.clear()
    this.#done.clear()
  }

  expire(nowMs: number): void {
    this.#pending.expire(nowMs)
    this.#done.expire(nowMs)
  }

  /** The datagram to answer with, or null. */
  handle(payloadType: number, payload: Uint8Array, peer: Peer, nowMs: number): Uint8Array | null {
    if (payloadType === PayloadType.OpenSessionRequest) return this.#open(payload, peer, nowMs)
    if (payloadType === PayloadType.Rakp1) return this.#rakp1(payload, peer, nowMs)
    if (payloadType === PayloadType.Rakp3) return this.#rakp3(payload, peer, nowMs)
    return null
  }

  #open(payload: Uint8Array, peer: Peer, nowMs: number): Uint8Array | null {
    const request = readSetup(openSessionRequest, payload)
    if (request === null) return null
    const { tag, consoleId } = request
    const chosen = this.#choose(request.algorithms)
    if (typeof chosen === 'number') {
      const answer = { tag, status: chosen, maximum: 0, consoleId }
      return setupDatagram(PayloadType.OpenSessionResponse, writeSetup(openSessionResponse, answer))
    }
    const { accounts } = this.#host
    const asked = request.maximum
    const allowed = Math.min(accounts.suites.get(chosen.id)!, accounts.channelLimit)
    const limit = asked === 0 ? allowed : Math.min(asked, allowed)
    const entry: PendingPlus = {
      id: this.#host.newSessionId(),
      peer,
      sinceMs: nowMs,
      consoleId,
      suite: chosen,
      limit,
    }
    this.#pending.add(entry)
    const answer = writeSetup(openSessionResponse, {
      tag,
      status: RakpStatus.Ok,
      maximum: limit,
      consoleId,
      bmcId: entry.id,
      algorithms: chosen,
    })
    return setupDatagram(PayloadType.OpenSessionResponse, answer)
  }

  /** The suite, or the status that says what is wrong with the proposal. */
  #choose(proposed: Algorithms): CipherSuite | number {
    const { suites } = this.#host.accounts
    const offered = strongestSuites.filter(({ id }) => suites.has(id))
    const fits = (kind: keyof Algorithms) => (suite: CipherSuite) =>
      proposed[kind] === ANY_ALGORITHM || proposed[kind] === suite[kind]
    if (!offered.some(fits('authentication'))) return RakpStatus.InvalidAuthenticationAlgorithm
    if (!offered.some(fits('integrity'))) return RakpStatus.InvalidIntegrityAlgorithm
    if (!offered.some(fits('confidentiality'))) return RakpStatus.InvalidConfidentialityAlgorithm
    const all = offered.filter(
      suite => fits('authentication')(suite) && fits('integrity')(suite) && fits('confidentiality')(suite),
    )
    return all[0] ?? RakpStatus.NoCipherSuiteMatch
  }

  #rakp1(payload: Uint8Array, peer: Peer, nowMs: number): Uint8Array | null {
    const message = readSetup(rakp1, payload)
    if (message === null) return null
    const entry = this.#pending.get(message.bmcId)
    if (entry === undefined || !isSamePeer(entry.peer, peer)) return null
    return (
      this.#repeated(entry, payload) ?? this.#keep(entry, payload, this.#answerRakp1(entry, message, nowMs))
    )
  }

  #answerRakp1(entry: PendingPlus, message: ValueOf<typeof rakp1>, nowMs: number): Uint8Array {
    const { tag, role, userName } = message
    const { accounts, guid } = this.#host
    const refuse = (status: number) => {
      this.#pending.delete(entry)
      const answer = { tag, status, consoleId: entry.consoleId, authCode: new Uint8Array(0) }
      return setupDatagram(PayloadType.Rakp2, writeSetup(rakp2, answer))
    }
    if (userName.length > USER_NAME_BYTES) return refuse(RakpStatus.InvalidNameLength)
    if (role.privilege === 0 || role.privilege > HIGHEST_ROLE) return refuse(RakpStatus.InvalidRole)
    const name = userNameFrom(userName)
    const account = findAccount(accounts, name, role.nameOnly ? null : role.privilege)
    if (account === null) return refuse(RakpStatus.UnauthorizedName)
    if (this.#host.lockout.isLockedOut(account.id, accounts.lockout, nowMs))
      return refuse(RakpStatus.UnauthorizedName)
    if (role.privilege > Math.min(entry.limit, account.privilege)) return refuse(RakpStatus.UnauthorizedRole)
    const state: RakpState = {
      suite: entry.suite,
      consoleId: entry.consoleId,
      bmcId: entry.id,
      consoleRandom: message.consoleRandom,
      bmcRandom: this.#host.random(RANDOM_BYTES),
      guid,
      role: roleOf(role),
      userName,
      password: account.password,
      kg: accounts.kg,
    }
    entry.rakp = { state, account, maximum: role.privilege }
    const answer = {
      tag,
      status: RakpStatus.Ok,
      consoleId: entry.consoleId,
      bmcRandom: state.bmcRandom,
      guid,
      authCode: rakp2AuthCode(state),
    }
    return setupDatagram(PayloadType.Rakp2, writeSetup(rakp2, answer))
  }

  #rakp3(payload: Uint8Array, peer: Peer, nowMs: number): Uint8Array | null {
    const message = readSetup(rakp3, payload)
    if (message === null) return null
    const entry = this.#pending.get(message.bmcId) ?? this.#done.get(message.bmcId)
    if (entry?.rakp === undefined || !isSamePeer(entry.peer, peer)) return null
    const repeated = this.#repeated(entry, payload)
    if (repeated !== null || this.#done.get(entry.id) !== undefined) return repeated
    this.#pending.delete(entry)
    const { state, account, maximum } = entry.rakp
    const { lockout, accounts } = this.#host
    const answer = (status: number, integrityCheck = new Uint8Array(0)) =>
      setupDatagram(
        PayloadType.Rakp4,
        writeSetup(rakp4, { tag: message.tag, status, consoleId: entry.consoleId, integrityCheck }),
      )
    // The console says that RAKP 2 is not signed with its password: it has a wrong one, and gets no answer.
    if (message.status !== RakpStatus.Ok) {
      if (message.status === RakpStatus.InvalidIntegrityCheckValue)
        lockout.noteFailure(account.id, accounts.lockout, nowMs)
      return null
    }
    // It may have been begun before the lock.
    if (lockout.isLockedOut(account.id, accounts.lockout, nowMs)) return answer(RakpStatus.UnauthorizedName)
    if (!areEqual(message.authCode, rakp3AuthCode(state))) {
      lockout.noteFailure(account.id, accounts.lockout, nowMs)
      return answer(RakpStatus.InvalidIntegrityCheckValue)
    }
    const sik = sessionIntegrityKey(state)
    const link = new PlusLink(entry.consoleId, protectionOf(state, sik))
    const login = { id: entry.id, peer, link, account, maximum: maximum as Privilege }
    if (this.#host.admit(login) !== 'admitted') return answer(RakpStatus.InsufficientResources)
    lockout.noteSuccess(account.id)
    this.#done.add({ ...entry, sinceMs: nowMs })
    return this.#keep(
      this.#done.get(entry.id)!,
      payload,
      answer(RakpStatus.Ok, new Uint8Array(rakp4IntegrityCheck(state, sik))),
    )
  }

  #repeated(entry: PendingPlus, request: Uint8Array): Uint8Array | null {
    const before = entry.answered
    return before !== undefined && areEqual(before.request, request) ? before.answer : null
  }

  #keep(entry: PendingPlus, request: Uint8Array, answer: Uint8Array): Uint8Array {
    entry.answered = { request: request.slice(), answer }
    return answer
  }
}

/** In constant time for what has the same length; the lengths are no secret. */
function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

function setupDatagram(payloadType: number, payload: Uint8Array): Uint8Array {
  return encodePlus({ payloadType, sessionId: 0, sequence: 0, payload })
}
