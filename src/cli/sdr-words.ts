/** Sensor data records in words: values in the sensor's unit, names for codes. IPMI 2.0 rev 1.1, section 43. */
import type {
  EventOnlyRecord,
  FruLocatorRecord,
  FullSensorRecord,
  McLocatorRecord,
  SdrRecord,
  SensorRecord,
} from '../protocol/sdr/record.ts'
import { accuracyPercent, scaleOf, toDistance, toleranceOf, toValue } from '../protocol/sensor/conversion.ts'
import { entityName } from '../protocol/sensor/entities.ts'
import {
  EventType,
  genericState,
  type ThresholdName,
  thresholdNames,
} from '../protocol/sensor/event-types.ts'
import { sensorTypeName, stateName } from '../protocol/sensor/sensor-types.ts'
import { unitOf } from '../protocol/sensor/units.ts'
import { hex } from './hex.ts'
import { pairsText, type WordPair, wordPairs } from './output/pairs.ts'
import { flagPhrases, onOff, phrase } from './phrase.ts'
import { numberText, shortNames } from './sensors.ts'

type AnySensor = SensorRecord | EventOnlyRecord

function isOfSensor(record: SdrRecord): record is AnySensor {
  return record.kind === 'full' || record.kind === 'compact' || record.kind === 'eventOnly'
}

/** What programs get: names and values in the unit, and the record as it stands. */
export function recordData(record: SdrRecord): object {
  if (!isOfSensor(record)) {
    return 'entity' in record ? { ...record, entity: namedEntity(record) } : record
  }
  return {
    kind: record.kind,
    recordId: record.recordId,
    name: record.id,
    number: record.sensorNumber,
    type: sensorTypeName(record.sensorType),
    eventType: eventTypeName(record.event.type),
    entity: namedEntity(record),
    ...(record.kind === 'full' && record.units.analogFormat !== 'none' ? valuesOf(record) : {}),
    ...(record.kind === 'eventOnly' ? {} : { events: eventsOf(record) }),
    record,
  }
}

/** What people read. */
export function recordWords(record: SdrRecord): string {
  if (record.kind === 'fruLocator') return pairsText(fruPairs(record))
  if (record.kind === 'mcLocator') return pairsText(mcPairs(record))
  if (!isOfSensor(record))
    return pairsText(wordPairs({ ...record, kind: phrase(record.kind), entity: entityOf(record) }))
  const { owner } = record
  return pairsText([
    ['sensor', record.id],
    recordPair(record),
    ['number', hex(record.sensorNumber)],
    ['type', `${sensorTypeName(record.sensorType)} (${hex(record.sensorType)})`],
    ['event type', `${eventTypeName(record.event.type)} (${hex(record.event.type)})`],
    ['entity', entityOf(record)],
    ['owner', `${hex(owner.id)}, LUN ${owner.lun}, channel ${owner.channel}`],
    ...(record.kind === 'full' ? valuePairs(record) : []),
    ...(record.kind === 'full' ? [] : sharingPairs(record)),
    ...(record.kind === 'eventOnly' ? [] : behaviourPairs(record)),
  ])
}

function namedEntity({ entity }: Pick<AnySensor, 'entity'>) {
  return { ...entity, name: entityName(entity.id) }
}

function entityOf(record: SdrRecord): string | undefined {
  if (!('entity' in record)) return undefined
  const { id, instance, isLogical } = record.entity
  return `${id}.${instance} ${entityName(id)}${isLogical ? ', logical' : ''}`
}

function recordPair({ recordId, kind }: SdrRecord): WordPair {
  return ['record', `${hex(recordId, 4)}, ${phrase(kind)}`]
}

function fruPairs(record: FruLocatorRecord): WordPair[] {
  const { device } = record
  return [
    ['FRU', record.id],
    recordPair(record),
    ['reached by', `${hex(device.accessAddress << 1)}, LUN ${device.lun}, channel ${device.channel}`],
    device.isLogical
      ? ['FRU ID', String(device.fruId)]
      : ['device', `slave address ${hex(device.fruId)} on bus ${device.bus}`],
    ['device type', `${hex(record.deviceType)}, modifier ${hex(record.deviceTypeModifier)}`],
    ['entity', entityOf(record)],
  ]
}

function mcPairs(record: McLocatorRecord): WordPair[] {
  const { events, ...initialization } = record.initialization
  return [
    ['controller', record.id],
    recordPair(record),
    ['address', `${hex(record.slaveAddress)}, channel ${record.channel}`],
    ['entity', entityOf(record)],
    ['supports', flagPhrases(record.supports)],
    ['events at start', phrase(events)],
    ['initialization', flagPhrases(initialization)],
  ]
}

function eventTypeName(type: number): string {
  if (type === EventType.Threshold) return 'threshold'
  if (type === EventType.SensorSpecific) return 'sensor-specific'
  if (type === EventType.Unspecified) return 'unspecified'
  return type >= EventType.OemFirst ? 'OEM' : 'generic'
}

