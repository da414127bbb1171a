/** A sensor of the world, made once from the configuration and shared by all BMCs: its record, scale and source. */
import type { FullSensorRecord, SdrRecord } from '../../protocol/sdr/record.ts'
import { type ReadingScale, toRaw } from '../../protocol/sensor/conversion.ts'
import { EntityId } from '../../protocol/sensor/entities.ts'
import { EventType, thresholdNames } from '../../protocol/sensor/event-types.ts'
import type { ReadingFactors } from '../../protocol/sensor/reading-factors.ts'
import { statesOf } from '../../protocol/sensor/sensor-types.ts'
import type { AnalogSensorConfig, DiscreteSensorConfig, SensorConfig } from './config.ts'
import { factorsOf } from './factors.ts'
import { analogSource, maskOf, type Source, stateSource } from './source.ts'

interface SensorBase {
  readonly number: number
  readonly name: string
  readonly sensorType: number
  readonly eventType: number
  readonly needsPower: boolean
  /** Its record ID is given by the repository. */
  readonly record: SdrRecord
}

export interface AnalogSensor extends SensorBase {
  readonly kind: 'analog'
  readonly source: Source<number>
  readonly scale: ReadingScale
  /** Of a non-linear sensor: the factors at a reading, and the next reading from which others hold. */
  readonly factorsAt: (raw: number) => { factors: ReadingFactors; nextReading: number }
  readonly rawOf: (value: number) => number
  /** Raw, in the order of the threshold mask; those that are not there are 0. */
  readonly thresholds: readonly number[]
  readonly thresholdMask: number
  /** In counts, both ways. */
  readonly hysteresis: number
  /** Its source may cross a threshold by itself. */
  readonly isMoving: boolean
}

export interface DiscreteSensor extends SensorBase {
  readonly kind: 'discrete'
  readonly source: Source<number>
  readonly supported: number
  readonly isMoving: boolean
}

export interface EventOnlySensor extends SensorBase {
  readonly kind: 'eventOnly'
}

export type Sensor = AnalogSensor | DiscreteSensor | EventOnlySensor

/** Offsets of the events of each threshold, in the mask's order: lower ones when going low, upper when going high. */
export const thresholdEventOffsets = [0, 2, 4, 7, 9, 11] as const
const UPPER_FIRST = 3
const MAX_STATES = 15
const DEFAULT_ENTITY = { id: EntityId.SystemBoard, instance: 1 }

/** The controller that has a sensor, and the channel of the one that leads to it. */
export interface Owner {
  readonly address: number
  readonly channel: number
}

export function makeSensor(config: SensorConfig, number: number, owner: Owner): Sensor {
  const sensor = { number, name: config.name, sensorType: config.type, needsPower: config.needsPower }
  const head = {
    recordId: 0,
    owner: { id: owner.address, lun: 0, channel: owner.channel },
    sensorNumber: number,
    entity: { ...(config.entity ?? DEFAULT_ENTITY), isLogical: false },
    sensorType: config.type,
    oem: 0,
    id: config.name,
  }
  switch (config.kind) {
    case 'analog':
      return makeAnalog(config, sensor, head)
    case 'discrete':
      return makeDiscrete(config, sensor, head)
    case 'eventOnly':
      return {
        kind: 'eventOnly',
        ...sensor,
        eventType: config.eventType,
        record: { kind: 'eventOnly', ...head, event: { type: config.eventType }, sharing: alone },
      }
  }
}

type Identity = Pick<SensorBase, 'number' | 'name' | 'sensorType' | 'needsPower'>
type RecordHead = Pick<
  FullSensorRecord,
  'recordId' | 'owner' | 'sensorNumber' | 'entity' | 'sensorType' | 'oem' | 'id'
>

const alone = {
  count: 1,
  idModifier: 'numeric',
  direction: 'unspecified',
  idOffset: 0,
  incrementsInstance: false,
} as const

