/** The chassis of a simulated BMC: its host's power, why it changed, identification. IPMI 2.0 rev 1.1, section 28. */
import { z } from 'zod'
import type { RequestOf, ResponseOf } from '../protocol/command.ts'
import type {
  ChassisControl,
  GetSystemRestartCause,
  SetPowerRestorePolicy,
} from '../protocol/commands/chassis.ts'
import type { RunningTime } from './stores/running-time.ts'
import { type Settings, settingFamily } from './stores/settings.ts'
import type { BmcConfig } from './world/config.ts'

/** What the owner of a host is told to do with it. */
export type HostAction = 'powerUp' | 'powerDown' | 'powerCycle' | 'hardReset' | 'nmi' | 'softShutdown'
export type RestartCause = Exclude<ResponseOf<typeof GetSystemRestartCause>['cause'], number>
type ControlAction = Exclude<RequestOf<typeof ChassisControl>['action'], number>
export type RestorePolicy = Exclude<RequestOf<typeof SetPowerRestorePolicy>['policy'], number | 'noChange'>

/** What was begun and goes on later: the second half of a power cycle, or the end of a shutdown. */
const dueShape = z.object({
  atMs: z.number(),
  action: z.enum(['powerUp', 'powerDown']),
  cause: z.custom<RestartCause>(value => typeof value === 'string'),
  channel: z.number(),
})
type Due = Readonly<z.output<typeof dueShape>>
const powerFamily = settingFamily(
  'power',
  z.object({ isOn: z.boolean(), byCommand: z.boolean(), due: dueShape.optional() }),
)
const policyFamily = settingFamily('policy', z.enum(['alwaysOff', 'previous', 'alwaysOn']))
const intervalFamily = settingFamily('cycleSeconds', z.number())
/** Minutes that it has been on; while it is on, less those that the BMC had run when it was turned on. */
const hoursFamily = settingFamily('onMinutes', z.number())
const buttonsFamily = settingFamily('buttons', z.number())

const DEFAULT_IDENTIFY_SECONDS = 15

export interface ChassisOptions {
  config: BmcConfig['power']
  settings: Settings
  nowMs(): number
  runningTime: RunningTime
  act(action: HostAction): void
  /** True when somebody outside, a VM, obeys a soft shutdown. */
  hostObeys(): boolean
  /** True when the host is turned off and on, so that a cycle is no mere reset. */
  isOwned(): boolean
  /** True when somebody outside gives a diagnostic interrupt to the host. */
  takesNmi(): boolean
}

/** Replaced, never changed: a tape may hold it. */
interface ChassisState {
  readonly isOn: boolean
  readonly byCommand: boolean
  readonly cause: RestartCause
  readonly causeChannel: number
  readonly due: Due | null
  readonly identifyUntilMs: number
  /** When the host was last turned on or reset. */
  readonly startedMs: number
}

