/** Which commands may be executed twice without harm. */
import { findCommand } from '../protocol/catalogue.ts'

/** Those that take what they tell away. */
const takers: readonly string[] = ['Get Message']

/**
 * True for commands that only tell. All others, and those that are not in the catalogue, are sent again only as the very
 * same packet, which no BMC that keeps the specification takes twice.
 */
export function isRepeatable(netFn: number, cmd: number, data: Uint8Array): boolean {
  const name = findCommand(netFn, cmd, data)?.name
  return name !== undefined && /^(Get|Read FRU|Reserve) /.test(name) && !takers.includes(name)
}
