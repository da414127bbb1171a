/** The sensors of a BMC: readings, states and thresholds, many at a time. IPMI 2.0 rev 1.1, section 35. */
import {
  GetSensorHysteresis,
  GetSensorReading,
  GetSensorReadingFactors,
  GetSensorThresholds,
  SetSensorThresholds,
} from '../protocol/commands/sensor.ts'
import { CompletionCodeError } from '../protocol/completion-code.ts'
import { LastwordError } from '../protocol/error.ts'
import type { FullSensorRecord, SdrRecord, SensorRecord } from '../protocol/sdr/record.ts'
import { needsFactorsOfReading, scaleOf, toRaw } from '../protocol/sensor/conversion.ts'
import { EventType, type ThresholdName, thresholdNames } from '../protocol/sensor/event-types.ts'
import { type Abortable, type CommandRunner, inOrder, within } from './command-runner.ts'
import type { Sdr, SdrOptions } from './sdr.ts'
import { type SensorAnswer, type SensorState, sensorState } from './sensor-state.ts'
import type { RequestOptions } from './transport.ts'

const BMC_ADDRESS = 0x20

export interface SensorOptions extends SdrOptions {
  /** Ask for the thresholds, too; without it those of the record are given. */
  thresholds?: 'ask' | 'ofRecord'
}

export class Sensors {
  readonly #bmc: CommandRunner
  readonly #sdr: Sdr

  constructor(bmc: CommandRunner, sdr: Sdr) {
    this.#bmc = bmc
    this.#sdr = sdr
  }

