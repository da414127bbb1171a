/** The last answers of a session, so that a request that comes again is answered again and not executed again. */
import { netFnOf } from '../protocol/message.ts'
import { onlyTells } from './repeatable.ts'
import type { Opened } from './session-link.ts'

/**
 * A console that sends its requests one after the other uses a rqSeq again after 63 others; only what is much younger can
 * be a repetition.
 */
const KEPT = 32
/** Longer than any console asks on for; one that never changes its rqSeq has the same executed again after it. */
const KEPT_MS = 60_000
const SEQUENCES = 64
/** Where they stand in a LAN message. */
const NET_FN_AT = 1
const RQ_SEQ_AT = 4
const CMD_AT = 5

export interface Answered {
  readonly request: Uint8Array
  /** Null: it was executed, and its answer is not there yet or never comes. */
  response: Uint8Array | null
  /** A message of its own that came behind the response. */
  forwarded: Uint8Array | null
  order: number
  atMs: number
}

export class AnswerCache {
  readonly #bySequence: (Answered | undefined)[] = new Array<Answered | undefined>(SEQUENCES)
  #count = 0

  /**
   * What was answered to the same bytes; undefined: the request is to be executed. In a packet of its own that is also what
   * only tells, whose kept answer may no longer be true.
   */
  find(request: Uint8Array, freshness: Opened['freshness'], nowMs: number): Answered | undefined {
    const entry = this.#bySequence[request[RQ_SEQ_AT]! >> 2]
    if (entry === undefined || this.#count - entry.order >= KEPT || nowMs - entry.atMs >= KEPT_MS)
      return undefined
    if (!areEqual(entry.request, request)) return undefined
    return freshness === 'new' && isTold(request) ? undefined : entry
  }

  /** The entry may be given its response later. */
  keep(request: Uint8Array, response: Uint8Array | null, nowMs: number): Answered {
    // The request is a part of a datagram's buffer, which is much bigger.
    const entry = { request: request.slice(), response, forwarded: null, order: this.#count++, atMs: nowMs }
    this.#bySequence[request[RQ_SEQ_AT]! >> 2] = entry
    return entry
  }
}

function isTold(request: Uint8Array): boolean {
  return onlyTells(netFnOf(request[NET_FN_AT]!), request[CMD_AT]!, request.subarray(CMD_AT + 1, -1))
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
