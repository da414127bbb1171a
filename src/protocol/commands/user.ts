/** Users: names, passwords and what each may do on a channel. IPMI 2.0 rev 1.1, sections 22.26 to 22.30. */

import { bits, flag, low, nameBits, optional, reserved, rest, ubits } from '../codec.ts'
import { command, Privilege } from '../command.ts'
import { NetFn } from '../net-fn.ts'
import { userName } from '../user-name.ts'

const app = { netFn: NetFn.App } as const

/** Fh: the user has no access on this channel. */
export const privilegeLimit = nameBits(4, { callback: 1, user: 2, operator: 3, admin: 4, oem: 5, none: 15 })

export const SetUserAccess = command({
  ...app,
  name: 'Set User Access',
  section: '22.26',
  cmd: 0x43,
  privilege: Privilege.Admin,
  request: {
    access: bits({
      channel: ubits(4),
      ipmiMessaging: flag,
      linkAuthentication: flag,
      callbackOnly: flag,
      /** Without it the three flags before are not looked at. */
      changeFlags: flag,
    }),
    userId: low(ubits(6)),
    privilegeLimit: low(privilegeLimit),
    /** 0: as many as the channel allows. */
    sessionLimit: optional(low(ubits(4))),
  },
})

export const GetUserAccess = command({
  ...app,
  name: 'Get User Access',
  section: '22.27',
  cmd: 0x44,
  privilege: Privilege.Operator,
  request: { channel: low(ubits(4)), userId: low(ubits(6)) },
  response: {
    /** How many user IDs the channel has, user 1 included. */
    maxUsers: low(ubits(6)),
    enabled: bits({ count: ubits(6), status: nameBits(2, { unspecified: 0, enabled: 1, disabled: 2 }) }),
    fixedNames: low(ubits(6)),
    access: bits({
      privilegeLimit,
      ipmiMessaging: flag,
      linkAuthentication: flag,
      callbackOnly: flag,
      _: reserved(1),
    }),
  },
})

export const SetUserName = command({
  ...app,
  name: 'Set User Name',
  section: '22.28',
  cmd: 0x45,
  privilege: Privilege.Admin,
  request: { userId: low(ubits(6)), name: userName },
})

export const GetUserName = command({
  ...app,
  name: 'Get User Name',
  section: '22.29',
  cmd: 0x46,
  privilege: Privilege.Operator,
  request: { userId: low(ubits(6)) },
  response: { name: userName },
})

export const SetUserPassword = command({
  ...app,
  name: 'Set User Password',
  section: '22.30',
  cmd: 0x47,
  privilege: Privilege.Admin,
  request: {
    user: bits({ id: ubits(6), _: reserved(1), passwordSize: nameBits(1, { bytes16: 0, bytes20: 1 }) }),
    operation: low(nameBits(2, { disable: 0, enable: 1, set: 2, test: 3 })),
    /** 16 or 20 bytes, filled up with zeros; may be missing when a user is only enabled or disabled. */
    password: rest,
  },
  errors: {
    128: 'password test failed: the password is wrong',
    129: 'password test failed: the password was stored with the other size',
  },
})
