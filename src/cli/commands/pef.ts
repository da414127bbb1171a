/** `lastword pef`: what the BMC does by itself about events. IPMI 2.0 rev 1.1, section 30. */
import type { ResponseOf } from '../../protocol/command.ts'
import { GetLastProcessedEventId, GetPefCapabilities } from '../../protocol/commands/pef.ts'
import { PefParameter } from '../../protocol/parameters/pef.ts'
import { sensorTypeName } from '../../protocol/sensor/sensor-types.ts'
import { type Context, group, subcommand } from '../declare.ts'
import { hex } from '../hex.ts'
import type { Cell } from '../output/view.ts'
import { pefParameter } from '../parameters.ts'
import { flagPhrases, onOff, phrase } from '../phrase.ts'
import { lastTimes, lastTimeText } from '../times.ts'
import { guidText } from './mc-guid.ts'
import { filterChanges, policyChanges, timer } from './pef-change.ts'

type Capabilities = ResponseOf<typeof GetPefCapabilities>

const capabilityFields: readonly (readonly [label: string, of: (data: Capabilities) => Cell])[] = [
  ['version', data => data.version],
  ['event filters', data => data.eventFilters],
  ['actions', data => flagPhrases(data.supports)],
]

const capabilities = subcommand({
  name: 'capabilities',
  summary: 'what PEF can do here, and for how many filters there is room',
  run: async ({ bmc, signal }) => (await bmc()).pef.capabilities({ signal }),
  view: as => as.record(...capabilityFields),
})

const info = subcommand({
  name: 'info',
  summary: 'what PEF can do here',
  async run({ bmc, signal }) {
    const open = await bmc()
    const [capabilities, policies, systemGuid] = await Promise.all([
      open.run(GetPefCapabilities, {}, { signal }),
      pefParameter({ bmc: open, signal }, PefParameter.alertPolicies),
      pefParameter({ bmc: open, signal }, PefParameter.systemGuid),
    ])
    return { ...capabilities, alertPolicies: policies, systemGuid }
  },
  view: as =>
    as.record(
      ...capabilityFields,
      ['alert policies', data => data.alertPolicies],
      [
        'system GUID',
        ({ systemGuid }) => (systemGuid?.isUsed === true ? guidText(systemGuid.guid) : undefined),
      ],
    ),
})

const status = subcommand({
  name: 'status',
  summary: 'whether it is on, and which event it has come to',
  async run({ bmc, signal }) {
    const open = await bmc()
    const [events, control, actions] = await Promise.all([
      open.run(GetLastProcessedEventId, {}, { signal }),
      pefParameter({ bmc: open, signal }, PefParameter.control),
      pefParameter({ bmc: open, signal }, PefParameter.actions),
    ])
    return { ...events, control, actions }
  },
  data: answer => ({ ...answer, ...lastTimes(answer, 'lastAdded') }),
  view: as =>
    as.record(
      ['PEF', ({ control }) => (control === undefined ? undefined : onOff(control.enabled))],
      ['event messages', ({ control }) => (control === undefined ? undefined : onOff(control.eventMessages))],
      ['actions', ({ actions }) => (actions === undefined ? undefined : flagPhrases(actions))],
      ['last SEL addition', data => lastTimeText(data.lastAdded)],
      ['last SEL record', data => hex(data.lastRecordId, 4)],
      ['last processed by the BMC', data => hex(data.lastBmcProcessedId, 4)],
      ['last processed by software', data => hex(data.lastSoftwareProcessedId, 4)],
    ),
})

/** Entries of a table from 1 on, `count` of them. */
async function entries<T>(context: Context, count: number, read: (set: number) => Promise<T | undefined>) {
  const sets = Array.from({ length: count }, (_, index) => index + 1)
  using progress = await context.progress('reading', sets.length)
  let done = 0
  const all = await Promise.all(
    sets.map(async set => {
      const entry = await read(set)
      progress.to(++done)
      return entry
    }),
  )
  return all.filter(entry => entry !== undefined)
}

const policies = subcommand({
  name: 'list',
  summary: 'the alert policies',
  async run(context) {
    const place = { bmc: await context.bmc(), signal: context.signal }
    const count = await place.bmc.pef.parameters.demand(PefParameter.alertPolicies, {
      signal: context.signal,
    })
    return entries(context, count, set => pefParameter(place, PefParameter.alertPolicy, set))
  },
  view: as =>
    as.table(
      'There is no alert policy.',
      ['entry', row => row.set, 'right'],
      ['enabled', row => row.entry.policy.enabled],
      ['policy', row => row.entry.policy.number, 'right'],
      ['rule', row => phrase(row.entry.policy.type)],
      ['channel', row => row.entry.destination.channel, 'right'],
      ['destination', row => row.entry.destination.number, 'right'],
      ['string key', row => hex(row.entry.string.key)],
    ),
})

const ANY = 0xff

function anyOr(value: number, text: (value: number) => string): string {
  return value === ANY ? 'any' : text(value)
}

const filters = subcommand({
  name: 'list',
  summary: 'the event filters',
  async run(context) {
    const place = { bmc: await context.bmc(), signal: context.signal }
    const count = await place.bmc.pef.parameters.demand(PefParameter.eventFilters, { signal: context.signal })
    return entries(context, count, set => pefParameter(place, PefParameter.eventFilter, set))
  },
  view: as =>
    as.table(
      'There is no event filter.',
      ['entry', row => row.set, 'right'],
      ['enabled', row => row.filter.configuration.enabled],
      ['set by', row => phrase(row.filter.configuration.type)],
      ['sensor type', row => anyOr(row.filter.sensorType, sensorTypeName)],
      ['sensor', row => anyOr(row.filter.sensorNumber, hex)],
      ['event type', row => anyOr(row.filter.eventTrigger, hex)],
      ['offsets', row => hex(row.filter.offsetMask, 4)],
      ['severity', row => hex(row.filter.severity)],
      ['policy', row => row.filter.policy.number, 'right'],
      ['actions', row => flagPhrases(row.filter.actions)],
    ),
})

export const pef = group('pef', 'what the BMC does by itself about events', [
  capabilities,
  info,
  status,
  timer,
  group('policy', 'the alert policies', [policies, ...policyChanges]),
  group('filter', 'the event filters', [filters, ...filterChanges]),
])
