/** The users of a BMC: names, passwords, and what each may do on a channel. IPMI 2.0 rev 1.1, sections 22.26 to 22.30. */
import type { RequestOf, ResponseOf } from '../protocol/command.ts'
import {
  GetUserAccess,
  GetUserName,
  SetUserAccess,
  SetUserName,
  SetUserPassword,
} from '../protocol/commands/user.ts'
import { CompletionCode } from '../protocol/completion-code.ts'
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

export type UserAccess = ResponseOf<typeof GetUserAccess>['access']

export interface BmcUser {
  id: number
  name: string
  /** Undefined when the BMC does not tell. */
  isEnabled: boolean | undefined
  access: UserAccess
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

  /**
   * Up to 16 bytes are stored for IPMI 1.5 and 2.0, up to 20 for 2.0 only. Rejects with LastwordError PASSWORD_TOO_LONG.
   */
  async setPassword(userId: number, password: string, options: Abortable = {}): Promise<void> {
    await this.#password(userId, 'set', this.#passwordBytes(password), options)
  }

  /** Whether this is the user's password. */
  async testPassword(userId: number, password: string, options: Abortable = {}): Promise<boolean> {
    const raw = this.#passwordBytes(password)
    const long = new Uint8Array(LONG_PASSWORD_BYTES)
    long.set(raw)
    try {
      await this.#password(userId, 'test', raw, options)
      return true
    } catch (error) {
      if (isRefusal(error, WRONG_PASSWORD)) return false
      if (!isRefusal(error, WRONG_SIZE) || raw.length === LONG_PASSWORD_BYTES) throw error
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
    return this.#password(userId, 'enable', new Uint8Array(0), options)
  }

  disable(userId: number, options: Abortable = {}): Promise<void> {
    return this.#password(userId, 'disable', new Uint8Array(0), options)
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
    await this.#bmc.run(
      SetUserAccess,
      { access: { channel, ...flags, changeFlags: true }, userId, privilegeLimit },
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
    await this.#bmc.run(SetUserPassword, { user: { id, passwordSize }, operation, password }, within(options))
  }

  #passwordBytes(password: string): Uint8Array {
    const raw = Buffer.from(password, 'utf8')
    if (raw.length > LONG_PASSWORD_BYTES)
      throw new LastwordError(
        'PASSWORD_TOO_LONG',
        `${this.#bmc.url}: a password has ${LONG_PASSWORD_BYTES} bytes at most, this one ${raw.length}`,
      )
    const whole = new Uint8Array(
      raw.length > SHORT_PASSWORD_BYTES ? LONG_PASSWORD_BYTES : SHORT_PASSWORD_BYTES,
    )
    whole.set(raw)
    return whole
  }
}
