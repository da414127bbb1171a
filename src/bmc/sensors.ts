/** The sensors of one BMC: what they read now, their thresholds, and the events that they raise. IPMI 2.0 rev 1.1, section 35. */
import { newEvent, type SystemEventRecord } from '../protocol/sel-record.ts'
import { thresholdNames } from '../protocol/sensor/event-types.ts'
import { type SensorSettings, SensorSettingsStore } from './stores/sensor-settings.ts'
import type { Settings } from './stores/settings.ts'
import {
  type AnalogSensor,
  type DiscreteSensor,
  isBeyond,
  orderOf,
  type Sensor,
  thresholdEventOffsets,
} from './world/sensor.ts'
import type { World } from './world/world.ts'

export interface SensorsOptions {
  world: World
  /** Where what software sets is kept. */
  settings: Settings
  /** Which of many BMCs this is. */
  index: number
  /** Seconds since the start. */
  seconds(): number
  power(): 'on' | 'off'
  raise(event: SystemEventRecord): void
  ownAddress: number
}

/** What is now and not kept; of those sensors only that somebody, or a threshold, has changed. */
interface SensorState {
  /** Set by hand; null: the world's. */
  value: number | null
  raw: number | null
  states: number | null
  /** Discrete: the states that hold; threshold: the thresholds that are passed. */
  present: number
  hasBeenSeen: boolean
}

export interface Reading {
  raw: number
  /** As in `SensorState.present`. */
  present: number
  isAvailable: boolean
  scanning: boolean
  eventMessages: boolean
}

const UPPER_FIRST = 3
/** Bytes 2 and 3 are the reading and the threshold that it passed. Table 29-6. */
const READING_AND_THRESHOLD = 0x50
const ALL_STATES = 0x7fff

export class Sensors {
  readonly #options: SensorsOptions
  readonly #world: World
  readonly #settings: SensorSettingsStore
  #states: Map<number, SensorState> | null = null

  constructor(options: SensorsOptions) {
    this.#options = options
    this.#world = options.world
    this.#settings = new SensorSettingsStore(options.settings)
  }

  get all(): readonly Sensor[] {
    return this.#world.sensors
  }

  at(number: number): Sensor | undefined {
    return this.#world.sensorAt[number]
  }

  byName(name: string): Sensor | undefined {
    return this.#world.sensors.find(sensor => sensor.name === name)
  }

