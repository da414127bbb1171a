/** Platform event filtering of a simulated BMC: which events make it act, and when. IPMI 2.0 rev 1.1, sections 17 and 30. */
import { z } from 'zod'
import { PefParameter } from '../protocol/parameters/pef.ts'
import { newEvent, type SystemEventRecord } from '../protocol/sel-record.ts'
import { Alerts, type AlertsOptions } from './alerts.ts'
import type { Controller } from './controller.ts'
import { EVENT_FILTERS, type EventFilter, pefParameters } from './pef-parameters.ts'
import { settingFamily } from './stores/settings.ts'
import { numberOfType } from './world/world.ts'

const ANY = 0xff
const NO_RECORD = 0xffff
/** Events that wait for filtering to go on; of more, the oldest are passed over. */
const MAX_HELD = 256
/** Sensor type "System Event", of which offset 4 is a PEF action; event data 2 says which. Table 42-3. */
const SYSTEM_EVENT = 0x12
const SENSOR_SPECIFIC = 0x6f
const PEF_ACTION = 4
const WITH_OEM_DATA_2 = 0xc0

const processedFamily = settingFamily('processed', z.number())

type Comparison = EventFilter['data1']
type PowerAction = 'powerDown' | 'powerCycle' | 'reset' | 'diagnosticInterrupt'

interface Held {
  readonly event: SystemEventRecord
  readonly recordId: number
}

interface Filter {
  readonly number: number
  readonly entry: EventFilter
}

export interface PefOptions extends AlertsOptions {
  /** An event of the BMC's own. */
  log(event: SystemEventRecord): void
}

export class Pef {
  readonly alerts: Alerts
  readonly #bmc: Controller
  readonly #options: PefOptions
  #postponedUntilMs = 0
  /** Events that have not been looked at: filtering is postponed, or the host has just been started. */
  #held: Held[] = []
  /** Alerts that are due once a host that was just started has had its time. */
  #heldAlerts: (() => void)[] = []
  #isReporting = false

  constructor(bmc: Controller, options: PefOptions) {
    this.#bmc = bmc
    this.#options = options
    this.alerts = new Alerts(bmc, options)
  }

