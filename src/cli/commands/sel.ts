/** `lastword sel`: the System Event Log. IPMI 2.0 rev 1.1, section 31. */

import { GetSelAllocationInfo, GetSelEntry } from '../../protocol/commands/sel.ts'
import { decodeSelRecord, type SelRecord } from '../../protocol/sel-record.ts'
import { isoTime } from '../../protocol/time-stamp.ts'
import { type Context, group, subcommand } from '../declare.ts'
import { hex } from '../hex.ts'
import { selInfo, selTime } from '../ipmitool/sel-info.ts'
import { selElist, selList } from '../ipmitool/sel-list.ts'
import { unlessRefused } from '../parameters.ts'
import { integer, many, optional, text, UsageError } from '../params.ts'
import { flagPhrases } from '../phrase.ts'
import { eventText, readEntries, selEvent, sensorNames, sensorText } from '../sel-events.ts'
import { readRecords } from '../sensors.ts'
import {
  LAST_TIME,
  lastTimes,
  lastTimeText,
  type Moment,
  momentOf,
  momentText,
  secondsOfDate,
} from '../times.ts'
import { add, interpret, readraw, save, writeraw } from './sel-files.ts'

const info = subcommand({
  name: 'info',
  summary: 'how full the SEL is and what it can do',
  async run({ bmc, signal }) {
    const open = await bmc()
    const about = await open.sel.info({ signal })
    const allocation = about.supports.allocationInfo
      ? await open.run(GetSelAllocationInfo, {}, { signal }).catch(unlessRefused)
      : undefined
    return { info: about, allocation }
  },
  data: ({ info: about, allocation }) => ({
    ...about,
    ...lastTimes(about, 'lastAdded', 'lastErased'),
    allocation,
  }),
  view: as =>
    as.record(
      ['version', data => data.info.version],
      ['entries', data => data.info.entries],
      ['free', data => `${data.info.freeBytes} bytes`],
      ['last addition', data => lastTimeText(data.info.lastAdded)],
      ['last erasure', data => lastTimeText(data.info.lastErased)],
      ['overflow', data => data.info.supports.overflow],
      ['supports', ({ info: { supports } }) => flagPhrases({ ...supports, overflow: false })],
      ['free units', data => data.allocation?.freeUnits],
    ),
  ipmitool: ({ info: about, allocation }, clock) => selInfo(about, allocation, clock),
})

const selection = {
  selection: many(text('[first|last] N', 'only so many records, the first ones unless last')),
}

interface Chosen {
  from: 'first' | 'last'
  count: number | undefined
}

function chosen(words: readonly string[]): Chosen {
  const from = words[0] === 'last' ? 'last' : 'first'
  const number = words[0] === 'first' || words[0] === 'last' ? words[1] : words[0]
  if (words[0] !== undefined && (number === undefined || !/^\d+$/.test(number))) {
    throw new UsageError('sel: give first N or last N')
  }
  // As with ipmitool, 0 is all of them.
  return { from, count: Number(number ?? 0) === 0 ? undefined : Number(number) }
}

async function chosenEntries(context: Context, words: readonly string[]): Promise<SelRecord[]> {
  const { from, count } = chosen(words)
  const records = await readEntries(context)
  if (count === undefined) return records
  return from === 'first' ? records.slice(0, count) : records.slice(Math.max(0, records.length - count))
}

const list = subcommand({
  name: 'list',
  summary: 'the records of the SEL',
  args: selection,
  run: (context, { selection: words }) => chosenEntries(context, words),
  data: records => records.map(record => selEvent(record)),
  view: as =>
    as.table(
      'The SEL is empty.',
      ['ID', record => record.recordId.toString(16), 'right'],
      ['time', record => momentText(selEvent(record))],
      ['sensor', record => sensorText(selEvent(record))],
      ['event', record => eventText(selEvent(record))],
      ['state', record => selEvent(record).direction],
    ),
  ipmitool: async (records, context) => selList({ records, maker: await context.maker() }, context),
})

const elist = subcommand({
  name: 'elist',
  summary: "the same with the sensors' names from the SDRs",
  args: selection,
  async run(context, { selection: words }) {
    const [records, sdrs] = await Promise.all([chosenEntries(context, words), readRecords(context)])
    return { records, sdrs }
  },
  data({ records, sdrs }) {
    const names = sensorNames(sdrs)
    return records.map(record => selEvent(record, names))
  },
  view: as =>
    as.lines(({ records, sdrs }) => {
      const names = sensorNames(sdrs)
      const lines = records.map(record => {
        const event = selEvent(record, names)
        const parts = [
          record.recordId.toString(16).padStart(4),
          momentText(event),
          sensorText(event),
          eventText(event),
        ]
        return [...parts, event.direction ?? ''].filter(part => part !== '').join('  ')
      })
      return lines.length === 0 ? 'The SEL is empty.' : lines.join('\n')
    }),
  ipmitool: async (data, context) => selElist({ ...data, maker: await context.maker() }, context),
})

