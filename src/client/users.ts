/** The users of a BMC: names, passwords, and what each may do on a channel. IPMI 2.0 rev 1.1, sections 22.26 to 22.30. */
import type { RequestOf, ResponseOf } from '../protocol/command.ts'
import {
  GetUserAccess,
  GetUserName,
  SetUserAccess,
  SetUserName,
  SetUserPassword,
} from '../protocol/commands/user.ts'
import { CompletionCode, CompletionCodeError } from '../protocol/completion-code.ts'
import { LastwordError } from '../protocol/error.ts'
import {
  type Abortable,
  type CommandRunner,
  inParallel,
  isRefusal,
  unlessRefused,
  within,
} from './command-runner.ts'

/** The channel that a request comes over. */
export const PRESENT_CHANNEL = 0x0e
const SHORT_PASSWORD_BYTES = 16
const LONG_PASSWORD_BYTES = 20
const WRONG_PASSWORD = 0x80
const WRONG_SIZE = 0x81
/** The codes from here on are no answers to the password. */
const FIRST_GENERIC = 0xc0

export type UserAccess = ResponseOf<typeof GetUserAccess>['access']

export interface BmcUser {
  id: number
  name: string
  /** Undefined when the BMC does not tell. */
  isEnabled: boolean | undefined
  access: UserAccess
}

export interface PasswordOptions extends Abortable {
  /** How it is stored; 16 where it fits unless said otherwise. */
  storedBytes?: 16 | 20 | undefined
}

export class Users {
  readonly #bmc: CommandRunner

  constructor(bmc: CommandRunner) {
    this.#bmc = bmc
  }

  /** All users that the channel has room for; one without a name has an empty one. */
  async list(channel = PRESENT_CHANNEL, options: Abortable = {}): Promise<BmcUser[]> {
    const first = await this.#bmc.run(GetUserAccess, { channel, userId: 1 }, within(options))
    const ids = Array.from({ length: first.maxUsers }, (_, index) => index + 1)
    return inParallel(ids, Math.max(1, this.#bmc.window >> 1), options, async (id, signal) => {
      const [{ access, enabled }, name] = await Promise.all([
        id === 1 ? first : this.#bmc.run(GetUserAccess, { channel, userId: id }, { signal }),
        this.name(id, { signal }),
      ])
      const isEnabled = enabled.status === 'unspecified' ? undefined : enabled.status === 'enabled'
      return { id, name, isEnabled, access }
    })
  }

  /** BMCs refuse the name of a user that has none; it is empty. */
  async name(userId: number, options: Abortable = {}): Promise<string> {
    const answer = await unlessRefused(
      this.#bmc.run(GetUserName, { userId }, within(options)),
      CompletionCode.NotPresent,
      CompletionCode.InvalidDataField,
    )
    return answer?.name ?? ''
  }

  async setName(userId: number, name: string, options: Abortable = {}): Promise<void> {
    await this.#bmc.run(SetUserName, { userId, name }, within(options))
  }

  /** Up to 16 bytes are stored for IPMI 1.5 and 2.0, up to 20 for 2.0 only. Rejects with PASSWORD_TOO_LONG. */
  async setPassword(userId: number, password: string, options: PasswordOptions = {}): Promise<void> {
    await this.#password(userId, 'set', this.#passwordBytes(password, options.storedBytes), options)
  }

  /** Whether this is the user's password; with `storedBytes`, whether it is stored so, too. */
  async testPassword(userId: number, password: string, options: PasswordOptions = {}): Promise<boolean> {
    const raw = this.#passwordBytes(password, options.storedBytes)
    const long = new Uint8Array(LONG_PASSWORD_BYTES)
    long.set(raw)
    try {
      await this.#password(userId, 'test', raw, options)
      return true
    } catch (error) {
      if (isRefusal(error, WRONG_PASSWORD)) return false
      if (!isRefusal(error, WRONG_SIZE)) throw error
      // Stored with the other size: then it is another password, but for zeros at its end.
      if (options.storedBytes !== undefined || raw.length === LONG_PASSWORD_BYTES) return false
    }
    try {
      await this.#password(userId, 'test', long, options)
      return true
    } catch (error) {
      if (isRefusal(error, WRONG_PASSWORD, WRONG_SIZE)) return false
      throw error
    }
  }

  enable(userId: number, options: Abortable = {}): Promise<void> {
    return this.#password(userId, 'enable', new Uint8Array(SHORT_PASSWORD_BYTES), options)
  }

  disable(userId: number, options: Abortable = {}): Promise<void> {
    return this.#password(userId, 'disable', new Uint8Array(SHORT_PASSWORD_BYTES), options)
  }

  /** Changes what is given and leaves the rest as it is. */
  async setAccess(
    userId: number,
    channel: number,
    change: Partial<UserAccess>,
    options: Abortable = {},
  ): Promise<void> {
    const { access } = await this.#bmc.run(GetUserAccess, { channel, userId }, within(options))
    const { privilegeLimit, ...flags } = { ...access, ...change }
    const changeFlags = Object.keys(change).some(name => name !== 'privilegeLimit')
    await this.#bmc.run(
      SetUserAccess,
      { access: { channel, ...flags, changeFlags }, userId, privilegeLimit },
      within(options),
    )
  }

  async #password(
    id: number,
    operation: RequestOf<typeof SetUserPassword>['operation'],
    password: Uint8Array,
    options: Abortable,
  ): Promise<void> {
    const passwordSize = password.length > SHORT_PASSWORD_BYTES ? 'bytes20' : 'bytes16'
    const request = { user: { id, passwordSize }, operation, password } as const
    try {
      await this.#bmc.run(SetUserPassword, request, within(options))
    } catch (error) {
      throw await this.#explained(error, id, options)
    }
  }

  /** A refusal tells how many users there are, where that is the reason. */
  async #explained(error: unknown, id: number, options: Abortable): Promise<unknown> {
    if (!(error instanceof CompletionCodeError) || error.completionCode < FIRST_GENERIC) return error
    const most = await this.#bmc
      .run(GetUserAccess, { channel: PRESENT_CHANNEL, userId: 1 }, within(options))
      .then(
        ({ maxUsers }) => maxUsers,
        () => id,
      )
    return id > most ? error.withHint(`The BMC has ${most} users.`) : error
  }

  #passwordBytes(password: string, storedBytes: PasswordOptions['storedBytes']): Uint8Array {
    const raw = Buffer.from(password, 'utf8')
    const most = storedBytes ?? LONG_PASSWORD_BYTES
    if (raw.length > most)
      throw new LastwordError(
        'PASSWORD_TOO_LONG',
        `${this.#bmc.url}: the password has ${raw.length} bytes, ${most} are the most`,
      )
    const isLong = storedBytes === LONG_PASSWORD_BYTES || raw.length > SHORT_PASSWORD_BYTES
    const field = new Uint8Array(isLong ? LONG_PASSWORD_BYTES : SHORT_PASSWORD_BYTES)
    field.set(raw)
    return field
  }
}
