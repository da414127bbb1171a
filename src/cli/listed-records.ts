/** Records that `sdr list` shows: sensors with what they read, and others for what they are. IPMI 2.0 rev 1.1, section 43. */
import type {
  EventOnlyRecord,
  FruLocatorRecord,
  GenericLocatorRecord,
  McLocatorRecord,
  SdrRecord,
  SensorRecord,
} from '../protocol/sdr/record.ts'
import { entityName } from '../protocol/sensor/entities.ts'
import { hex } from './hex.ts'
import { isSensor, readingText, type Sensor, sensorData, statusText } from './sensors.ts'

/** ipmitool's words for the kinds. */
export const listedKinds = {
  full: 'full',
  compact: 'compact',
  event: 'eventOnly',
  mcloc: 'mcLocator',
  fru: 'fruLocator',
  generic: 'genericLocator',
} as const

export type ListedWord = keyof typeof listedKinds
export const listedWords = Object.keys(listedKinds) as ListedWord[]

/** Records that have nothing to read. */
export type OtherListed = EventOnlyRecord | McLocatorRecord | FruLocatorRecord | GenericLocatorRecord
export type Listed = Sensor | { record: OtherListed }

export function isListed(record: SdrRecord): record is SensorRecord | OtherListed {
  return (Object.values(listedKinds) as string[]).includes(record.kind)
}

export function isAnswer(row: Listed): row is Sensor {
  return isSensor(row.record)
}

/** One row a record, in the order of the records. */
export function inOrderOf(
  records: readonly (SensorRecord | OtherListed)[],
  sensors: readonly Sensor[],
): Listed[] {
  const answers = new Map<SdrRecord, Sensor[]>()
  for (const sensor of sensors) answers.set(sensor.record, [...(answers.get(sensor.record) ?? []), sensor])
  return records.flatMap((record): Listed[] =>
    isSensor(record) ? (answers.get(record) ?? []) : [{ record }],
  )
}

function otherText(record: OtherListed): string {
  switch (record.kind) {
    case 'eventOnly':
      return 'sends events only'
    case 'mcLocator':
      return `${record.initialization.isStatic ? 'static' : 'dynamic'} controller at ${hex(record.slaveAddress)}`
    case 'fruLocator':
      return `${record.device.isLogical ? 'logical' : 'physical'} FRU ${hex(record.device.fruId)}`
    case 'genericLocator':
      return `device at ${hex(record.device.slaveAddress << 1)} behind ${hex(record.device.accessAddress << 1)}`
  }
}

export function listedText(row: Listed): string {
  return isAnswer(row) ? readingText(row) : otherText(row.record)
}

export function listedStatus(row: Listed): string {
  return isAnswer(row) ? statusText(row) : ''
}

/** What programs get. */
export function listedData(row: Listed) {
  if (isAnswer(row)) return sensorData(row)
  const { id: name, entity, kind, ...rest } = row.record
  return { name, kind, entity: { ...entity, name: entityName(entity.id) }, ...rest }
}
