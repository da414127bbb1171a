/** `--trace`: each request and response in words, as it goes and comes. */
import type { Bmc } from '../client/bmc.ts'
import { SetChannelSecurityKeys } from '../protocol/commands/channel.ts'
import { SetUserPassword } from '../protocol/commands/user.ts'
import { LastwordError } from '../protocol/error.ts'
import { type Explanation, explainMessage, fieldLines } from './decode/explain.ts'

/** Their fields are secrets. */
const secret = [SetUserPassword, SetChannelSecurityKeys]

/** From now on tells what `bmc` sends and gets. */
export function trace(bmc: Bmc, print: (line: string) => void): void {
  const raw = bmc.raw.bind(bmc)
  let number = 0
  bmc.raw = async (netFn, cmd, data, options) => {
    const id = ++number
    const isSecret = secret.some(command => command.netFn === netFn && command.cmd === cmd)
    const begin = performance.now()
    const told = (arrow: string, explanation: Explanation) =>
      print(`${arrow} #${id} ${lineOf(explanation, isSecret)}`)
    told('→', explainMessage(netFn, cmd, data))
    try {
      const body = await raw(netFn, cmd, data, options)
      const ms = (performance.now() - begin).toFixed(1)
      told(`← ${ms} ms`, explainMessage(netFn | 1, cmd, body))
      return body
    } catch (error) {
      print(`✗ #${id} ${error instanceof LastwordError ? `${error.message} [${error.code}]` : String(error)}`)
      throw error
    }
  }
}

function lineOf({ title, remark, fields }: Explanation, isSecret: boolean): string {
  const values = isSecret ? '…' : fieldLines(fields).join(', ')
  return [title, remark, values].filter(part => part !== undefined && part !== '').join('; ')
}
