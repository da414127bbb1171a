/** The BMC's side of an RMCP+ log-in: Open Session and RAKP 1 to 4. IPMI 2.0 rev 1.1, sections 13.15 to 13.24. */

import { timingSafeEqual } from 'node:crypto'
import type { ValueOf } from '../protocol/codec.ts'
import type { Privilege } from '../protocol/command.ts'
import { PayloadType } from '../protocol/commands/payload.ts'
import { USER_NAME_BYTES, userNameFrom } from '../protocol/user-name.ts'
import { findAccount, type LanAccount, type LanAccounts } from './accounts.ts'
import { type Challenge, ChallengedLogins } from './challenged.ts'
import { type CipherSuite, cipherSuite, strongestFirst } from './cipher-suites.ts'
import type { Lockout } from './lockout.ts'
import { earliest, type Pending, PendingTable } from './pending.ts'
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
}

/** RAKP 2 was sent. */
interface ChallengedPlus extends PendingPlus, Challenge {
  sinceMs: number
  state: RakpState
  maximum: number
  /** The last message and its answer, for when the answer gets lost. */
  answered: { request: Uint8Array; answer: Uint8Array }
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
const MAX_OPENED = 64
/** Log-ins whose RAKP 4 may still have to be repeated. */
const MAX_DONE = 16
const HIGHEST_ROLE = 5

export class PlusLogins {
  readonly #host: PlusLoginHost
  readonly #opened = new PendingTable<PendingPlus>({ capacity: MAX_OPENED })
  readonly #challenged: ChallengedLogins<ChallengedPlus>
  readonly #done = new PendingTable<ChallengedPlus>({ capacity: MAX_DONE })

  constructor(host: PlusLoginHost) {
    this.#host = host
    this.#challenged = new ChallengedLogins(host)
  }

  get size(): number {
    return this.#opened.size + this.#challenged.size
  }

  /** Some count as failed when they do not go on soon. */
  get isWaiting(): boolean {
    return this.#challenged.isWaiting
  }

  has(id: number): boolean {
    return this.#opened.get(id) !== undefined || this.#challenged.get(id) !== undefined
  }

  nextDueMs(): number | null {
    return earliest([this.#opened, this.#challenged, this.#done].map(table => table.nextDueMs()))
  }

  clear(): void {
    this.#opened.clear()
    this.#challenged.clear()
    this.#done.clear()
  }

  expire(nowMs: number): void {
    this.#opened.expire(nowMs)
    this.#challenged.expire(nowMs)
    this.#done.expire(nowMs)
  }

  /** The datagram to answer with, or null. */
  handle(payloadType: number, payload: Uint8Array, peer: Peer, nowMs: number): Uint8Array | null {
    this.expire(nowMs)
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
    this.#opened.add(entry)
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
    const before = this.#challenged.get(message.bmcId)
    const begun = before ?? this.#opened.get(message.bmcId)
    if (begun === undefined || !isSamePeer(begun.peer, peer)) return null
    if (before !== undefined && areEqual(before.answered.request, payload)) return before.answered.answer
    const { consoleId } = begun
    const { tag } = message
    const account = this.#accountOf(message, begun, nowMs, before?.account)
    if (typeof account === 'number') {
      this.#opened.delete(begun)
      const refusal = { tag, status: account, consoleId, authCode: new Uint8Array(0) }
      return setupDatagram(PayloadType.Rakp2, writeSetup(rakp2, refusal))
    }
    const state = this.#stateOf(begun, message, account)
    const { bmcRandom, guid } = state
    const authCode = rakp2AuthCode(state)
    const rakp = { tag, status: RakpStatus.Ok, consoleId, bmcRandom, guid, authCode }
    const answer = setupDatagram(PayloadType.Rakp2, writeSetup(rakp2, rakp))
    const answered = { request: payload.slice(), answer }
    const challenge = { state, account, maximum: message.role.privilege, answered }
    if (before !== undefined) Object.assign(before, challenge)
    else {
      this.#opened.delete(begun)
      this.#challenged.add({ ...begun, ...challenge, sinceMs: nowMs, failure: null })
    }
    return answer
  }

  /** Whose log-in it is, or the status that says why it is nobody's. */
  #accountOf(
    message: ValueOf<typeof rakp1>,
    begun: PendingPlus,
    nowMs: number,
    before: LanAccount | undefined,
  ): LanAccount | number {
    const { role, userName } = message
    const { accounts, lockout } = this.#host
    if (userName.length > USER_NAME_BYTES) return RakpStatus.InvalidNameLength
    if (role.privilege === 0 || role.privilege > HIGHEST_ROLE) return RakpStatus.InvalidRole
    const name = userNameFrom(userName)
    const account = findAccount(accounts, name, role.nameOnly ? null : role.privilege)
    if (account === null) return RakpStatus.UnauthorizedName
    if (lockout.isLockedOut(account.id, accounts.lockout, nowMs)) return RakpStatus.UnauthorizedName
    if (role.privilege > Math.min(begun.limit, account.privilege)) return RakpStatus.UnauthorizedRole
    // What was answered for one user does not go on as another one.
    if (before !== undefined && before.id !== account.id) return RakpStatus.IllegalParameter
    return account
  }

  #stateOf(begun: PendingPlus, message: ValueOf<typeof rakp1>, account: LanAccount): RakpState {
    const { role, userName, consoleRandom } = message
    return {
      suite: begun.suite,
      consoleId: begun.consoleId,
      bmcId: begun.id,
      consoleRandom,
      bmcRandom: this.#host.random(RANDOM_BYTES),
      guid: this.#host.guid,
      role: roleOf(role),
      userName,
      password: account.password,
      kg: this.#host.accounts.kg,
    }
  }

