/** Random answers about the random sensors, as the BMC gives them and as the client would hold them. */
import type { AnsweringRig } from '../../lab/lan/answering-rig.ts'
import {
  GetSensorReading,
  GetSensorReadingFactors,
  GetSensorThresholds,
} from '../../protocol/commands/sensor.ts'
import type { SensorRecord } from '../../protocol/sdr/record.ts'
import { factors, readings, thresholds } from './random-records.test.fixture.ts'
import { decoded, drawn } from './same-lines.test.fixture.ts'
import type { SensorAnswer } from './sensor-answer.ts'

function answersOf(seed: number) {
  return { read: drawn(readings, seed), limits: drawn(thresholds, seed), factorsOf: drawn(factors, seed) }
}

export function serveSensors(rig: AnsweringRig, seed: number): void {
  const { read, limits, factorsOf } = answersOf(seed)
  const { netFn } = GetSensorReading
  rig
    .raw(netFn, GetSensorReading.cmd, ([number = 0]) => read[number]!)
    .raw(netFn, GetSensorThresholds.cmd, ([number = 0]) => limits[number]!)
    .raw(netFn, GetSensorReadingFactors.cmd, ([number = 0]) => factorsOf[number]!)
}

export function sensorAnswers(sensors: readonly SensorRecord[], seed: number): SensorAnswer[] {
  const { read, limits, factorsOf } = answersOf(seed)
  return sensors.map((record, i) => ({
    record,
    reading: decoded(GetSensorReading, read[i]!),
    thresholds: decoded(GetSensorThresholds, limits[i]!),
    factors: decoded(GetSensorReadingFactors, factorsOf[i]!)?.factors,
  }))
}
