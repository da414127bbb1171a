/** Users and channel access of the simulated BMC. IPMI 2.0 rev 1.1, sections 22.9, 22.22 to 22.30, 24.6 and 24.7. */
import { timingSafeEqual } from 'node:crypto'
import {
  GetChannelAccess,
  GetSystemInterfaceCapabilities,
  SetChannelAccess,
  SetChannelSecurityKeys,
} from '../../protocol/commands/channel.ts'
import { GetUserPayloadAccess, SetUserPayloadAccess } from '../../protocol/commands/payload.ts'
import {
  GetUserAccess,
  GetUserName,
  SetUserAccess,
  SetUserName,
  SetUserPassword,
} from '../../protocol/commands/user.ts'
import { CompletionCode } from '../../protocol/completion-code.ts'
import { changeChannelAccess, channelAccess } from '../channel-access.ts'
import { channelOf, hasSessions, kgOf, setKg } from '../channels.ts'
import { type Served, serve } from '../serve.ts'
import { MAX_USERS, trimmed, UserStore } from '../stores/user-store.ts'

const NO_SESSIONS = 0x82
const WRONG_PASSWORD = 0x80
const OTHER_SIZE = 0x81
const SHORT_KEY = 0x81
const LONG_KEY = 0x82
const KR_NOT_USED = 0x84
const KEY_BYTES = 20
const MODE_NOT_SUPPORTED = 0x83
const KCS_VERSION_1 = 0

function isSamePassword(a: Uint8Array, b: Uint8Array): boolean {
  const [left, right] = [new Uint8Array(KEY_BYTES), new Uint8Array(KEY_BYTES)]
  left.set(a.subarray(0, KEY_BYTES))
  right.set(b.subarray(0, KEY_BYTES))
  return timingSafeEqual(left, right)
}

