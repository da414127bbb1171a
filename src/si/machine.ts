/** The cut between driver and interface: KCS, SMIC and BT are one of these each. Linux's `si_sm_handlers`. */
import type { Saveable } from '../machine/tape.ts'
import type { Fault, SiResult } from './smi-msg.ts'

export interface SiMachine extends Saveable {
  readonly name: 'kcs' | 'smic' | 'bt'
  /**
   * Takes a copy of a request and begins its transaction; touches no register.
   * The last store is the one that commits. A fault other than None means that nothing was taken.
   */
  start(request: Uint8Array, size: number): Fault
  /** One turn: reads the status and does what follows from it. `elapsedUs` is the time since the last turn. */
  event(elapsedUs: number): SiResult
  /** Copies the response and returns its size; `fault` says what was wrong with it. */
  takeResponse(into: Uint8Array): number
  readonly fault: Fault
  /** The BMC wanted attention when its status was last read. */
  readonly attention: boolean
  /** A panic may have fallen between a register access and the store that records it: go on so that it does not matter. */
  settle(): void
  /** Gives the transaction up where it stands; `fault` says whether the BMC may have acted. */
  abandon(): void
  /** No transaction is under way (one may be complete and not taken). */
  readonly isIdle: boolean
  /** False when nothing answers at these registers. */
  detect(): boolean
  /** Where the machine stands, for errors: `writing byte 3 of 18`. */
  describe(): string
}
