/** The three answers to a panic that strikes while a message is on its way. docs/panic.md has the table. */

/** Everything in which the policies differ; the code that asks is the same for all. */
export interface PanicPolicy {
  readonly name: 'none' | 'resend' | 'drop'
  /** Whether the ledger is trusted: half-done stores are finished, queues are rebuilt, every wait has a bound. */
  readonly recovery: 'ledger' | 'none'
  /** What becomes of the message that was handed to nobody, or not started. */
  readonly unstarted: 'sent' | 'dropped' | 'left'
}

/** Stock Linux, kept to show the fault: the panic path trusts `currMsg`, and waits for it for ever. */
export const none: PanicPolicy = {
  name: 'none',
  recovery: 'none',
  unstarted: 'left',
}

/** Kawai's rule: every message is handled once, and none is lost. The default. */
export const resend: PanicPolicy = {
  name: 'resend',
  recovery: 'ledger',
  unstarted: 'sent',
}

/** Minyard's rule: losing the one message is fine, hanging is not. */
export const drop: PanicPolicy = {
  name: 'drop',
  recovery: 'ledger',
  unstarted: 'dropped',
}

export const panicPolicies: readonly PanicPolicy[] = [none, resend, drop]
