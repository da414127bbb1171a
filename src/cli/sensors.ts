/** Sensors as the commands show them: read with a bar, told in words. */
import { type SensorAnswer, type SensorStatus, sensorState } from '../client/sensor-state.ts'
import { LastwordError } from '../protocol/error.ts'
import type { SdrRecord, SensorRecord } from '../protocol/sdr/record.ts'
import { type ThresholdName, thresholdNames } from '../protocol/sensor/event-types.ts'
import type { Context, Progress } from './declare.ts'

export type Sensor = SensorAnswer

export function isSensor(record: SdrRecord): record is SensorRecord {
  return record.kind === 'full' || record.kind === 'compact'
}

/** The records of the BMC, with a bar where they have to be read from it. */
export async function readRecords({ bmc, signal, progress, problem }: Context): Promise<SdrRecord[]> {
  const open = await bmc()
  let bar: Progress | undefined
  let done = 0
  const begin = async (expected: number) => {
    bar = await progress('reading SDRs', expected)
    bar.to(done)
  }
  try {
    return await open.sdr.records({
      signal,
      onProblem: problem,
      onProgress(count, expected) {
        done = count
        if (count === 1) void begin(expected)
        bar?.to(count)
      },
    })
  } finally {
    bar?.[Symbol.dispose]()
  }
}

/** Throws LastwordError NO_SENSOR for a name that no record has; `list` is the command that names them. */
export function refuseUnknown(
  url: string,
  names: readonly string[],
  records: readonly SdrRecord[],
  list: string,
): void {
  const unknown = names.find(name => !records.some(record => 'id' in record && record.id === name))
  if (unknown === undefined) return
  throw new LastwordError('NO_SENSOR', `${url}: no sensor is called "${unknown}"`, {
    hint: `${list} names them all.`,
  })
}

/** What the BMC says of these sensors, many asked at a time. */
export async function readSensors(
  context: Context,
  records: readonly SensorRecord[],
  thresholds: 'ask' | 'ofRecord',
): Promise<Sensor[]> {
  const bmc = await context.bmc()
  using progress = await context.progress('reading sensors', records.length)
  const sensors: Sensor[] = []
  for await (const answer of bmc.sensors.answers(records, { signal: context.signal, thresholds })) {
    sensors.push(answer)
    progress.to(sensors.length)
  }
  return sensors
}

const statusWords: Readonly<Record<SensorStatus, string>> = {
  ok: 'ok',
  nonCritical: 'non-critical',
  critical: 'critical',
  nonRecoverable: 'non-recoverable',
  notRead: 'no reading',
}

export function statusText(sensor: Sensor): string {
  return statusWords[sensorState(sensor).status]
}

const SIGNIFICANT = 6

/** As many digits as a reading of eight bits can mean. */
export function numberText(value: number): string {
  return String(Number(value.toPrecision(SIGNIFICANT)))
}

/** `42.5 °C`, or the states of a discrete sensor. */
export function readingText(sensor: Sensor): string {
  const { value, unit, states, status } = sensorState(sensor)
  if (value !== undefined) return `${numberText(value)} ${unit}`.trim()
  return status === 'notRead' ? 'no reading' : states.join(', ')
}

/** ipmitool's words for the thresholds. */
export const shortNames: Readonly<Record<ThresholdName, string>> = {
  lowerNonRecoverable: 'lnr',
  lowerCritical: 'lcr',
  lowerNonCritical: 'lnc',
  upperNonCritical: 'unc',
  upperCritical: 'ucr',
  upperNonRecoverable: 'unr',
}

export function thresholdText(sensor: Sensor, name: ThresholdName): string {
  const value = sensorState(sensor).thresholds[name]
  return value === undefined ? '' : numberText(value)
}

/** `lnc 5, ucr 92` */
export function thresholdsText(sensor: Sensor): string {
  return thresholdNames
    .filter(name => thresholdText(sensor, name) !== '')
    .map(name => `${shortNames[name]} ${thresholdText(sensor, name)}`)
    .join(', ')
}

/** What programs get: all but the record, which sdr get gives. */
export function sensorData(sensor: Sensor) {
  const { record: _, ...state } = sensorState(sensor)
  return state
}
