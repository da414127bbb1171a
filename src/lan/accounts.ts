/** What a session server has to know of users and of its channel; a BMC's stores give it, or memory. IPMI 2.0 rev 1.1, section 6.9. */
import { Privilege } from '../protocol/command.ts'
import type { AuthType } from '../protocol/commands/session.ts'

export interface LanAccount {
  /** From 1; user 1 has no name. */
  readonly id: number
  /** Latin-1, up to 16 bytes; empty for the null user. */
  readonly name: string
  /** Up to 20 bytes, not filled up; more than 16 keep a user out of IPMI 1.5. */
  readonly password: Uint8Array
  /** The highest level on this channel. */
  readonly privilege: Privilege
  readonly mayUseSol?: boolean
  /** So many sessions at once; 0: as many as there are. */
  readonly sessionLimit?: number
}

/** After so many wrong passwords a user is kept out for a while. IPMI 2.0 rev 1.1, table 23-4, parameter 26. */
export interface LockoutPolicy {
  /** 0: never. */
  threshold: number
  /** The count begins anew after so long without a failure; 0: it does not. */
  resetMs: number
  /** 0: until it is lifted by hand. */
  lockoutMs: number
}

/** Read anew for each log-in, so that a change holds at once. */
export interface LanAccounts {
  /** The enabled users that may use the channel, the lowest ID first. */
  users(): Iterable<LanAccount>
  /** The channel's second key, up to 20 bytes; empty or all zero: none is set. */
  readonly kg: Uint8Array
  readonly channelLimit: Privilege
  /** The suites that are offered, with the highest level that each allows. */
  readonly suites: ReadonlyMap<number, Privilege>
  /** How an IPMI 1.5 log-in to this level may be signed; empty: there is none. */
  authTypesAt(level: Privilege): readonly AuthType[]
  /** Whether packets of an IPMI 1.5 session have to be signed too, or only its log-in. Section 6.11.4. */
  readonly perMessageAuthentication: 'must' | 'may'
  readonly lockout: LockoutPolicy
}

/** All but 0, which knows no password. */
export const defaultSuites: ReadonlyMap<number, Privilege> = new Map(
  [1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17].map(id => [id, Privilege.Admin]),
)

export const defaultLockout: LockoutPolicy = { threshold: 0, resetMs: 300_000, lockoutMs: 300_000 }

export interface MemoryUser {
  name: string
  password: string | Uint8Array
  privilege?: Privilege
  mayUseSol?: boolean
  sessionLimit?: number
}

export interface MemoryAccountsOptions {
  users: readonly MemoryUser[]
  kg?: string | Uint8Array
  channelLimit?: Privilege
  suites?: ReadonlyMap<number, Privilege>
  authTypes?: readonly AuthType[]
  perMessageAuthentication?: 'must' | 'may'
  lockout?: Partial<LockoutPolicy>
}

function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? new Uint8Array(Buffer.from(text, 'utf8')) : text
}

/** Accounts that are given once; IDs count from 2, the null user's is 1. */
export class MemoryAccounts implements LanAccounts {
  readonly kg: Uint8Array
  readonly channelLimit: Privilege
  readonly suites: ReadonlyMap<number, Privilege>
  perMessageAuthentication: 'must' | 'may'
  readonly lockout: LockoutPolicy
  readonly #authTypes: readonly AuthType[]
  readonly #users: readonly LanAccount[]

  constructor(options: MemoryAccountsOptions) {
    let nextId = 2
    this.#users = options.users
      .map(({ name, password, privilege = Privilege.Admin, mayUseSol = true, sessionLimit = 0 }) => ({
        id: name === '' ? 1 : nextId++,
        name,
        password: bytesOf(password),
        privilege,
        mayUseSol,
        sessionLimit,
      }))
      .sort((a, b) => a.id - b.id)
    this.kg = bytesOf(options.kg ?? new Uint8Array(0))
    this.channelLimit = options.channelLimit ?? Privilege.Admin
    this.suites = options.suites ?? defaultSuites
    this.#authTypes = options.authTypes ?? []
    this.perMessageAuthentication = options.perMessageAuthentication ?? 'must'
    this.lockout = { ...defaultLockout, ...options.lockout }
  }

  users(): Iterable<LanAccount> {
    return this.#users
  }

  authTypesAt(): readonly AuthType[] {
    return this.#authTypes
  }
}

const levels: readonly Privilege[] = [
  Privilege.Callback,
  Privilege.User,
  Privilege.Operator,
  Privilege.Admin,
  Privilege.Oem,
]

/** How an IPMI 1.5 log-in may be signed that has not said yet which level it is for; empty: there is none. */
export function anyAuthTypes(accounts: LanAccounts): ReadonlySet<AuthType> {
  return new Set(levels.flatMap(level => accounts.authTypesAt(level)))
}

/**
 * The user of this name. With `level` (a look-up by name and privilege, section 13.20) the first whose limit reaches it,
 * so that several users may share a name, or have none, and differ in level.
 */
export function findAccount(accounts: LanAccounts, name: string, level: number | null): LanAccount | null {
  for (const account of accounts.users()) {
    if (account.name === name && (level === null || account.privilege >= level)) return account
  }
  return null
}

/** True when a log-in asks for the second key. */
export function isKgSet(kg: Uint8Array): boolean {
  return kg.some(byte => byte !== 0)
}
