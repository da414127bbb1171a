/** `lastword sol activate` and `deactivate`: the serial port in this terminal. IPMI 2.0 rev 1.1, sections 15 and 24. */
import { once } from 'node:events'
import { DeactivatePayload, PayloadType } from '../../protocol/commands/payload.ts'
import { type Context, subcommand } from '../declare.ts'
import { flag, integer, optional, text } from '../params.ts'
import { runTerminal } from '../sol/terminal.ts'

const MAX_INSTANCE = 15
const instance = optional(integer('N', 'instance (1)', { min: 1, max: MAX_INSTANCE }))

const activate = subcommand({
  name: 'activate',
  summary: 'the serial port in this terminal',
  options: {
    record: optional(text('FILE', 'what the serial port says is also written there')),
    listen: flag('only shows what the serial port says'),
    takeOver: flag('takes the line away from who has it'),
    instance,
  },
  details:
    'The escape key and ? tell the keys; the escape key and a full stop at the start of a line end it.',
  async run(context, { record, listen, instance, takeOver }) {
    const bmc = await context.bmc()
    const line = await bmc.sol({ takeOver, ...(instance === undefined ? {} : { instance }) })
    context.note(`the serial port is here; ${context.escapeKey}. ends it, ${context.escapeKey}? tells more`)
    await runTerminal({
      line,
      input: process.stdin,
      output: process.stdout,
      remark: remark => context.note(remark),
      escapeKey: context.escapeKey,
      ...(record === undefined ? {} : { record }),
      mode: listen ? 'listening' : 'typing',
      signal: context.signal,
      suspend,
    })
    return undefined
  },
  view: as => as.silent(),
})

async function suspend(): Promise<void> {
  const continued = once(process, 'SIGCONT')
  process.kill(process.pid, 'SIGTSTP')
  await continued
}

const deactivate = subcommand({
  name: 'deactivate',
  summary: 'takes the serial port away from the console that has it',
  options: { instance },
  async run({ bmc, signal }: Context, { instance = 1 }) {
    await (await bmc()).run(DeactivatePayload, { payload: PayloadType.Sol, instance }, { signal })
    return undefined
  },
  view: as => as.lines(() => 'The serial port is free.'),
})

export const solLine = [activate, deactivate] as const