  /** Seconds until filtering goes on; 0: it is on. */
  get postponedSeconds(): number {
    return Math.max(0, Math.ceil((this.#postponedUntilMs - this.#options.nowMs()) / 1000))
  }

  postpone(seconds: number): void {
    this.#postponedUntilMs = this.#options.nowMs() + seconds * 1000
    this.tick()
  }

  lastProcessed(by: 'software' | 'bmc'): number {
    return this.#bmc.settings.get(processedFamily, by) ?? (by === 'bmc' ? 0 : NO_RECORD)
  }

  /** What software has seen to while filtering was postponed is not filtered any more. */
  setLastProcessed(by: 'software' | 'bmc', recordId: number): void {
    this.#bmc.settings.set(processedFamily, by, recordId)
    const seen = this.#held.findIndex(held => held.recordId === recordId)
    this.#held.splice(0, seen + 1)
  }

  /** An event has been logged: the filters that match it say what is done, now or when filtering goes on. */
  process(event: SystemEventRecord, recordId: number): void {
    if (this.#isReporting || !this.#isEnabled) return
    if (this.#isFilteringHeld) {
      this.#held.push({ event, recordId })
      if (this.#held.length > MAX_HELD) this.#held.shift()
    } else this.#filter(event, recordId)
  }

  /** Goes on with what was held back, and repeats alerts. */
  tick(): void {
    while (this.#held.length > 0 && !this.#isFilteringHeld) {
      const { event, recordId } = this.#held.shift()!
      if (this.#isEnabled) this.#filter(event, recordId)
    }
    while (this.#heldAlerts.length > 0 && !this.#isAlertingHeld) this.#heldAlerts.shift()!()
    this.alerts.tick()
  }

  get #control() {
    return pefParameters.value(this.#bmc, PefParameter.control)!
  }

  get #isEnabled(): boolean {
    return this.#control.enabled
  }

  get #isFilteringHeld(): boolean {
    if (this.postponedSeconds > 0) return true
    return this.#control.startupDelay && this.#isHostYoung(PefParameter.startupDelaySeconds)
  }

  get #isAlertingHeld(): boolean {
    return this.#control.alertStartupDelay && this.#isHostYoung(PefParameter.alertStartupDelaySeconds)
  }

  #isHostYoung(delay: typeof PefParameter.startupDelaySeconds): boolean {
    const seconds = pefParameters.value(this.#bmc, delay) ?? 0
    return this.#options.nowMs() < this.#bmc.chassis.startedMs + seconds * 1000
  }

  #filter(event: SystemEventRecord, recordId: number): void {
    // 0000h: it was processed and did not fit into the SEL.
    this.#bmc.settings.set(processedFamily, 'bmc', Math.max(0, recordId))
    const allowed = pefParameters.value(this.#bmc, PefParameter.actions)!
    const matching = this.#filters().filter(({ entry }) => matches(entry, event))
    const alerting = allowed.alert ? matching.filter(({ entry }) => entry.actions.alert) : []
    // The highest of the power actions that were asked for is the one that is done. Section 17.
    const power = powerActions.find(
      action => allowed[action] && matching.some(({ entry }) => entry.actions[action]),
    )
    for (const filter of alerting) this.#alert(event, filter)
    if (alerting.length > 0 || power !== undefined) this.#report(alerting.length > 0, power)
    if (power !== undefined) this.#act(power)
  }

  #alert(event: SystemEventRecord, { number, entry }: Filter): void {
    const why = { filter: number, policy: entry.policy.number, severity: entry.severity }
    const alert = () => this.alerts.byPolicy(event, why)
    if (!this.#isAlertingHeld) alert()
    else if (this.#heldAlerts.length < MAX_HELD) this.#heldAlerts.push(alert)
  }

  /** An event of what is about to be done, where that is wanted; it is not filtered itself. */
  #report(alerts: boolean, power: PowerAction | undefined): void {
    if (!this.#control.eventMessages) return
    const what = (alerts ? 1 : 0) | (power === undefined ? 0 : powerActionBits[power])
    this.#isReporting = true
    this.#options.log(
      newEvent({
        generatorId: 0x20,
        sensorType: SYSTEM_EVENT,
        sensorNumber: numberOfType(this.#bmc.world, SYSTEM_EVENT),
        event: { type: SENSOR_SPECIFIC, deassertion: false },
        data: Uint8Array.of(WITH_OEM_DATA_2 | PEF_ACTION, what, ANY),
      }),
    )
    this.#isReporting = false
  }

  #act(power: PowerAction): void {
    const { chassis, world } = this.#bmc
    const { channel } = world.config.lan
    const [action, cause] = chassisActions[power]
    chassis.control(action, cause, channel)
  }

  #filters(): Filter[] {
    const filters: Filter[] = []
    for (let number = 1; number <= EVENT_FILTERS; number++) {
      const entry = pefParameters.value(this.#bmc, PefParameter.eventFilter, number)?.filter
      if (entry?.configuration.enabled) filters.push({ number, entry })
    }
    return filters
  }
}

/** The strongest first. */
const powerActions: readonly PowerAction[] = ['powerDown', 'powerCycle', 'reset', 'diagnosticInterrupt']
/** Bits of event data 2; an alert is bit 0. Table 42-3, 12h. */
const powerActionBits: Readonly<Record<PowerAction, number>> = {
  powerDown: 0x02,
  reset: 0x04,
  powerCycle: 0x08,
  diagnosticInterrupt: 0x20,
}
const chassisActions = {
  powerDown: ['powerDown', 'unknown'],
  powerCycle: ['powerCycle', 'pefPowerCycle'],
  reset: ['hardReset', 'pefReset'],
  diagnosticInterrupt: ['diagnosticInterrupt', 'unknown'],
} as const

function isOrAny(wanted: number, actual: number): boolean {
  return wanted === ANY || wanted === actual
}

/** Section 17.7: each part has to match. */
export function matches(filter: EventFilter, event: SystemEventRecord): boolean {
  const offset = event.data[0]! & 0x0f
  return (
    isOrAny(filter.generatorId, event.generatorId) &&
    (filter.generatorChannel === ANY ||
      filter.generatorChannel === ((event.generator.channel << 4) | event.generator.lun)) &&
    isOrAny(filter.sensorType, event.sensorType) &&
    isOrAny(filter.sensorNumber, event.sensorNumber) &&
    isOrAny(filter.eventTrigger, event.event.type) &&
    (filter.offsetMask & (1 << offset)) !== 0 &&
    compares(filter.data1, event.data[0]!) &&
    compares(filter.data2, event.data[1]!) &&
    compares(filter.data3, event.data[2]!)
  )
}

/** Section 17.8: where compare 1 is set, a bit has to be as in compare 2; of the others that compare 2 has, any one. */
function compares({ andMask, compare1, compare2 }: Comparison, byte: number): boolean {
  const masked = byte & andMask
  if (((masked ^ compare2) & compare1) !== 0) return false
  const anyOf = compare2 & ~compare1 & 0xff
  return anyOf === 0 || (masked & anyOf) !== 0
}
