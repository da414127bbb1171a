/** `lastword sdr`: sensor data records and what their sensors read. IPMI 2.0 rev 1.1, section 33. */

import { GetSdrRepositoryInfo } from '../../protocol/commands/sdr.ts'
import { encodeSdr, type SensorRecord } from '../../protocol/sdr/record.ts'
import { entityName } from '../../protocol/sensor/entities.ts'
import { sensorTypeName, sensorTypeNames } from '../../protocol/sensor/sensor-types.ts'
import { type Context, group, subcommand } from '../declare.ts'
import { hex } from '../hex.ts'
import { sensorTypeWords } from '../ipmitool/event-words.ts'
import { sdrElist, sdrList } from '../ipmitool/sdr-list.ts'
import {
  inOrderOf,
  isListed,
  type Listed,
  type ListedWord,
  listedData,
  listedKinds,
  listedStatus,
  listedText,
  listedWords,
  type OtherListed,
} from '../listed-records.ts'
import { writeNamedFile } from '../named-file.ts'
import { choice, file, many, optional, text, UsageError } from '../params.ts'
import { recordData, recordWords } from '../sdr-words.ts'
import { isSensor, readingText, readRecords, readSensors, sensorData, statusText } from '../sensors.ts'

const kindArg = optional(
  choice(['all', ...listedWords], 'records of this kind only (full and compact), or all'),
)

type Kinds = ListedWord | 'all' | undefined

async function listed(
  context: Context,
  word: Kinds,
  isChosen: (record: SensorRecord | OtherListed) => boolean = () => true,
): Promise<Listed[]> {
  const kinds: readonly string[] =
    word === undefined
      ? ['full', 'compact']
      : word === 'all'
        ? Object.values(listedKinds)
        : [listedKinds[word]]
  const records = (await readRecords(context))
    .filter(isListed)
    .filter(record => kinds.includes(record.kind) && isChosen(record))
  return inOrderOf(records, await readSensors(context, records.filter(isSensor), 'ofRecord'))
}

const list = subcommand({
  name: 'list',
  summary: 'the sensors and what they read, or other records',
  args: { kind: kindArg },
  run: (context, { kind }) => listed(context, kind),
  data: rows => rows.map(listedData),
  view: as =>
    as.table(
      'There is no such record.',
      ['sensor', row => row.record.id],
      ['reading', listedText],
      ['status', listedStatus],
    ),
  ipmitool: sdrList,
})

function entityText({ entity }: Pick<SensorRecord, 'entity'>): string {
  return `${entity.id}.${entity.instance} ${entityName(entity.id)}`
}

const elist = subcommand({
  name: 'elist',
  summary: 'the same with number and entity',
  args: { kind: kindArg },
  run: (context, { kind }) => listed(context, kind),
  data: rows => rows.map(listedData),
  view: as =>
    as.table(
      'There is no such record.',
      ['sensor', row => row.record.id],
      ['number', ({ record }) => ('sensorNumber' in record ? hex(record.sensorNumber) : '')],
      ['entity', row => entityText(row.record)],
      ['reading', listedText],
      ['status', listedStatus],
    ),
  ipmitool: sdrElist,
})

const types = subcommand({
  name: 'list',
  summary: 'the types that there are',
  run: async () =>
    sensorTypeNames()
      .map((name, code) => ({ code, name }))
      .slice(1),
  view: as => as.table('There is none.', ['code', row => hex(row.code)], ['type', row => row.name]),
})

const ofType = subcommand({
  name: 'TYPE',
  summary: 'the sensors of a type',
  args: { type: text('TYPE', 'a name such as Temperature, or a number') },
  async run(context, { type: word }) {
    const names = (code: number) =>
      [sensorTypeName(code), sensorTypeWords[code] ?? ''].map(name => name.toLowerCase())
    const isType = ({ sensorType }: SensorRecord) =>
      names(sensorType).includes(word.toLowerCase()) || sensorType === Number(word)
    const records = (await readRecords(context)).filter(isSensor)
    return readSensors(context, records.filter(isType), 'ofRecord')
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
  ipmitool: sdrElist,
})

const type = group('type', 'the sensors of a type, or the types', [types], {
  whenAlone: 'list',
  otherwise: ofType,
})

const entity = subcommand({
  name: 'entity',
  summary: 'the records of an entity',
  args: { entity: text('ID[.INSTANCE]', 'for example 3.1, or a name such as processor') },
  async run(context, { entity: word }) {
    const [id, instance] = word.split('.')
    return listed(
      context,
      'all',
      ({ entity: of }) =>
        (of.id === Number(id) || entityName(of.id).toLowerCase() === word.toLowerCase()) &&
        (instance === undefined || of.instance === Number(instance)),
    )
  },
  data: rows => rows.map(listedData),
  view: as =>
    as.table(
      'There is no record of this entity.',
      ['entity', row => entityText(row.record)],
      ['sensor', row => row.record.id],
      ['reading', listedText],
      ['status', listedStatus],
    ),
  ipmitool: sdrElist,
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
    writeNamedFile(path, Buffer.concat(records.map(encodeSdr)))
    return { file: path, records: records.length }
  },
  view: as => as.lines(({ file: path, records }) => `${records} records are in ${path}.`),
})

export const sdr = group(
  'sdr',
  'sensor data records and what their sensors read',
  [list, elist, type, entity, get, info, dump],
  { whenAlone: 'list' },
)
