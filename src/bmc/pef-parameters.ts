/** The PEF configuration parameters of a simulated BMC. IPMI 2.0 rev 1.1, section 30.4. */
import type { ValueOf } from '../protocol/codec.ts'
import { type AnyParameter, encodeParameter, type Parameter } from '../protocol/parameter.ts'
import {
  type alertPolicy,
  type eventFilter,
  noFilterActions,
  PefParameter,
} from '../protocol/parameters/pef.ts'
import type { Controller } from './controller.ts'
import { ParameterTable } from './parameter-table.ts'

export const EVENT_FILTERS = 16
export const ALERT_POLICIES = 16
const ALERT_STRINGS = 4
const STRING_BLOCKS = 4
const STRING_BLOCK_BYTES = 16

export type EventFilter = ValueOf<typeof eventFilter>
export type AlertPolicy = ValueOf<typeof alertPolicy>

const anyByte = { andMask: 0, compare1: 0, compare2: 0 }
const ANY = 0xff
const ALL_OFFSETS = 0xffff

/** An entry that matches every event; the first one alerts when the configuration has destinations. */
function filterAtFirst(bmc: Controller, set: number): EventFilter {
  const alerts = set === 1 && bmc.world.config.pef.destinations.length > 0
  return {
    configuration: { type: 'software', enabled: alerts },
    actions: { ...noFilterActions, alert: alerts },
    policy: { number: alerts ? 1 : 0, groupControlSelector: 0 },
    severity: 0,
    generatorId: ANY,
    generatorChannel: ANY,
    sensorType: ANY,
    sensorNumber: ANY,
    eventTrigger: ANY,
    offsetMask: ALL_OFFSETS,
    data1: anyByte,
    data2: anyByte,
    data3: anyByte,
  }
}

/** One entry of policy 1 for each destination of the configuration. */
function policyAtFirst(bmc: Controller, set: number): AlertPolicy {
  const isUsed = set <= bmc.world.config.pef.destinations.length
  return {
    policy: { type: 'always', enabled: isUsed, number: isUsed ? 1 : 0 },
    destination: { number: isUsed ? set : 0, channel: isUsed ? bmc.world.config.lan.channel : 0 },
    string: { key: 0, isEventSpecific: false },
  }
}

type Initial = (bmc: Controller, set: number, block: number) => Uint8Array | undefined
const initials = new Map<AnyParameter, Initial>()

function initially<T>(
  parameter: Parameter<T>,
  value: (bmc: Controller, set: number, block: number) => T | undefined,
): void {
  initials.set(parameter as AnyParameter, (bmc, set, block) => {
    const initial = value(bmc, set, block)
    return initial === undefined ? undefined : encodeParameter(parameter, initial)
  })
}

/** What a filter can make this BMC do. */
export const pefActions = {
  alert: true,
  powerDown: true,
  reset: true,
  powerCycle: true,
  oem: false,
  diagnosticInterrupt: true,
}

const within = (set: number, last: number) => set >= 1 && set <= last

initially(PefParameter.control, bmc => ({
  enabled: bmc.world.config.pef.enabled,
  eventMessages: false,
  startupDelay: false,
  alertStartupDelay: false,
}))
initially(PefParameter.actions, () => pefActions)
initially(PefParameter.startupDelaySeconds, () => 0)
initially(PefParameter.alertStartupDelaySeconds, () => 0)
initially(PefParameter.eventFilters, () => EVENT_FILTERS)
initially(PefParameter.eventFilter, (bmc, set) =>
  within(set, EVENT_FILTERS) ? { set, filter: filterAtFirst(bmc, set) } : undefined,
)
initially(PefParameter.alertPolicies, () => ALERT_POLICIES)
initially(PefParameter.alertPolicy, (bmc, set) =>
  within(set, ALERT_POLICIES) ? { set, entry: policyAtFirst(bmc, set) } : undefined,
)
initially(PefParameter.systemGuid, bmc => ({ isUsed: false, guid: bmc.identity.guid }))
initially(PefParameter.alertStrings, () => ALERT_STRINGS)
initially(PefParameter.alertStringKeys, (_, set) =>
  set <= ALERT_STRINGS ? { set, eventFilter: 0, alertStringSet: 0 } : undefined,
)
initially(PefParameter.alertString, (_, set, block) =>
  set <= ALERT_STRINGS && within(block, STRING_BLOCKS)
    ? { set, block, data: new Uint8Array(STRING_BLOCK_BYTES) }
    : undefined,
)

const table = new ParameterTable({
  name: 'pef',
  table: PefParameter,
  initial: (bmc, parameter, set, block) => initials.get(parameter)?.(bmc, set, block),
  blockOf: (parameter, data) => (parameter === PefParameter.alertString ? (data[1] ?? 0) : 0),
})

const { eventFilter: filterParameter, eventFilterConfiguration: configuration } = PefParameter

/** The table, of which parameter 7 is the first byte of each entry of parameter 6. */
export const pefParameters = {
  value: table.value.bind(table) as typeof table.value,

  get(bmc: Controller, selector: number, set: number, block: number): Uint8Array | number {
    if (selector !== configuration.selector) return table.get(bmc, selector, set, block)
    const entry = table.value(bmc, filterParameter, set)
    if (entry === undefined) return table.get(bmc, filterParameter.selector, set, block)
    return encodeParameter(configuration, { set, configuration: entry.filter.configuration })
  },

  set(bmc: Controller, selector: number, data: Uint8Array): number {
    if (selector !== configuration.selector) return table.set(bmc, selector, data)
    const set = (data[0] ?? 0) & 0x7f
    const entry = table.value(bmc, filterParameter, set)
    if (entry === undefined) return table.set(bmc, filterParameter.selector, data)
    const whole = encodeParameter(filterParameter, entry)
    if (data.length !== 2) return table.set(bmc, filterParameter.selector, data)
    whole[1] = data[1]!
    return table.set(bmc, filterParameter.selector, whole)
  },
}

/** An alert string, up to its end mark; empty when there is none. Section 17.12. */
export function alertString(bmc: Controller, selector: number): string {
  const blocks = Array.from({ length: STRING_BLOCKS }, (_, i) => {
    const block = i + 1
    return table.value(bmc, PefParameter.alertString, selector, block)?.data ?? new Uint8Array(0)
  })
  const text = Buffer.concat(blocks).toString('latin1')
  const end = text.indexOf('\0')
  return end < 0 ? text : text.slice(0, end)
}

/** The string whose keys are this filter and this set. */
export function eventAlertString(bmc: Controller, filter: number, stringSet: number): string {
  for (let selector = 1; selector <= ALERT_STRINGS; selector++) {
    const keys = table.value(bmc, PefParameter.alertStringKeys, selector)
    if (keys?.eventFilter === filter && keys.alertStringSet === stringSet) return alertString(bmc, selector)
  }
  return ''
}