  /** What can be read now; events that are due are raised. */
  read(sensor: Sensor): Reading {
    const state = this.#stateOf(sensor)
    const settings = this.look(sensor)
    const isAvailable = sensor.kind !== 'eventOnly' && !(sensor.needsPower && this.#options.power() === 'off')
    const flags = { scanning: settings?.scanning ?? true, eventMessages: settings?.eventMessages ?? true }
    if (!isAvailable) return { raw: 0, present: 0, isAvailable, ...flags }
    const raw = sensor.kind === 'analog' ? this.#rawNow(sensor, state) : 0
    return { raw, present: this.#evaluate(sensor, raw, settings), isAvailable, ...flags }
  }

  /** The value by hand, in the sensor's unit; null: the world's again. */
  setValue(sensor: AnalogSensor, value: number | null): void {
    const state = this.#edit(sensor)
    state.value = value
    state.raw = null
    this.read(sensor)
  }

  setRaw(sensor: AnalogSensor, raw: number): void {
    this.#edit(sensor).raw = raw
    this.read(sensor)
  }

  /** The states by hand; null: the world's again. */
  setStates(sensor: DiscreteSensor, mask: number | null): void {
    const { present } = this.read(sensor)
    const state = this.#edit(sensor)
    if (!state.hasBeenSeen) Object.assign(state, { present, hasBeenSeen: true })
    state.states = mask === null ? null : mask & sensor.supported
    this.read(sensor)
  }

  /** What software has set of this sensor, if anything. */
  look(sensor: Sensor): SensorSettings | undefined {
    const kept = this.#settings.get(sensor.number)
    const isOfThis = kept?.name === sensor.name && kept.thresholds.length === thresholdsOf(sensor).length
    return isOfThis ? kept : undefined
  }

  settingsOf(sensor: Sensor): SensorSettings {
    return this.look(sensor) ?? this.#settingsAtFirst(sensor)
  }

  /** Changes what is kept of a sensor. */
  change(sensor: Sensor, changes: Partial<SensorSettings>): void {
    this.#settings.set(sensor.number, { ...this.settingsOf(sensor), ...changes })
  }

  #settingsAtFirst(sensor: Sensor): SensorSettings {
    const { name, sensorType, eventType } = sensor
    const events = this.possibleEvents(sensor)
    const hysteresis = sensor.kind === 'analog' ? sensor.hysteresis : 0
    return {
      name,
      thresholds: thresholdsOf(sensor),
      positiveHysteresis: hysteresis,
      negativeHysteresis: hysteresis,
      assertions: events,
      deassertions: events,
      scanning: true,
      eventMessages: true,
      sensorType,
      eventType,
    }
  }

  /** The sensor's state, to be changed; it has one of its own from then on. */
  #edit(sensor: Sensor): SensorState {
    const known = this.#states?.get(sensor.number)
    if (known !== undefined) return known
    const state: SensorState = { value: null, raw: null, states: null, present: 0, hasBeenSeen: false }
    this.#states ??= new Map()
    this.#states.set(sensor.number, state)
    return state
  }

  /** The events, by offset, that a sensor can raise. */
  possibleEvents(sensor: Sensor): number {
    if (sensor.kind === 'analog') return thresholdEvents(sensor.thresholdMask)
    return sensor.kind === 'discrete' ? sensor.supported : ALL_STATES
  }

  /** Events are raised anew for what still holds. */
  rearm(sensor: Sensor): void {
    this.#edit(sensor).present = 0
    this.#edit(sensor).hasBeenSeen = true
    this.read(sensor)
  }

  /** Looks at all that may have changed by itself. */
  poll(): void {
    for (const sensor of this.#world.moving) this.read(sensor)
  }

  /** The BMC itself begins anew: thresholds and enables are again those of the records, values by hand stay. */
  reset(): void {
    this.#settings.forgetAll()
    for (const [number, state] of [...(this.#states ?? [])]) {
      const { value, raw, states } = state
      this.#states!.delete(number)
      const sensor = this.at(number)
      if (sensor !== undefined) Object.assign(this.#edit(sensor), { value, raw, states })
    }
  }

  snapshot(): ReadonlyMap<number, SensorState> | null {
    return this.#states && structuredClone(this.#states)
  }

  restore(snapshot: ReadonlyMap<number, SensorState> | null): void {
    this.#states = snapshot && new Map(structuredClone(snapshot))
  }

  #stateOf(sensor: Sensor): SensorState | undefined {
    return this.#states?.get(sensor.number)
  }

  #seed(sensor: Sensor): number {
    return this.#options.index * 256 + sensor.number
  }

  #rawNow(sensor: AnalogSensor, state: SensorState | undefined): number {
    if (typeof state?.raw === 'number') return state.raw
    const value =
      state?.value ?? sensor.source.at(this.#options.seconds(), this.#seed(sensor), this.#options.power())
    return sensor.rawOf(value)
  }

  #statesNow(sensor: DiscreteSensor, state: SensorState | undefined): number {
    return (
      state?.states ?? sensor.source.at(this.#options.seconds(), this.#seed(sensor), this.#options.power())
    )
  }

  /** Finds out what holds and raises the events of what has changed. */
  #evaluate(sensor: Sensor, raw: number, settings: SensorSettings | undefined): number {
    const state = this.#stateOf(sensor)
    if (settings?.scanning === false) return state?.present ?? 0
    if (sensor.kind === 'analog') return this.#evaluateThresholds(sensor, raw, state, settings)
    if (sensor.kind === 'eventOnly') return 0
    const present = this.#statesNow(sensor, state) & sensor.supported
    if (state === undefined && !sensor.isMoving) return present
    const known = this.#edit(sensor)
    // What held when the BMC first looked is no event.
    if (known.hasBeenSeen) this.#raiseStates(sensor, known.present ^ present, present, settings)
    known.hasBeenSeen = true
    known.present = present
    return present
  }

  #evaluateThresholds(
    sensor: AnalogSensor,
    raw: number,
    state: SensorState | undefined,
    settings: SensorSettings | undefined,
  ): number {
    const before = state?.present ?? 0
    const thresholds = settings?.thresholds ?? sensor.thresholds
    const reading = orderOf(raw, sensor.scale)
    let present = 0
    for (let i = 0; i < thresholdNames.length; i++) {
      const bit = 1 << i
      if ((sensor.thresholdMask & bit) === 0) continue
      const threshold = orderOf(thresholds[i]!, sensor.scale)
      const isUpper = i >= UPPER_FIRST
      // The positive one belongs to thresholds that are passed going up.
      const slack = isUpper
        ? -(settings?.positiveHysteresis ?? sensor.hysteresis)
        : (settings?.negativeHysteresis ?? sensor.hysteresis)
      const wasPassed = (before & bit) !== 0
      if (isBeyond(i, reading, threshold + (wasPassed ? slack : 0))) present |= bit
    }
    if (present === before) return present
    this.#edit(sensor).present = present
    this.#raiseThresholds(sensor, present, raw, before ^ present, settings)
    return present
  }

