/** The sensor commands of the simulated BMC. IPMI 2.0 rev 1.1, section 35. */
import {
  GetDeviceSdr,
  GetDeviceSdrInfo,
  GetSensorEventEnable,
  GetSensorEventStatus,
  GetSensorHysteresis,
  GetSensorReading,
  GetSensorReadingFactors,
  GetSensorThresholds,
  GetSensorType,
  RearmSensorEvents,
  ReserveDeviceSdrRepository,
  SetSensorEventEnable,
  SetSensorHysteresis,
  SetSensorReading,
  SetSensorThresholds,
  SetSensorType,
} from '../../protocol/commands/sensor.ts'
import { CompletionCode } from '../../protocol/completion-code.ts'
import { EventType, thresholdNames } from '../../protocol/sensor/event-types.ts'
import { type Reading, thresholdEvents } from '../sensors.ts'
import { type Served, serve } from '../serve.ts'
import type { Sensor } from '../world/sensor.ts'
import { readRecord } from './sdr.ts'

const NOT_SETTABLE = 0x80
/** Bits of a threshold sensor's comparisons that are always ones. Section 35.14. */
const COMPARISONS_HIGH = 0xc0
const STATES_HIGH = 0x80

function statusOf(reading: Reading) {
  return {
    unavailable: !reading.isAvailable,
    scanning: reading.scanning,
    eventMessages: reading.eventMessages,
  }
}

function thresholdFlags(mask: number) {
  return Object.fromEntries(thresholdNames.map((name, i) => [name, (mask & (1 << i)) !== 0])) as Record<
    (typeof thresholdNames)[number],
    boolean
  >
}

/** What holds, as events by offset. */
function eventsOf(sensor: Sensor, present: number): number {
  return sensor.kind === 'analog' ? thresholdEvents(present) : present
}

function changed(
  before: number,
  how: 'noChange' | 'enableSelected' | 'disableSelected',
  mask: number,
): number {
  if (how === 'enableSelected') return before | mask
  return how === 'disableSelected' ? before & ~mask : before
}

function written(before: number, how: string | number, mask: number): number {
  if (how === 'write') return mask
  if (how === 'set') return before | mask
  return how === 'clear' ? before & ~mask : before
}

