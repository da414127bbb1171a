/** The host side of the KCS interface. IPMI 2.0 rev 1.1, section 9. */

import type { Tape } from '../machine/tape.ts'
import { Point, type Trace } from '../machine/trace.ts'
import { KcsControl, KcsRegister, KcsState, KcsStatus } from '../ports/kcs.ts'
import type { RegisterPort } from '../ports/register-port.ts'
import { MAX_MSG_LENGTH } from '../protocol/message.ts'
import { Phase, phaseNames } from './kcs-phase.ts'
import type { SiMachine } from './machine.ts'
import { defaultLimits, type Limits, Patience } from './patience.ts'
import { Fault, SiResult } from './smi-msg.ts'

/** How long the dummy byte that ends a response may come after the state that goes with it. */
const DUMMY_BYTE_WAIT_US = 100_000

export class KcsMachine implements SiMachine {
  readonly name = 'kcs'
  readonly #port: RegisterPort
  readonly #patience: Patience
  readonly #trace: Trace
  #phase: Phase = Phase.Idle
  /** Where the transaction stood when it first went wrong: for people, no part of the state. */
  #wrongIn: Phase = Phase.Idle
  /** The BMC went back to idle in mid-response: for people, no part of the state. */
  #wasLeft = false
  readonly #writeData = new Uint8Array(MAX_MSG_LENGTH)
  #writeCount = 0
  #writeAt = 0
  readonly #readData = new Uint8Array(MAX_MSG_LENGTH)
  #readCount = 0
  /** The BMC's own error code from the last abort. Section 9.10, table 9-4. */
  #errorCode = 0
  /** A register access has begun whose effect is not stored yet; and a panic found it so. */
  #inFlight = false
  #unsure = false
  /** Its last response ended with the dummy byte, as each does of a BMC that follows section 9.15. */
  #givesDummyByte = true
  /** SMS_ATN as the last status showed it. */
  attention = false
  fault: Fault = Fault.None

  constructor(port: RegisterPort, trace: Trace, limits: Limits = defaultLimits) {
    this.#port = port
    this.#trace = trace
    this.#patience = new Patience(limits)
  }

  get isIdle(): boolean {
    return this.#phase === Phase.Idle
  }

  detect(): boolean {
    // All ones is what an address reads at which nothing is; no working KCS has every bit set.
    return this.#port.inb(KcsRegister.CommandStatus) !== 0xff
  }

