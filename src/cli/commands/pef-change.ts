/** `lastword pef filter`, `policy` and `timer`: changes what the BMC does about events. IPMI 2.0 rev 1.1, sections 17.7, 17.11, 30.2. */
import { ArmPefPostponeTimer } from '../../protocol/commands/pef.ts'
import { LastwordError } from '../../protocol/error.ts'
import type { Parameter, ParameterValue } from '../../protocol/parameter.ts'
import { noFilterActions, PefParameter } from '../../protocol/parameters/pef.ts'
import { assignments, wordList } from '../assignments.ts'
import { type Context, group, type Subcommand, subcommand } from '../declare.ts'
import { pefParameter } from '../parameters.ts'
import { integer, mapped, namedInteger } from '../params.ts'

type Filter = ParameterValue<typeof PefParameter.eventFilter>['filter']
type Policy = ParameterValue<typeof PefParameter.alertPolicy>['entry']

const MAX_ENTRIES = 127
const idArg = integer('ID', 'entry, from 1 on', { min: 1, max: MAX_ENTRIES })

/** Throws LastwordError NO_PEF_ENTRY where the table is not so long. */
async function entryOf<T>(context: Context, parameter: Parameter<T>, id: number): Promise<T> {
  const bmc = await context.bmc()
  const entry = await pefParameter({ bmc, signal: context.signal }, parameter, id)
  if (entry !== undefined) return entry
  throw new LastwordError('NO_PEF_ENTRY', `${bmc.url}: ${parameter.name} has no entry ${id}`)
}

async function write<T>({ bmc, signal }: Context, parameter: Parameter<T>, value: T): Promise<void> {
  await (await bmc()).pef.parameters.set(parameter, value, { signal })
}

type What = 'Filter' | 'Policy'

function switchEntry(
  what: What,
  operation: 'enable' | 'disable',
  change: (context: Context, id: number, enabled: boolean) => Promise<void>,
): Subcommand {
  const state = operation === 'enable' ? 'on' : 'off'
  return subcommand({
    name: operation,
    summary: `turns an entry ${state}`,
    args: { id: idArg },
    async run(context, { id }) {
      await change(context, id, operation === 'enable')
      return { id, enabled: operation === 'enable' }
    },
    view: as => as.lines(({ id }) => `${what} ${id} is ${state}.`),
  })
}

async function switchFilter(context: Context, id: number, enabled: boolean): Promise<void> {
  const { filter } = await entryOf(context, PefParameter.eventFilter, id)
  const configuration = { ...filter.configuration, enabled }
  await write(context, PefParameter.eventFilterConfiguration, { set: id, configuration })
}

async function switchPolicy(context: Context, id: number, enabled: boolean): Promise<void> {
  const { entry } = await entryOf(context, PefParameter.alertPolicy, id)
  const policy = { ...entry.policy, enabled }
  await write(context, PefParameter.alertPolicy, { set: id, entry: { ...entry, policy } })
}

const ANY = 0xff
const ANY_OFFSET = 0xffff
const noComparison = { andMask: 0, compare1: 0, compare2: 0 }

/** In ipmitool's words. */
const actionWords = {
  alert: 'alert',
  'power-off': 'powerDown',
  reset: 'reset',
  'power-cycle': 'powerCycle',
  oem: 'oem',
  'diagnostic-interrupt': 'diagnosticInterrupt',
} as const
type ActionWord = keyof typeof actionWords

const noFilter: Filter = {
  configuration: { type: 'software', enabled: false },
  actions: noFilterActions,
  policy: { number: 0, groupControlSelector: 0 },
  severity: 0,
  generatorId: 0,
  generatorChannel: 0,
  sensorType: 0,
  sensorNumber: 0,
  eventTrigger: 0,
  offsetMask: 0,
  data1: noComparison,
  data2: noComparison,
  data3: noComparison,
}

const byte = (summary: string) => integer('N', `${summary} (any)`, { max: ANY })

/** Section 17.7. */
const severities = {
  unspecified: 0x00,
  monitor: 0x01,
  information: 0x02,
  ok: 0x04,
  'non-critical': 0x08,
  critical: 0x10,
  'non-recoverable': 0x20,
}

