/** What the BMC saw of a kernel: which numbered requests it executed how often, and what came after the panic began. */
import { trafficSerial } from './traffic.ts'

/** Where the record's bytes begin in an Add SEL Entry request: after netFn and command. */
const RECORD_AT = 2
const STORAGE_REQUEST = 0x28
const ADD_SEL_ENTRY = 0x44

/** The traffic's serial number in a request, or undefined when it is none of the traffic's. */
export function serialOf(request: Uint8Array): number | undefined {
  if (request[0] !== STORAGE_REQUEST || request[1] !== ADD_SEL_ENTRY) return undefined
  return trafficSerial(request.subarray(RECORD_AT))
}

export class Account {
  readonly #executed = new Map<number, number>()
  /** Requests in all, and when the last one came, in milliseconds of the clock given. */
  requests = 0
  lastRequestMs = 0
  highestSerial = 0
  readonly #nowMs: () => number

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** A request is about to be executed. */
  note(request: Uint8Array): void {
    this.requests++
    this.lastRequestMs = this.#nowMs()
    const serial = serialOf(request)
    if (serial === undefined) return
    this.#executed.set(serial, this.timesExecuted(serial) + 1)
    this.highestSerial = Math.max(this.highestSerial, serial)
  }

  timesExecuted(serial: number): number {
    return this.#executed.get(serial) ?? 0
  }

  /** Serial numbers up to the highest that were never executed, and those that were executed more than once. */
  get lost(): number {
    let lost = 0
    for (let serial = 1; serial < this.highestSerial; serial++) if (!this.#executed.has(serial)) lost++
    return lost
  }

  get doubled(): number {
    return Array.from(this.#executed.values()).filter(times => times > 1).length
  }

  /** Forgets what came after a moment: for a machine that was put back to it. */
  restore(earlier: { executed: ReadonlyMap<number, number>; highestSerial: number }): void {
    this.#executed.clear()
    for (const [serial, times] of earlier.executed) this.#executed.set(serial, times)
    this.highestSerial = earlier.highestSerial
  }

  snapshot(): { executed: ReadonlyMap<number, number>; highestSerial: number } {
    return { executed: new Map(this.#executed), highestSerial: this.highestSerial }
  }
}
