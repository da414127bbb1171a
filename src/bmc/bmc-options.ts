/** What a simulated BMC is made with, and what it tells its front ends and the owner of its host. */
import type { LastwordError } from '../protocol/error.ts'
import type { HostAction } from './chassis.ts'
import type { BmcIdentity } from './controller.ts'
import type { JournalOptions } from './stores/journal.ts'
import type { RunningTime } from './stores/running-time.ts'
import type { User } from './stores/user-store.ts'
import type { World } from './world/world.ts'

export interface BmcOptions extends JournalOptions {
  /** The machine around it; without one, a BMC with nothing to watch. */
  world?: World
  /** Seconds since 1970 from which on the world has had its sensor data records; the start unless given. */
  configuredSince?: number
  /** Users until they are changed; none unless given. */
  users?: ReadonlyMap<number, User>
  /** Which of many alike this is. */
  index?: number
  /** Its slave address on the IPMB; 20h unless it is a satellite. */
  ownAddress?: number
  identity?: Partial<BmcIdentity>
  /** Where the state is kept; without it, in memory. One BMC has it for itself. */
  stateDir?: string
  /** `owner`: who made this BMC holds the lock of a directory above. */
  stateLock?: 'own' | 'owner'
  /** Of all that share one; who gives it keeps it. One of its own unless given. */
  runningTime?: RunningTime
  /** The disk refuses, and nobody waits for an answer that could say so. */
  onError?: (error: LastwordError) => void
  /** Records that the SEL holds. */
  selCapacity?: number
  /** Milliseconds since 1970. */
  nowMs?: () => number
}

/** What a front end or an owner of the host can be told. */
export interface BmcListener {
  /** The attention bit of a system interface. */
  onAttention?(state: 'on' | 'off'): void
  /** The BMC itself begins anew; `kind` says how. */
  onReset?(kind: 'cold' | 'warm'): void
  /** The host is to be turned on or off, reset, interrupted, or asked to shut down. */
  onHostAction?(action: HostAction): void
  /** An event of its own has been raised. */
  onEvent?(record: Uint8Array): void
  /** A platform event trap is to be sent. */
  onTrap?(trap: Uint8Array, to: { address: string; port: number }): void
  /** Answers whether there is a host that does what `onHostAction` says. */
  hasHost?(): boolean
  /** Answers whether a diagnostic interrupt reaches the host by it. */
  takesNmi?(): boolean
  /** Answers whether it turns a host off and on itself: then a power cycle is both. */
  ownsPower?(): boolean
}