const createFilter = subcommand({
  name: 'create',
  summary: 'writes an entry, and turns it on',
  args: {
    id: idArg,
    filter: assignments(
      {
        actions: wordList(Object.keys(actionWords) as ActionWord[], 'what is done about the event'),
        policy: integer('N', 'alert policy of the action alert (0)', { max: 15 }),
        severity: namedInteger(severities, 'N', 'severity that an alert tells (unspecified)', { max: ANY }),
        generator: byte('slave address or software ID of who sends the event'),
        channel: byte('channel and LUN of who sends the event'),
        'sensor-type': byte('sensor type'),
        sensor: byte('sensor number'),
        'event-type': byte('event type'),
        offsets: integer('MASK', 'offsets that match, a bit each (all)', { max: ANY_OFFSET }),
      },
      'what matches, and what is done',
      'atLeastOne',
    ),
  },
  async run(context, { id, filter: asked }) {
    await entryOf(context, PefParameter.eventFilter, id)
    const actions = (asked.actions ?? []).map(word => [actionWords[word], true])
    const filter: Filter = {
      ...noFilter,
      configuration: { type: 'software', enabled: true },
      actions: { ...noFilterActions, ...Object.fromEntries(actions) },
      policy: { number: asked.policy ?? 0, groupControlSelector: 0 },
      severity: asked.severity ?? 0,
      generatorId: asked.generator ?? ANY,
      generatorChannel: asked.channel ?? ANY,
      sensorType: asked['sensor-type'] ?? ANY,
      sensorNumber: asked.sensor ?? ANY,
      eventTrigger: asked['event-type'] ?? ANY,
      offsetMask: asked.offsets ?? ANY_OFFSET,
    }
    await write(context, PefParameter.eventFilter, { set: id, filter })
    return { id, filter }
  },
  view: as => as.lines(({ id }) => `Filter ${id} is there, and on.`),
})

const rules = {
  always: 'always',
  'next-if-failed': 'nextIfFailed',
  'stop-if-failed': 'stopIfFailed',
  'next-channel-if-failed': 'nextChannelIfFailed',
  'next-type-if-failed': 'nextTypeIfFailed',
} as const

const noPolicy: Policy = {
  policy: { type: 'always', enabled: false, number: 0 },
  destination: { number: 0, channel: 0 },
  string: { key: 0, isEventSpecific: false },
}

const createPolicy = subcommand({
  name: 'create',
  summary: 'writes an entry, and turns it on',
  args: {
    id: idArg,
    entry: assignments(
      {
        policy: integer('N', 'policy that it is part of (1)', { min: 1, max: 15 }),
        rule: mapped(rules, 'when it is gone by: always, or if the one before failed (always)'),
        channel: integer('CHANNEL', 'channel of the alert (1)', { max: 15 }),
        destination: integer('N', 'destination on the channel (1)', { max: 15 }),
        string: integer('KEY', 'alert string (0, which is none)', { max: 127 }),
      },
      'what it says',
      'atLeastOne',
    ),
  },
  async run(context, { id, entry: asked }) {
    await entryOf(context, PefParameter.alertPolicy, id)
    const entry: Policy = {
      policy: { type: asked.rule ?? 'always', enabled: true, number: asked.policy ?? 1 },
      destination: { number: asked.destination ?? 1, channel: asked.channel ?? 1 },
      string: { key: asked.string ?? 0, isEventSpecific: false },
    }
    await write(context, PefParameter.alertPolicy, { set: id, entry })
    return { id, entry }
  },
  view: as => as.lines(({ id }) => `Policy ${id} is there, and on.`),
})

function remove(what: What, change: (context: Context, id: number) => Promise<void>): Subcommand {
  return subcommand({
    name: 'delete',
    summary: 'makes an entry empty',
    args: { id: idArg },
    async run(context, { id }) {
      await change(context, id)
      return { deleted: id }
    },
    view: as => as.lines(({ deleted }) => `${what} ${deleted} is empty.`),
  })
}

export const filterChanges: readonly Subcommand[] = [
  switchEntry('Filter', 'enable', switchFilter),
  switchEntry('Filter', 'disable', switchFilter),
  createFilter,
  remove('Filter', (context, id) => write(context, PefParameter.eventFilter, { set: id, filter: noFilter })),
]

export const policyChanges: readonly Subcommand[] = [
  switchEntry('Policy', 'enable', switchPolicy),
  switchEntry('Policy', 'disable', switchPolicy),
  createPolicy,
  remove('Policy', (context, id) => write(context, PefParameter.alertPolicy, { set: id, entry: noPolicy })),
]

const postponements = { disable: 0x00, 'temporary-disable': 0xfe } as const

async function arm({ bmc, signal }: Context, code: number) {
  return (await bmc()).run(ArmPefPostponeTimer, { timer: named(code) }, { signal })
}

/** The codes that have a name. Section 30.2. */
function named(code: number) {
  if (code === postponements.disable) return 'disable'
  if (code === postponements['temporary-disable']) return 'temporaryDisable'
  return code === ANY ? 'getPresent' : code
}

function secondsText({ seconds }: { seconds: number }): string {
  if (seconds === postponements.disable) return 'no'
  return seconds === postponements['temporary-disable'] ? 'until it is ended' : `${seconds} s`
}

const timerGet = subcommand({
  name: 'get',
  summary: 'for how long software looks at events first',
  run: context => arm(context, ANY),
  view: as => as.record(['postponed', secondsText]),
})

const timerSet = subcommand({
  name: 'set',
  summary: 'lets software look at events first for so long',
  args: {
    seconds: namedInteger(postponements, 'SECONDS', 'up to 253; 0 ends it, 0xfe holds until it is ended', {
      max: ANY,
    }),
  },
  run: (context, { seconds }) => arm(context, seconds),
  view: as => as.record(['postponed', secondsText]),
})

export const timer = group('timer', 'lets software look at events first', [timerGet, timerSet])
