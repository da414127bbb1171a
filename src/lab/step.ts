/** The steps of the mail, and at which of them a host stands. docs/panic.md. */
import type { MsgHandler } from '../handler/handler.ts'
import type { SiDriver } from '../si/driver.ts'
import { Stage } from '../si/smi-msg.ts'

/**
 * Where a panic strikes, seen from the message on its way. `done`: the transaction has completed, its result is
 * not taken; `between`: the driver's `currMsg` is cleared, the handler's is not.
 */
export const steps = [
  'before-1',
  'before-2',
  'before-3',
  'before-4',
  'before-5',
  'done',
  'between',
  'after-5',
] as const
export type Step = (typeof steps)[number]

/** Read from the stored state alone, as whoever looks at a dead host would. */
export function stepOf(handler: MsgHandler, driver: SiDriver): Step {
  const msg = handler.xmit.currMsg
  if (msg === null) return handler.waitingRcvMsgs.head === null ? 'before-1' : 'after-5'
  if (driver.currMsg === msg) {
    if (msg.stage === Stage.Ended) return 'done'
    if (!driver.machine.isIdle) return 'before-5'
    if (msg.stage === Stage.Started) return 'done'
    return driver.waitingMsg === msg ? 'before-3' : 'before-4'
  }
  if (driver.waitingMsg === msg) return 'before-3'
  return msg.stage === Stage.Ended ? 'between' : 'before-2'
}