const idArgs = { ids: many(integer('ID', 'record IDs, 0x before hexadecimal ones', { max: 0xffff })) }

const get = subcommand({
  name: 'get',
  summary: 'everything that some records say',
  args: idArgs,
  async run({ bmc, signal }, { ids }) {
    if (ids.length === 0) throw new UsageError('sel get wants a record ID')
    const open = await bmc()
    return Promise.all(
      ids.map(async recordId => {
        const request = { reservationId: 0, recordId, offset: 0, count: 0xff }
        return decodeSelRecord((await open.run(GetSelEntry, request, { signal })).data)
      }),
    )
  },
  data: records => records.map(record => selEvent(record)),
  view: as =>
    as.table(
      'There is none.',
      ['ID', record => hex(record.recordId, 4)],
      ['type', record => hex(record.recordType)],
      ['time', record => momentText(selEvent(record))],
      ['generator', record => (record.kind === 'system' ? hex(record.generatorId) : '')],
      ['sensor', record => sensorText(selEvent(record))],
      ['event', record => eventText(selEvent(record))],
      ['direction', record => selEvent(record).direction],
      ['data', record => Buffer.from(record.data).toString('hex')],
    ),
})

const clear = subcommand({
  name: 'clear',
  summary: 'erases all records, and waits until that is done',
  async run({ bmc, signal }) {
    await (await bmc()).sel.clear({ signal })
    return { sel: 'cleared' }
  },
  view: as => as.lines(() => 'The SEL is empty.'),
})

const remove = subcommand({
  name: 'delete',
  summary: 'deletes some records',
  args: idArgs,
  async run({ bmc, signal }, { ids }) {
    if (ids.length === 0) throw new UsageError('sel delete wants a record ID')
    const { sel: log } = await bmc()
    for (const id of ids) await log.delete(id, { signal })
    return { deleted: ids }
  },
  view: as => as.lines(({ deleted }) => `Deleted: ${deleted.map(id => hex(id, 4)).join(', ')}`),
})

/** Where the clock stands, or how long ago the BMC was started. */
function clockOf(seconds: number): Moment & { seconds: number } {
  return { seconds, ...momentOf(seconds) }
}

const timeGet = subcommand({
  name: 'get',
  summary: 'the clock of the SEL',
  async run({ bmc, signal }) {
    return clockOf(await (await bmc()).sel.time({ signal }))
  },
  view: as => as.lines(momentText),
  ipmitool: ({ seconds }, clock) => selTime(seconds, clock),
})

const timeSet = subcommand({
  name: 'set',
  summary: 'sets the clock of the SEL',
  args: {
    time: text('TIME', 'now, a date such as 2026-11-25T09:00:00Z, or MM/DD/YYYY HH:MM:SS'),
    clock: optional(text('HH:MM:SS', 'behind MM/DD/YYYY')),
  },
  async run({ bmc, signal }, { time, clock }) {
    const seconds = secondsOf(clock === undefined ? time : `${time} ${clock}`)
    await (await bmc()).sel.setTime(seconds, { signal })
    return clockOf(seconds)
  },
  view: as => as.lines(momentText),
  ipmitool: ({ seconds }, clock) => selTime(seconds, clock),
})

function secondsOf(words: string): number {
  if (words === 'now') return Math.floor(Date.now() / 1000)
  const seconds = secondsOfDate(words)
  if (seconds === undefined) throw new UsageError(`time: "${words}" is neither now nor a date that there is`)
  if (seconds < 0 || seconds > LAST_TIME) {
    const [first, last] = [0, LAST_TIME].map(limit => isoTime(new Date(limit * 1000)))
    throw new UsageError(`time: "${words}" is not within ${first} and ${last}`)
  }
  return seconds
}

const lastwords = subcommand({
  name: 'lastwords',
  summary: 'the crashes that the SEL tells of, one sentence each',
  run: async ({ bmc, signal }) => (await bmc()).sel.sentences({ signal }),
  view: as =>
    as.lines(sentences => (sentences.length === 0 ? 'The SEL tells of no crash.' : sentences.join('\n'))),
})

export const sel = group(
  'sel',
  'the System Event Log',
  [
    info,
    list,
    elist,
    get,
    clear,
    remove,
    add,
    group('time', 'the clock of the SEL', [timeGet, timeSet]),
    save,
    writeraw,
    readraw,
    interpret,
    lastwords,
  ],
  { whenAlone: 'info' },
)
