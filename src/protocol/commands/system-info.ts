/** What the system says of itself through its BMC. IPMI 2.0 rev 1.1, sections 22.14 to 22.14b. */
import { bits, bytes, flag, reserved, rest, u8 } from '../codec.ts'
import { command, Privilege } from '../command.ts'
import { NetFn } from '../net-fn.ts'
import { getParameterErrors, setParameterErrors } from '../parameter.ts'

const app = { netFn: NetFn.App } as const

export const GetSystemGuid = command({
  ...app,
  name: 'Get System GUID',
  section: '22.14',
  cmd: 0x37,
  /** May be sent outside a session. */
  privilege: Privilege.None,
  /** Least significant byte first. */
  response: { guid: bytes(16) },
})

export const SetSystemInfoParameters = command({
  ...app,
  name: 'Set System Info Parameters',
  section: '22.14a',
  cmd: 0x58,
  privilege: Privilege.Admin,
  request: { selector: u8, data: rest },
  errors: setParameterErrors,
})

export const GetSystemInfoParameters = command({
  ...app,
  name: 'Get System Info Parameters',
  section: '22.14b',
  cmd: 0x59,
  privilege: Privilege.User,
  request: {
    get: bits({ _: reserved(7), revisionOnly: flag }),
    selector: u8,
    setSelector: u8,
    blockSelector: u8,
  },
  response: { revision: u8, data: rest },
  errors: getParameterErrors,
})