interface Values {
  unit: string
  nominal?: number
  normalMinimum?: number
  normalMaximum?: number
  minimum?: number
  maximum?: number
  /** Those that can be read. */
  thresholds: Partial<Record<ThresholdName, number>>
  settable: ThresholdName[]
  hysteresis: { positive: number; negative: number }
  tolerance: number
  accuracyPercent: number
}

/** Of a sensor whose factors differ from reading to reading, as its record has them. */
function valuesOf(record: FullSensorRecord): Values {
  const scale = scaleOf(record)
  const { analog, hysteresis, thresholds, readingMask } = record
  const value = <K extends string>(name: K, raw: number, isGiven = true): { [P in K]?: number } => {
    const converted = isGiven ? toValue(raw, scale) : undefined
    return converted === undefined ? {} : ({ [name]: converted } as { [P in K]?: number })
  }
  const isThreshold = record.event.type === EventType.Threshold
  const named = (shift: number) =>
    thresholdNames.filter((_, bit) => isThreshold && (readingMask & (1 << (bit + shift))) !== 0)
  return {
    unit: unitOf(record),
    ...value('nominal', record.nominal, analog.nominalGiven),
    ...value('normalMinimum', record.normalMinimum, analog.normalMinimumGiven),
    ...value('normalMaximum', record.normalMaximum, analog.normalMaximumGiven),
    ...value('minimum', record.minimum),
    ...value('maximum', record.maximum),
    thresholds: Object.assign({}, ...named(0).map(name => value(name, thresholds[name]))),
    settable: named(8),
    hysteresis: {
      positive: toDistance(hysteresis.positive, scale),
      negative: toDistance(hysteresis.negative, scale),
    },
    tolerance: toleranceOf(scale),
    accuracyPercent: accuracyPercent(scale),
  }
}

function valuePairs(record: FullSensorRecord): WordPair[] {
  if (record.units.analogFormat === 'none') return [['reading', 'no analog value']]
  const values = valuesOf(record)
  const withUnit = (value: number | undefined) =>
    value === undefined ? undefined : `${numberText(value)} ${values.unit}`.trim()
  const range = (from: number | undefined, to: number | undefined) =>
    from === undefined && to === undefined
      ? undefined
      : `${withUnit(from) ?? 'any'} to ${withUnit(to) ?? 'any'}`
  const { m, b, bExponent, resultExponent } = record.factors
  const limits = thresholdNames.filter(name => values.thresholds[name] !== undefined)
  return [
    ['unit', values.unit === '' ? 'none' : values.unit],
    ['nominal', withUnit(values.nominal)],
    ['normal', range(values.normalMinimum, values.normalMaximum)],
    ['range', range(values.minimum, values.maximum)],
    ['thresholds', limits.map(name => `${shortNames[name]} ${withUnit(values.thresholds[name])}`).join(', ')],
    ['settable', values.settable.map(name => shortNames[name]).join(', ')],
    [
      'hysteresis',
      `positive ${withUnit(values.hysteresis.positive)}, negative ${withUnit(values.hysteresis.negative)}`,
    ],
    ['tolerance', `±${withUnit(values.tolerance)}, accuracy ±${numberText(values.accuracyPercent)} %`],
    [
      'conversion',
      `${phrase(record.linearization)}, (${m}·x + ${b}·10^${bExponent})·10^${resultExponent}, ${phrase(record.units.analogFormat)}`,
    ],
  ]
}

function sharingPairs({ sharing }: Exclude<AnySensor, FullSensorRecord>): WordPair[] {
  return sharing.count < 2 ? [] : [['sensors', `${sharing.count}, with numbers from this one on`]]
}

interface Events {
  asserted: string[]
  deasserted: string[]
  /** States that can be read, of sensors without thresholds. */
  states: string[]
}

function eventsOf(record: SensorRecord): Events {
  const isThreshold = record.event.type === EventType.Threshold
  const offsets = Array.from({ length: isThreshold ? 12 : 15 }, (_, offset) => offset)
  const words = (mask: number) =>
    offsets
      .filter(offset => mask & (1 << offset))
      .map(
        offset =>
          (isThreshold
            ? genericState(EventType.Threshold, offset)
            : stateName(record.sensorType, record.event.type, offset)) ?? `state ${offset}`,
      )
  return {
    asserted: words(record.assertionMask),
    deasserted: words(record.deassertionMask),
    states: isThreshold ? [] : words(record.readingMask),
  }
}

function behaviourPairs(record: SensorRecord): WordPair[] {
  const { initialization, capabilities } = record
  const { scanningOn, eventsOn, isSettable, ...atStart } = initialization
  const { asserted, deasserted, states } = eventsOf(record)
  return [
    ['at power-up', `scanning ${onOff(scanningOn)}, events ${onOff(eventsOn)}`],
    ['initialized', flagPhrases(atStart).replaceAll('init ', '')],
    ['event control', phrase(capabilities.eventControl)],
    ['re-arm', capabilities.autoRearm ? 'automatic' : 'manual'],
    ['if absent', capabilities.ignoreIfAbsent ? 'ignored' : undefined],
    ['settings', isSettable ? 'can be changed' : undefined],
    ['states', states.join(', ')],
    ['events', asserted.join(', ')],
    ['gone events', deasserted.join(', ')],
  ]
}
