/** What a sensor's answer means: value, unit, states, thresholds. IPMI 2.0 rev 1.1, sections 35 and 36. */
import type { ResponseOf } from '../protocol/command.ts'
import type { GetSensorReading, GetSensorThresholds } from '../protocol/commands/sensor.ts'
import type { FullSensorRecord, SensorRecord } from '../protocol/sdr/record.ts'
import { type ReadingScale, scaleOf, toValue } from '../protocol/sensor/conversion.ts'
import { entityName } from '../protocol/sensor/entities.ts'
import { EventType, type ThresholdName, thresholdNames } from '../protocol/sensor/event-types.ts'
import type { ReadingFactors } from '../protocol/sensor/reading-factors.ts'
import { sensorTypeName, stateName } from '../protocol/sensor/sensor-types.ts'
import { unitOf } from '../protocol/sensor/units.ts'

/** What the BMC answered about one sensor; a part is missing where it refused. */
export interface SensorAnswer {
  record: SensorRecord
  reading?: ResponseOf<typeof GetSensorReading>
  /** When they were asked for, and only of threshold sensors. */
  thresholds?: ResponseOf<typeof GetSensorThresholds>
  /** Of this reading, when the record's factors do not hold for all. */
  factors?: ReadingFactors
}

/** How a sensor is: from a threshold sensor's comparisons; `notRead` when it has no reading now. */
export type SensorStatus = 'ok' | 'nonCritical' | 'critical' | 'nonRecoverable' | 'notRead'

export interface SensorState {
  name: string
  number: number
  /** `Temperature`, `Fan` … */
  type: string
  entity: { id: number; instance: number; name: string }
  status: SensorStatus
  /** In `unit`; only of sensors with an analog reading. */
  value?: number
  unit: string
  /** The words for each state that holds; of a threshold sensor the thresholds that are crossed. */
  states: string[]
  /** In `unit`, those that can be read. */
  thresholds: Partial<Record<ThresholdName, number>>
  record: SensorRecord
}

export function sensorState(answer: SensorAnswer): SensorState {
  const { record, reading } = answer
  const isRead = reading?.status.scanning === true && !reading.status.unavailable
  const scale = scaleOfAnswer(answer)
  const value = isRead && scale !== undefined ? toValue(reading.reading, scale) : undefined
  const bits = isRead ? (reading.states ?? 0) | (((reading.moreStates ?? 0) & 0x7f) << 8) : 0
  const isThreshold = record.event.type === EventType.Threshold
  return {
    name: record.id,
    number: record.sensorNumber,
    type: sensorTypeName(record.sensorType),
    entity: { id: record.entity.id, instance: record.entity.instance, name: entityName(record.entity.id) },
    status: isRead ? (isThreshold ? severityOf(bits) : 'ok') : 'notRead',
    ...(value === undefined ? {} : { value }),
    unit: scale === undefined ? '' : unitOf(record),
    states: isThreshold ? crossed(bits) : wordsOf(record, bits),
    thresholds: scale === undefined ? {} : thresholdsOf(answer, scale),
    record,
  }
}

/** A non-linear sensor's factors are those of its reading. */
function scaleOfAnswer({ record, factors }: SensorAnswer): ReadingScale | undefined {
  if (record.kind !== 'full' || record.units.analogFormat === 'none') return undefined
  return factors === undefined ? scaleOf(record) : { ...scaleOf(record), factors }
}

/** The states byte of a threshold sensor has a bit for each threshold that is crossed. */
function severityOf(bits: number): SensorStatus {
  const is = (...names: ThresholdName[]) => names.some(name => bits & (1 << thresholdNames.indexOf(name)))
  if (is('lowerNonRecoverable', 'upperNonRecoverable')) return 'nonRecoverable'
  if (is('lowerCritical', 'upperCritical')) return 'critical'
  return is('lowerNonCritical', 'upperNonCritical') ? 'nonCritical' : 'ok'
}

function crossed(bits: number): string[] {
  return thresholdNames.filter((_, index) => bits & (1 << index))
}

function wordsOf(record: SensorRecord, bits: number): string[] {
  const words: string[] = []
  for (let offset = 0; offset < 15; offset++) {
    if ((bits & (1 << offset)) === 0) continue
    words.push(stateName(record.sensorType, record.event.type, offset) ?? `state ${offset}`)
  }
  return words
}

/** Those that the BMC gave, or the record's own. */
function thresholdsOf(answer: SensorAnswer, scale: ReadingScale): SensorState['thresholds'] {
  const { record, thresholds: given } = answer
  const own = (record as FullSensorRecord).thresholds
  const values: SensorState['thresholds'] = {}
  thresholdNames.forEach((name, index) => {
    const isReadable = given?.readable[name] ?? (record.readingMask & (1 << index)) !== 0
    const value = toValue((given ?? own)[name], scale)
    if (isReadable && value !== undefined) values[name] = value
  })
  return values
}
