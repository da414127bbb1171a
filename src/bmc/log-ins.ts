/** Who failed to log in to a BMC and is kept out: what its operator is told, and lifts. */

import type { LockOut } from '../lan/lockout.ts'
import { isoTime } from '../protocol/time-stamp.ts'
import type { Bmc } from './bmc.ts'

/** A user was locked out. */
export interface LockedOut extends LockOut {
  userName: string
  /** Where the BMC listens. */
  host: string
  port: number
}

export interface UserLogIns {
  channel: number
  id: number
  name: string
  /** Failed log-ins in a row. */
  failed: number
  /** ISO 8601, or `unlock`: until it is lifted by hand. */
  lockedUntil?: string
}

export interface LogIns {
  /** Of all users, since the start. */
  failedLogIns: number
  users: UserLogIns[]
}

/** As of now, by the clock that a LAN server has. */
export function logInsOf(bmc: Bmc, nowMs = performance.now()): LogIns {
  const servers = [...bmc.lanServers.values()]
  return {
    failedLogIns: servers.reduce((sum, { lockout }) => sum + lockout.failedLogIns, 0),
    users: servers.flatMap(({ channel, accounts, lockout }) =>
      [...accounts.users()].map(({ id, name }) => {
        const { failed, lockedUntilMs } = lockout.stateOf(id, accounts.lockout, nowMs)
        const lockedUntil = lockedUntilMs === null ? {} : { lockedUntil: timeText(lockedUntilMs - nowMs) }
        return { channel, id, name, failed, ...lockedUntil }
      }),
    ),
  }
}

/** Lifts the lock-outs of the users of this name; false when there is none. */
export function unlock(bmc: Bmc, userName: string): boolean {
  let isThere = false
  for (const { accounts, lockout } of bmc.lanServers.values()) {
    for (const { id, name } of accounts.users()) {
      if (name !== userName) continue
      isThere = true
      lockout.lift(id)
    }
  }
  return isThere
}

function timeText(inMs: number): string {
  if (!Number.isFinite(inMs)) return 'unlock'
  const seconds = Math.ceil((Date.now() + inMs) / 1000)
  return isoTime(new Date(seconds * 1000))
}