export class Chassis {
  readonly #options: ChassisOptions
  #now: ChassisState = {
    isOn: true,
    byCommand: false,
    cause: 'unknown',
    causeChannel: 0,
    due: null,
    identifyUntilMs: 0,
    startedMs: 0,
  }

  constructor(options: ChassisOptions) {
    this.#options = options
  }

  /** Mains has come: the restore policy says whether the host is turned on. */
  start(): void {
    const before = this.#options.settings.get(powerFamily)
    const wasOn = before?.isOn ?? this.#options.config.initial === 'on'
    // At the very first start the configuration's policy has nothing to restore yet.
    const isFirst = before === undefined && this.#options.settings.get(policyFamily) === undefined
    const policy = isFirst ? 'previous' : this.restorePolicy
    const isOn = policy === 'alwaysOn' || (policy === 'previous' && wasOn)
    this.#change({ isOn: wasOn, startedMs: this.#options.nowMs() })
    // What was begun is part of how things were before; where the policy says something else, it is over.
    if (policy === 'previous') this.#change({ due: this.#stillDue(before?.due) })
    else if (isOn !== wasOn || before?.due !== undefined) this.#setPower(isOn ? 'on' : 'off', 'byItself')
    if (!isFirst && isOn)
      this.#change({ cause: policy === 'alwaysOn' ? 'restoreAlwaysOn' : 'restorePrevious' })
  }

  /** However the clock was set meanwhile, it is not farther away than it ever was. */
  #stillDue(due: Due | undefined): Due | null {
    if (due === undefined) return null
    return { ...due, atMs: Math.min(due.atMs, this.#options.nowMs() + this.#delayMs(due.action)) }
  }

  #delayMs(action: Due['action']): number {
    return 1000 * (action === 'powerUp' ? this.cycleSeconds : this.#options.config.shutdownSeconds)
  }

  get isOn(): boolean {
    return this.#now.isOn
  }

  get startedMs(): number {
    return this.#now.startedMs
  }

  get wasByCommand(): boolean {
    return this.#now.byCommand
  }

  get restartCause(): { cause: RestartCause; channel: number } {
    return { cause: this.#now.cause, channel: this.#now.causeChannel }
  }

  get restorePolicy(): RestorePolicy {
    return this.#options.settings.get(policyFamily) ?? this.#options.config.restorePolicy
  }

  set restorePolicy(policy: RestorePolicy) {
    this.#options.settings.set(policyFamily, '', policy)
  }

  get cycleSeconds(): number {
    return this.#options.settings.get(intervalFamily) ?? this.#options.config.cycleSeconds
  }

  set cycleSeconds(seconds: number) {
    this.#options.settings.set(intervalFamily, '', seconds)
  }

  /** Buttons that are disabled, one bit each. */
  get disabledButtons(): number {
    return this.#options.settings.get(buttonsFamily) ?? 0
  }

  set disabledButtons(mask: number) {
    this.#options.settings.set(buttonsFamily, '', mask)
  }

  get identify(): 'off' | 'temporary' | 'indefinite' {
    if (this.#now.identifyUntilMs === Number.POSITIVE_INFINITY) return 'indefinite'
    return this.#options.nowMs() < this.#now.identifyUntilMs ? 'temporary' : 'off'
  }

  identifyFor(seconds: number | 'indefinite' = DEFAULT_IDENTIFY_SECONDS): void {
    const untilMs =
      seconds === 'indefinite' ? Number.POSITIVE_INFINITY : this.#options.nowMs() + seconds * 1000
    this.#change({ identifyUntilMs: untilMs })
  }

  /** Minutes that the host has been on, ever. */
  get onMinutes(): number {
    const kept = this.#options.settings.get(hoursFamily) ?? 0
    const minutes = this.#now.isOn ? kept + this.#options.runningTime.minutes : kept
    return Math.max(0, minutes)
  }

  /** False: not possible as things stand. */
  control(action: ControlAction, cause: RestartCause, channel: number): boolean {
    switch (action) {
      case 'powerUp':
        if (!this.#now.isOn) this.#turn('on', cause, channel)
        return true
      case 'powerDown':
        if (this.#now.isOn) this.#turn('off', cause, channel)
        // In the middle of a power cycle: then it stays off.
        else if (this.#now.due !== null) this.#setPower('off', 'byCommand')
        return true
      case 'powerCycle':
        if (!this.#now.isOn) return false
        this.#cycle(cause, channel)
        return true
      case 'hardReset':
        if (!this.#now.isOn) return false
        this.#note(cause, channel)
        this.#change({ startedMs: this.#options.nowMs() })
        this.#options.act('hardReset')
        return true
      case 'diagnosticInterrupt':
        if (!this.#now.isOn || !this.#canInterrupt()) return false
        this.#options.act('nmi')
        return true
      case 'softShutdown':
        if (!this.#now.isOn) return false
        this.#shutDown(cause, channel)
        return true
    }
  }

  /** A host that is only simulated takes every interrupt; one that is there needs a way to it. */
  #canInterrupt(): boolean {
    const { takesNmi, hostObeys, isOwned } = this.#options
    return takesNmi() || !(hostObeys() || isOwned())
  }

  /** The host was turned on or off, or reset, by itself. */
  hostWent(power: 'on' | 'off'): void {
    if ((power === 'on') === this.#now.isOn) return
    this.#setPower(power, 'byItself')
  }

  tick(): void {
    const { due } = this.#now
    if (due === null || this.#options.nowMs() < due.atMs) return
    const { action, cause, channel } = due
    this.#note(cause, channel)
    this.#options.act(action)
    this.#setPower(action === 'powerUp' ? 'on' : 'off', 'byCommand')
  }

  #turn(power: 'on' | 'off', cause: RestartCause, channel: number): void {
    if (power === 'on') this.#note(cause, channel)
    this.#options.act(power === 'on' ? 'powerUp' : 'powerDown')
    this.#setPower(power, 'byCommand')
  }

  #cycle(cause: RestartCause, channel: number): void {
    this.#note(cause, channel)
    if (this.#options.hostObeys() && !this.#options.isOwned()) {
      this.#change({ startedMs: this.#options.nowMs() })
      this.#options.act('powerCycle')
      return
    }
    this.#options.act('powerDown')
    this.#setPower('off', 'byCommand', this.#dueLater('powerUp', cause, channel))
  }

  #shutDown(cause: RestartCause, channel: number): void {
    this.#note(cause, channel)
    this.#options.act('softShutdown')
    if (this.#options.hostObeys()) return
    this.#change({ due: this.#dueLater('powerDown', cause, channel) })
    this.#keepPower()
  }

  #dueLater(action: Due['action'], cause: RestartCause, channel: number): Due {
    return { atMs: this.#options.nowMs() + this.#delayMs(action), action, cause, channel }
  }

  #note(cause: RestartCause, channel: number): void {
    this.#change({ cause, causeChannel: channel })
  }

  #setPower(power: 'on' | 'off', why: 'byCommand' | 'byItself', due: Due | null = null): void {
    const [isOn, byCommand] = [power === 'on', why === 'byCommand']
    if (isOn !== this.#now.isOn) this.#keepHours(power)
    this.#change({ isOn, byCommand, due })
    if (isOn) this.#change({ startedMs: this.#options.nowMs() })
    this.#keepPower()
  }

  #keepHours(power: 'on' | 'off'): void {
    const { settings, runningTime } = this.#options
    const { minutes } = runningTime
    const kept = settings.get(hoursFamily) ?? 0
    settings.set(hoursFamily, '', power === 'off' ? kept + minutes : kept - minutes)
  }

  #keepPower(): void {
    const { isOn, byCommand, due } = this.#now
    this.#options.settings.set(powerFamily, '', { isOn, byCommand, ...(due !== null && { due }) })
  }

  #change(changes: Partial<ChassisState>): void {
    this.#now = { ...this.#now, ...changes }
  }

  snapshot(): ChassisState {
    return this.#now
  }

  restore(snapshot: ChassisState): void {
    this.#now = snapshot
  }
}
