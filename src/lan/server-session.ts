/** A session as the BMC keeps it, and the table of all of them. IPMI 2.0 rev 1.1, sections 6.12 and 22.17 to 22.20. */
import { Privilege } from '../protocol/command.ts'
import type { LanAccount } from './accounts.ts'
import { AnswerCache } from './answer-cache.ts'
import type { PlusLink, V15Link } from './session-link.ts'

/** Where datagrams come from and go to. */
export interface Peer {
  readonly address: string
  readonly port: number
}

export function isSamePeer(a: Peer, b: Peer): boolean {
  return a.port === b.port && a.address === b.address
}

export interface ServerSessionOptions {
  id: number
  handle: number
  peer: Peer
  link: PlusLink | V15Link
  account: LanAccount
  maximum: Privilege
  nowMs: number
}

export class ServerSession {
  readonly id: number
  /** A small number for Get Session Info and Close Session; from 1. */
  readonly handle: number
  readonly peer: Peer
  readonly link: PlusLink | V15Link
  readonly account: LanAccount
  /** The highest level that Set Session Privilege Level may set. */
  readonly maximum: Privilege
  /** The operating level; a session begins as a user. */
  privilege: Privilege
  lastHeardMs: number
  /** Closes when the answer that is being made is out. */
  isClosing = false
  readonly answers = new AnswerCache()

  constructor(options: ServerSessionOptions) {
    const { id, handle, peer, link, account, maximum, nowMs } = options
    this.id = id
    this.handle = handle
    this.peer = peer
    this.link = link
    this.account = account
    this.maximum = maximum
    this.privilege = Math.min(maximum, Privilege.User) as Privilege
    this.lastHeardMs = nowMs
  }
}

/** Whether there is room for a session: in the table, and among those that its user may have. */
export type Admission = 'admitted' | 'full' | 'userHasAll'

const HANDLES = 63

export class SessionTable {
  readonly capacity: number
  /** No session more is let in, whatever there is room for. */
  isExhausted = false
  readonly #byId = new Map<number, ServerSession>()

  constructor(capacity: number) {
    this.capacity = Math.min(capacity, HANDLES)
  }

  get size(): number {
    return this.#byId.size
  }

  get isFull(): boolean {
    return this.isExhausted || this.size >= this.capacity
  }

  get(id: number): ServerSession | undefined {
    return this.#byId.get(id)
  }

  /** In the order in which they were opened. */
  all(): ServerSession[] {
    return [...this.#byId.values()]
  }

  /** The sessions that a user has. */
  countOf(userId: number): number {
    let count = 0
    for (const { account } of this.#byId.values()) if (account.id === userId) count++
    return count
  }

  byHandle(handle: number): ServerSession | undefined {
    return this.all().find(session => session.handle === handle)
  }

  freeHandle(): number {
    const taken = new Set(this.all().map(session => session.handle))
    let handle = 1
    while (taken.has(handle)) handle++
    return handle
  }

  add(session: ServerSession): void {
    this.#byId.set(session.id, session)
  }

  delete(session: ServerSession): void {
    this.#byId.delete(session.id)
  }
}
