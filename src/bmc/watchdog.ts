/** The watchdog timer of a simulated BMC: it counts, logs and acts. IPMI 2.0 rev 1.1, section 27. */
import type { Saveable, Tape } from '../machine/tape.ts'
import type { RequestOf, ResponseOf } from '../protocol/command.ts'
import type { GetWatchdogTimer, SetWatchdogTimer } from '../protocol/commands/watchdog.ts'
import { newEvent, type SelRecord } from '../protocol/sel-record.ts'

export type WatchdogAction = 'hardReset' | 'powerDown' | 'powerCycle'
type Settings = RequestOf<typeof SetWatchdogTimer>
type Expired = Settings['clearExpired']

export interface WatchdogOutputs {
  log(record: SelRecord): void
  /** The pre-timeout interrupt: a message to the host. */
  preTimeout(): void
  act(action: WatchdogAction | 'nmi'): void
}

const UNITS_PER_SECOND = 10
const MS_PER_UNIT = 100
const useCodes: Record<string, number> = { biosFrb2: 1, biosPost: 2, osLoad: 3, smsOs: 4, oem: 5 }
const actionOffsets: Record<string, number> = { none: 0, hardReset: 1, powerDown: 2, powerCycle: 3 }
const interruptCodes: Record<string, number> = { none: 0, smi: 1, nmi: 2, messagingInterrupt: 3 }
const PRE_TIMEOUT_OFFSET = 8

/** Sensor type "Watchdog 2", offsets in table 42-3. */
const WATCHDOG_2 = 0x23
const DEFAULT_SENSOR_NUMBER = 0x0b

const neverSet: Settings = {
  timer: { use: 'smsOs', dontStop: false, dontLog: false },
  actions: { timeout: 'none', preTimeout: 'none' },
  preTimeoutSeconds: 0,
  clearExpired: { biosFrb2: false, biosPost: false, osLoad: false, smsOs: false, oem: false },
  initialCountdown: 0,
}

export class Watchdog implements Saveable {
  readonly #nowMs: () => number
  readonly #outputs: WatchdogOutputs
  readonly #sensorNumber: number
  #settings: Settings = neverSet
  #isInitialized = false
  #deadlineMs: number | null = null
  #preTimeoutDone = false
  #expired = { ...neverSet.clearExpired }

  constructor(nowMs: () => number, outputs: WatchdogOutputs, sensorNumber = DEFAULT_SENSOR_NUMBER) {
    this.#nowMs = nowMs
    this.#sensorNumber = sensorNumber
    this.#outputs = outputs
  }

  set(settings: Settings): void {
    const wasRunning = this.#deadlineMs !== null
    for (const use of Object.keys(this.#expired) as (keyof Expired)[])
      if (settings.clearExpired[use]) this.#expired[use] = false
    this.#settings = settings
    this.#isInitialized = true
    this.#preTimeoutDone = false
    // Section 27.6: setting stops the timer unless told not to.
    this.#deadlineMs = wasRunning && settings.timer.dontStop ? this.#fromNow() : null
  }

  /** Starts or restarts the countdown; false when it was never set. */
  restart(): boolean {
    if (!this.#isInitialized) return false
    this.#preTimeoutDone = false
    this.#deadlineMs = this.#fromNow()
    return true
  }

  get(): ResponseOf<typeof GetWatchdogTimer> {
    const leftMs = this.#deadlineMs === null ? null : Math.max(0, this.#deadlineMs - this.#nowMs())
    const { timer, actions, preTimeoutSeconds, initialCountdown } = this.#settings
    return {
      timer: { use: timer.use, running: this.#deadlineMs !== null, dontLog: timer.dontLog },
      actions,
      preTimeoutSeconds,
      expired: { ...this.#expired },
      initialCountdown,
      presentCountdown: leftMs === null ? initialCountdown : Math.ceil(leftMs / MS_PER_UNIT),
    }
  }

  /** Milliseconds until something is due; undefined while it does not run. */
  get dueInMs(): number | undefined {
    if (this.#deadlineMs === null) return undefined
    const preMs = this.#preTimeoutDone ? 0 : this.#preTimeoutMs()
    return Math.max(0, this.#deadlineMs - preMs - this.#nowMs())
  }

  tick(): void {
    if (this.#deadlineMs === null) return
    const leftMs = this.#deadlineMs - this.#nowMs()
    if (!this.#preTimeoutDone && this.#preTimeoutMs() > 0 && leftMs <= this.#preTimeoutMs())
      this.#preTimeout()
    if (leftMs <= 0) this.#expire()
  }

  /** The BMC itself begins anew. */
  reset(): void {
    this.#isInitialized = false
    this.#forget()
  }

  #forget(): void {
    this.#deadlineMs = null
    this.#settings = neverSet
    this.#expired = { ...neverSet.clearExpired }
  }

  #fromNow(): number {
    return this.#nowMs() + this.#settings.initialCountdown * MS_PER_UNIT
  }

  #preTimeoutMs(): number {
    if (this.#settings.actions.preTimeout === 'none') return 0
    return this.#settings.preTimeoutSeconds * UNITS_PER_SECOND * MS_PER_UNIT
  }

  #preTimeout(): void {
    this.#preTimeoutDone = true
    this.#log(PRE_TIMEOUT_OFFSET)
    if (this.#settings.actions.preTimeout === 'messagingInterrupt') this.#outputs.preTimeout()
    if (this.#settings.actions.preTimeout === 'nmi') this.#outputs.act('nmi')
  }

  #expire(): void {
    const { timer, actions } = this.#settings
    this.#deadlineMs = null
    if (typeof timer.use === 'string') this.#expired[timer.use] = true
    this.#log(actionOffsets[actions.timeout] ?? 0)
    if (
      actions.timeout === 'hardReset' ||
      actions.timeout === 'powerDown' ||
      actions.timeout === 'powerCycle'
    ) {
      this.#outputs.act(actions.timeout)
    }
  }

  #log(offset: number): void {
    if (this.#settings.timer.dontLog) return
    const use = this.#settings.timer.use
    const useCode = typeof use === 'string' ? useCodes[use]! : use
    const interrupt = interruptCodes[this.#settings.actions.preTimeout] ?? 0
    this.#outputs.log(
      newEvent({
        generatorId: 0x20,
        sensorType: WATCHDOG_2,
        sensorNumber: this.#sensorNumber,
        event: { type: 0x6f, deassertion: false },
        // Offset with a sensor-specific byte 2: interrupt type and use.
        data: Uint8Array.of(0xc0 | offset, (interrupt << 4) | useCode, 0xff),
      }),
    )
  }

  save(tape: Tape): void {
    tape.put(
      (this.#deadlineMs === null ? 0 : 1) | (this.#isInitialized ? 2 : 0) | (this.#preTimeoutDone ? 4 : 0),
    )
    if (!this.#isInitialized) return
    // Times are the clock's: they come back by reference and say nothing about the state.
    tape.putRef(this.#deadlineMs)
    tape.putRef(this.#settings)
    tape.putRef({ ...this.#expired })
  }

  load(tape: Tape): void {
    const marks = tape.take()
    this.#isInitialized = (marks & 2) !== 0
    this.#preTimeoutDone = (marks & 4) !== 0
    if (!this.#isInitialized) {
      this.#forget()
      return
    }
    this.#deadlineMs = tape.takeRef() as number | null
    this.#settings = tape.takeRef() as Settings
    this.#expired = { ...(tape.takeRef() as Expired) }
  }
}
