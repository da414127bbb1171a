/** `lastword sel add`, `save`, `writeraw`, `readraw` and `interpret`: records in files. IPMI 2.0 rev 1.1, section 32. */

import {
  decodeSelRecord,
  encodeSelRecord,
  SEL_RECORD_BYTES,
  type SelRecord,
  SelRecordType,
} from '../../protocol/sel-record.ts'
import { UNSPECIFIED_TIME } from '../../protocol/time-stamp.ts'
import { subcommand } from '../declare.ts'
import { hex } from '../hex.ts'
import { selList } from '../ipmitool/sel-list.ts'
import { linesOfNamedFile, readNamedFile } from '../named-file.ts'
import { choice, file, integer, UsageError } from '../params.ts'
import { recordFile } from '../record-file.ts'
import { eventText, readEntries, selEvent, sensorText } from '../sel-events.ts'
import { momentText } from '../times.ts'

export const add = subcommand({
  name: 'add',
  summary: 'adds the records of a file, sixteen bytes a line, # for remarks',
  args: { file: file('FILE', 'record ID and time stamp are given by the BMC') },
  async run({ bmc, signal }, { file: path }) {
    const records = linesOfNamedFile(path).map(({ line, where }) => recordOf(line, where))
    const { sel: log } = await bmc()
    const ids: number[] = []
    for (const record of records) ids.push(await log.add(record, { signal }))
    return { added: ids }
  },
  view: as => as.lines(({ added }) => `Added: ${added.map(id => hex(id, 4)).join(', ')}`),
})

function recordOf(line: string, where: string): SelRecord {
  const bytes = line.split(/[\s,]+/).map(Number)
  const isRecord =
    bytes.length === SEL_RECORD_BYTES &&
    bytes.every(byte => Number.isInteger(byte) && byte >= 0 && byte <= 0xff)
  if (!isRecord) throw new UsageError(`${where}: a record is sixteen bytes, "${line}" is not`)
  return decodeSelRecord(Uint8Array.from(bytes))
}

export const save = recordFile({
  name: 'save',
  summary: 'writes the records into a file that sel add can read',
  read: readEntries,
  encode(record) {
    const event = selEvent(record)
    const bytes = Array.from(encodeSelRecord(record), byte => hex(byte)).join(' ')
    return `${bytes} # ${[momentText(event), sensorText(event), eventText(event)].join(', ')}\n`
  },
})

export const writeraw = recordFile({
  name: 'writeraw',
  summary: 'writes the raw records into a file',
  read: readEntries,
  encode: encodeSelRecord,
})

export const readraw = subcommand({
  name: 'readraw',
  summary: 'the records of a file that writeraw wrote; needs no BMC',
  args: { file: file('FILE', 'raw records') },
  async run(_, { file: path }) {
    const raw = readNamedFile(path)
    if (raw.length % SEL_RECORD_BYTES !== 0)
      throw new UsageError(`${path}: records have ${SEL_RECORD_BYTES} bytes each`)
    return Array.from({ length: raw.length / SEL_RECORD_BYTES }, (_, index) =>
      decodeSelRecord(raw.subarray(index * SEL_RECORD_BYTES, (index + 1) * SEL_RECORD_BYTES)),
    )
  },
  data: records => records.map(record => selEvent(record)),
  view: as =>
    as.table(
      'The file has no record.',
      ['ID', record => record.recordId.toString(16), 'right'],
      ['time', record => momentText(selEvent(record))],
      ['sensor', record => sensorText(selEvent(record))],
      ['event', record => eventText(selEvent(record))],
    ),
  ipmitool: (records, style) => selList({ records }, style),
})

/** `0x001F: Event: at Mar 27 06:41:10 2007;from:(0x9a,0,7); sensor:(0xc3,119); event:0x6f(asserted): 0xA3 0x00 0x88` */
const SHELF_LINE =
  /^(0x[\da-f]+): Event: at ([^;]+); *from:\((0x[\da-f]+),(\d+),(\d+)\); *sensor:\((0x[\da-f]+),(\d+)\); *event:(0x[\da-f]+)\((a|dea)sserted\):((?: 0x[\da-f]{2}){1,3})\s*$/i

function shelfRecord(line: string, where: string): SelRecord {
  const [, id, time, from, lun, channel, type, sensor, event, direction, data] = SHELF_LINE.exec(line) ?? []
  if (id === undefined) throw new UsageError(`${where}: "${line}" is no event of a shelf manager`)
  const ms = Date.parse(`${time} UTC`)
  const bytes = data!.trim().split(' ').map(Number)
  return {
    kind: 'system',
    recordId: Number(id),
    recordType: SelRecordType.SystemEvent,
    timestamp: Number.isNaN(ms) ? UNSPECIFIED_TIME : ms / 1000,
    generatorId: Number(from),
    generator: { lun: Number(lun), channel: Number(channel) },
    evmRev: 0x04,
    sensorType: Number(type),
    sensorNumber: Number(sensor),
    event: { type: Number(event) & 0x7f, deassertion: direction !== 'a' },
    data: Uint8Array.of(bytes[0]!, bytes[1] ?? 0xff, bytes[2] ?? 0xff),
  }
}

export const interpret = subcommand({
  name: 'interpret',
  summary: "the events of a shelf manager's listing; needs no BMC",
  args: {
    iana: integer('IANA', 'the enterprise number of the maker, for ipmitool’s words', { max: 0xffffff }),
    file: file('FILE', 'a listing'),
    format: choice(['pps'], 'of a shelf manager of Pigeon Point Systems'),
  },
  async run(_, { iana, file: path, format }) {
    const records = readNamedFile(path)
      .toString('utf8')
      .split('\n')
      .flatMap((line, index) => (line.trim() === '' ? [] : [shelfRecord(line, `${path}:${index + 1}`)]))
    return { maker: iana, format, records }
  },
  data: ({ records }) => records.map(record => selEvent(record)),
  view: as =>
    as.lines(({ records }) =>
      records
        .map(record => selEvent(record))
        .map(event =>
          [hex(event.id, 4), momentText(event), sensorText(event), eventText(event), event.direction].join(
            '  ',
          ),
        )
        .join('\n'),
    ),
  ipmitool: ({ records, maker }, style) => selList({ records, maker }, style),
})
