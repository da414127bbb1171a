/** Sensors as the commands show them: record, reading, value in its unit, states. IPMI 2.0 rev 1.1, sections 35 and 43. */
import type { Bmc } from '../client/bmc.ts'
import type { RequestOptions } from '../client/transport.ts'
import type { Command, ResponseOf } from '../protocol/command.ts'
import {
  GetSensorReading,
  GetSensorReadingFactors,
  GetSensorThresholds,
} from '../protocol/commands/sensor.ts'
import { CompletionCodeError } from '../protocol/completion-code.ts'
import { LastwordError } from '../protocol/error.ts'
import type { SdrRecord, SensorRecord } from '../protocol/sdr/record.ts'
import { needsFactorsOfReading, type ReadingScale, scaleOf, toValue } from '../protocol/sensor/conversion.ts'
import { entityName } from '../protocol/sensor/entities.ts'
import { EventType, type ThresholdName, thresholdNames } from '../protocol/sensor/event-types.ts'
import type { ReadingFactors } from '../protocol/sensor/reading-factors.ts'
import { sensorTypeName, stateName } from '../protocol/sensor/sensor-types.ts'
import { unitOf } from '../protocol/sensor/units.ts'
import type { Context } from './declare.ts'

/** What a BMC answered about one sensor; a part is missing where it refused. */
export interface Sensor {
  record: SensorRecord
  reading?: ResponseOf<typeof GetSensorReading>
  thresholds?: ResponseOf<typeof GetSensorThresholds>
  factors?: ReadingFactors
}

/** Which parts of a sensor are asked for. */
export type SensorParts = 'reading' | 'readingAndThresholds'

const BMC_ADDRESS = 0x20

export function isSensor(record: SdrRecord): record is SensorRecord {
  return record.kind === 'full' || record.kind === 'compact'
}

/** The records of the BMC, with a bar for the first time that they are read. */
export async function readRecords({ bmc, signal, progress }: Context): Promise<SdrRecord[]> {
  const open = await bmc()
  let bar: { to(done: number): void; [Symbol.dispose](): void } | undefined
  let wanted = 0
  const begin = async (total: number) => {
    bar = await progress('reading SDRs', total)
    bar.to(wanted)
  }
  try {
    return await open.sdr.records({
      signal,
      onProgress(done, expected) {
        wanted = done
        if (done === 1) void begin(expected)
        bar?.to(done)
      },
    })
  } finally {
    bar?.[Symbol.dispose]()
  }
}

/** Asks for all sensors, many at a time. */
export async function readSensors(
  context: Context,
  records: readonly SensorRecord[],
  parts: SensorParts,
): Promise<Sensor[]> {
  const bmc = await context.bmc()
  using progress = await context.progress('reading sensors', records.length)
  let done = 0
  const read = records.map(async record => {
    const sensor = await readSensor(bmc, record, parts, context.signal)
    progress.to(++done)
    return sensor
  })
  return Promise.all(read)
}

async function readSensor(
  bmc: Bmc,
  record: SensorRecord,
  parts: SensorParts,
  signal: AbortSignal,
): Promise<Sensor> {
  const options: RequestOptions = { signal, ...addressOf(record) }
  const { sensorNumber } = record
  const wantsThresholds = parts === 'readingAndThresholds' && record.kind === 'full' && isThreshold(record)
  const [reading, thresholds] = await Promise.all([
    answerOf(bmc, GetSensorReading, { sensorNumber }, options),
    wantsThresholds ? answerOf(bmc, GetSensorThresholds, { sensorNumber }, options) : undefined,
  ])
  const needsFactors = reading !== undefined && record.kind === 'full' && needsFactorsOfReading(record)
  const factors = needsFactors
    ? await answerOf(bmc, GetSensorReadingFactors, { sensorNumber, reading: reading.reading }, options)
    : undefined
  return {
    record,
    ...(reading === undefined ? {} : { reading }),
    ...(thresholds === undefined ? {} : { thresholds }),
    ...(factors === undefined ? {} : { factors: factors.factors }),
  }
}

/** The controller that answers for a sensor, where that is not the BMC itself. */
export function addressOf({ owner }: Pick<SensorRecord, 'owner'>): RequestOptions {
  if (owner.id === BMC_ADDRESS || (owner.id & 1) === 1) {
    return owner.lun === 0 ? {} : { addr: { kind: 'systemInterface', lun: owner.lun } }
  }
  return { addr: { kind: 'ipmb', channel: owner.channel, slaveAddr: owner.id, lun: owner.lun } }
}

