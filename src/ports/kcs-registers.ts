/** The two registers of a simulated KCS interface, seen from the host and from the BMC. IPMI 2.0 rev 1.1, section 9.3. */
import type { Saveable, Tape } from '../machine/tape.ts'
import { KcsRegister, KcsState, KcsStatus } from './kcs.ts'
import type { RegisterPort } from './register-port.ts'

const { OBF, IBF, SMS_ATN, CommandData, StateMask } = KcsStatus

export class KcsRegisters implements RegisterPort, Saveable {
  #status = 0
  #dataIn = 0
  #dataOut = 0
  /** Called after each write of the host's; a BMC that is to react at once listens here. */
  onHostWrite: (() => void) | null = null

  /** Host side. */
  inb(offset: number): number {
    if (offset === KcsRegister.CommandStatus) return this.#status
    this.#status &= ~OBF
    return this.#dataOut
  }

  /** Host side. */
  outb(offset: number, value: number): void {
    this.#dataIn = value
    this.#status =
      (this.#status & ~CommandData) | IBF | (offset === KcsRegister.CommandStatus ? CommandData : 0)
    if (this.onHostWrite !== null) this.onHostWrite()
  }

  /** BMC side: the host has written something that was not taken yet. */
  get inputFull(): boolean {
    return (this.#status & IBF) !== 0
  }

  get inputIsCommand(): boolean {
    return (this.#status & CommandData) !== 0
  }

  get outputFull(): boolean {
    return (this.#status & OBF) !== 0
  }

  get input(): number {
    return this.#dataIn
  }

  /** BMC side: takes the host's byte; the state is set before the host can see IBF clear (section 9.8). */
  takeInput(nextState: number): void {
    this.#status = (this.#status & ~(StateMask | IBF)) | nextState
  }

  get state(): number {
    return this.#status & StateMask
  }

  set state(state: number) {
    this.#status = (this.#status & ~StateMask) | state
  }

  /** BMC side: what its reset leaves in the registers. Section 9.7, table 9-2: the state is ERROR, so that the host sees it. */
  reset(): void {
    this.#status = (this.#status & SMS_ATN) | KcsState.Error
  }

  putOutput(value: number): void {
    this.#dataOut = value
    this.#status |= OBF
  }

  setAttention(state: 'on' | 'off'): void {
    if (state === 'on') this.#status |= SMS_ATN
    else this.#status &= ~SMS_ATN
  }

  save(tape: Tape): void {
    tape.put(this.#status | (this.#dataIn << 8) | (this.#dataOut << 16))
  }

  load(tape: Tape): void {
    const word = tape.take()
    this.#status = word & 0xff
    this.#dataIn = (word >> 8) & 0xff
    this.#dataOut = (word >> 16) & 0xff
  }
}
