/** The sensor commands: readings, thresholds, events, device SDRs. IPMI 2.0 rev 1.1, section 35. */
import {
  bits,
  bytes,
  type Codec,
  flag,
  low,
  nameBits,
  optional,
  reserved,
  rest,
  surplus,
  u8,
  u16,
  u32,
  ubits,
} from '../codec.ts'
import { command, Privilege } from '../command.ts'
import { NetFn } from '../net-fn.ts'
import { readingFactors } from '../sensor/reading-factors.ts'

const sensorEvent = { netFn: NetFn.SensorEvent } as const

/** One flag for each threshold: lower and upper, non-critical, critical, non-recoverable. */
const thresholdMask = bits({
  lowerNonCritical: flag,
  lowerCritical: flag,
  lowerNonRecoverable: flag,
  upperNonCritical: flag,
  upperCritical: flag,
  upperNonRecoverable: flag,
  _: reserved(2),
})

/** Raw, to be converted with the sensor's reading factors. */
const thresholdValues = {
  lowerNonCritical: u8,
  lowerCritical: u8,
  lowerNonRecoverable: u8,
  upperNonCritical: u8,
  upperCritical: u8,
  upperNonRecoverable: u8,
}

/** Events as a mask: discrete ones have a bit for each state, threshold ones as in table 35-11. */
const eventMasks = { assertion: optional(u16), deassertion: optional(u16) }

/** A sensor with few states may have its last mask cut to one byte. */
const shortMask: Codec<number> = {
  read: from => from.uint(Math.min(2, from.left)),
  write: u16.write,
}
const answeredMasks = { assertion: optional(shortMask), deassertion: optional(shortMask), _surplus: surplus }

export const GetDeviceSdrInfo = command({
  ...sensorEvent,
  name: 'Get Device SDR Info',
  section: '35.2',
  cmd: 0x20,
  privilege: Privilege.User,
  request: { count: optional(low(nameBits(1, { sensors: 0, sdrs: 1 }))) },
  response: {
    /** Sensors on this LUN, or SDRs of the device, as was asked. */
    count: u8,
    population: bits({ lun0: flag, lun1: flag, lun2: flag, lun3: flag, _: reserved(3), isDynamic: flag }),
    /** Changes when a dynamic population does. */
    changeIndicator: optional(u32),
  },
})

export const GetDeviceSdr = command({
  ...sensorEvent,
  name: 'Get Device SDR',
  section: '35.3',
  cmd: 0x21,
  privilege: Privilege.User,
  request: {
    /** 0 when the whole record is read at once. */
    reservationId: u16,
    recordId: u16,
    offset: u8,
    /** FFh: the whole record. */
    count: u8,
  },
  response: { nextRecordId: u16, data: rest },
  errors: { 128: 'record changed' },
})

export const ReserveDeviceSdrRepository = command({
  ...sensorEvent,
  name: 'Reserve Device SDR Repository',
  section: '35.4',
  cmd: 0x22,
  privilege: Privilege.User,
  response: { reservationId: u16 },
})

export const GetSensorReadingFactors = command({
  ...sensorEvent,
  name: 'Get Sensor Reading Factors',
  section: '35.5',
  cmd: 0x23,
  privilege: Privilege.User,
  request: { sensorNumber: u8, reading: u8 },
  response: {
    /** The next reading from which other factors hold. */
    nextReading: u8,
    factors: readingFactors,
  },
})

export const SetSensorHysteresis = command({
  ...sensorEvent,
  name: 'Set Sensor Hysteresis',
  section: '35.6',
  cmd: 0x24,
  privilege: Privilege.Operator,
  request: {
    sensorNumber: u8,
    /** FFh; for a mask in future. */
    mask: u8,
    positive: u8,
    negative: u8,
  },
})

export const GetSensorHysteresis = command({
  ...sensorEvent,
  name: 'Get Sensor Hysteresis',
  section: '35.7',
  cmd: 0x25,
  privilege: Privilege.User,
  request: {
    sensorNumber: u8,
    /** FFh; for a mask in future. */
    mask: u8,
  },
  response: { positive: u8, negative: u8, _surplus: surplus },
})