/** A sensor that is not there, or whose controller is silent, is no reason not to show the others. */
const noAnswer: readonly string[] = ['BRIDGE_TIMEOUT', 'RESPONSE_SHORT', 'RESPONSE_BAD']

async function answerOf<Q, R>(
  bmc: Bmc,
  command: Command<Q, R>,
  request: Q,
  options: RequestOptions,
): Promise<R | undefined> {
  try {
    return await bmc.run(command, request, options)
  } catch (error) {
    if (error instanceof CompletionCodeError) return undefined
    if (error instanceof LastwordError && noAnswer.includes(error.code)) return undefined
    throw error
  }
}

export function isThreshold({ event }: Pick<SensorRecord, 'event'>): boolean {
  return event.type === EventType.Threshold
}

/** How a raw number of this sensor becomes a value; undefined for a sensor without values. */
export function scaleOfSensor({ record, factors }: Sensor): ReadingScale | undefined {
  if (record.kind !== 'full' || record.units.analogFormat === 'none') return undefined
  const scale = scaleOf(record)
  return factors === undefined ? scale : { ...scale, factors }
}

function isGiven({ reading }: Sensor): boolean {
  return reading?.status.scanning === true && !reading.status.unavailable
}

/** Undefined where there is no reading, or none with a value. */
export function sensorValue(sensor: Sensor): number | undefined {
  const scale = scaleOfSensor(sensor)
  if (scale === undefined || !isGiven(sensor)) return undefined
  return toValue(sensor.reading!.reading, scale)
}

export type SensorStatus = 'ok' | 'non-critical' | 'critical' | 'non-recoverable' | 'no reading'

const severities: readonly (readonly [SensorStatus, readonly ThresholdName[]])[] = [
  ['non-recoverable', ['lowerNonRecoverable', 'upperNonRecoverable']],
  ['critical', ['lowerCritical', 'upperCritical']],
  ['non-critical', ['lowerNonCritical', 'upperNonCritical']],
]

export function statusOf(sensor: Sensor): SensorStatus {
  if (!isGiven(sensor)) return 'no reading'
  if (!isThreshold(sensor.record)) return 'ok'
  const states = sensor.reading?.states ?? 0
  const isSet = (name: ThresholdName) => (states >> thresholdNames.indexOf(name)) & 1
  return severities.find(([, names]) => names.some(isSet))?.[0] ?? 'ok'
}

const STATES = 15

/** The states of a discrete sensor that are on, in words. */
export function statesOf({ record, reading }: Sensor): string[] {
  if (reading === undefined || isThreshold(record) || !isGiven({ record, reading })) return []
  const mask = (reading.states ?? 0) | ((reading.moreStates ?? 0) << 8)
  return Array.from({ length: STATES }, (_, offset) => offset)
    .filter(offset => (mask >> offset) & 1)
    .map(offset => stateName(record.sensorType, record.event.type, offset) ?? `state ${offset}`)
}

/** The thresholds that the sensor has, as values. */
export function thresholdValues(sensor: Sensor): Partial<Record<ThresholdName, number>> {
  const { thresholds } = sensor
  const scale = scaleOfSensor(sensor)
  if (thresholds === undefined || scale === undefined) return {}
  const values: Partial<Record<ThresholdName, number>> = {}
  for (const name of thresholdNames) {
    const value = thresholds.readable[name] ? toValue(thresholds[name], scale) : undefined
    if (value !== undefined) values[name] = value
  }
  return values
}

const SIGNIFICANT = 6

/** `42.5 °C` */
export function valueText(value: number | undefined, record: SensorRecord): string | undefined {
  if (value === undefined) return undefined
  return `${Number(value.toPrecision(SIGNIFICANT))} ${unitOf(record)}`.trim()
}

/** What programs get: no raw numbers that only the SDR explains. */
export function sensorData(sensor: Sensor) {
  const { record } = sensor
  const thresholds = thresholdValues(sensor)
  return {
    name: record.id,
    number: record.sensorNumber,
    type: sensorTypeName(record.sensorType),
    entity: { id: record.entity.id, instance: record.entity.instance, name: entityName(record.entity.id) },
    status: statusOf(sensor),
    value: sensorValue(sensor) ?? null,
    unit: record.kind === 'full' ? unitOf(record) : '',
    states: statesOf(sensor),
    ...(Object.keys(thresholds).length === 0 ? {} : { thresholds }),
  }
}
