/** `--trace`: each request and response in words, as it goes and comes. */
import type { Bmc } from '../client/bmc.ts'
import { LastwordError } from '../protocol/error.ts'
import { type Explanation, explainMessage, fieldLines } from './decode/explain.ts'
import { holdsSecret } from './secrets.ts'

/** From now on tells what `bmc` sends and gets. */
export function trace(bmc: Bmc, print: (line: string) => void): void {
  const raw = bmc.raw.bind(bmc)
  let number = 0
  bmc.raw = async (netFn, cmd, data, options) => {
    const id = ++number
    const isSecret = holdsSecret(netFn, cmd, data)
    const begin = performance.now()
    const told = (arrow: string, explanation: Explanation) => print(`${arrow} #${id} ${lineOf(explanation)}`)
    told('→', shown(explainMessage(netFn, cmd, data), isSecret))
    try {
      const body = await raw(netFn, cmd, data, options)
      const ms = (performance.now() - begin).toFixed(1)
      // A refusal holds no secret.
      told(`← ${ms} ms`, shown(explainMessage(netFn | 1, cmd, body), isSecret && body[0] === 0))
      return body
    } catch (error) {
      print(`✗ #${id} ${error instanceof LastwordError ? `${error.message} [${error.code}]` : String(error)}`)
      throw error
    }
  }
}

/** Why the fields of a secret cannot be read may repeat them. */
function shown(explanation: Explanation, isSecret: boolean): Explanation {
  return isSecret ? { title: explanation.title, remark: '…', fields: {} } : explanation
}

function lineOf({ title, remark, fields }: Explanation): string {
  return [title, remark, fieldLines(fields).join(', ')]
    .filter(part => part !== undefined && part !== '')
    .join('; ')
}
