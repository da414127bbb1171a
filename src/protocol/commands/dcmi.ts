/** Data Center Manageability Interface: power, identity, temperatures. DCMI 1.5, section 6. */
import {
  bits,
  type Codec,
  flag,
  list,
  low,
  map,
  names,
  reserved,
  rest,
  struct,
  u8,
  u16,
  u32,
  unixTime,
  zeros,
} from '../codec.ts'
import { command, Privilege } from '../command.ts'
import { NetFn } from '../net-fn.ts'
import { setParameterErrors } from '../parameter.ts'
import { rollingAverage } from '../parameters/dcmi.ts'

/** The defining body code of DCMI. */
export const DCMI_GROUP = 0xdc

const dcmi = { netFn: NetFn.GroupExtension, group: DCMI_GROUP } as const

const revision = { major: u8, minor: u8, parameterRevision: u8, data: rest }

export const GetDcmiCapabilitiesInfo = command({
  ...dcmi,
  name: 'Get DCMI Capabilities Info',
  section: 'DCMI 6.1.1',
  cmd: 0x01,
  privilege: Privilege.User,
  request: { selector: u8 },
  response: revision,
})

export const GetPowerReading = command({
  ...dcmi,
  name: 'Get Power Reading',
  section: 'DCMI 6.6.1',
  cmd: 0x02,
  privilege: Privilege.User,
  request: {
    mode: names({ systemPower: 0x01, enhancedSystemPower: 0x02 }),
    /** Of the enhanced mode: one of the capabilities; otherwise no time. */
    average: rollingAverage,
    _: zeros(1),
  },
  response: {
    currentWatts: u16,
    minimumWatts: u16,
    maximumWatts: u16,
    averageWatts: u16,
    time: unixTime,
    periodMs: u32,
    state: bits({ _: reserved(6), isMeasuring: flag, _7: reserved(1) }),
  },
})

/** 02h to 10h are the maker's own. */
const exceptionActions = names({ none: 0x00, powerOff: 0x01, logEvent: 0x11 })

const powerLimit = {
  exceptionAction: exceptionActions,
  limitWatts: u16,
  correctionTimeMs: u32,
  _reserved: zeros(2),
  samplingPeriodSeconds: u16,
}

export const GetPowerLimit = command({
  ...dcmi,
  name: 'Get Power Limit',
  section: 'DCMI 6.6.2',
  cmd: 0x03,
  privilege: Privilege.User,
  request: { _: zeros(2) },
  response: { _: zeros(2), ...powerLimit },
  errors: { 128: 'no active power limit set' },
  hints: { 128: 'Set one first (dcmi power set_limit), and activate it (dcmi power activate).' },
})

export const SetPowerLimit = command({
  ...dcmi,
  name: 'Set Power Limit',
  section: 'DCMI 6.6.3',
  cmd: 0x04,
  privilege: Privilege.Operator,
  request: { _: zeros(3), ...powerLimit },
  errors: {
    132: 'power limit out of range',
    133: 'correction time out of range',
    137: 'statistics reporting period out of range',
  },
})

export const ActivatePowerLimit = command({
  ...dcmi,
  name: 'Activate/Deactivate Power Limit',
  section: 'DCMI 6.6.4',
  cmd: 0x05,
  privilege: Privilege.Operator,
  request: { active: low(flag), _: zeros(2) },
})

const piece = { offset: u8, count: u8 }

/** Latin-1 (or UTF-8) text as it stands there, read piece by piece. */
const textPiece = { totalBytes: u8, data: rest }

export const GetAssetTag = command({
  ...dcmi,
  name: 'Get Asset Tag',
  section: 'DCMI 6.4.2',
  cmd: 0x06,
  privilege: Privilege.User,
  request: piece,
  response: textPiece,
  errors: {
    128: 'encoding type in FRU is binary or unspecified',
    129: 'encoding type in FRU is BCD plus',
    130: 'encoding type in FRU is 6-bit ASCII packed',
    131: 'encoding type in FRU is ASCII with Latin-1, but the language is not English',
  },
})

export const GetDcmiSensorInfo = command({
  ...dcmi,
  name: 'Get DCMI Sensor Info',
  section: 'DCMI 6.5.2',
  cmd: 0x07,
  privilege: Privilege.User,
  request: {
    sensorType: u8,
    entityId: u8,
    /** 0: all instances. */
    entityInstance: u8,
    firstInstance: u8,
  },
  response: { totalInstances: u8, count: u8, recordIds: list(u16) },
})

export const SetAssetTag = command({
  ...dcmi,
  name: 'Set Asset Tag',
  section: 'DCMI 6.4.3',
  cmd: 0x08,
  privilege: Privilege.Operator,
  request: { ...piece, data: rest },
  response: { totalBytes: u8 },
})

export const GetManagementControllerId = command({
  ...dcmi,
  name: 'Get Management Controller Identifier String',
  section: 'DCMI 6.4.6.1',
  cmd: 0x09,
  privilege: Privilege.User,
  request: piece,
  /** The total counts the terminating zero. */
  response: textPiece,
})

export const SetManagementControllerId = command({
  ...dcmi,
  name: 'Set Management Controller Identifier String',
  section: 'DCMI 6.4.6.2',
  cmd: 0x0a,
  privilege: Privilege.Admin,
  request: { ...piece, data: rest },
  /** Where the next piece goes. */
  response: { totalBytes: u8 },
})

const thermalLimit = {
  action: bits({
    _: reserved(5),
    logEvent: flag,
    powerOffAndLog: flag,
    /** Of DCMI 1.0; reserved since. */
    isPersistent: flag,
  }),
  limitCelsius: u8,
  exceptionSeconds: u16,
}

const entity = { entityId: u8, entityInstance: u8 }

export const SetThermalLimit = command({
  ...dcmi,
  name: 'Set Thermal Limit',
  section: 'DCMI 6.7.2',
  cmd: 0x0b,
  privilege: Privilege.Operator,
  request: { ...entity, ...thermalLimit },
})

export const GetThermalLimit = command({
  ...dcmi,
  name: 'Get Thermal Limit',
  section: 'DCMI 6.7.1',
  cmd: 0x0c,
  privilege: Privilege.User,
  request: entity,
  response: thermalLimit,
})

/** Bit 7 is the sign, bits 6:0 the magnitude in degrees Celsius. Table 6-24. */
const signAndMagnitude: Codec<number> = map(
  u8,
  raw => (raw & 0x80 && raw & 0x7f ? -(raw & 0x7f) : raw & 0x7f),
  value => (value < 0 ? 0x80 | -value : value),
)

const temperature = struct({ celsius: signAndMagnitude, entityInstance: u8 })

export const GetTemperatureReadings = command({
  ...dcmi,
  name: 'Get Temperature Readings',
  section: 'DCMI 6.7.3',
  cmd: 0x10,
  privilege: Privilege.User,
  request: { sensorType: u8, ...entity, firstInstance: u8 },
  response: { totalInstances: u8, count: u8, readings: list(temperature) },
})

export const SetDcmiConfigurationParameters = command({
  ...dcmi,
  name: 'Set DCMI Configuration Parameters',
  section: 'DCMI 6.1.2',
  cmd: 0x12,
  privilege: Privilege.Admin,
  request: { selector: u8, setSelector: u8, data: rest },
  errors: setParameterErrors,
})

export const GetDcmiConfigurationParameters = command({
  ...dcmi,
  name: 'Get DCMI Configuration Parameters',
  section: 'DCMI 6.1.3',
  cmd: 0x13,
  privilege: Privilege.User,
  request: { selector: u8, setSelector: u8 },
  response: revision,
})
