/** Which commands may be executed twice without harm. */
import { catalogue, findCommand } from '../protocol/catalogue.ts'

/** Those that take what they tell away. */
const takers: readonly string[] = ['Get Message']

const repeatable = new Set(
  catalogue.filter(({ name }) => /^(Get|Read FRU|Reserve) /.test(name) && !takers.includes(name)),
)

/**
 * True for commands that only tell. All others, and those that are not in the catalogue, are sent again only as the very
 * same packet, which no BMC that keeps the specification takes twice.
 */
export function isRepeatable(netFn: number, cmd: number, data: Uint8Array): boolean {
  const command = findCommand(netFn, cmd, data)
  return command !== undefined && repeatable.has(command)
}