const initialization = {
  scanningOn: true,
  eventsOn: true,
  initSensorType: true,
  initHysteresis: false,
  initThresholds: false,
  initEvents: true,
  initScanning: true,
  isSettable: true,
}

function makeAnalog(config: AnalogSensorConfig, sensor: Identity, head: RecordHead): AnalogSensor {
  const source = analogSource(config.value)
  const scale = scaleFor(config)
  const curve = config.curve === undefined ? null : curveOf(config.curve)
  const rawOf = curve?.rawOf ?? (value => clampedRaw(value, scale))
  const thresholdMask = maskOf(
    thresholdNames.flatMap((name, i) => (config.thresholds[name] === undefined ? [] : [i])),
  )
  const thresholds = thresholdNames.map(name => {
    const value = config.thresholds[name]
    return value === undefined ? 0 : rawOf(value)
  })
  const hysteresis = Math.round(
    config.hysteresis / Math.abs(scale.factors.m * 10 ** scale.factors.resultExponent),
  )
  const [lowest, highest] = [rawOf(source.min), rawOf(source.max)]
  const crosses = thresholdNames.some(
    (_, i) =>
      (thresholdMask & (1 << i)) !== 0 &&
      [lowest, highest].some(raw => isBeyond(i, orderOf(raw, scale), orderOf(thresholds[i]!, scale))),
  )
  return {
    kind: 'analog',
    ...sensor,
    eventType: EventType.Threshold,
    source,
    scale,
    rawOf,
    factorsAt: curve?.factorsAt ?? (raw => ({ factors: scale.factors, nextReading: raw })),
    thresholds,
    thresholdMask,
    hysteresis,
    isMoving: crosses,
    record: analogRecord(config, head, { scale, rawOf, thresholds, thresholdMask, hysteresis }),
  }
}

/** What a reading is compared by: signed ones have their sign. */
export function orderOf(raw: number, scale: ReadingScale): number {
  return scale.analogFormat === 'twosComplement' && raw >= 0x80 ? raw - 0x100 : raw
}

/** At or below a lower threshold, at or above an upper one; both in order. */
export function isBeyond(index: number, reading: number, threshold: number): boolean {
  return index < UPPER_FIRST ? reading <= threshold : reading >= threshold
}

function scaleFor(config: AnalogSensorConfig): ReadingScale {
  const isCurved = config.curve !== undefined
  return {
    factors: isCurved
      ? curveOf(config.curve!).factorsAt(0).factors
      : factorsOf(config.resolution, config.offset),
    linearization: isCurved ? 'nonLinear' : config.linearization,
    analogFormat: config.signed ? 'twosComplement' : 'unsigned',
  }
}

/** The nearest reading that there is. */
function clampedRaw(value: number, scale: ReadingScale): number {
  const exact = toRaw(value, scale)
  if (exact !== undefined) return exact
  const isSigned = scale.analogFormat === 'twosComplement'
  const [least, most] = isSigned ? [0x80, 0x7f] : [0, 0xff]
  const middle = toRaw(0, scale) ?? 0
  return value * scale.factors.m < 0 || middle > 0xff ? least : most
}

/** Straight pieces between [reading, value] pairs. */
function curveOf(points: readonly (readonly [number, number])[]) {
  const pieces = points.slice(1).map(([toRaw, toValue], i) => {
    const [fromRaw, fromValue] = points[i]!
    const slope = (toValue - fromValue) / (toRaw - fromRaw)
    return {
      fromRaw,
      toRaw,
      fromValue,
      toValue,
      slope,
      factors: factorsOf(slope, fromValue - slope * fromRaw),
    }
  })
  const pieceAt = (raw: number) => pieces.find(piece => raw < piece.toRaw) ?? pieces.at(-1)!
  return {
    factorsAt(raw: number) {
      const piece = pieceAt(raw)
      const nextReading = piece === pieces.at(-1) ? raw : piece.toRaw
      return { factors: piece.factors, nextReading }
    },
    rawOf(value: number) {
      const isIn = (piece: (typeof pieces)[number]) =>
        (value - piece.fromValue) * (value - piece.toValue) <= 0 && piece.slope !== 0
      const piece = pieces.find(isIn)
      if (piece !== undefined) return Math.round(piece.fromRaw + (value - piece.fromValue) / piece.slope)
      const [first, last] = [points[0]!, points.at(-1)!]
      return Math.abs(value - first[1]) < Math.abs(value - last[1]) ? first[0] : last[0]
    },
  }
}

