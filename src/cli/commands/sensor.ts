/** `lastword sensor`: sensors with their thresholds. IPMI 2.0 rev 1.1, section 35. */
import { type ThresholdName, thresholdNames } from '../../protocol/sensor/event-types.ts'
import { sensorTypeName } from '../../protocol/sensor/sensor-types.ts'
import { type Context, group, subcommand } from '../declare.ts'
import { sensorList } from '../ipmitool/sensor-list.ts'
import { decimal, many, text, UsageError } from '../params.ts'
import {
  isSensor,
  readingText,
  readRecords,
  readSensors,
  refuseUnknown,
  type Sensor,
  sensorData,
  shortNames,
  statusText,
  thresholdsText,
  thresholdText,
} from '../sensors.ts'

const list = subcommand({
  name: 'list',
  summary: 'the sensors, what they read, and their thresholds',
  async run(context) {
    const records = await readRecords(context)
    return readSensors(context, records.filter(isSensor), 'ask')
  },
  data: sensors => sensors.map(sensorData),
  view: as =>
    as.table(
      'There is no sensor.',
      ['sensor', sensor => sensor.record.id],
      ['reading', readingText],
      ['status', statusText],
      ['lnr', sensor => thresholdText(sensor, 'lowerNonRecoverable'), 'right'],
      ['lcr', sensor => thresholdText(sensor, 'lowerCritical'), 'right'],
      ['lnc', sensor => thresholdText(sensor, 'lowerNonCritical'), 'right'],
      ['unc', sensor => thresholdText(sensor, 'upperNonCritical'), 'right'],
      ['ucr', sensor => thresholdText(sensor, 'upperCritical'), 'right'],
      ['unr', sensor => thresholdText(sensor, 'upperNonRecoverable'), 'right'],
    ),
  ipmitool: sensorList,
})

/** Throws LastwordError NO_SENSOR for a name that no sensor has. */
async function named(context: Context, names: readonly string[]): Promise<Sensor[]> {
  if (names.length === 0) throw new UsageError('the name of a sensor is missing')
  const bmc = await context.bmc()
  const records = (await readRecords(context)).filter(isSensor)
  refuseUnknown(bmc.url, names, records, 'sensor list')
  const chosen = records.filter(record => names.includes(record.id))
  return readSensors(context, chosen, 'ask')
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
      ['reading', readingText],
      ['status', statusText],
      ['thresholds', thresholdsText],
    ),
})

const reading = subcommand({
  name: 'reading',
  summary: 'what some sensors read',
  args: nameArgs,
  run: (context, { names }) => named(context, names),
  data: sensors => sensors.map(sensorData),
  view: as => as.table('There is none.', ['sensor', sensor => sensor.record.id], ['reading', readingText]),
})

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
      throw new UsageError(
        `${which} takes ${chosen.length === 1 ? 'one value' : `${chosen.length} values`}, not ${values.length}`,
      )
    if (values.some((value, index) => index > 0 && value < values[index - 1]!))
      throw new UsageError(
        `${which} takes ${chosen.map(threshold => shortNames[threshold]).join(', ')} from the lowest to the highest, not ${values.join(' ')}`,
      )
    const thresholds = Object.fromEntries(chosen.map((threshold, index) => [threshold, values[index]!]))
    const bmc = await context.bmc()
    const record = await bmc.sensors.find(name, { signal: context.signal })
    if (record.kind !== 'full') throw new UsageError(`${name} has no thresholds with values`)
    await bmc.sensors.setThresholds(record, thresholds, { signal: context.signal })
    return { sensor: name, thresholds }
  },
  view: as =>
    as.lines(({ sensor: of, thresholds }) =>
      Object.entries(thresholds)
        .map(([threshold, value]) => `${of}: ${shortNames[threshold as ThresholdName]} is now ${value}`)
        .join('\n'),
    ),
})

export const sensor = group('sensor', 'sensors with their thresholds', [list, get, reading, thresh], {
  whenAlone: 'list',
})
