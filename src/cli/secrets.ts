/** What no trace, log or output may repeat: requests and command lines that hold a password, a key or a community. */
import { SetChannelSecurityKeys } from '../protocol/commands/channel.ts'
import { GetLanConfigurationParameters, SetLanConfigurationParameters } from '../protocol/commands/lan.ts'
import { SendMessage } from '../protocol/commands/messaging.ts'
import { SetUserPassword } from '../protocol/commands/user.ts'
import { decodeIpmb } from '../protocol/ipmb.ts'
import { LanParameter } from '../protocol/parameters/lan.ts'

interface Named {
  readonly netFn: number
  readonly cmd: number
}

/** Whether this request or its response holds a secret. */
export function holdsSecret(netFn: number, cmd: number, data: Uint8Array): boolean {
  const is = (...commands: readonly Named[]) =>
    commands.some(command => command.netFn === netFn && command.cmd === cmd)
  if (is(SetUserPassword, SetChannelSecurityKeys)) return true
  if (is(SetLanConfigurationParameters, GetLanConfigurationParameters))
    return data[1] === LanParameter.communityString.selector
  const inside = is(SendMessage) ? decodeIpmb(data.subarray(1)) : undefined
  return inside !== undefined && holdsSecret(inside.netFn, inside.cmd, inside.data)
}