export const userCommands: Served[] = [
  serve(SetUserAccess, ({ access, userId, privilegeLimit, sessionLimit }, bmc, caller) => {
    const channel = channelOf(access.channel, caller)
    if (!UserStore.isUserId(userId) || !hasSessions(bmc, channel)) return CompletionCode.InvalidDataField
    if (typeof privilegeLimit === 'number') return CompletionCode.InvalidDataField
    const { ipmiMessaging, linkAuthentication, callbackOnly } = access
    bmc.users.changeAccess(userId, channel, {
      limit: privilegeLimit,
      ...(sessionLimit === undefined ? {} : { sessionLimit }),
      ...(access.changeFlags ? { ipmiMessaging, linkAuthentication, callbackOnly } : {}),
    })
    return {}
  }),
  serve(GetUserAccess, ({ channel, userId }, bmc, caller) => {
    const actual = channelOf(channel, caller)
    if (!UserStore.isUserId(userId) || !hasSessions(bmc, actual)) return CompletionCode.InvalidDataField
    const { limit, ipmiMessaging, linkAuthentication, callbackOnly } = bmc.users.accessOf(userId, actual)
    const ids = Array.from({ length: MAX_USERS }, (_, i) => i + 1)
    const count = ids.filter(id => bmc.users.get(id).enabled).length
    const status = bmc.users.get(userId).enabled ? ('enabled' as const) : ('disabled' as const)
    return {
      maxUsers: MAX_USERS,
      enabled: { count, status },
      // User 1 has no name and none can be given to it.
      fixedNames: 1,
      access: { privilegeLimit: limit, ipmiMessaging, linkAuthentication, callbackOnly },
    }
  }),
  serve(SetUserName, ({ userId, name }, { users }) => {
    if (!UserStore.isUserId(userId) || userId === 1) return CompletionCode.InvalidDataField
    users.change(userId, { name })
    return {}
  }),
  serve(GetUserName, ({ userId }, { users }) =>
    UserStore.isUserId(userId) ? { name: users.get(userId).name } : CompletionCode.InvalidDataField,
  ),
  serve(SetUserPassword, ({ user: { id, passwordSize }, operation, password }, { users }) => {
    if (!UserStore.isUserId(id)) return CompletionCode.InvalidDataField
    const size = passwordSize === 'bytes20' ? 20 : 16
    const changesPassword = operation === 'set' || operation === 'test'
    if (changesPassword && password.length !== size) return CompletionCode.RequestLengthInvalid
    switch (operation) {
      case 'disable':
      case 'enable':
        users.change(id, { enabled: operation === 'enable' })
        return {}
      case 'set':
        users.setPassword(id, password, size)
        return {}
      default:
        if (users.get(id).passwordSize !== size) return OTHER_SIZE
        return isSamePassword(users.passwordOf(id), trimmed(password)) ? {} : WRONG_PASSWORD
    }
  }),
  serve(SetUserPayloadAccess, ({ user: { id, operation }, standard }, { users }) => {
    if (!UserStore.isUserId(id)) return CompletionCode.InvalidDataField
    if (standard.sol) users.change(id, { sol: operation === 'enable' })
    return {}
  }),
  serve(GetUserPayloadAccess, ({ userId }, { users }) =>
    UserStore.isUserId(userId)
      ? { standard: { ipmi: false, sol: users.get(userId).sol, oem: false }, oem: 0 }
      : CompletionCode.InvalidDataField,
  ),
  serve(SetChannelAccess, ({ channel, access, limit }, bmc, caller) => {
    const actual = channelOf(channel, caller)
    if (!hasSessions(bmc, actual)) return NO_SESSIONS
    const { change, userLevelAuthenticationDisabled, mode, ...changes } = access
    // A LAN is there before the boot and behind it.
    if (typeof mode === 'number' || mode === 'preBoot') return MODE_NOT_SUPPORTED
    // User level commands without authentication are optional, and nobody's need.
    if (userLevelAuthenticationDisabled) return CompletionCode.InvalidDataField
    if (change === 'nonVolatile' || change === 'volatile')
      changeChannelAccess(bmc, actual, change, { ...changes, mode })
    const { privilege } = limit
    const isLevel = typeof privilege === 'string' && privilege !== 'none'
    if (limit.change === 'nonVolatile' || limit.change === 'volatile') {
      if (!isLevel) return CompletionCode.InvalidDataField
      changeChannelAccess(bmc, actual, limit.change, { limit: privilege })
    }
    return {}
  }),
  serve(GetChannelAccess, ({ channel, get: { which } }, bmc, caller) => {
    const actual = channelOf(channel, caller)
    if (!hasSessions(bmc, actual)) return NO_SESSIONS
    if (typeof which === 'number') return CompletionCode.InvalidDataField
    const { limit, ...access } = channelAccess(bmc, actual, which)
    return { access: { ...access, userLevelAuthenticationDisabled: false }, privilegeLimit: limit }
  }),
  serve(SetChannelSecurityKeys, ({ channel, operation, keyId, key }, bmc, caller) => {
    if (!hasSessions(bmc, channelOf(channel, caller))) return CompletionCode.InvalidDataField
    if (operation === 'read') {
      const whole = new Uint8Array(KEY_BYTES)
      // K_R is not used: it reads as zero and cannot be anything else.
      if (keyId === 'kg') whole.set(kgOf(bmc))
      return { lock: 'unlocked' as const, key: whole }
    }
    if (operation !== 'set') return keyId === 'kg' ? CompletionCode.InvalidDataField : KR_NOT_USED
    if (key.length !== KEY_BYTES) return key.length < KEY_BYTES ? SHORT_KEY : LONG_KEY
    if (keyId === 'kg') setKg(bmc, trimmed(key))
    // FreeIPMI writes back what it read.
    else if (trimmed(key).length > 0) return KR_NOT_USED
    return { lock: 'unlocked' as const, key: new Uint8Array(0) }
  }),
  serve(GetSystemInterfaceCapabilities, ({ type }) =>
    type === 'kcs' ? { flags: KCS_VERSION_1, sizes: Uint8Array.of(0xff) } : CompletionCode.InvalidDataField,
  ),
]
