/** SEL records in words: time, sensor, event. IPMI 2.0 rev 1.1, section 32. */
import type { SdrRecord } from '../protocol/sdr/record.ts'
import { type SelRecord, SelRecordType, type SystemEventRecord } from '../protocol/sel-record.ts'
import { sensorTypeName, stateName } from '../protocol/sensor/sensor-types.ts'
import type { Context } from './declare.ts'
import { hex, hexBytes, readableText } from './hex.ts'
import { type Moment, momentOf } from './times.ts'

export interface SelEvent extends Moment {
  id: number
  kind: SelRecord['kind']
  sensor?: string
  sensorType?: string
  sensorNumber?: number
  event?: string
  direction?: 'asserted' | 'deasserted'
  recordType: number
  manufacturerId?: number
  /** A piece of a panic's text. */
  text?: string
  data: Uint8Array
}

/** All records, with a bar while they are read. */
export async function readEntries(context: Context): Promise<SelRecord[]> {
  const open = await context.bmc()
  const { entries } = await open.sel.info({ signal: context.signal })
  using progress = await context.progress('reading the SEL', entries)
  const records: SelRecord[] = []
  for await (const record of open.sel.entries({ signal: context.signal })) {
    records.push(record)
    progress.to(records.length)
  }
  return records
}

/** Names of sensors, by who owns them and their number. */
export type SensorNames = ReadonlyMap<string, string>

function nameKey(ownerId: number, sensorNumber: number): string {
  return `${ownerId}/${sensorNumber}`
}

export function sensorNames(records: readonly SdrRecord[]): SensorNames {
  const names = new Map<string, string>()
  for (const record of records) {
    const isSensor = record.kind === 'full' || record.kind === 'compact' || record.kind === 'eventOnly'
    if (isSensor) names.set(nameKey(record.owner.id, record.sensorNumber), record.id)
  }
  return names
}

export function selEvent(record: SelRecord, names: SensorNames = new Map()): SelEvent {
  const { recordId: id, kind, recordType, data } = record
  const head = { id, kind, recordType, data }
  if (record.kind === 'system')
    return { ...head, ...momentOf(record.timestamp), ...systemEvent(record, names) }
  if (record.kind === 'oemTimestamped') {
    return { ...head, ...momentOf(record.timestamp), manufacturerId: record.manufacturerId }
  }
  if (recordType !== SelRecordType.LinuxPanicText) return { ...head, time: null }
  return { ...head, time: null, text: readableText(data.subarray(2)) }
}

function systemEvent(
  { sensorType, sensorNumber, event, data, generatorId }: SystemEventRecord,
  names: SensorNames,
) {
  const offset = data[0]! & 0x0f
  const sensor = names.get(nameKey(generatorId, sensorNumber))
  return {
    ...(sensor === undefined ? {} : { sensor }),
    sensorType: sensorTypeName(sensorType),
    sensorNumber,
    event: stateName(sensorType, event.type, offset) ?? `event type ${hex(event.type)}, offset ${offset}`,
    direction: event.deassertion ? ('deasserted' as const) : ('asserted' as const),
  }
}

export function sensorText({ sensor, sensorType, sensorNumber }: SelEvent): string {
  if (sensorType === undefined) return ''
  return sensor === undefined ? `${sensorType} ${hex(sensorNumber ?? 0)}` : `${sensor} (${sensorType})`
}

export function eventText({ event, text, recordType, manufacturerId, data }: SelEvent): string {
  if (event !== undefined) return event
  if (text !== undefined) return `panic: ${text}`
  const maker = manufacturerId === undefined ? '' : ` of maker ${manufacturerId}`
  return `OEM record ${hex(recordType)}${maker}: ${hexBytes(data)}`
}
