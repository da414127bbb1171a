/** `-v` and `--trace`: each request and response in words, as it goes and comes. */
import type { Bmc } from '../client/bmc.ts'
import { LastwordError } from '../protocol/error.ts'
import { type Explanation, explainMessage, fieldLines } from './decode/explain.ts'
import { holdsSecret } from './secrets.ts'

/** Sees what `bmc` sends and gets from now on: counts it, and tells it where that is asked for. */
export class Trace {
  /** So many requests have been sent. */
  requests = 0
  isTelling = false
  readonly #print: (line: string) => void

  constructor(bmc: Bmc, print: (line: string) => void) {
    this.#print = print
    const raw = bmc.raw.bind(bmc)
    bmc.raw = (netFn, cmd, data, options) => {
      const id = ++this.requests
      const send = () => raw(netFn, cmd, data, options)
      return this.isTelling ? this.#told(id, { netFn, cmd, data }, send) : send()
    }
  }

  async #told(
    id: number,
    { netFn, cmd, data }: Request,
    send: () => Promise<Uint8Array>,
  ): Promise<Uint8Array> {
    const isSecret = holdsSecret(netFn, cmd, data)
    const begin = performance.now()
    const tell = (arrow: string, explanation: Explanation) =>
      this.#print(`${arrow} #${id} ${lineOf(explanation)}`)
    tell('→', shown(explainMessage(netFn, cmd, data), isSecret))
    try {
      const body = await send()
      const ms = (performance.now() - begin).toFixed(1)
      // A refusal holds no secret.
      tell(`← ${ms} ms`, shown(explainMessage(netFn | 1, cmd, body), isSecret && body[0] === 0))
      return body
    } catch (error) {
      const text = error instanceof LastwordError ? `${error.message} [${error.code}]` : String(error)
      this.#print(`✗ #${id} ${text}`)
      throw error
    }
  }
}

interface Request {
  netFn: number
  cmd: number
  data: Uint8Array
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
