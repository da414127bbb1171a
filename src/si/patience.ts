/** How long a machine waits for its BMC: the bound on each message, kept by adding up the time that turns report. */
import type { Saveable, Tape } from '../machine/tape.ts'

export interface Limits {
  /** How long one step may stand still before the transfer is aborted. */
  stallUs: number
  /** How much waiting one transaction may do in all, its recoveries included. */
  transactionStallUs: number
  /** How many recoveries one transaction may take. */
  maxRecoveries: number
}

/** 5 s for one step is Linux's; 15 s in all is the documented bound of a message. */
export const defaultLimits: Limits = {
  stallUs: 5_000_000,
  transactionStallUs: 15_000_000,
  maxRecoveries: 10,
}

export class Patience implements Saveable {
  readonly #limits: Limits
  #stalledUs = 0
  #transactionStalledUs = 0
  #recoveries = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** A transaction begins. */
  begin(): void {
    this.#stalledUs = 0
    this.#transactionStalledUs = 0
    this.#recoveries = 0
  }

  progressed(): void {
    this.#stalledUs = 0
  }

  /** Nothing moved for so long. */
  stalled(elapsedUs: number): 'wait' | 'recover' | 'giveUp' {
    const stoodStill = this.hasWaited(elapsedUs, this.#limits.stallUs)
    if (this.#transactionStalledUs > this.#limits.transactionStallUs) return 'giveUp'
    return stoodStill ? 'recover' : 'wait'
  }

  /** True when nothing has moved for longer than `limitUs`. */
  hasWaited(elapsedUs: number, limitUs: number): boolean {
    this.#stalledUs += elapsedUs
    this.#transactionStalledUs += elapsedUs
    return this.#stalledUs > limitUs
  }

  /** False when the transaction has had its share of recoveries. */
  mayRecover(): boolean {
    this.#stalledUs = 0
    return ++this.#recoveries <= this.#limits.maxRecoveries
  }

  save(tape: Tape): void {
    tape.put(this.#stalledUs)
    tape.put(this.#transactionStalledUs)
    tape.put(this.#recoveries)
  }

  load(tape: Tape): void {
    this.#stalledUs = tape.take()
    this.#transactionStalledUs = tape.take()
    this.#recoveries = tape.take()
  }
}
