/** The BMC's side of the KCS interface. IPMI 2.0 rev 1.1, section 9.15, figure 9-7. */
import type { Saveable, Tape } from '../machine/tape.ts'
import { KcsControl, KcsErrorCode, KcsState } from '../ports/kcs.ts'
import type { KcsRegisters } from '../ports/kcs-registers.ts'
import { MAX_MSG_LENGTH } from '../protocol/message.ts'

const Phase = {
  Idle: 0,
  Write: 1,
  WriteLast: 2,
  Execute: 3,
  Read: 4,
  Abort: 5,
  AbortRead: 6,
  /** Executed, its answer is held back. */
  Waiting: 7,
} as const
type Phase = (typeof Phase)[keyof typeof Phase]

/**
 * Executes a request (netFn/LUN, command, data) and returns the response (netFn/LUN, command, completion code, data),
 * or null when the answer comes later, through `answer`, or never.
 */
export type Execute = (request: Uint8Array) => Uint8Array | null

/** One step a call, so that a lab can put any latency between them; `run` takes all steps that are due. */
export class KcsSide implements Saveable {
  readonly #registers: KcsRegisters
  readonly #execute: Execute
  #phase: Phase = Phase.Idle
  readonly #request = new Uint8Array(MAX_MSG_LENGTH)
  #requestSize = 0
  readonly #response = new Uint8Array(MAX_MSG_LENGTH)
  #responseSize = 0
  #responseAt = 0
  #errorCode: number = KcsErrorCode.None
  /** A byte for the host is due. */
  #outputDue = false

  constructor(registers: KcsRegisters, execute: Execute) {
    this.#registers = registers
    this.#execute = execute
  }

  /** True when a step is due. */
  get isBusy(): boolean {
    return (
      this.#registers.inputFull ||
      this.#phase === Phase.Execute ||
      (this.#outputDue && !this.#registers.outputFull)
    )
  }

  run(): void {
    while (this.step());
  }

  /** One step: takes a byte, executes a request, or gives a byte. False when there was nothing to do. */
  step(): boolean {
    const registers = this.#registers
    if (registers.inputFull) {
      if (registers.inputIsCommand) this.#command(registers.input)
      else this.#data(registers.input)
      return true
    }
    if (this.#phase === Phase.Execute) {
      const response = this.#execute(this.#request.subarray(0, this.#requestSize))
      if (response === null) this.#phase = Phase.Waiting
      else this.#respond(response)
      return true
    }
    if (this.#outputDue && !registers.outputFull) {
      this.#outputDue = false
      this.#output()
      return true
    }
    return false
  }

  #command(code: number): void {
    this.#outputDue = false
    switch (code) {
      case KcsControl.WriteStart:
        this.#requestSize = 0
        this.#errorCode = KcsErrorCode.None
        this.#phase = Phase.Write
        return this.#registers.takeInput(KcsState.Write)
      case KcsControl.WriteEnd:
        if (this.#phase !== Phase.Write) return this.#fail(KcsErrorCode.IllegalControlCode)
        this.#phase = Phase.WriteLast
        return this.#registers.takeInput(KcsState.Write)
      case KcsControl.GetStatusAbort:
        if (this.#phase !== Phase.Idle && this.#errorCode === KcsErrorCode.None)
          this.#errorCode = KcsErrorCode.Aborted
        this.#phase = Phase.Abort
        return this.#registers.takeInput(KcsState.Write)
      default:
        this.#fail(KcsErrorCode.IllegalControlCode)
    }
  }

  #data(byte: number): void {
    switch (this.#phase) {
      case Phase.Write:
      case Phase.WriteLast:
        if (this.#requestSize === this.#request.length) return this.#fail(KcsErrorCode.Length)
        this.#request[this.#requestSize++] = byte
        if (this.#phase === Phase.Write) return this.#registers.takeInput(KcsState.Write)
        this.#phase = Phase.Execute
        return this.#registers.takeInput(KcsState.Read)
      case Phase.Read:
        if (byte !== KcsControl.Read) return this.#fail(KcsErrorCode.IllegalControlCode)
        this.#outputDue = true
        if (this.#responseAt < this.#responseSize) return this.#registers.takeInput(KcsState.Read)
        this.#phase = Phase.Idle
        return this.#registers.takeInput(KcsState.Idle)
      case Phase.Abort:
        this.#phase = Phase.AbortRead
        this.#outputDue = true
        return this.#registers.takeInput(KcsState.Read)
      case Phase.AbortRead:
        this.#phase = Phase.Idle
        this.#outputDue = true
        return this.#registers.takeInput(KcsState.Idle)
      default:
        this.#fail(KcsErrorCode.IllegalControlCode)
    }
  }

  /** Gives the answer that was held back; false when the host has aborted since. */
  answer(response: Uint8Array): boolean {
    if (this.#phase !== Phase.Waiting) return false
    this.#respond(response)
    return true
  }

  #respond(response: Uint8Array): void {
    this.#response.set(response)
    this.#responseSize = response.length
    this.#responseAt = 0
    this.#phase = Phase.Read
    this.#outputDue = true
  }

  #output(): void {
    if (this.#phase === Phase.Read) this.#registers.putOutput(this.#response[this.#responseAt++]!)
    else if (this.#phase === Phase.AbortRead) this.#registers.putOutput(this.#errorCode)
    // The dummy byte that tells the host of the return to idle.
    else this.#registers.putOutput(0x00)
  }

  #fail(code: number): void {
    this.#errorCode = code
    this.#phase = Phase.Idle
    this.#outputDue = false
    this.#registers.takeInput(KcsState.Error)
  }

  /** What a reset of the BMC does to its interface: everything under way is gone. */
  reset(): void {
    this.#phase = Phase.Idle
    this.#outputDue = false
    this.#errorCode = KcsErrorCode.None
    this.#registers.reset()
  }

  save(tape: Tape): void {
    tape.put(this.#phase | (this.#errorCode << 8) | (this.#outputDue ? 1 << 16 : 0))
    tape.put(this.#requestSize | (this.#responseSize << 10) | (this.#responseAt << 20))
    tape.putBytes(this.#request, this.#requestSize)
    tape.putBytes(this.#response, this.#responseSize)
  }

  load(tape: Tape): void {
    const head = tape.take()
    this.#phase = (head & 0xff) as Phase
    this.#errorCode = (head >> 8) & 0xff
    this.#outputDue = (head & (1 << 16)) !== 0
    const sizes = tape.take()
    this.#requestSize = sizes & 0x3ff
    this.#responseSize = (sizes >> 10) & 0x3ff
    this.#responseAt = (sizes >> 20) & 0x3ff
    tape.takeBytes(this.#request, this.#requestSize)
    tape.takeBytes(this.#response, this.#responseSize)
  }
}