  describe(): string {
    const phase = this.#wrongIn === Phase.Idle ? this.#phase : this.#wrongIn
    const name = phaseNames[phase]!
    const code =
      this.#errorCode === 0 ? '' : `, KCS error code 0x${this.#errorCode.toString(16).padStart(2, '0')}`
    if (phase === Phase.WaitWrite) return `${name} byte ${this.#writeAt} of ${this.#writeCount}${code}`
    if (this.#wasLeft) return `the BMC left the transfer after ${this.#readCount} bytes`
    if (phase === Phase.WaitRead) return `${name} after ${this.#readCount} bytes${code}`
    return `${name}${code}`
  }

  start(request: Uint8Array, size: number): Fault {
    if (size < 2 || size > this.#writeData.length) return Fault.BadLength
    if (this.#phase !== Phase.Idle) return Fault.NotReady
    for (let i = 0; i < size; i++) this.#writeData[i] = request[i]!
    this.#writeCount = size
    this.#writeAt = 0
    this.#readCount = 0
    this.#patience.begin()
    this.#errorCode = 0
    this.#wrongIn = Phase.Idle
    this.#wasLeft = false
    this.fault = Fault.None
    if (this.#trace.hook !== null) this.#trace.hook(Point.MachineLoaded, -1)
    this.#phase = Phase.StartOp
    return Fault.None
  }

  takeResponse(into: Uint8Array): number {
    const size = Math.min(this.#readCount, into.length)
    for (let i = 0; i < size; i++) into[i] = this.#readData[i]!
    return size
  }

  event(elapsedUs: number): SiResult {
    const status = this.#port.inb(KcsRegister.CommandStatus)
    this.attention = (status & KcsStatus.SMS_ATN) !== 0
    if (this.#phase === Phase.Idle) return this.#idle(status)
    // Every state of the flow charts begins by waiting for IBF to clear; all ones is no status at all.
    if ((status & KcsStatus.IBF) !== 0) return this.#stall(elapsedUs, 'IBF')
    const state = status & KcsStatus.StateMask
    if (this.#unsure && !this.#makeSure(status, state)) return this.#recover()
    switch (this.#phase) {
      case Phase.StartOp:
        if (state !== KcsState.Idle) return this.#recover()
        this.#clearObf(status)
        this.#inFlight = true
        this.#command(KcsControl.WriteStart)
        this.#phase = Phase.WaitWriteStart
        this.#inFlight = false
        break
      case Phase.WaitWriteStart:
      case Phase.WaitWrite:
        if (state !== KcsState.Write) return this.#recover()
        this.#clearObf(status)
        this.#writeOn()
        break
      case Phase.WaitWriteEnd:
        if (state !== KcsState.Write) return this.#recover()
        this.#clearObf(status)
        this.#inFlight = true
        this.#data(this.#writeData[this.#writeAt]!)
        this.#lastByteWritten()
        this.#inFlight = false
        break
      case Phase.WaitRead:
        return this.#readOn(status, state, elapsedUs)
      default:
        return this.#recoverOn(status, state, elapsedUs)
    }
    this.#patience.progressed()
    return SiResult.CallWithoutDelay
  }

  #idle(status: number): SiResult {
    if (status === 0xff) {
      this.attention = false
      return SiResult.Idle
    }
    this.#clearObf(status)
    return this.attention ? SiResult.Attention : SiResult.Idle
  }

  #writeOn(): void {
    this.#inFlight = true
    if (this.#writeAt + 1 < this.#writeCount) {
      this.#data(this.#writeData[this.#writeAt]!)
      this.#writeAt++
      this.#phase = Phase.WaitWrite
    } else {
      this.#command(KcsControl.WriteEnd)
      this.#phase = Phase.WaitWriteEnd
    }
    this.#inFlight = false
  }

  #lastByteWritten(): void {
    this.#writeAt = this.#writeCount
    this.#phase = Phase.WaitRead
  }

  /** A panic fell into a turn: the next one must not trust what that turn had stored. */
  settle(): void {
    this.#unsure = this.#inFlight
    this.#inFlight = false
  }

  /**
   * Finds out from the status whether the access that the panic cut took place, and goes on from there.
   * False when the status cannot tell: then the transfer is aborted, and begun again if the BMC cannot have acted.
   */
  #makeSure(status: number, state: number): boolean {
    this.#unsure = false
    switch (this.#phase) {
      case Phase.StartOp:
        if (state === KcsState.Write) this.#phase = Phase.WaitWriteStart
        return true
      case Phase.WaitWriteEnd:
        if (state === KcsState.Read || state === KcsState.Idle) this.#lastByteWritten()
        return true
      case Phase.WaitRead:
        // Reading the data register clears OBF: while it is set, the next byte is still there to be read.
        return state === KcsState.Idle || (status & KcsStatus.OBF) !== 0
      default:
        return false
    }
  }

  #readOn(status: number, state: number, elapsedUs: number): SiResult {
    if (state === KcsState.Read) {
      if ((status & KcsStatus.OBF) === 0) return this.#stall(elapsedUs, 'OBF')
      this.#inFlight = true
      const byte = this.#port.inb(KcsRegister.Data)
      if (this.#readCount === this.#readData.length) {
        // Longer than any message: it may have no end at all.
        this.fault = Fault.Truncated
        return this.#recover()
      }
      this.#readData[this.#readCount++] = byte
      this.#data(KcsControl.Read)
      this.#patience.progressed()
      this.#inFlight = false
      return SiResult.CallWithoutDelay
    }
    if (state !== KcsState.Idle) return this.#recover()
    return this.#readEnd(status, elapsedUs)
  }

  /**
   * Back in IDLE: a whole response ends with a dummy byte. Without it the BMC was reset in mid-response, or is one that
   * never gives it: then the second such response in a row is taken as it is.
   */
  #readEnd(status: number, elapsedUs: number): SiResult {
    const hasDummyByte = (status & KcsStatus.OBF) !== 0
    if (!hasDummyByte && this.#givesDummyByte) {
      if (!this.#patience.hasWaited(elapsedUs, DUMMY_BYTE_WAIT_US)) return SiResult.CallWithDelay
      this.fault = Fault.ResponseLost
      this.#wasLeft = true
    }
    this.#givesDummyByte = hasDummyByte
    // First the store: a panic in between finds the response complete, and an idle interface clears OBF.
    this.#finish()
    this.#clearObf(status)
    return SiResult.TransactionComplete
  }

  #finish(): void {
    if (this.fault === Fault.None && this.#readCount < 3) this.fault = Fault.TooShort
    if (this.fault !== Fault.None) this.#wrongIn = Phase.WaitRead
    this.#phase = Phase.Idle
  }

  /** Error recovery. Section 9.12, and the error exit of figure 9-8. Cut anywhere, it begins again. */
  #recoverOn(status: number, state: number, elapsedUs: number): SiResult {
    this.#inFlight = true
    switch (this.#phase) {
      case Phase.Error0:
        this.#clearObf(status)
        this.#command(KcsControl.GetStatusAbort)
        this.#phase = Phase.Error1
        break
      case Phase.Error1:
        this.#clearObf(status)
        this.#data(0x00)
        this.#phase = Phase.Error2
        break
      case Phase.Error2:
        if (state !== KcsState.Read) return this.#recover()
        if ((status & KcsStatus.OBF) === 0) return this.#stall(elapsedUs, 'OBF')
        this.#errorCode = this.#port.inb(KcsRegister.Data)
        this.#data(KcsControl.Read)
        this.#phase = Phase.Error3
        break
      case Phase.Error3:
        if (state !== KcsState.Idle) return this.#recover()
        this.#clearObf(status)
        return this.#afterRecovery()
    }
    this.#inFlight = false
    this.#patience.progressed()
    return SiResult.CallWithoutDelay
  }

  /** Begins again when the BMC cannot have acted; otherwise the answer is lost, and the user is told so. */
  #afterRecovery(): SiResult {
    this.#inFlight = false
    this.#patience.progressed()
    if (this.#writeAt === this.#writeCount) {
      if (this.fault === Fault.None) this.fault = Fault.ResponseLost
      this.#phase = Phase.Idle
      return SiResult.TransactionComplete
    }
    this.#writeAt = 0
    this.#phase = Phase.StartOp
    return SiResult.CallWithTickDelay
  }

