/** `user list` as ipmitool prints it. IPMI 2.0 rev 1.1, sections 22.27 and 22.29. */

import type { ResponseOf } from '../../protocol/command.ts'
import type { GetUserAccess } from '../../protocol/commands/user.ts'
import { userNameBytes } from '../../protocol/user-name.ts'
import { unknown } from './manufacturers.ts'
import { plainStyle, type Style } from './style.ts'

export interface ListedUser {
  id: number
  /** Empty also where the BMC knows no name (completion code CCh). */
  name: string
  access: ResponseOf<typeof GetUserAccess>['access']
}

const limits: Readonly<Record<string, string>> = {
  callback: 'CALLBACK',
  user: 'USER',
  operator: 'OPERATOR',
  admin: 'ADMINISTRATOR',
  oem: 'OEM',
  none: 'NO ACCESS',
}

/** From user 1 on; the users before the first that the BMC refused to tell of. */
export function userList(users: Iterable<ListedUser>, { isCsv }: Style = plainStyle): string {
  let text = ''
  for (const { id, name, access } of users) {
    const { callbackOnly, linkAuthentication, ipmiMessaging, privilegeLimit } = access
    const limit = typeof privilegeLimit === 'number' ? unknown(privilegeLimit) : limits[privilegeLimit]
    const columns = [
      String(id),
      // Byte for byte, and filled up by bytes.
      Buffer.from(userNameBytes(name)).toString('latin1'),
      String(!callbackOnly),
      String(linkAuthentication),
      String(ipmiMessaging),
    ]
    if (text === '' && !isCsv) text = 'ID  Name\t     Callin  Link Auth\tIPMI Msg   Channel Priv Limit\n'
    text += isCsv
      ? `${[...columns, limit].join(',')}\n`
      : `${columns.map((column, i) => column.padEnd(widths[i]!)).join('')}${limit}\n`
  }
  return text
}

const widths = [4, 17, 8, 11, 11]
