/** A way to a BMC, whichever it is: a request's bytes go in, the answer's come out. */
import type { IpmiAddr } from '../handler/user.ts'
import { LastwordError } from '../protocol/error.ts'

export interface RequestOptions {
  /** Ends the wait; the request itself may still be executed. */
  signal?: AbortSignal
  /** Another controller than the BMC. */
  addr?: IpmiAddr
}

/** Requests under way at once when a transport does not say how many are worth it. */
export const DEFAULT_WINDOW = 16

/** Gets the payloads of one type that are no IPMI messages. */
export interface PayloadReceiver {
  /** `sequence` is the session's number of its packet; it orders the packets as they were sent. */
  onPayload(payload: Uint8Array, sequence: number): void
  /** The session has ended: it was lost, or this side has closed it. */
  onEnd(how: 'lost' | 'closed'): void
}

export interface PayloadSender {
  /** The session's number of the newest packet that had come when it was opened. */
  readonly since: number
  /** False when there is no session. */
  send(payload: Uint8Array): boolean
  close(): void
}

export interface Transport {
  /** How many requests are worth having under way at once; what reads ahead goes up to it. */
  readonly window?: number
  /** Resolves with the body: completion code and data. Rejects with a LastwordError when there is no answer. */
  request(netFn: number, cmd: number, data: Uint8Array, options?: RequestOptions): Promise<Uint8Array>
  /** Only where there are payloads: in a session of IPMI 2.0. */
  openPayload?(payloadType: number, receiver: PayloadReceiver): PayloadSender
  close(): Promise<void>
}

const actionsOf = new WeakMap<AbortSignal, Set<() => void>>()

/** Calls `action` when the signal aborts, until the function that is returned is called. A signal has one listener for all. */
export function whenAborted(signal: AbortSignal, action: () => void): () => void {
  let actions = actionsOf.get(signal)
  if (actions === undefined) {
    const all = new Set<() => void>()
    actions = all
    actionsOf.set(signal, all)
    signal.addEventListener(
      'abort',
      () => {
        for (const each of [...all]) each()
      },
      { once: true },
    )
  }
  const known = actions
  known.add(action)
  return () => known.delete(action)
}

/** What a call rejects with whose signal has ended it, and what the BMC may have got of it. */
export function aborted(signal: AbortSignal, sent: 'request' | 'nothing' = 'request'): LastwordError {
  return new LastwordError('ABORTED', 'the caller gave up', {
    cause: signal.reason,
    ...(sent === 'request' && {
      hint: 'The BMC may have executed the request: look before you send it again.',
    }),
  })
}

/** In-band one Send Message leads to the controller, not two. Throws LastwordError REQUEST_BAD. */
export function refuseTransit(addr: IpmiAddr | undefined): void {
  if (addr?.kind === 'ipmb' && addr.transit !== undefined)
    throw new LastwordError('REQUEST_BAD', 'a controller behind another one (-T) is reached over LAN only')
}
