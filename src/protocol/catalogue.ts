/** All commands, found by their codes: what the BMC registers, the tracer names and the property tests run through. */
import { type AnyCommand, commandKey } from './command.ts'
import * as channel from './commands/channel.ts'
import * as chassis from './commands/chassis.ts'
import * as dcmi from './commands/dcmi.ts'
import * as device from './commands/device.ts'
import * as event from './commands/event.ts'
import * as fru from './commands/fru.ts'
import * as lan from './commands/lan.ts'
import * as messaging from './commands/messaging.ts'
import * as payload from './commands/payload.ts'
import * as pef from './commands/pef.ts'
import * as sdr from './commands/sdr.ts'
import * as sel from './commands/sel.ts'
import * as sensor from './commands/sensor.ts'
import * as session from './commands/session.ts'
import * as sol from './commands/sol.ts'
import * as systemInfo from './commands/system-info.ts'
import * as user from './commands/user.ts'
import * as watchdog from './commands/watchdog.ts'

function isCommand(value: unknown): value is AnyCommand {
  return (
    typeof value === 'object' && value !== null && 'netFn' in value && 'cmd' in value && 'request' in value
  )
}

export const catalogue: readonly AnyCommand[] = [
  device,
  messaging,
  watchdog,
  event,
  sel,
  chassis,
  sensor,
  sdr,
  fru,
  lan,
  user,
  channel,
  pef,
  systemInfo,
  dcmi,
  session,
  payload,
  sol,
].flatMap(group => Object.values(group).filter(isCommand))

const byKey = new Map(
  catalogue.map(command => [
    commandKey(command.netFn, command.cmd, command.group === undefined ? [] : [command.group]),
    command,
  ]),
)

/**
 * The command with these codes; a response's odd netFn finds its request's command. `data` are the bytes after the
 * command byte (of a response, after the completion code): a group extension's begin with its defining body.
 */
export function findCommand(netFn: number, cmd: number, data?: ArrayLike<number>): AnyCommand | undefined {
  return byKey.get(commandKey(netFn, cmd, data))
}
