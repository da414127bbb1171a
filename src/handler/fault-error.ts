/** The sentence and the stable code for each way in which a message can end without an answer. */
import { LastwordError } from '../protocol/error.ts'
import { Fault } from '../si/smi-msg.ts'

interface FaultText {
  code: string
  text: string
  hint?: string
}

const executed = 'The BMC may have executed it: look before you send it again.'
const notExecuted = 'The BMC has not executed it: it is safe to send it again.'

const texts: Readonly<Record<Fault, FaultText>> = {
  [Fault.None]: { code: 'OK', text: 'no fault' },
  [Fault.Hosed]: {
    code: 'INTERFACE_HOSED',
    text: 'the BMC did not take the request in time',
    hint: notExecuted,
  },
  [Fault.ResponseLost]: {
    code: 'RESPONSE_LOST',
    text: 'the request was transferred, its response did not come back',
    hint: executed,
  },
  [Fault.Truncated]: {
    code: 'RESPONSE_LONG',
    text: 'the response is longer than the interface carries',
    hint: executed,
  },
  [Fault.TooShort]: {
    code: 'RESPONSE_SHORT',
    text: 'the response has fewer than three bytes',
    hint: executed,
  },
  [Fault.WrongReply]: {
    code: 'RESPONSE_WRONG',
    text: 'the response belongs to another command',
    hint: executed,
  },
  [Fault.BadLength]: {
    code: 'REQUEST_BAD',
    text: 'the request is shorter or longer than the interface carries',
  },
  [Fault.NotReady]: {
    code: 'INTERFACE_NOT_READY',
    text: 'the interface was not ready to take it',
    hint: notExecuted,
  },
  [Fault.InterfaceDead]: {
    code: 'INTERFACE_DEAD',
    text: 'the BMC does not answer on this interface; it is tried again every second',
    hint: notExecuted,
  },
  [Fault.PanicDropped]: {
    code: 'PANIC_DROPPED',
    text: 'a panic cut it before it was started',
    hint: notExecuted,
  },
  [Fault.PanicBudget]: {
    code: 'PANIC_BUDGET_SPENT',
    text: "the panic's budget was spent before its turn came",
    hint: notExecuted,
  },
  [Fault.BridgeTimeout]: {
    code: 'BRIDGE_TIMEOUT',
    text: 'the other controller did not answer within all retries',
    hint: executed,
  },
  [Fault.Aborted]: { code: 'ABORTED', text: 'the caller gave up', hint: executed },
  [Fault.UserGone]: {
    code: 'USER_GONE',
    text: 'its user was destroyed before the answer came',
    hint: executed,
  },
  [Fault.InterfaceGone]: { code: 'INTERFACE_GONE', text: 'the interface was taken away' },
}

/** A message that ends so was not executed. */
export function isNotExecuted(fault: Fault): boolean {
  return texts[fault].hint === notExecuted
}

/** `where` is the place in the transfer at which it failed; it may be empty. */
export function faultError(fault: Fault, title: string, where: string): LastwordError {
  const { code, text, hint } = texts[fault]
  return new LastwordError(
    code,
    `${title}: ${text}${where === '' ? '' : ` (${where})`}`,
    hint === undefined ? {} : { hint },
  )
}
