/** Maintenance mode: while a BMC is reset or its firmware written, nobody polls it, and a reset one is left alone. */

import type { Saveable, Tape } from '../machine/tape.ts'
import { ColdReset, WarmReset } from '../protocol/commands/device.ts'
import { LastwordError } from '../protocol/error.ts'
import { NetFn } from '../protocol/net-fn.ts'

/** How long after the last reset or firmware command it stays on. Linux's 30 s. */
export const MAINTENANCE_TIMEOUT_MS = 30_000

export type MaintenanceMode = 'auto' | 'on' | 'off'

type State = 'normal' | 'firmware' | 'reset'

const modes: readonly MaintenanceMode[] = ['auto', 'on', 'off']
const states: readonly State[] = ['normal', 'firmware', 'reset']

export class Maintenance implements Saveable {
  mode: MaintenanceMode = 'auto'
  #state: State = 'normal'
  #leftMs = 0
  /** The id of the request that began it. */
  #cause = 0
  readonly #onChange: (state: 'on' | 'off') => void

  constructor(onChange: (state: 'on' | 'off') => void) {
    this.#onChange = onChange
  }

  /** The driver must not poll for events now. */
  get isOn(): boolean {
    return this.mode === 'on' || (this.mode === 'auto' && this.#state !== 'normal')
  }

  setMode(mode: MaintenanceMode): void {
    const before = this.isOn
    this.mode = mode
    this.#tell(before)
  }

  /** After a reset command everything else is refused until the BMC had its time. Throws IN_MAINTENANCE. */
  admit(netFn: number, cmd: number): void {
    if (this.mode === 'auto' && this.#state === 'reset' && !isReset(netFn, cmd)) {
      throw new LastwordError('IN_MAINTENANCE', 'the BMC is being reset; the request was not accepted', {
        hint: `Send it again in ${Math.ceil(this.#leftMs / 1000)} s, or set the maintenance mode to off.`,
      })
    }
  }

  /** A request to our own BMC was accepted. A firmware command passes too, and stops the polling (F30). */
  accepted(netFn: number, cmd: number, id: number): void {
    if (this.mode !== 'auto' || (!isReset(netFn, cmd) && netFn !== NetFn.Firmware)) return
    this.#cause = id
    this.#change(isReset(netFn, cmd) ? 'reset' : 'firmware', MAINTENANCE_TIMEOUT_MS)
  }

  /** That reset was never executed, or the BMC refused it: there is nothing to wait for. */
  notExecuted(id: number): void {
    if (this.#state === 'reset' && id === this.#cause) this.#change('normal', 0)
  }

  tick(elapsedMs: number): void {
    if (this.#state === 'normal') return
    this.#leftMs -= elapsedMs
    if (this.#leftMs <= 0) this.#change('normal', 0)
  }

  #change(state: State, leftMs: number): void {
    const before = this.isOn
    this.#state = state
    this.#leftMs = leftMs
    this.#tell(before)
  }

  #tell(before: boolean): void {
    if (this.isOn !== before) this.#onChange(this.isOn ? 'on' : 'off')
  }

  save(tape: Tape): void {
    tape.put(modes.indexOf(this.mode) | (states.indexOf(this.#state) << 4))
    tape.put(this.#leftMs)
    tape.put(this.#cause)
  }

  load(tape: Tape): void {
    const word = tape.take()
    this.mode = modes[word & 0x0f]!
    this.#state = states[word >> 4]!
    this.#leftMs = tape.take()
    this.#cause = tape.take()
  }
}

function isReset(netFn: number, cmd: number): boolean {
  return netFn === NetFn.App && (cmd === ColdReset.cmd || cmd === WarmReset.cmd)
}