interface AnalogParts
  extends Pick<AnalogSensor, 'scale' | 'rawOf' | 'thresholds' | 'thresholdMask' | 'hysteresis'> {}

function analogRecord(config: AnalogSensorConfig, head: RecordHead, parts: AnalogParts): FullSensorRecord {
  const { scale, rawOf, thresholds, thresholdMask, hysteresis } = parts
  const events = maskOf(thresholdEventOffsets.filter((_, i) => (thresholdMask & (1 << i)) !== 0))
  const [lowerReadable, upperReadable] = [thresholdMask & 0x07, thresholdMask >> UPPER_FIRST]
  const isSigned = scale.analogFormat === 'twosComplement'
  return {
    kind: 'full',
    ...head,
    initialization: {
      ...initialization,
      initHysteresis: hysteresis > 0,
      initThresholds: thresholdMask !== 0,
    },
    capabilities: {
      eventControl: 'perState',
      thresholds: thresholdMask === 0 ? 'none' : 'settable',
      hysteresis: 'settable',
      autoRearm: true,
      ignoreIfAbsent: false,
    },
    event: { type: EventType.Threshold },
    assertionMask: events | (lowerReadable << 12),
    deassertionMask: events | (upperReadable << 12),
    readingMask: thresholdMask | (thresholdMask << 8),
    units: {
      isPercentage: false,
      modifierUse: 'none',
      rate: 'none',
      analogFormat: scale.analogFormat,
      base: config.unit,
      modifier: 0,
    },
    linearization: scale.linearization,
    factors: scale.factors,
    analog: {
      nominalGiven: config.nominal !== undefined,
      normalMaximumGiven: false,
      normalMinimumGiven: false,
    },
    nominal: config.nominal === undefined ? 0 : rawOf(config.nominal),
    normalMaximum: 0,
    normalMinimum: 0,
    maximum: isSigned ? 0x7f : 0xff,
    minimum: isSigned ? 0x80 : 0,
    thresholds: {
      lowerNonCritical: thresholds[0]!,
      lowerCritical: thresholds[1]!,
      lowerNonRecoverable: thresholds[2]!,
      upperNonCritical: thresholds[3]!,
      upperCritical: thresholds[4]!,
      upperNonRecoverable: thresholds[5]!,
    },
    hysteresis: { positive: hysteresis, negative: hysteresis },
  }
}

function makeDiscrete(config: DiscreteSensorConfig, sensor: Identity, head: RecordHead): DiscreteSensor {
  const source = stateSource(config.states)
  const known = statesOf(config.type, config.eventType)
  const all =
    known.length > 0 ? known.flatMap((name, i) => (name === '' ? [] : [i])) : [...Array(MAX_STATES).keys()]
  const supported = maskOf(config.supports ?? all.filter(offset => offset < MAX_STATES))
  return {
    kind: 'discrete',
    ...sensor,
    eventType: config.eventType,
    source,
    supported,
    isMoving: !source.isConstant,
    record: {
      kind: 'compact',
      ...head,
      initialization,
      capabilities: {
        eventControl: 'perState',
        thresholds: 'none',
        hysteresis: 'none',
        autoRearm: true,
        ignoreIfAbsent: false,
      },
      event: { type: config.eventType },
      assertionMask: supported,
      deassertionMask: supported,
      readingMask: supported,
      units: {
        isPercentage: false,
        modifierUse: 'none',
        rate: 'none',
        analogFormat: 'none',
        base: 0,
        modifier: 0,
      },
      sharing: alone,
      hysteresis: { positive: 0, negative: 0 },
    },
  }
}
