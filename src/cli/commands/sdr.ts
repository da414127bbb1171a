/** `lastword sdr`: sensor data records and what their sensors read. IPMI 2.0 rev 1.1, section 33. */
import { writeFileSync } from 'node:fs'
import { GetSdrRepositoryInfo } from '../../protocol/commands/sdr.ts'
import { encodeSdr, type SensorRecord } from '../../protocol/sdr/record.ts'
import { entityName } from '../../protocol/sensor/entities.ts'
import { sensorTypeName } from '../../protocol/sensor/sensor-types.ts'
import { type Context, group, subcommand } from '../declare.ts'
import { hex } from '../hex.ts'
import { sdrElist, sdrList } from '../ipmitool/sdr-list.ts'
import { choice, file, many, optional, text, UsageError } from '../params.ts'
import { recordData, recordWords } from '../sdr-words.ts'
import {
  isSensor,
  readingText,
  readRecords,
  readSensors,
  type Sensor,
  sensorData,
  statusText,
} from '../sensors.ts'

const kindArg = optional(choice(['full', 'compact'], 'records of this kind only'))

async function sensorsOf(context: Context, kind: SensorRecord['kind'] | undefined): Promise<Sensor[]> {
  const records = (await readRecords(context)).filter(isSensor)
  const chosen = kind === undefined ? records : records.filter(record => record.kind === kind)
  return readSensors(context, chosen, 'ofRecord')
}

const list = subcommand({
  name: 'list',
  summary: 'the sensors and what they read',
  args: { kind: kindArg },
  run: (context, { kind }) => sensorsOf(context, kind),
  data: sensors => sensors.map(sensorData),
  view: as =>
    as.table(
      'There is no sensor.',
      ['sensor', sensor => sensor.record.id],
      ['reading', readingText],
      ['status', statusText],
    ),
  ipmitool: sdrList,
})

function entityText({ entity }: SensorRecord): string {
  return `${entity.id}.${entity.instance} ${entityName(entity.id)}`
}

const elist = subcommand({
  name: 'elist',
  summary: 'the same with number and entity',
  args: { kind: kindArg },
  run: (context, { kind }) => sensorsOf(context, kind),
  data: sensors => sensors.map(sensorData),
  view: as =>
    as.table(
      'There is no sensor.',
      ['sensor', sensor => sensor.record.id],
      ['number', sensor => hex(sensor.record.sensorNumber)],
      ['entity', sensor => entityText(sensor.record)],
      ['reading', readingText],
      ['status', statusText],
    ),
  ipmitool: sdrElist,
})

async function chosenSensors(
  context: Context,
  isChosen: (record: SensorRecord) => boolean,
): Promise<Sensor[]> {
  const records = (await readRecords(context)).filter(isSensor)
  return readSensors(context, records.filter(isChosen), 'ofRecord')
}

const type = subcommand({
  name: 'type',
  summary: 'the sensors of a type; without one, the types that there are',
  args: { type: optional(text('TYPE', 'a name such as Temperature, or a number')) },
  async run(context, { type: word }) {
    const isType = (record: SensorRecord) =>
      word === undefined ||
      sensorTypeName(record.sensorType).toLowerCase() === word.toLowerCase() ||
      record.sensorType === Number(word)
    return chosenSensors(context, isType)
  },
  data: sensors => sensors.map(sensorData),
  view: as =>
    as.table(
      'There is no sensor of this type.',
      ['type', sensor => sensorTypeName(sensor.record.sensorType)],
      ['sensor', sensor => sensor.record.id],
      ['number', sensor => hex(sensor.record.sensorNumber)],
      ['reading', readingText],
      ['status', statusText],
    ),
})

const entity = subcommand({
  name: 'entity',
  summary: 'the sensors of an entity',
  args: { entity: text('ID[.INSTANCE]', 'for example 3.1, or a name such as processor') },
  async run(context, { entity: word }) {
    const [id, instance] = word.split('.')
    const isEntity = ({ entity: of }: SensorRecord) =>
      (of.id === Number(id) || entityName(of.id).toLowerCase() === word.toLowerCase()) &&
      (instance === undefined || of.instance === Number(instance))
    return chosenSensors(context, isEntity)
  },
  data: sensors => sensors.map(sensorData),
  view: as =>
    as.table(
      'There is no sensor of this entity.',
      ['entity', sensor => entityText(sensor.record)],
      ['sensor', sensor => sensor.record.id],
      ['reading', readingText],
      ['status', statusText],
    ),
})

const get = subcommand({
  name: 'get',
  summary: 'everything that the records of some sensors say',
  args: { names: many(text('NAME', 'names of sensors')) },
  async run(context, { names }) {
    if (names.length === 0) throw new UsageError('sdr get wants the name of a sensor')
    const records = await readRecords(context)
    return records.filter(record => 'id' in record && names.includes(record.id))
  },
  data: records => records.map(recordData),
  view: as =>
    as.lines(records =>
      records.length === 0 ? 'There is no such record.' : records.map(recordWords).join('\n'),
    ),
})

const info = subcommand({
  name: 'info',
  summary: 'the state of the SDR repository',
  run: async ({ bmc, signal }) => (await bmc()).run(GetSdrRepositoryInfo, {}, { signal }),
  view: as =>
    as.record(
      ['version', data => `${data.version & 0x0f}.${data.version >> 4}`],
      ['records', data => data.records],
      ['free', data => `${data.freeBytes} bytes`],
      ['last addition', data => timeText(data.lastAdded)],
      ['last erasure', data => timeText(data.lastErased)],
    ),
})

const NO_TIME = 0xffffffff

function timeText(seconds: number): string {
  return seconds === NO_TIME ? 'none' : new Date(seconds * 1000).toISOString()
}

const dump = subcommand({
  name: 'dump',
  summary: 'writes the raw records into a file',
  args: { file: file('FILE', 'where to') },
  async run(context, { file: path }) {
    const records = await readRecords(context)
    writeFileSync(path, Buffer.concat(records.map(encodeSdr)))
    return { file: path, records: records.length }
  },
  view: as => as.lines(({ file: path, records }) => `${records} records are in ${path}.`),
})

export const sdr = group(
  'sdr',
  'sensor data records and what their sensors read',
  [list, elist, type, entity, get, info, dump],
  'list',
)