export const SetSensorThresholds = command({
  ...sensorEvent,
  name: 'Set Sensor Thresholds',
  section: '35.8',
  cmd: 0x26,
  privilege: Privilege.Operator,
  request: { sensorNumber: u8, set: thresholdMask, ...thresholdValues },
})

export const GetSensorThresholds = command({
  ...sensorEvent,
  name: 'Get Sensor Thresholds',
  section: '35.9',
  cmd: 0x27,
  privilege: Privilege.User,
  request: { sensorNumber: u8 },
  response: { readable: thresholdMask, ...thresholdValues, _surplus: surplus },
})

export const SetSensorEventEnable = command({
  ...sensorEvent,
  name: 'Set Sensor Event Enable',
  section: '35.10',
  cmd: 0x28,
  privilege: Privilege.Operator,
  request: {
    sensorNumber: u8,
    enable: bits({
      _: reserved(4),
      action: nameBits(2, { noChange: 0, enableSelected: 1, disableSelected: 2 }),
      scanning: flag,
      eventMessages: flag,
    }),
    ...eventMasks,
  },
})

export const GetSensorEventEnable = command({
  ...sensorEvent,
  name: 'Get Sensor Event Enable',
  section: '35.11',
  cmd: 0x29,
  privilege: Privilege.User,
  request: { sensorNumber: u8 },
  response: {
    enabled: bits({ _: reserved(6), scanning: flag, eventMessages: flag }),
    ...answeredMasks,
  },
})

export const RearmSensorEvents = command({
  ...sensorEvent,
  name: 'Re-arm Sensor Events',
  section: '35.12',
  cmd: 0x2a,
  privilege: Privilege.Operator,
  request: {
    sensorNumber: u8,
    rearm: bits({ _: reserved(7), which: nameBits(1, { all: 0, selected: 1 }) }),
    ...eventMasks,
  },
})

const statusFlags = bits({ _: reserved(5), unavailable: flag, scanning: flag, eventMessages: flag })

export const GetSensorEventStatus = command({
  ...sensorEvent,
  name: 'Get Sensor Event Status',
  section: '35.13',
  cmd: 0x2b,
  privilege: Privilege.User,
  request: { sensorNumber: u8 },
  response: { status: statusFlags, ...answeredMasks },
})

export const GetSensorReading = command({
  ...sensorEvent,
  name: 'Get Sensor Reading',
  section: '35.14',
  cmd: 0x2d,
  privilege: Privilege.User,
  request: { sensorNumber: u8 },
  response: {
    /** Raw; 0 from a sensor without an analog reading. */
    reading: u8,
    status: statusFlags,
    /** States 0 to 7; for a threshold sensor the comparisons, in the order of the threshold mask. */
    states: optional(u8),
    /** States 8 to 14 in bits 0 to 6. */
    moreStates: optional(u8),
    _surplus: surplus,
  },
})

const sensorType = { sensorType: u8, eventType: low(ubits(7)) }

export const SetSensorType = command({
  ...sensorEvent,
  name: 'Set Sensor Type',
  section: '35.15',
  cmd: 0x2e,
  privilege: Privilege.Operator,
  request: { sensorNumber: u8, ...sensorType },
})

export const GetSensorType = command({
  ...sensorEvent,
  name: 'Get Sensor Type',
  section: '35.16',
  cmd: 0x2f,
  privilege: Privilege.User,
  request: { sensorNumber: u8 },
  response: sensorType,
})

export const SetSensorReading = command({
  ...sensorEvent,
  name: 'Set Sensor Reading And Event Status',
  section: '35.17',
  cmd: 0x30,
  privilege: Privilege.Operator,
  request: {
    sensorNumber: u8,
    operation: bits({
      reading: nameBits(2, { keep: 0, write: 1 }),
      deassertion: nameBits(2, { keep: 0, write: 1, set: 2, clear: 3 }),
      assertion: nameBits(2, { keep: 0, write: 1, set: 2, clear: 3 }),
      eventData: nameBits(2, { keep: 0, writeWithoutEvent: 1, write: 2 }),
    }),
    reading: optional(u8),
    ...eventMasks,
    eventData: optional(bytes(3)),
  },
  errors: {
    128: 'attempt to change reading or state bits that cannot be set',
    129: 'attempt to set event data that cannot be set',
  },
})
