/** The layouts of SDR kinds after the header. IPMI 2.0 rev 1.1, sections 43.1 to 43.12. */
import {
  bits,
  bytes,
  flag,
  low,
  nameBits,
  reserved,
  rest,
  struct,
  u8,
  u16,
  u24,
  ubits,
  zeros,
} from '../codec.ts'
import { readingFactors } from '../sensor/reading-factors.ts'
import { idString } from '../text.ts'
import { entity, eventType, owner, sensorFields, sharing } from './sensor-parts.ts'

const tail = { oem: u8, id: idString }

/** Raw, like readings; which of them mean something is told by the reading mask. */
const thresholds = struct({
  upperNonRecoverable: u8,
  upperCritical: u8,
  upperNonCritical: u8,
  lowerNonRecoverable: u8,
  lowerCritical: u8,
  lowerNonCritical: u8,
})

const hysteresis = struct({ positive: u8, negative: u8 })

/** How a value follows from M·x + B. Section 36.3 and table 43-1. */
const linearizations = {
  linear: 0x00,
  ln: 0x01,
  log10: 0x02,
  log2: 0x03,
  exp: 0x04,
  exp10: 0x05,
  exp2: 0x06,
  reciprocal: 0x07,
  square: 0x08,
  cube: 0x09,
  squareRoot: 0x0a,
  cubeRoot: 0x0b,
  nonLinear: 0x70,
} as const

const full = struct({
  ...sensorFields,
  linearization: low(nameBits(7, linearizations)),
  factors: readingFactors,
  analog: bits({ nominalGiven: flag, normalMaximumGiven: flag, normalMinimumGiven: flag, _: reserved(5) }),
  nominal: u8,
  normalMaximum: u8,
  normalMinimum: u8,
  maximum: u8,
  minimum: u8,
  thresholds,
  hysteresis,
  _: zeros(2),
  ...tail,
})

const compact = struct({ ...sensorFields, sharing, hysteresis, _: zeros(3), ...tail })

const eventOnly = struct({
  owner,
  sensorNumber: u8,
  entity,
  sensorType: u8,
  event: eventType,
  sharing,
  _: zeros(1),
  ...tail,
})

const associationFlags = bits({ _: reserved(5), isPresenceSensorSet: flag, isLinked: flag, isRange: flag })

/** Zero, or the first and last of a range when `isRange`. */
const contained = struct({ first: entity, second: entity, third: entity, fourth: entity })

const entityAssociation = struct({ container: entity, flags: associationFlags, contained })

const deviceRelative = struct({
  deviceAddress: u8,
  channel: bits({ _: reserved(4), number: ubits(4) }),
  entity,
})

const deviceRelativeAssociation = struct({
  container: entity,
  containerAddress: u8,
  containerChannel: bits({ _: reserved(4), number: ubits(4) }),
  flags: associationFlags,
  contained: struct({
    first: deviceRelative,
    second: deviceRelative,
    third: deviceRelative,
    fourth: deviceRelative,
  }),
  _: zeros(6),
})

const genericLocator = struct({
  device: bits({
    _: reserved(1),
    /** Seven bits: the controller that gives access. */
    accessAddress: ubits(7),
    channelHigh: ubits(1),
    /** Seven bits: the device itself. */
    slaveAddress: ubits(7),
    bus: ubits(3),
    lun: ubits(2),
    channelLow: ubits(3),
    addressSpan: ubits(3),
    _4: reserved(5),
  }),
  _: zeros(1),
  deviceType: u8,
  deviceTypeModifier: u8,
  entity,
  ...tail,
})

const fruLocator = struct({
  device: bits({
    _: reserved(1),
    /** Seven bits. */
    accessAddress: ubits(7),
    /** A logical device's FRU device ID; of another the slave address in bits 7:1. */
    fruId: ubits(8),
    bus: ubits(3),
    lun: ubits(2),
    _2: reserved(2),
    isLogical: flag,
    _3: reserved(4),
    channel: ubits(4),
  }),
  _: zeros(1),
  deviceType: u8,
  deviceTypeModifier: u8,
  entity,
  ...tail,
})

const deviceSupport = bits({
  sensorDevice: flag,
  sdrRepository: flag,
  sel: flag,
  fruInventory: flag,
  ipmbEventReceiver: flag,
  ipmbEventGenerator: flag,
  bridge: flag,
  chassis: flag,
})

const mcLocator = struct({
  /** Eight bits, bit 0 is zero: 20h is the BMC. */
  slaveAddress: u8,
  channel: low(ubits(4)),
  initialization: bits({
    events: nameBits(2, { enable: 0, disable: 1, keep: 2 }),
    logAccessErrors: flag,
    logAgentErrors: flag,
    _: reserved(1),
    isStatic: flag,
    devicePowerNotification: flag,
    systemPowerNotification: flag,
  }),
  supports: deviceSupport,
  _: zeros(3),
  entity,
  ...tail,
})

const mcConfirmation = struct({
  slaveAddress: u8,
  deviceId: u8,
  channel: bits({ deviceRevision: ubits(4), number: ubits(4) }),
  firmwareMajor: u8,
  firmwareMinor: u8,
  ipmiVersion: u8,
  manufacturerId: u24,
  productId: u16,
  guid: bytes(16),
})

const oem = struct({ manufacturerId: u24, data: rest })

export const layouts = {
  full,
  compact,
  eventOnly,
  entityAssociation,
  deviceRelativeAssociation,
  genericLocator,
  fruLocator,
  mcLocator,
  mcConfirmation,
  oem,
}