export const sensorCommands: Served[] = [
  serve(GetDeviceSdrInfo, ({ count }, { sdrs, world }) => ({
    count: Math.min(0xff, count === 'sdrs' ? sdrs.records().length : world.sensors.length),
    population: { lun0: true, lun1: false, lun2: false, lun3: false, isDynamic: false },
  })),
  serve(GetDeviceSdr, (request, { sdrs }) => readRecord(sdrs, request)),
  serve(ReserveDeviceSdrRepository, (_, { sdrs }) => ({ reservationId: sdrs.reserve() })),
  serve(GetSensorReadingFactors, ({ sensorNumber, reading }, { sensors }) => {
    const sensor = sensors.at(sensorNumber)
    if (sensor === undefined) return CompletionCode.NotPresent
    return sensor.kind === 'analog' ? sensor.factorsAt(reading) : CompletionCode.IllegalForSensor
  }),
  serve(SetSensorHysteresis, ({ sensorNumber, positive, negative }, { sensors }) => {
    const sensor = sensors.at(sensorNumber)
    if (sensor === undefined) return CompletionCode.NotPresent
    if (sensor.kind !== 'analog') return CompletionCode.IllegalForSensor
    sensors.change(sensor, { positiveHysteresis: positive, negativeHysteresis: negative })
    return {}
  }),
  serve(GetSensorHysteresis, ({ sensorNumber }, { sensors }) => {
    const sensor = sensors.at(sensorNumber)
    if (sensor === undefined) return CompletionCode.NotPresent
    if (sensor.kind !== 'analog') return CompletionCode.IllegalForSensor
    const { positiveHysteresis: positive, negativeHysteresis: negative } = sensors.settingsOf(sensor)
    return { positive, negative }
  }),
  serve(SetSensorThresholds, ({ sensorNumber, set, ...values }, { sensors }) => {
    const sensor = sensors.at(sensorNumber)
    if (sensor === undefined) return CompletionCode.NotPresent
    if (sensor.kind !== 'analog') return CompletionCode.IllegalForSensor
    const unknown = thresholdNames.some((name, i) => set[name] && (sensor.thresholdMask & (1 << i)) === 0)
    if (unknown) return CompletionCode.InvalidDataField
    const { thresholds } = sensors.settingsOf(sensor)
    sensors.change(sensor, {
      thresholds: thresholdNames.map((name, i) => (set[name] ? values[name] : thresholds[i]!)),
    })
    sensors.read(sensor)
    return {}
  }),
  serve(GetSensorThresholds, ({ sensorNumber }, { sensors }) => {
    const sensor = sensors.at(sensorNumber)
    if (sensor === undefined) return CompletionCode.NotPresent
    if (sensor.kind !== 'analog') return CompletionCode.IllegalForSensor
    const values = sensors.settingsOf(sensor).thresholds
    const byName = Object.fromEntries(thresholdNames.map((name, i) => [name, values[i]!]))
    return {
      readable: thresholdFlags(sensor.thresholdMask),
      ...(byName as Record<(typeof thresholdNames)[number], number>),
    }
  }),
  serve(SetSensorEventEnable, ({ sensorNumber, enable, assertion = 0, deassertion = 0 }, { sensors }) => {
    const sensor = sensors.at(sensorNumber)
    if (sensor === undefined) return CompletionCode.NotPresent
    if (typeof enable.action === 'number') return CompletionCode.InvalidDataField
    const { assertions, deassertions } = sensors.settingsOf(sensor)
    sensors.change(sensor, {
      scanning: enable.scanning,
      eventMessages: enable.eventMessages,
      assertions: changed(assertions, enable.action, assertion),
      deassertions: changed(deassertions, enable.action, deassertion),
    })
    return {}
  }),
  serve(GetSensorEventEnable, ({ sensorNumber }, { sensors }) => {
    const sensor = sensors.at(sensorNumber)
    if (sensor === undefined) return CompletionCode.NotPresent
    const { scanning, eventMessages, assertions, deassertions } = sensors.settingsOf(sensor)
    const possible = sensors.possibleEvents(sensor)
    return {
      enabled: { scanning, eventMessages },
      assertion: assertions & possible,
      deassertion: deassertions & possible,
    }
  }),
  serve(RearmSensorEvents, ({ sensorNumber }, { sensors }) => {
    const sensor = sensors.at(sensorNumber)
    if (sensor === undefined) return CompletionCode.NotPresent
    sensors.rearm(sensor)
    return {}
  }),
  serve(GetSensorEventStatus, ({ sensorNumber }, { sensors }) => {
    const sensor = sensors.at(sensorNumber)
    if (sensor === undefined) return CompletionCode.NotPresent
    const reading = sensors.read(sensor)
    return { status: statusOf(reading), assertion: eventsOf(sensor, reading.present), deassertion: 0 }
  }),
  serve(GetSensorReading, ({ sensorNumber }, { sensors }) => {
    const sensor = sensors.at(sensorNumber)
    if (sensor === undefined || sensor.kind === 'eventOnly') return CompletionCode.NotPresent
    const reading = sensors.read(sensor)
    const status = statusOf(reading)
    if (sensor.kind === 'analog')
      return { reading: reading.raw, status, states: COMPARISONS_HIGH | reading.present }
    const moreStates = STATES_HIGH | (reading.present >> 8)
    return { reading: 0, status, states: reading.present & 0xff, moreStates }
  }),
  serve(SetSensorType, ({ sensorNumber, sensorType, eventType }, { sensors }) => {
    const sensor = sensors.at(sensorNumber)
    if (sensor === undefined) return CompletionCode.NotPresent
    // A sensor that compares with thresholds goes on to, and another does not begin.
    if ((eventType === EventType.Threshold) !== (sensor.eventType === EventType.Threshold))
      return CompletionCode.InvalidDataField
    sensors.change(sensor, { sensorType, eventType })
    return {}
  }),
  serve(GetSensorType, ({ sensorNumber }, { sensors }) => {
    const sensor = sensors.at(sensorNumber)
    if (sensor === undefined) return CompletionCode.NotPresent
    const { sensorType, eventType } = sensors.settingsOf(sensor)
    return { sensorType, eventType }
  }),
  serve(SetSensorReading, ({ sensorNumber, operation, reading, assertion }, { sensors }) => {
    const sensor = sensors.at(sensorNumber)
    if (sensor === undefined) return CompletionCode.NotPresent
    const writesReading = operation.reading === 'write' && reading !== undefined
    const writesStates = operation.assertion !== 'keep' && assertion !== undefined
    if (sensor.kind === 'analog') {
      if (writesStates) return NOT_SETTABLE
      if (writesReading) sensors.setRaw(sensor, reading)
      return {}
    }
    if (sensor.kind === 'eventOnly' || writesReading) return NOT_SETTABLE
    if (writesStates)
      sensors.setStates(sensor, written(sensors.read(sensor).present, operation.assertion, assertion))
    return {}
  }),
]
