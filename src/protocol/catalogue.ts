/** All commands, found by their codes: what the BMC registers, the tracer names and the property tests run through. */
import type { AnyCommand } from './command.ts'
import * as device from './commands/device.ts'
import * as event from './commands/event.ts'
import * as messaging from './commands/messaging.ts'
import * as sel from './commands/sel.ts'
import * as watchdog from './commands/watchdog.ts'

function isCommand(value: unknown): value is AnyCommand {
  return (
    typeof value === 'object' && value !== null && 'netFn' in value && 'cmd' in value && 'request' in value
  )
}

export const catalogue: readonly AnyCommand[] = [device, messaging, watchdog, event, sel].flatMap(group =>
  Object.values(group).filter(isCommand),
)

const byCodes = new Map(catalogue.map(command => [(command.netFn << 8) | command.cmd, command]))

/** The command with these codes; a response's odd netFn finds its request's command. */
export function findCommand(netFn: number, cmd: number): AnyCommand | undefined {
  return byCodes.get(((netFn & ~1) << 8) | cmd)
}
