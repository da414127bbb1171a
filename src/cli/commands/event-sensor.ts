/** `lastword event SENSOR STATE`: the event that a sensor would send. IPMI 2.0 rev 1.1, sections 29.7 and 42. */
import { LastwordError } from '../../protocol/error.ts'
import type { SensorRecord } from '../../protocol/sdr/record.ts'
import { EventType, type ThresholdName, thresholdNames } from '../../protocol/sensor/event-types.ts'
import { stateName, statesOf } from '../../protocol/sensor/sensor-types.ts'
import { type Context, subcommand } from '../declare.ts'
import { stateWords } from '../ipmitool/event-text.ts'
import { choice, optional, text } from '../params.ts'
import { send } from '../send-event.ts'
import { readSensors, shortNames } from '../sensors.ts'

const EVENT_MESSAGE_REVISION = 0x04
const DEASSERTION = 0x80
const UNSPECIFIED = 0xff
/** Data 2 is the reading, data 3 the threshold. Section 29.7. */
const READING_AND_THRESHOLD = 0x50
const MAX_STATES = 15

/** ipmitool's shorter words for the states of digital sensors. */
const shortcuts: readonly (readonly string[])[] = [
  ['absent', 'deassert', 'nolimit', 'nofail', 'no', 'off', 'down'],
  ['present', 'assert', 'limit', 'fail', 'yes', 'on', 'up'],
]
const digitalTypes: readonly number[] = [3, 4, 5, 6, 8, 9]

type Direction = 'assert' | 'deassert'

/** The words for each state: the specification's, ipmitool's, short ones. */
function wordsOf({ event: { type }, sensorType }: SensorRecord, offset: number): string[] {
  const names = [stateName(sensorType, type, offset), stateWords(type, sensorType, offset)]
  const short = digitalTypes.includes(type) ? (shortcuts[offset] ?? []) : []
  return [...new Set([...names.filter(name => name !== undefined), ...short])]
}

function states(record: SensorRecord): { state: string; others: string[] }[] {
  if (record.event.type === EventType.Threshold)
    return thresholdNames.map(name => ({ state: shortNames[name], others: [name] }))
  const count = Math.min(MAX_STATES, statesOf(record.sensorType, record.event.type).length)
  return Array.from({ length: count }, (_, offset) => wordsOf(record, offset)).flatMap(
    ([state, ...others]) => (state === undefined ? [] : [{ state, others }]),
  )
}

/** Of a threshold sensor that goes over it or comes back: the reading is as far off as its hysteresis. */
async function thresholdData(
  context: Context,
  record: SensorRecord,
  name: ThresholdName,
  direction: Direction,
) {
  const [answer] = await readSensors(context, [record], 'ask')
  const { sensors } = await context.bmc()
  const threshold = answer?.thresholds?.[name] ?? 0
  const goesHigh = name.startsWith('upper') === (direction === 'assert')
  const { positive, negative } = await sensors.hysteresis(record, { signal: context.signal })
  const distance = Math.max(1, goesHigh ? positive : negative)
  const reading = Math.min(0xff, Math.max(0, threshold + (goesHigh ? distance : -distance)))
  const offset = thresholdNames.indexOf(name) * 2 + (goesHigh ? 1 : 0)
  return [READING_AND_THRESHOLD | offset, reading, threshold]
}

/** Throws LastwordError NO_STATE for a word that is none of its states. */
async function eventData(context: Context, record: SensorRecord, word: string, direction: Direction) {
  const wanted = word.toLowerCase()
  if (record.event.type === EventType.Threshold) {
    const name = thresholdNames.find(candidate =>
      [shortNames[candidate], candidate.toLowerCase()].includes(wanted),
    )
    if (name !== undefined) return thresholdData(context, record, name, direction)
  } else {
    const offset = Array.from({ length: MAX_STATES }, (_, place) => wordsOf(record, place)).findIndex(names =>
      names.some(name => name.toLowerCase().trim() === wanted),
    )
    if (offset >= 0) return [offset, UNSPECIFIED, UNSPECIFIED]
  }
  throw new LastwordError('NO_STATE', `sensor "${record.id}" has no state "${word}"`, {
    hint: `Its states are: ${states(record)
      .map(({ state }) => state)
      .join('; ')}.`,
  })
}

export const ofSensor = subcommand({
  name: 'SENSOR',
  summary: 'the event that a sensor would send; without a state, the states that it has',
  args: {
    sensor: text('SENSOR', 'the name of a sensor'),
    state: optional(text('STATE', 'lnr, lcr, lnc, unc, ucr, unr, or a state in words; list shows them')),
    direction: optional(choice(['assert', 'deassert'], 'whether it begins (assert) or ends')),
  },
  async run(context, { sensor, state = 'list', direction = 'assert' }) {
    const { sensors } = await context.bmc()
    const record = await sensors.find(sensor, { signal: context.signal })
    if (state === 'list') return { sensor, states: states(record) }
    const data = await eventData(context, record, state, direction)
    const event = record.event.type | (direction === 'deassert' ? DEASSERTION : 0)
    const bytes = [EVENT_MESSAGE_REVISION, record.sensorType, record.sensorNumber, event, ...data]
    return { sensor, state, direction, ...(await send(context, bytes)) }
  },
  view: as =>
    as.lines(data =>
      'states' in data
        ? data.states.map(({ state, others }) => [state, ...others].join(', ')).join('\n')
        : `Sent: ${data.event}`,
    ),
})
