/** `lastword event`: sends an event to the BMC, which logs it. IPMI 2.0 rev 1.1, section 29.3. */
import { SEL_RECORD_BYTES, SelRecordType } from '../../protocol/sel-record.ts'
import { group, subcommand } from '../declare.ts'
import { linesOfNamedFile } from '../named-file.ts'
import { file, integer, many, UsageError } from '../params.ts'
import { send } from '../send-event.ts'
import { ofSensor } from './event-sensor.ts'

/** Behind the generator: revision, sensor type, sensor number, event, three bytes of data. */
const EVENT_BYTES = 7

interface Predefined {
  readonly name: string
  readonly summary: string
  readonly bytes: readonly number[]
}

/** The events of ipmitool's `event 1` to `event 3`: a temperature sensor, a voltage sensor, memory. */
const predefined: readonly Predefined[] = [
  {
    name: '1',
    summary: 'temperature: upper critical, going high',
    bytes: [0x04, 0x01, 0x30, 0x01, 0x09, 0xff, 0xff],
  },
  {
    name: '2',
    summary: 'voltage threshold: lower critical, going low',
    bytes: [0x04, 0x02, 0x60, 0x01, 0x02, 0xff, 0xff],
  },
  { name: '3', summary: 'memory: correctable ECC', bytes: [0x04, 0x0c, 0x53, 0x6f, 0x00, 0xff, 0xff] },
]

function predefinedCommand({ name, summary, bytes }: Predefined) {
  return subcommand({
    name,
    summary,
    run: context => send(context, bytes),
    view: as => as.lines(({ event }) => `Sent: ${event}`),
  })
}

const fromFile = subcommand({
  name: 'file',
  summary: 'the events of a file, seven bytes a line or a record of the SEL, # for remarks',
  args: { file: file('FILE', 'lines such as 0x04 0x01 0x30 0x01 0x09 0xff 0xff, or of sel save') },
  async run(context, { file: path }) {
    const events = linesOfNamedFile(path).map(({ line, where }) => eventOf(line, where))
    const sent = []
    for (const bytes of events) sent.push(await send(context, bytes))
    return sent
  },
  view: as => as.table('The file has no event.', ['sent', ({ event }) => event]),
})

function eventOf(line: string, where: string): readonly number[] {
  const bytes = line.split(/\s+/).map(Number)
  const areBytes = bytes.every(byte => byte >= 0 && byte <= 0xff && Number.isInteger(byte))
  if (areBytes && bytes.length === EVENT_BYTES) return bytes
  // A record ends with the bytes of its event.
  const isEvent = bytes.length === SEL_RECORD_BYTES && bytes[2] === SelRecordType.SystemEvent
  if (areBytes && isEvent) return bytes.slice(-EVENT_BYTES)
  throw new UsageError(`${where}: an event is seven bytes, or sixteen of a record, "${line}" is not`)
}

const raw = subcommand({
  name: 'raw',
  summary: 'an event of seven bytes: revision, sensor type, number, event, data',
  args: { bytes: many(integer('BYTE', 'seven of them', { max: 0xff })) },
  run(context, { bytes }) {
    if (bytes.length !== EVENT_BYTES)
      throw new UsageError(`an event is ${EVENT_BYTES} bytes, not ${bytes.length}`)
    return send(context, bytes)
  },
  view: as => as.lines(({ event }) => `Sent: ${event}`),
})

export const event = group(
  'event',
  'sends an event to the BMC, which logs it',
  [...predefined.map(predefinedCommand), fromFile, raw],
  { otherwise: ofSensor },
)