  #recover(): SiResult {
    this.#inFlight = false
    if (this.#wrongIn === Phase.Idle) this.#wrongIn = this.#phase
    if (!this.#patience.mayRecover()) return this.#hosed()
    this.#phase = Phase.Error0
    // A BMC that cycles through its states must not be chased without a pause (F09).
    return SiResult.CallWithTickDelay
  }

  #stall(elapsedUs: number, flag: 'IBF' | 'OBF'): SiResult {
    this.#inFlight = false
    const verdict = this.#patience.stalled(elapsedUs)
    if (verdict === 'wait') return SiResult.CallWithDelay
    if (verdict === 'giveUp') return this.#hosed()
    // While IBF stays set no abort can be written: a second stall on it is the end.
    if (flag === 'IBF' && this.#phase === Phase.Error0) return this.#hosed()
    return this.#recover()
  }

  #hosed(): SiResult {
    this.abandon()
    return SiResult.Hosed
  }

  abandon(): void {
    this.#inFlight = false
    this.fault = this.#writeAt === this.#writeCount ? Fault.ResponseLost : Fault.Hosed
    if (this.#wrongIn === Phase.Idle) this.#wrongIn = this.#phase
    this.#phase = Phase.Idle
  }

  #clearObf(status: number): void {
    if ((status & KcsStatus.OBF) !== 0) this.#port.inb(KcsRegister.Data)
  }

  #command(code: number): void {
    this.#port.outb(KcsRegister.CommandStatus, code)
  }

  #data(value: number): void {
    this.#port.outb(KcsRegister.Data, value)
  }

  save(tape: Tape): void {
    const marks = (this.#inFlight ? 0x10 : 0) | (this.#unsure ? 0x20 : 0) | (this.attention ? 0x40 : 0)
    const habits = this.#givesDummyByte ? 0x80 : 0
    tape.put(this.#phase | marks | habits | (this.fault << 8) | (this.#errorCode << 16))
    tape.put(this.#writeCount | (this.#writeAt << 10) | (this.#readCount << 20))
    this.#patience.save(tape)
    tape.putBytes(this.#writeData, this.#writeCount)
    tape.putBytes(this.#readData, this.#readCount)
  }

  load(tape: Tape): void {
    const head = tape.take()
    this.#phase = (head & 0x0f) as Phase
    this.#inFlight = (head & 0x10) !== 0
    this.#unsure = (head & 0x20) !== 0
    this.attention = (head & 0x40) !== 0
    this.#givesDummyByte = (head & 0x80) !== 0
    this.fault = ((head >> 8) & 0xff) as Fault
    this.#errorCode = (head >> 16) & 0xff
    const counts = tape.take()
    this.#writeCount = counts & 0x3ff
    this.#writeAt = (counts >> 10) & 0x3ff
    this.#readCount = (counts >> 20) & 0x3ff
    this.#patience.load(tape)
    tape.takeBytes(this.#writeData, this.#writeCount)
    tape.takeBytes(this.#readData, this.#readCount)
  }
}
