/** Channels: access, keys and information. IPMI 2.0 rev 1.1, sections 22.9 and 22.22 to 22.25. */
import { bits, flag, low, nameBits, names, reserved, rest, u8, ubits, zeros } from '../codec.ts'
import { command, Privilege } from '../command.ts'
import { NetFn } from '../net-fn.ts'
import { privilegeLimit } from './user.ts'

const app = { netFn: NetFn.App } as const

const accessModes = nameBits(3, { disabled: 0, preBoot: 1, always: 2, shared: 3 })
const change = nameBits(2, { keep: 0, nonVolatile: 1, volatile: 2 })

export const SetChannelAccess = command({
  ...app,
  name: 'Set Channel Access',
  section: '22.22',
  cmd: 0x40,
  privilege: Privilege.Admin,
  request: {
    channel: low(ubits(4)),
    access: bits({
      mode: accessModes,
      userLevelAuthenticationDisabled: flag,
      perMessageAuthenticationDisabled: flag,
      pefAlertingDisabled: flag,
      change,
    }),
    limit: bits({ privilege: privilegeLimit, _: reserved(2), change }),
  },
  errors: { 130: 'set not supported on selected channel', 131: 'access mode not supported' },
})

export const GetChannelAccess = command({
  ...app,
  name: 'Get Channel Access',
  section: '22.23',
  cmd: 0x41,
  privilege: Privilege.User,
  request: {
    channel: low(ubits(4)),
    get: bits({ _: reserved(6), which: nameBits(2, { nonVolatile: 1, volatile: 2 }) }),
  },
  response: {
    access: bits({
      mode: accessModes,
      userLevelAuthenticationDisabled: flag,
      perMessageAuthenticationDisabled: flag,
      pefAlertingDisabled: flag,
      _: reserved(2),
    }),
    privilegeLimit: low(privilegeLimit),
  },
  errors: { 130: 'command not supported for selected channel (it has no sessions)' },
})

export const SetChannelSecurityKeys = command({
  ...app,
  name: 'Set Channel Security Keys',
  section: '22.25',
  cmd: 0x56,
  privilege: Privilege.Admin,
  request: {
    channel: low(ubits(4)),
    operation: low(nameBits(2, { read: 0, set: 1, lock: 2 })),
    /** K_R is not used over RMCP+; K_G is the BMC's key of a two-key log-in. */
    keyId: names({ kr: 0, kg: 1 }),
    /** 20 bytes when a key is set. */
    key: rest,
  },
  response: {
    lock: low(nameBits(2, { notLockable: 0, locked: 1, unlocked: 2 })),
    /** When a key is read. */
    key: rest,
  },
  errors: {
    128: 'cannot read or set the key, it is locked',
    129: 'insufficient key bytes',
    130: 'too many key bytes',
    131: 'key value does not meet the criteria for this type of key',
    132: 'K_R is not used',
  },
})

export const GetSystemInterfaceCapabilities = command({
  ...app,
  name: 'Get System Interface Capabilities',
  section: '22.9',
  cmd: 0x57,
  privilege: Privilege.User,
  request: { type: low(nameBits(4, { ssif: 0, kcs: 1, smic: 2 })) },
  response: {
    _reserved: zeros(1),
    /** For KCS: bits 2:0 the version and one byte of message size; for SSIF PEC, transactions and two sizes. */
    flags: u8,
    sizes: rest,
  },
})
