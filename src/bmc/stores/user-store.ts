/** Users and channel access of a simulated BMC, as the LAN channel's session server asks for them. IPMI 2.0 rev 1.1, sections 6.9 and 22.22 to 22.30. */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { levelNames, type UserConfig } from '../world/config.ts'
import { type Settings, settingFamily } from './settings.ts'

/** User IDs that there are. */
export const MAX_USERS = 16

const limitNames = [...levelNames, 'none'] as const

const access = z.object({
  limit: z.enum(limitNames),
  ipmiMessaging: z.boolean(),
  linkAuthentication: z.boolean(),
  callbackOnly: z.boolean(),
  sessionLimit: z.number(),
})
export type UserAccess = z.output<typeof access>

const userShape = z.object({
  name: z.string(),
  /** Hexadecimal, without the zeros at the end. */
  password: z.string(),
  passwordSize: z.literal([16, 20]),
  enabled: z.boolean(),
  /** By channel. */
  access: z.record(z.string(), access),
  sol: z.boolean(),
})
export type User = z.output<typeof userShape>

const userFamily = settingFamily('user', userShape)

const noAccess: UserAccess = {
  limit: 'none',
  ipmiMessaging: false,
  linkAuthentication: false,
  callbackOnly: false,
  sessionLimit: 0,
}
const nobody: User = { name: '', password: '', passwordSize: 16, enabled: false, access: {}, sol: false }

export class UserStore {
  readonly #settings: Settings
  readonly #worlds: ReadonlyMap<number, User>

  constructor(settings: Settings, worlds: ReadonlyMap<number, User>) {
    this.#settings = settings
    this.#worlds = worlds
  }

  static isUserId(id: number): boolean {
    return id >= 1 && id <= MAX_USERS
  }

  get(id: number): User {
    return this.#settings.get(userFamily, id) ?? this.#worlds.get(id) ?? nobody
  }

  change(id: number, changes: Partial<User>): void {
    this.#settings.set(userFamily, id, { ...this.get(id), ...changes })
  }

  /**
   * Makes the users that were given be what they are, whatever has been set since. Without `passwords` a password that
   * was set stays, where the name is still the same.
   */
  insistOnGiven({ passwords }: { passwords: boolean }): void {
    for (const [id, given] of this.#worlds) {
      const kept = this.#settings.get(userFamily, id)
      if (kept === undefined) continue
      const mayStay = !passwords && kept.name === given.name
      const wanted = mayStay ? { ...given, password: kept.password, passwordSize: kept.passwordSize } : given
      if (!isDeepStrictEqual(kept, wanted)) this.#settings.set(userFamily, id, wanted)
    }
  }

  accessOf(id: number, channel: number): UserAccess {
    return this.get(id).access[channel] ?? noAccess
  }

  changeAccess(id: number, channel: number, changes: Partial<UserAccess>): void {
    const changed = { ...this.accessOf(id, channel), ...changes }
    this.change(id, { access: { ...this.get(id).access, [channel]: changed } })
  }

  /** Without the zeros that fill it up. */
  passwordOf(id: number): Uint8Array {
    return Uint8Array.from(Buffer.from(this.get(id).password, 'hex'))
  }

  setPassword(id: number, password: Uint8Array, passwordSize: 16 | 20): void {
    this.change(id, { password: Buffer.from(trimmed(password)).toString('hex'), passwordSize })
  }
}

export function trimmed(password: Uint8Array): Uint8Array {
  let end = password.length
  while (end > 0 && password[end - 1] === 0) end--
  return password.subarray(0, end)
}

/** The users of the configuration, made once for all BMCs. `password` is asked for those without one. */
export function usersOf(
  configs: readonly UserConfig[],
  channel: number,
  password: (user: UserConfig) => string,
): ReadonlyMap<number, User> {
  const users = new Map<number, User>()
  const taken = new Set(configs.flatMap(({ id }) => id ?? []))
  let next = 2
  for (const config of configs) {
    while (config.id === undefined && taken.has(next)) next++
    const id = config.id ?? next++
    const secret = Buffer.from(config.password ?? password(config), 'utf8')
    users.set(id, {
      name: config.name,
      password: secret.toString('hex'),
      passwordSize: secret.length > 16 ? 20 : 16,
      enabled: config.enabled,
      access: {
        [channel]: { ...noAccess, limit: config.privilege, ipmiMessaging: true, linkAuthentication: true },
      },
      sol: config.sol,
    })
  }
  return users
}
