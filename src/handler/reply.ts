/** The one answer that every accepted request gets. */
import type { LastwordError } from '../protocol/error.ts'
import type { Fault } from '../si/smi-msg.ts'

/** How an answer looks to the one who asked. Valid until the callback returns: the slot is used again. */
export interface Reply {
  /** Set when there is no answer of the BMC's, or when its completion code is not zero. */
  readonly error: LastwordError | null
  readonly fault: Fault
  readonly completionCode: number
  /** A bridged request's answer of the controller that it was for; false when our own BMC refused to forward it. */
  readonly isFromTarget: boolean
  /** From the completion code on. */
  readonly body: Uint8Array
}

export type Done = (reply: Reply) => void
