/** What a BMC watches when there is no configuration: a plausible 1U server with 40 sensors. */
import type { BmcConfigInput } from './config.ts'

type SensorInput = NonNullable<BmcConfigInput['sensors']>[number]

function temperature(
  name: string,
  entity: [id: string, instance: number],
  [min, max]: [number, number],
  limits: [number, number, number],
): SensorInput {
  const [upperNonCritical, upperCritical, upperNonRecoverable] = limits
  return {
    kind: 'analog',
    name,
    type: 'Temperature',
    unit: 'degrees C',
    entity: { id: entity[0], instance: entity[1] },
    needsPower: entity[0] === 'processor',
    value: { walk: { min, max, periodSeconds: 90 } },
    signed: true,
    hysteresis: 2,
    nominal: Math.round((min + max) / 2),
    thresholds: {
      upperNonCritical,
      upperCritical,
      upperNonRecoverable,
      lowerNonCritical: 5,
      lowerCritical: 0,
      lowerNonRecoverable: -5,
    },
  }
}

function fan(number: number): SensorInput {
  return {
    kind: 'analog',
    name: `Fan ${number}`,
    type: 'Fan',
    unit: 'RPM',
    entity: { id: 'fan device', instance: number },
    needsPower: true,
    value: { walk: { min: 6800, max: 7600, periodSeconds: 45 } },
    resolution: 100,
    hysteresis: 200,
    nominal: 7200,
    thresholds: { lowerNonCritical: 2000, lowerCritical: 1200, lowerNonRecoverable: 600 },
  }
}

function voltage(name: string, nominal: number, resolution: number, needsPower = true): SensorInput {
  const near = (factor: number) => Math.round((nominal * factor) / resolution) * resolution
  return {
    kind: 'analog',
    name,
    type: 'Voltage',
    unit: 'volts',
    needsPower,
    value: { walk: { min: near(0.995), max: near(1.005), periodSeconds: 30 } },
    resolution,
    hysteresis: resolution,
    nominal: near(1),
    thresholds: {
      upperNonCritical: near(1.07),
      upperCritical: near(1.1),
      lowerNonCritical: near(0.93),
      lowerCritical: near(0.9),
    },
  }
}

function powerSupply(number: number): SensorInput[] {
  const entity = { id: 'power supply', instance: number }
  return [
    {
      kind: 'analog',
      name: `PSU${number} Input`,
      type: 'Other Units-based Sensor',
      unit: 'watts',
      entity,
      value: { walk: { min: 84, max: 108, periodSeconds: 40 } },
      resolution: 4,
      hysteresis: 4,
      thresholds: { upperNonCritical: 480, upperCritical: 520 },
    },
    { kind: 'discrete', name: `PSU${number} Status`, type: 'Power Supply', entity, states: [0] },
  ]
}

function presence(name: string, type: string, entity: [string, number], states: number[]): SensorInput {
  return { kind: 'discrete', name, type, entity: { id: entity[0], instance: entity[1] }, states }
}