  #rakp3(payload: Uint8Array, peer: Peer, nowMs: number): Uint8Array | null {
    const message = readSetup(rakp3, payload)
    if (message === null) return null
    const done = this.#done.get(message.bmcId)
    const entry = done ?? this.#challenged.get(message.bmcId)
    if (entry === undefined || !isSamePeer(entry.peer, peer)) return null
    if (done !== undefined) return areEqual(done.answered.request, payload) ? done.answered.answer : null
    const { state, account, maximum } = entry
    const { lockout, accounts } = this.#host
    const answer = (status: number, integrityCheck = new Uint8Array(0)) =>
      setupDatagram(
        PayloadType.Rakp4,
        writeSetup(rakp4, { tag: message.tag, status, consoleId: entry.consoleId, integrityCheck }),
      )
    // The console gives up: it says that RAKP 2 is not signed with its password. It gets no answer.
    if (message.status !== RakpStatus.Ok) {
      this.#challenged.dropFailed(entry, nowMs)
      return null
    }
    // It may have been begun before the lock.
    if (lockout.isLockedOut(account.id, accounts.lockout, nowMs)) {
      this.#challenged.drop(entry)
      return answer(RakpStatus.UnauthorizedName)
    }
    if (!areEqual(message.authCode, rakp3AuthCode(state))) {
      this.#challenged.dropFailed(entry, nowMs)
      return answer(RakpStatus.InvalidIntegrityCheckValue)
    }
    this.#challenged.dropRight(entry)
    const sik = sessionIntegrityKey(state)
    const link = new PlusLink(entry.consoleId, protectionOf(state, sik))
    const login = { id: entry.id, peer, link, account, maximum: maximum as Privilege }
    if (this.#host.admit(login) !== 'admitted') return answer(RakpStatus.InsufficientResources)
    lockout.noteSuccess(account.id)
    const accepted = answer(RakpStatus.Ok, new Uint8Array(rakp4IntegrityCheck(state, sik)))
    entry.sinceMs = nowMs
    entry.answered = { request: payload.slice(), answer: accepted }
    this.#done.add(entry)
    return accepted
  }
}

/** In constant time for what has the same length; the lengths are no secret. */
function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

function setupDatagram(payloadType: number, payload: Uint8Array): Uint8Array {
  return encodePlus({ payloadType, sessionId: 0, sequence: 0, payload })
}
