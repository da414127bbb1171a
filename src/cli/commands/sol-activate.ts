/** `lastword sol activate` and `deactivate`: the serial port in this terminal. IPMI 2.0 rev 1.1, sections 15 and 24. */
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { DeactivatePayload, PayloadType } from '../../protocol/commands/payload.ts'
import { assignments } from '../assignments.ts'
import { type Context, subcommand } from '../declare.ts'
import { flag, integer, optional, text } from '../params.ts'
import { runTerminal } from '../sol/terminal.ts'

const MAX_INSTANCE = 15
const number = integer('N', 'instance (1)', { min: 1, max: MAX_INSTANCE })
const instance = optional(number)

const activate = subcommand({
  name: 'activate',
  summary: 'the serial port in this terminal',
  args: {
    which: assignments({ instance: number }, "ipmitool's way to say it"),
  },
  options: {
    record: optional(text('FILE', 'what the serial port says is also written there')),
    listen: flag('only shows what the serial port says'),
    takeOver: flag('takes the line away from who has it'),
    instance,
  },
  details:
    'The escape key and ? tell the keys; the escape key and a full stop at the start of a line end it.',
  // Also where it only listens: afterwards it pauses what another would read on.
  readsInput: () => true,
  async run(context, { record, listen, takeOver, which, instance = which.instance }) {
    const bmc = await context.bmc()
    const { signal } = context
    const line = await bmc.sol({ takeOver, signal, ...(instance === undefined ? {} : { instance }) })
    context.note(`the serial port is here; ${context.escapeKey}. ends it, ${context.escapeKey}? tells more`)
    await runTerminal({
      line,
      input: process.stdin,
      output: process.stdout,
      remark: remark => context.note(remark),
      escapeKey: context.escapeKey,
      ...(record === undefined ? {} : { record }),
      mode: listen ? 'listening' : 'typing',
      signal,
      suspend,
    })
    return undefined
  },
  view: as => as.silent(),
})

/** Longer than the signal needs to stop every thread. */
const STOP_MS = 20

/** As Ctrl-Z at a shell: npx, or what else has started this process, stops with it. A job without a shell goes on at once. */
function suspend(): void {
  process.kill(0, 'SIGTSTP')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STOP_MS)
}

const deactivate = subcommand({
  name: 'deactivate',
  summary: 'takes the serial port away from the console that has it',
  args: { which: assignments({ instance: number }, "ipmitool's way to say it") },
  options: { instance },
  async run({ bmc, signal }: Context, { which, instance = which.instance ?? 1 }) {
    await (await bmc()).run(DeactivatePayload, { payload: PayloadType.Sol, instance }, { signal })
    return undefined
  },
  view: as => as.lines(() => 'The serial port is free.'),
})

const DEFAULT_LOOPS = 200
const DEFAULT_INTERVAL_MS = 100

const looptest = subcommand({
  name: 'looptest',
  summary: 'activates and deactivates SOL again and again',
  args: {
    loops: optional(integer('LOOPS', `how often (${DEFAULT_LOOPS})`, { min: 1, max: 100_000 })),
    interval: optional(integer('MS', `for how long each time (${DEFAULT_INTERVAL_MS})`, { max: 60_000 })),
    instance,
  },
  async run(context, { loops = DEFAULT_LOOPS, interval = DEFAULT_INTERVAL_MS, instance: which = 1 }) {
    const bmc = await context.bmc()
    using progress = await context.progress('activating SOL', loops)
    for (let loop = 1; loop <= loops; loop++) {
      const line = await bmc.sol({ instance: which, signal: context.signal })
      const closed = once(line, 'close')
      // A line that is lost, or given up, is not waited with.
      await Promise.race([setTimeout(interval, undefined, { signal: context.signal }), closed])
      line.destroy()
      await closed
      progress.to(loop)
    }
    return { loops }
  },
  view: as => as.lines(({ loops }) => `SOL was activated and deactivated ${loops} times.`),
})

export const solLine = [activate, deactivate, looptest] as const
