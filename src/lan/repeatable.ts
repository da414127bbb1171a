/** Which commands only tell, and which may be executed twice without harm. */
import { catalogue, findCommand } from '../protocol/catalogue.ts'
import type { AnyCommand } from '../protocol/command.ts'

/** Those that take what they tell away, as far as their data says so. */
const takers: Readonly<Record<string, (data: Uint8Array) => boolean>> = {
  'Get Message': () => true,
  'Get IP/UDP/RMCP Statistics': data => (data[1]! & 1) !== 0,
}

function named(pattern: RegExp): ReadonlySet<AnyCommand> {
  return new Set(catalogue.filter(({ name }) => pattern.test(name)))
}

const tellers = named(/^(Get|Read FRU) /)
const reservers = named(/^Reserve /)

/** True for commands that leave a BMC as it is; not for those that are not in the catalogue. */
export function onlyTells(netFn: number, cmd: number, data: Uint8Array): boolean {
  const command = findCommand(netFn, cmd, data)
  return command !== undefined && tellers.has(command) && !takers[command.name]?.(data)
}

/**
 * True for commands that only tell, and for those that reserve. All others, and those that are not in the catalogue, are
 * sent again only as the very same packet, which no BMC that keeps the specification takes twice.
 */
export function isRepeatable(netFn: number, cmd: number, data: Uint8Array): boolean {
  const command = findCommand(netFn, cmd, data)
  return (command !== undefined && reservers.has(command)) || onlyTells(netFn, cmd, data)
}
