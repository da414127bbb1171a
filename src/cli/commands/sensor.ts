/** `lastword sensor`: sensors with their thresholds. IPMI 2.0 rev 1.1, section 35. */
import { SetSensorThresholds } from '../../protocol/commands/sensor.ts'
import { LastwordError } from '../../protocol/error.ts'
import { toRaw } from '../../protocol/sensor/conversion.ts'
import { type ThresholdName, thresholdNames } from '../../protocol/sensor/event-types.ts'
import { sensorTypeName } from '../../protocol/sensor/sensor-types.ts'
import { unitOf } from '../../protocol/sensor/units.ts'
import { type Context, group, subcommand } from '../declare.ts'
import { sensorList } from '../ipmitool/sensor-list.ts'
import { decimal, many, text, UsageError } from '../params.ts'
import {
  addressOf,
  isSensor,
  readRecords,
  readSensors,
  type Sensor,
  scaleOfSensor,
  sensorData,
  sensorValue,
  statesOf,
  statusOf,
  thresholdValues,
  valueText,
} from '../sensors.ts'
import { readingText } from './sdr.ts'

const list = subcommand({
  name: 'list',
  summary: 'the sensors, what they read, and their thresholds',
  async run(context) {
    const records = await readRecords(context)
    return readSensors(context, records.filter(isSensor), 'readingAndThresholds')
  },
  data: sensors => sensors.map(sensorData),
  view: as =>
    as.table(
      'There is no sensor.',
      ['sensor', sensor => sensor.record.id],
      ['reading', readingText],
      ['status', statusOf],
      ['lnr', sensor => thresholdText(sensor, 'lowerNonRecoverable'), 'right'],
      ['lcr', sensor => thresholdText(sensor, 'lowerCritical'), 'right'],
      ['lnc', sensor => thresholdText(sensor, 'lowerNonCritical'), 'right'],
      ['unc', sensor => thresholdText(sensor, 'upperNonCritical'), 'right'],
      ['ucr', sensor => thresholdText(sensor, 'upperCritical'), 'right'],
      ['unr', sensor => thresholdText(sensor, 'upperNonRecoverable'), 'right'],
    ),
  ipmitool: sensorList,
})

function thresholdText(sensor: Sensor, name: ThresholdName): string {
  const value = thresholdValues(sensor)[name]
  return value === undefined ? '' : String(Number(value.toPrecision(6)))
}

/** Throws LastwordError NO_SENSOR for a name that no sensor has. */
async function named(context: Context, names: readonly string[]): Promise<Sensor[]> {
  if (names.length === 0) throw new UsageError('the name of a sensor is missing')
  const records = (await readRecords(context)).filter(isSensor)
  const unknown = names.find(name => !records.some(record => record.id === name))
  if (unknown !== undefined) {
    throw new LastwordError('NO_SENSOR', `there is no sensor "${unknown}"`, {
      hint: 'sensor list names them all.',
    })
  }
  return readSensors(
    context,
    records.filter(record => names.includes(record.id)),
    'readingAndThresholds',
  )
}

const nameArgs = { names: many(text('NAME', 'names of sensors')) }

const get = subcommand({
  name: 'get',
  summary: 'all about some sensors',
  args: nameArgs,
  run: (context, { names }) => named(context, names),
  data: sensors => sensors.map(sensorData),
  view: as =>
    as.table(
      'There is none.',
      ['sensor', sensor => sensor.record.id],
      ['type', sensor => sensorTypeName(sensor.record.sensorType)],
      ['entity', ({ record }) => `${record.entity.id}.${record.entity.instance}`],
      ['value', sensor => valueText(sensorValue(sensor), sensor.record)],
      ['states', sensor => statesOf(sensor).join(', ')],
      ['status', statusOf],
      ['thresholds', thresholdsText],
    ),
})

function thresholdsText(sensor: Sensor): string {
  return Object.keys(thresholdValues(sensor))
    .map(name => `${shortNames[name as ThresholdName]} ${thresholdText(sensor, name as ThresholdName)}`)
    .join(', ')
}

const reading = subcommand({
  name: 'reading',
  summary: 'what some sensors read',
  args: nameArgs,
  run: (context, { names }) => named(context, names),
  data: sensors => sensors.map(sensorData),
  view: as => as.table('There is none.', ['sensor', sensor => sensor.record.id], ['reading', readingText]),
})

const shortNames: Readonly<Record<ThresholdName, string>> = {
  lowerNonRecoverable: 'lnr',
  lowerCritical: 'lcr',
  lowerNonCritical: 'lnc',
  upperNonCritical: 'unc',
  upperCritical: 'ucr',
  upperNonRecoverable: 'unr',
}

const groups: Readonly<Record<string, readonly ThresholdName[]>> = {
  lower: ['lowerNonRecoverable', 'lowerCritical', 'lowerNonCritical'],
  upper: ['upperNonCritical', 'upperCritical', 'upperNonRecoverable'],
}

const thresh = subcommand({
  name: 'thresh',
  summary: 'changes thresholds',
  args: {
    name: text('NAME', 'the name of the sensor'),
    which: {
      ...text(
        'WHICH',
        'unr, ucr, unc, lnc, lcr, lnr; upper or lower takes three values: unc ucr unr, lnr lcr lnc',
      ),
      choices: [...Object.values(shortNames), ...Object.keys(groups)],
    },
    values: many(decimal('VALUE', "in the sensor's unit")),
  },
  async run(context, { name, which, values }) {
    const chosen = groups[which] ?? thresholdNames.filter(candidate => shortNames[candidate] === which)
    if (chosen.length === 0)
      throw new UsageError(
        `which: "${which}" is none of ${[...Object.values(shortNames), 'upper', 'lower'].join(', ')}`,
      )
    if (values.length !== chosen.length)
      throw new UsageError(`${which} takes ${chosen.length} values, not ${values.length}`)
    const [sensor] = await named(context, [name])
    const wanted = new Map(chosen.map((threshold, index) => [threshold, rawOf(sensor!, values[index]!)]))
    const raw = Object.fromEntries(thresholdNames.map(threshold => [threshold, wanted.get(threshold) ?? 0]))
    const set = Object.fromEntries(thresholdNames.map(threshold => [threshold, wanted.has(threshold)]))
    const request = { sensorNumber: sensor!.record.sensorNumber, set, ...raw } as SetRequest
    await (await context.bmc()).run(SetSensorThresholds, request, {
      signal: context.signal,
      ...addressOf(sensor!.record),
    })
    return {
      sensor: name,
      thresholds: Object.fromEntries(chosen.map((threshold, index) => [threshold, values[index]])),
    }
  },
  view: as =>
    as.lines(({ sensor, thresholds }) =>
      Object.entries(thresholds)
        .map(([threshold, value]) => `${sensor}: ${shortNames[threshold as ThresholdName]} is now ${value}`)
        .join('\n'),
    ),
})

type SetRequest = { sensorNumber: number; set: Record<ThresholdName, boolean> } & Record<
  ThresholdName,
  number
>

function rawOf(sensor: Sensor, value: number): number {
  const scale = scaleOfSensor(sensor)
  const raw = scale === undefined ? undefined : toRaw(value, scale)
  if (raw !== undefined) return raw
  throw new UsageError(`${sensor.record.id} cannot express ${value} ${unitOf(sensor.record)}`.trim())
}

export const sensor = group('sensor', 'sensors with their thresholds', [list, get, reading, thresh], 'list')