  /** All sensors that can be read, a record that stands for several taken as several. */
  async records(options: SdrOptions = {}): Promise<SensorRecord[]> {
    return (await this.#sdr.records(options)).filter(isSensor).flatMap(expandShared)
  }

  /** All sensors with value, unit, states and thresholds, in the records' order. */
  async list(options: SensorOptions = {}): Promise<SensorState[]> {
    const states: SensorState[] = []
    for await (const answer of this.answers(await this.records(options), options))
      states.push(sensorState(answer))
    return states
  }

  /**
   * The sensor with this name or number. Rejects with LastwordError NO_SENSOR when there is none.
   * Of several with one name it is the first.
   */
  async find(nameOrNumber: string | number, options: SdrOptions = {}): Promise<SensorRecord> {
    const records = await this.records(options)
    const found = records.find(({ id, sensorNumber }) =>
      typeof nameOrNumber === 'number' ? sensorNumber === nameOrNumber : id === nameOrNumber,
    )
    if (found !== undefined) return found
    throw new LastwordError('NO_SENSOR', `${this.#bmc.url}: no sensor is called "${nameOrNumber}"`, {
      hint: 'The command "sensor list" shows all names.',
    })
  }

  async read(record: SensorRecord, options: SensorOptions = {}): Promise<SensorState> {
    return sensorState(await this.#answer(record, options))
  }

  /** What the BMC says of each of these sensors, in their order, with as many requests under way as are worth it. */
  answers(
    records: readonly SensorRecord[],
    options: SensorOptions = {},
  ): AsyncGenerator<SensorAnswer, void, void> {
    const perSensor = options.thresholds === 'ask' ? 2 : 1
    const window = Math.max(1, Math.floor(this.#bmc.window / perSensor))
    return inOrder(records, window, options, (record, signal) => this.#answer(record, { ...options, signal }))
  }

  /**
   * Sets thresholds, given in the sensor's unit. Rejects with LastwordError THRESHOLD_RANGE when the sensor cannot
   * express a value or has no such threshold.
   */
  async setThresholds(
    record: FullSensorRecord,
    values: Partial<Record<ThresholdName, number>>,
    options: Abortable = {},
  ): Promise<void> {
    const scale = scaleOf(record)
    const zero = Object.fromEntries(thresholdNames.map(name => [name, 0])) as Record<ThresholdName, number>
    const raw = { ...zero }
    for (const name of thresholdNames) {
      const value = values[name]
      if (value === undefined) continue
      const converted = toRaw(value, scale)
      if (converted === undefined || !isSettable(record, name)) throw this.#outOfRange(record, name, value)
      raw[name] = converted
    }
    const set = Object.fromEntries(thresholdNames.map(name => [name, values[name] !== undefined]))
    await this.#bmc.run(
      SetSensorThresholds,
      { sensorNumber: record.sensorNumber, set: set as Record<ThresholdName, boolean>, ...raw },
      { ...targetOf(record), ...within(options) },
    )
  }

  /** How far a reading must come back before an event ends, raw. */
  async hysteresis(
    record: SensorRecord,
    options: Abortable = {},
  ): Promise<{ positive: number; negative: number }> {
    const request = { sensorNumber: record.sensorNumber, mask: 0xff }
    const answer = this.#bmc.run(GetSensorHysteresis, request, { ...targetOf(record), ...within(options) })
    const { positive, negative } = (await unlessSilent(record, answer)) ?? record.hysteresis
    return { positive, negative }
  }

  #outOfRange(record: FullSensorRecord, name: ThresholdName, value: number): LastwordError {
    const why = isSettable(record, name) ? `cannot be ${value}` : 'cannot be set'
    return new LastwordError('THRESHOLD_RANGE', `${this.#bmc.url}: ${name} of sensor "${record.id}" ${why}`)
  }

  async #answer(record: SensorRecord, options: SensorOptions): Promise<SensorAnswer> {
    if (isSoftware(record)) return { record }
    const request = { sensorNumber: record.sensorNumber }
    const target = { ...targetOf(record), ...within(options) }
    const asksThresholds = options.thresholds === 'ask' && record.event.type === EventType.Threshold
    const [reading, thresholds] = await Promise.all([
      unlessSilent(record, this.#bmc.run(GetSensorReading, request, target)),
      asksThresholds ? unlessSilent(record, this.#bmc.run(GetSensorThresholds, request, target)) : undefined,
    ])
    const factors =
      reading !== undefined && record.kind === 'full' && needsFactorsOfReading(record)
        ? await unlessSilent(
            record,
            this.#bmc.run(GetSensorReadingFactors, { ...request, reading: reading.reading }, target),
          )
        : undefined
    return {
      record,
      ...(reading === undefined ? {} : { reading }),
      ...(thresholds === undefined ? {} : { thresholds }),
      ...(factors === undefined ? {} : { factors: factors.factors }),
    }
  }
}

function isSensor(record: SdrRecord): record is SensorRecord {
  return record.kind === 'full' || record.kind === 'compact'
}

function isSettable(record: FullSensorRecord, name: ThresholdName): boolean {
  return ((record.readingMask >> 8) & (1 << thresholdNames.indexOf(name))) !== 0
}

/** A compact record may stand for several sensors with consecutive numbers. Section 43.2, byte 24. */
export function expandShared(record: SensorRecord): SensorRecord[] {
  if (record.kind === 'full' || record.sharing.count <= 1) return [record]
  const { sharing, entity, sensorNumber, id } = record
  const one = { ...sharing, count: 1, idOffset: 0 }
  return Array.from({ length: sharing.count }, (_, index) => ({
    ...record,
    sharing: one,
    sensorNumber: sensorNumber + index,
    entity: { ...entity, instance: entity.instance + (sharing.incrementsInstance ? index : 0) },
    id: `${id}${suffix(sharing.idOffset + index, sharing.idModifier)}`,
  }))
}

/** Numbers, or A to Z, then AA to AZ and so on. */
function suffix(offset: number, modifier: string | number): string {
  if (modifier !== 'alpha') return String(offset)
  const letter = String.fromCharCode(0x41 + (offset % 26))
  return offset < 26 ? letter : suffix(Math.floor(offset / 26) - 1, modifier) + letter
}

/** A sensor of the system's software: no controller can be asked for it. */
function isSoftware({ owner }: SensorRecord): boolean {
  return (owner.id & 1) === 1
}

/** Who answers for a sensor: the BMC at a LUN of its own, or another controller behind it. */
function targetOf({ owner }: SensorRecord): RequestOptions {
  const { id, lun, channel } = owner
  if (id === BMC_ADDRESS) return lun === 0 ? {} : { addr: { kind: 'systemInterface', lun } }
  return { addr: { kind: 'ipmb', channel, slaveAddr: id, lun } }
}

const SENSELESS: readonly string[] = ['RESPONSE_SHORT', 'RESPONSE_LONG', 'RESPONSE_BAD']

/**
 * A sensor that the BMC refuses, or of which it answers what makes no sense, has no reading, as the sensors of another
 * controller that is away: the others are read all the same.
 */
async function unlessSilent<T>(record: SensorRecord, answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof CompletionCodeError) return undefined
    if (!(error instanceof LastwordError)) throw error
    const isAway = error.code === 'BRIDGE_TIMEOUT' && record.owner.id !== BMC_ADDRESS
    if (isAway || SENSELESS.includes(error.code)) return undefined
    throw error
  }
}
