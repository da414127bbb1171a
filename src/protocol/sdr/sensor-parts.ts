/** What sensor records of all kinds have in common. IPMI 2.0 rev 1.1, sections 43.1 to 43.3. */
import { bits, flag, nameBits, reserved, u8, u16, ubits } from '../codec.ts'

/** Who answers for a sensor, and where. */
export const owner = bits({
  /** Slave address, or a software ID when bit 0 is set. */
  id: ubits(8),
  lun: ubits(2),
  _: reserved(2),
  channel: ubits(4),
})

/** What a sensor watches. `isLogical`: a container of others, not a physical part. */
export const entity = bits({ id: ubits(8), instance: ubits(7), isLogical: flag })

export const eventType = bits({ type: ubits(7), _: reserved(1) })

const access = nameBits(2, { none: 0, readable: 1, settable: 2, fixed: 3 })

/** What full and compact records share up to the units, field by field. */
export const sensorFields = {
  owner,
  sensorNumber: u8,
  entity,
  initialization: bits({
    scanningOn: flag,
    eventsOn: flag,
    initSensorType: flag,
    initHysteresis: flag,
    initThresholds: flag,
    initEvents: flag,
    initScanning: flag,
    isSettable: flag,
  }),
  capabilities: bits({
    eventControl: nameBits(2, { perState: 0, entireSensor: 1, globalOnly: 2, none: 3 }),
    thresholds: access,
    hysteresis: access,
    autoRearm: flag,
    ignoreIfAbsent: flag,
  }),
  sensorType: u8,
  event: eventType,
  /** Discrete: a bit for each state. Threshold: events in bits 11:0, readable lower comparisons in 14:12. */
  assertionMask: u16,
  /** The same of deassertions, with the upper comparisons. */
  deassertionMask: u16,
  /** Discrete: the states that can be read. Threshold: readable thresholds in the low byte, settable in the high. */
  readingMask: u16,
  units: bits({
    isPercentage: flag,
    /** How the modifier unit goes with the base unit: base / modifier, or base · modifier. */
    modifierUse: nameBits(2, { none: 0, divide: 1, multiply: 2 }),
    rate: nameBits(3, {
      none: 0,
      perMicrosecond: 1,
      perMillisecond: 2,
      perSecond: 3,
      perMinute: 4,
      perHour: 5,
      perDay: 6,
    }),
    analogFormat: nameBits(2, { unsigned: 0, onesComplement: 1, twosComplement: 2, none: 3 }),
    base: ubits(8),
    modifier: ubits(8),
  }),
}

/** A compact or event-only record can stand for several sensors with consecutive numbers. Section 43.2. */
export const sharing = bits({
  /** 0 and 1: one sensor. */
  count: ubits(4),
  idModifier: nameBits(2, { numeric: 0, alpha: 1 }),
  direction: nameBits(2, { unspecified: 0, input: 1, output: 2 }),
  /** The first sensor's number or letter behind the ID string. */
  idOffset: ubits(7),
  /** Each sensor is of the next entity instance. */
  incrementsInstance: flag,
})
