/** The BMC's side of an IPMI 1.5 log-in: Get Session Challenge and Activate Session. IPMI 2.0 rev 1.1, sections 22.16 and 22.17. */
import { Privilege, type RequestOf, type ResponseOf } from '../protocol/command.ts'
import { type ActivateSession, AuthType, type GetSessionChallenge } from '../protocol/commands/session.ts'
import { CompletionCode } from '../protocol/completion-code.ts'
import { anyAuthTypes, findAccount, type LanAccount, type LanAccounts } from './accounts.ts'
import type { Lockout } from './lockout.ts'
import { type Pending, PendingTable } from './pending.ts'
import { type Admission, isSamePeer, type Peer } from './server-session.ts'
import { V15Link, v15Password } from './session-link.ts'
import { encodeV15, isAuthentic, V15_PASSWORD_BYTES, type V15Packet } from './session-v15.ts'

const INVALID_USER_NAME = 0x81
const NULL_USER_DISABLED = 0x82
const NO_SLOT = 0x81
const NO_SLOT_FOR_USER = 0x82
const SEQUENCE_OUT_OF_RANGE = 0x84
const INVALID_SESSION_ID = 0x85
const LEVEL_EXCEEDS_LIMIT = 0x86

export interface PendingV15 extends Pending {
  authType: AuthType
  account: LanAccount
  challenge: Uint8Array
}

export interface V15Login {
  id: number
  peer: Peer
  link: V15Link
  account: LanAccount
  maximum: Privilege
}

export interface V15LoginHost {
  readonly accounts: LanAccounts
  readonly lockout: Lockout
  random(bytes: number): Uint8Array
  newSessionId(): number
  admit(login: V15Login): Admission
}

const MAX_PENDING = 64

export class V15Logins {
  readonly #host: V15LoginHost
  readonly #pending = new PendingTable<PendingV15>({ capacity: MAX_PENDING })

  constructor(host: V15LoginHost) {
    this.#host = host
  }

  get size(): number {
    return this.#pending.size
  }

  nextDueMs(): number | null {
    return this.#pending.nextDueMs()
  }

  clear(): void {
    this.#pending.clear()
  }

  expire(nowMs: number): void {
    this.#pending.expire(nowMs)
  }

  has(id: number): boolean {
    return this.#pending.get(id) !== undefined
  }

  /** The log-in that this packet goes on with, if it is signed as was agreed. A wrong signature is a wrong password. */
  find(packet: V15Packet, peer: Peer, nowMs: number): PendingV15 | null {
    const entry = this.#pending.get(packet.sessionId)
    if (entry === undefined || !isSamePeer(entry.peer, peer) || packet.authType !== entry.authType)
      return null
    const { lockout, accounts } = this.#host
    // It may have been begun before the lock.
    const isLocked = lockout.isLockedOut(entry.account.id, accounts.lockout, nowMs)
    if (!isLocked && isAuthentic(packet, v15Password(entry.account.password))) return entry
    this.#pending.delete(entry)
    if (!isLocked) lockout.noteFailure(entry.account.id, peer, accounts.lockout, nowMs)
    return null
  }

  /** Packs a refusal of Activate Session. */
  seal(entry: PendingV15, payload: Uint8Array): Uint8Array {
    const packet = { authType: entry.authType, sequence: 0, sessionId: entry.id, payload }
    return encodeV15(packet, v15Password(entry.account.password))
  }

  challenge(
    request: RequestOf<typeof GetSessionChallenge>,
    peer: Peer,
    nowMs: number,
  ): ResponseOf<typeof GetSessionChallenge> | number {
    const { accounts, lockout } = this.#host
    const authType = [...anyAuthTypes(accounts)].find(type => type === request.authType)
    if (authType === undefined) return CompletionCode.InvalidDataField
    const account = findAccount(accounts, request.userName, null)
    const isUsable =
      account !== null &&
      account.password.length <= V15_PASSWORD_BYTES &&
      !lockout.isLockedOut(account.id, accounts.lockout, nowMs)
    if (!isUsable) return request.userName === '' ? NULL_USER_DISABLED : INVALID_USER_NAME
    const id = this.#host.newSessionId()
    const challenge = this.#host.random(16)
    this.#pending.add({ id, peer, sinceMs: nowMs, authType, account, challenge })
    return { temporarySessionId: id, challenge }
  }

  /** `entry` is what `find` gave for the packet that the request came in. */
  activate(
    request: RequestOf<typeof ActivateSession>,
    entry: PendingV15 | null,
  ): ResponseOf<typeof ActivateSession> | number {
    if (entry === null) return INVALID_SESSION_ID
    const { authType, maximum, challenge, initialOutboundSequence } = request
    if (authType !== entry.authType) return CompletionCode.InvalidDataField
    // Only who is not signed by a password could have guessed.
    if (!challenge.every((byte, index) => byte === entry.challenge[index]))
      return CompletionCode.InvalidDataField
    if (initialOutboundSequence === 0) return SEQUENCE_OUT_OF_RANGE
    const { channelLimit, perMessageAuthentication } = this.#host.accounts
    const limit = Math.min(entry.account.privilege, channelLimit)
    if (maximum < Privilege.Callback || maximum > limit) return LEVEL_EXCEEDS_LIMIT
    const level = maximum as Privilege
    if (!this.#host.accounts.authTypesAt(level).includes(entry.authType)) return LEVEL_EXCEEDS_LIMIT
    const inbound = firstSequence(this.#host.random(4))
    const { id, peer, account } = entry
    const first = { inbound, outbound: initialOutboundSequence }
    const link = new V15Link(entry.authType, id, account.password, first)
    const admission = this.#host.admit({ id, peer, link, account, maximum: level })
    if (admission !== 'admitted') return admission === 'full' ? NO_SLOT : NO_SLOT_FOR_USER
    this.#pending.delete(entry)
    this.#host.lockout.noteSuccess(account.id)
    const remainder = perMessageAuthentication === 'must' ? entry.authType : AuthType.None
    return { authType: remainder, sessionId: id, initialInboundSequence: inbound, maximum }
  }

  /** Authentication types as Get Channel Authentication Capabilities tells them. */
  offersAt(level: Privilege): {
    none: boolean
    md2: boolean
    md5: boolean
    password: boolean
    oem: boolean
  } {
    const authTypes = this.#host.accounts.authTypesAt(level)
    const has = (type: AuthType) => authTypes.includes(type)
    return {
      none: has(AuthType.None),
      md2: false,
      md5: has(AuthType.Md5),
      password: has(AuthType.Password),
      oem: false,
    }
  }
}

/** Small enough that it does not soon run over, never zero. */
function firstSequence(random: Uint8Array): number {
  return (random[0]! | (random[1]! << 8) | (random[2]! << 16)) + 1
}