  #raiseThresholds(
    sensor: AnalogSensor,
    present: number,
    raw: number,
    changed: number,
    settings: SensorSettings = this.#settingsAtFirst(sensor),
  ): void {
    if (!settings.eventMessages) return
    for (let i = 0; i < thresholdNames.length; i++) {
      if ((changed & (1 << i)) === 0) continue
      const deassertion = (present & (1 << i)) === 0
      const offset = thresholdEventOffsets[i]!
      const enabled = deassertion ? settings.deassertions : settings.assertions
      if ((enabled & (1 << offset)) === 0) continue
      const data = Uint8Array.of(READING_AND_THRESHOLD | offset, raw, settings.thresholds[i]!)
      this.#raise(sensor, settings, deassertion, data)
    }
  }

  #raiseStates(
    sensor: DiscreteSensor,
    changed: number,
    present: number,
    settings: SensorSettings = this.#settingsAtFirst(sensor),
  ): void {
    if (!settings.eventMessages) return
    for (let offset = 0; changed >> offset !== 0; offset++) {
      if ((changed & (1 << offset)) === 0) continue
      const deassertion = (present & (1 << offset)) === 0
      const enabled = deassertion ? settings.deassertions : settings.assertions
      if ((enabled & (1 << offset)) !== 0)
        this.#raise(sensor, settings, deassertion, Uint8Array.of(offset, 0xff, 0xff))
    }
  }

  #raise(
    sensor: Sensor,
    { sensorType, eventType }: SensorSettings,
    deassertion: boolean,
    data: Uint8Array,
  ): void {
    this.#options.raise(
      newEvent({
        generatorId: this.#options.ownAddress,
        sensorType,
        sensorNumber: sensor.number,
        event: { type: eventType, deassertion },
        data,
      }),
    )
  }
}

function thresholdsOf(sensor: Sensor): readonly number[] {
  return sensor.kind === 'analog' ? sensor.thresholds : []
}

/** The events, by offset, of thresholds. */
export function thresholdEvents(thresholdMask: number): number {
  return thresholdEventOffsets.reduce<number>(
    (mask, offset, i) => ((thresholdMask & (1 << i)) === 0 ? mask : mask | (1 << offset)),
    0,
  )
}
