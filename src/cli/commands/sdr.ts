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
import { choice, many, optional, readInteger, text, UsageError } from '../params.ts'
import { recordFile } from '../record-file.ts'
import { recordData, recordWords } from '../sdr-words.ts'
import {
  isSensor,
  readingText,
  readRecords,
  readSensors,
  refuseUnknown,
  sensorData,
  statusText,
} from '../sensors.ts'
import { lastTimes, lastTimeText } from '../times.ts'

const MAX_BYTE = 0xff

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

/** Of a number, or of a name in the words of the specification or of ipmitool. */
function typeCodes(word: string): number[] {
  if (/^\d/.test(word)) return [readInteger(word, 'type', { max: MAX_BYTE })]
  const codes = Array.from({ length: MAX_BYTE + 1 }, (_, code) => code).filter(code =>
    [sensorTypeName(code), sensorTypeWords[code]].some(name => name?.toLowerCase() === word.toLowerCase()),
  )
  if (codes.length > 0) return codes
  throw new UsageError(
    `sdr type: there is no type "${word}"`,
    `There are: ${sensorTypeNames().slice(1).join(', ')}.`,
  )
}

const ofType = subcommand({
  name: 'TYPE',
  summary: 'the sensors of a type',
  args: { type: text('TYPE', 'a name such as Temperature, or a number') },
  async run(context, { type: word }) {
    const codes = typeCodes(word)
    const records = (await readRecords(context)).filter(isSensor)
    const chosen = records.filter(({ sensorType }) => codes.includes(sensorType))
    return readSensors(context, chosen, 'ofRecord')
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

function entitiesOf(word: string): { ids: number[]; instance?: number } {
  const [, name = word, instance] = /^(.*)\.(\d+)$/.exec(word) ?? []
  const ids = /^\d/.test(name)
    ? [readInteger(name, 'entity', { max: MAX_BYTE })]
    : Array.from({ length: MAX_BYTE + 1 }, (_, id) => id).filter(
        id => entityName(id).toLowerCase() === name.toLowerCase(),
      )
  if (ids.length === 0)
    throw new UsageError(
      `sdr entity: there is no entity "${name}"`,
      'Give its number, or its name as sdr elist shows it.',
    )
  if (instance === undefined) return { ids }
  return { ids, instance: readInteger(instance, 'instance', { max: MAX_BYTE }) }
}

const entity = subcommand({
  name: 'entity',
  summary: 'the records of an entity',
  args: { entity: text('ID[.INSTANCE]', 'for example 3.1, or a name such as processor') },
  async run(context, { entity: word }) {
    const { ids, instance } = entitiesOf(word)
    return listed(
      context,
      'all',
      ({ entity: of }) => ids.includes(of.id) && (instance === undefined || of.instance === instance),
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
    refuseUnknown((await context.bmc()).url, names, records, 'sdr list all')
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
  data: about => ({ ...about, ...lastTimes(about, 'lastAdded', 'lastErased') }),
  view: as =>
    as.record(
      ['version', data => data.version],
      ['records', data => data.records],
      ['free', data => `${data.freeBytes} bytes`],
      ['last addition', data => lastTimeText(data.lastAdded)],
      ['last erasure', data => lastTimeText(data.lastErased)],
    ),
})

const dump = recordFile({
  name: 'dump',
  summary: 'writes the raw records into a file',
  read: readRecords,
  encode: encodeSdr,
})

export const sdr = group(
  'sdr',
  'sensor data records and what their sensors read',
  [list, elist, type, entity, get, info, dump],
  { whenAlone: 'list' },
)
