/** A BMC's users, keys and limits as the session server of its LAN channel asks for them. IPMI 2.0 rev 1.1, section 6.9. */
import type { LanAccount, LanAccounts, LockoutPolicy } from '../lan/accounts.ts'
import { Privilege } from '../protocol/command.ts'
import { AuthType } from '../protocol/commands/session.ts'
import { LanParameter } from '../protocol/parameters/lan.ts'
import type { Bmc } from './bmc.ts'
import { channelAccess } from './channel-access.ts'
import { kgOf } from './channels.ts'
import { lanParameters, suiteEntries } from './lan-parameters.ts'
import { MAX_USERS } from './stores/user-store.ts'
import { levelNames } from './world/config.ts'

const levels: Readonly<Record<string, Privilege>> = {
  callback: Privilege.Callback,
  user: Privilege.User,
  operator: Privilege.Operator,
  admin: Privilege.Admin,
  oem: Privilege.Oem,
}
const LOCKOUT_UNIT_MS = 10_000
const authTypeCodes = { none: AuthType.None, md5: AuthType.Md5, password: AuthType.Password } as const

export class BmcAccounts implements LanAccounts {
  readonly #bmc: Bmc
  readonly #channel: number

  constructor(bmc: Bmc, channel = bmc.world.config.lan.channel) {
    this.#bmc = bmc
    this.#channel = channel
  }

  *users(): Iterable<LanAccount> {
    const { users } = this.#bmc
    if (channelAccess(this.#bmc, this.#channel, 'volatile').mode === 'disabled') return
    for (let id = 1; id <= MAX_USERS; id++) {
      const user = users.get(id)
      const access = users.accessOf(id, this.#channel)
      const limit = levels[access.limit]
      if (!user.enabled || !access.ipmiMessaging || limit === undefined) continue
      // Nobody is called back over LAN.
      const privilege = access.callbackOnly ? Privilege.Callback : limit
      const { name, sol: mayUseSol } = user
      const { sessionLimit } = access
      yield { id, name, password: users.passwordOf(id), privilege, mayUseSol, sessionLimit }
    }
  }

  get kg(): Uint8Array {
    return kgOf(this.#bmc)
  }

  get channelLimit(): Privilege {
    return levels[channelAccess(this.#bmc, this.#channel, 'volatile').limit] ?? Privilege.Admin
  }

  /** The suites of the configuration, each with the level of LAN parameter 24. */
  get suites(): ReadonlyMap<number, Privilege> {
    const entries = lanParameters.value(this.#bmc, LanParameter.cipherSuitePrivileges)?.entries ?? []
    const limits = entries.flatMap(({ even, odd }) => [even, odd])
    const listed = suiteEntries(this.#bmc)
    const suites = new Map<number, Privilege>()
    for (const id of this.#bmc.world.config.lan.cipherSuites) {
      const entry = listed.indexOf(id)
      const level = entry < 0 ? Privilege.Admin : levels[limits[entry] ?? '']
      if (level !== undefined) suites.set(id, level)
    }
    return suites
  }

  /** Those of the configuration that LAN parameter 2 has enabled for the level. */
  authTypesAt(level: Privilege): readonly AuthType[] {
    const enabled = lanParameters.value(this.#bmc, LanParameter.authenticationEnables)
    const { ipmi15 } = this.#bmc.world.config.lan
    const name = levelNames.find(name => levels[name] === level)
    if (enabled === undefined || name === undefined) return []
    return ipmi15.filter(type => enabled[name][type]).map(type => authTypeCodes[type])
  }

  get perMessageAuthentication(): 'must' | 'may' {
    const access = channelAccess(this.#bmc, this.#channel, 'volatile')
    return access.perMessageAuthenticationDisabled ? 'may' : 'must'
  }

  get lockout(): LockoutPolicy {
    const policy = lanParameters.value(this.#bmc, LanParameter.badPassword)
    return {
      threshold: policy?.threshold ?? 0,
      resetMs: (policy?.countResetTime ?? 0) * LOCKOUT_UNIT_MS,
      lockoutMs: (policy?.lockoutTime ?? 0) * LOCKOUT_UNIT_MS,
    }
  }
}