const sensors: SensorInput[] = [
  temperature('CPU1 Temp', ['processor', 1], [42, 58], [85, 92, 100]),
  temperature('CPU2 Temp', ['processor', 2], [41, 57], [85, 92, 100]),
  temperature('Inlet Temp', ['air inlet', 1], [21, 24], [38, 42, 47]),
  temperature('Exhaust Temp', ['system chassis', 1], [33, 38], [60, 65, 70]),
  temperature('Board Temp', ['system board', 1], [30, 34], [65, 70, 80]),
  temperature('DIMM A Temp', ['memory device', 1], [34, 39], [80, 85, 90]),
  temperature('DIMM B Temp', ['memory device', 2], [34, 39], [80, 85, 90]),
  ...[1, 2, 3, 4, 5, 6].map(fan),
  voltage('12V', 12, 0.06),
  voltage('5V', 5.0, 0.03),
  voltage('3.3V', 3.3, 0.02),
  voltage('5V Standby', 5.0, 0.03, false),
  voltage('Vbat', 3.0, 0.02, false),
  voltage('CPU1 Vcore', 1.8, 0.01),
  voltage('CPU2 Vcore', 1.8, 0.01),
  ...powerSupply(1),
  ...powerSupply(2),
  {
    kind: 'analog',
    name: 'System Power',
    type: 'Other Units-based Sensor',
    unit: 'watts',
    value: { walk: { min: 168, max: 216, periodSeconds: 40 } },
    resolution: 4,
    hysteresis: 8,
    thresholds: { upperNonCritical: 900, upperCritical: 1000 },
  },
  {
    kind: 'analog',
    name: 'Airflow',
    type: 'Other Units-based Sensor',
    unit: 'CFM',
    needsPower: true,
    value: { walk: { min: 49, max: 81, periodSeconds: 45 } },
    linearization: 'square',
    resolution: 0.1,
    thresholds: { lowerNonCritical: 9 },
  },
  presence('CPU1 Status', 'Processor', ['processor', 1], [7]),
  presence('CPU2 Status', 'Processor', ['processor', 2], [7]),
  presence('Memory', 'Memory', ['memory device', 1], []),
  presence('Drive 1', 'Drive Slot / Bay', ['disk drive bay', 1], [0]),
  presence('Drive 2', 'Drive Slot / Bay', ['disk drive bay', 2], [0]),
  {
    kind: 'discrete',
    name: 'PS Redundancy',
    type: 'Power Supply',
    eventType: 0x0b,
    entity: { id: 'power unit', instance: 1 },
    states: [0],
  },
  { kind: 'discrete', name: 'Power Unit', type: 'Power Unit', states: { on: [], off: [0] } },
  {
    kind: 'discrete',
    name: 'ACPI Power',
    type: 'System ACPI Power State',
    states: { on: [0], off: [5] },
    supports: [0, 5],
  },
  presence('Intrusion', 'Physical Security', ['system chassis', 1], []),
  presence('SEL', 'Event Logging Disabled', ['system board', 1], []),
  { kind: 'discrete', name: 'Watchdog', type: 'Watchdog 2', states: [] },
  {
    kind: 'discrete',
    name: 'Power Button',
    type: 'Button',
    entity: { id: 'front panel board' },
    states: [],
  },
  { kind: 'discrete', name: 'OS Boot', type: 'OS Boot', states: [] },
  { kind: 'eventOnly', name: 'OS Stop', type: 'OS Critical Stop' },
]

export const defaultConfig: BmcConfigInput = {
  name: 'lastword-{n}',
  device: { id: 0x20, revision: 1, firmware: '1.04', manufacturerId: 0, productId: 0x0101 },
  sensors,
  frus: [
    {
      id: 0,
      name: 'Server',
      entity: { id: 'system chassis' },
      sizeBytes: 1024,
      chassis: { type: 0x17, partNumber: 'LW-CH-1U', serialNumber: 'CH{n}' },
      board: {
        manufacturer: 'Lastword',
        productName: 'LW-1U mainboard',
        partNumber: 'LW-MB-1',
        serialNumber: 'MB{n}',
        madeAt: '2024-03-01T08:00:00Z',
      },
      product: {
        manufacturer: 'Lastword',
        name: 'LW-1U simulated server',
        partNumber: 'LW-1U',
        version: '1.0',
        serialNumber: 'SN{n}',
        assetTag: 'rack 1',
      },
    },
    ...[1, 2].map(number => ({
      id: number,
      name: `PSU${number} FRU`,
      entity: { id: 'power supply', instance: number },
      sizeBytes: 256,
      product: {
        manufacturer: 'Lastword',
        name: 'LW-PSU 550 W',
        partNumber: 'LW-PSU-550',
        version: 'A1',
        serialNumber: `PS${number}-{n}`,
      },
    })),
  ],
  oemSdrs: ['ff7f004c617374776f7264'],
  dcmi: { watts: { walk: { min: 168, max: 216, periodSeconds: 40 } }, assetTag: 'rack 1' },
  users: [{ name: 'admin', privilege: 'admin' }],
}
