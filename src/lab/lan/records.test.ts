/** OpenIPMI's BMC holds what our codecs wrote; our client, and ipmitool, read it back. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { it } from 'node:test'
import { connect } from '../../client/connect.ts'
import { fruText } from '../../protocol/fru/field.ts'
import { encodeFru, type FruInventory } from '../../protocol/fru/inventory.ts'
import {
  type CompactSensorRecord,
  encodeSdr,
  type FullSensorRecord,
  type SdrRecord,
} from '../../protocol/sdr/record.ts'
import { describeNeeds } from '../kernel/needs-programs.ts'
import { IpmiSim } from './ipmi-sim.ts'
import { user } from './rig.ts'

const common = {
  version: 0x51,
  owner: { id: 0x20, lun: 0, channel: 0 },
  entity: { id: 3, instance: 1, isLogical: false },
  initialization: {
    scanningOn: true,
    eventsOn: true,
    initSensorType: true,
    initHysteresis: true,
    initThresholds: true,
    initEvents: true,
    initScanning: true,
    isSettable: false,
  },
  capabilities: {
    eventControl: 'perState',
    thresholds: 'settable',
    hysteresis: 'settable',
    autoRearm: true,
    ignoreIfAbsent: false,
  },
  oem: 0,
} as const

const units = { isPercentage: false, modifierUse: 'none', rate: 'none', modifier: 0 } as const

interface Analog {
  name: string
  type: number
  unit: number
  raw: number
  m: number
  b?: number
  bExponent?: number
  resultExponent?: number
  format?: FullSensorRecord['units']['analogFormat']
  linearization?: FullSensorRecord['linearization']
}

/** Each way in which a reading becomes a value. */
const analog: Analog[] = [
  { name: 'CPU Temp', type: 1, unit: 1, raw: 60, m: 1 },
  { name: '+12V', type: 2, unit: 4, raw: 190, m: 63, resultExponent: -3 },
  { name: 'FAN 1', type: 4, unit: 18, raw: 60, m: 100, b: -5, bExponent: 2 },
  { name: 'Twos', type: 1, unit: 1, raw: 0xf6, m: 1, b: -3, format: 'twosComplement' },
  { name: 'Ones', type: 1, unit: 1, raw: 0xf6, m: 2, format: 'onesComplement' },
  {
    name: 'Reciprocal',
    type: 1,
    unit: 1,
    raw: 60,
    m: 2,
    b: 1,
    resultExponent: -3,
    linearization: 'reciprocal',
  },
  { name: 'Square', type: 1, unit: 1, raw: 60, m: 2, b: 1, linearization: 'square' },
  { name: 'Ln', type: 1, unit: 1, raw: 60, m: 2, b: 1, linearization: 'ln' },
  { name: 'Exp2', type: 1, unit: 1, raw: 6, m: 1, b: 1, linearization: 'exp2' },
  { name: 'Cube root', type: 1, unit: 1, raw: 60, m: 2, b: 1, linearization: 'cubeRoot' },
  { name: 'Square root', type: 1, unit: 1, raw: 61, m: 2, b: -1, linearization: 'squareRoot' },
]

function full(number: number, sensor: Analog): FullSensorRecord {
  return {
    kind: 'full',
    recordId: number,
    ...common,
    sensorNumber: number,
    sensorType: sensor.type,
    event: { type: 1 },
    assertionMask: 0x7a95,
    deassertionMask: 0x7a95,
    readingMask: 0x3f3f,
    units: { ...units, analogFormat: sensor.format ?? 'unsigned', base: sensor.unit },
    linearization: sensor.linearization ?? 'linear',
    factors: {
      m: sensor.m,
      tolerance: 0,
      b: sensor.b ?? 0,
      accuracy: 0,
      accuracyExponent: 0,
      direction: 'unspecified',
      resultExponent: sensor.resultExponent ?? 0,
      bExponent: sensor.bExponent ?? 0,
    },
    analog: { nominalGiven: true, normalMaximumGiven: true, normalMinimumGiven: true },
    nominal: 50,
    normalMaximum: 60,
    normalMinimum: 10,
    maximum: 255,
    minimum: 0,
    thresholds: {
      upperNonRecoverable: 240,
      upperCritical: 230,
      upperNonCritical: 220,
      lowerNonRecoverable: 1,
      lowerCritical: 2,
      lowerNonCritical: 3,
    },
    hysteresis: { positive: 2, negative: 3 },
    id: sensor.name,
  }
}

const supply: CompactSensorRecord = {
  kind: 'compact',
  recordId: 21,
  ...common,
  sensorNumber: 21,
  entity: { id: 10, instance: 2, isLogical: false },
  sensorType: 8,
  event: { type: 0x6f },
  assertionMask: 0xff,
  deassertionMask: 0,
  readingMask: 0xff,
  units: { ...units, analogFormat: 'none', base: 0 },
  sharing: { count: 1, idModifier: 'numeric', direction: 'input', idOffset: 0, incrementsInstance: false },
  hysteresis: { positive: 0, negative: 0 },
  id: 'PSU 2',
}

const locators: SdrRecord[] = [
  {
    kind: 'eventOnly',
    recordId: 22,
    version: 0x51,
    owner: common.owner,
    sensorNumber: 22,
    entity: { id: 7, instance: 1, isLogical: false },
    sensorType: 0x12,
    event: { type: 0x6f },
    sharing: supply.sharing,
    oem: 0,
    id: 'SysEvent',
  },
  {
    kind: 'mcLocator',
    recordId: 23,
    version: 0x51,
    slaveAddress: 0x20,
    channel: 0,
    initialization: {
      events: 'enable',
      logAccessErrors: false,
      logAgentErrors: false,
      isStatic: true,
      devicePowerNotification: false,
      systemPowerNotification: true,
    },
    supports: {
      sensorDevice: true,
      sdrRepository: true,
      sel: true,
      fruInventory: true,
      ipmbEventReceiver: true,
      ipmbEventGenerator: true,
      bridge: false,
      chassis: true,
    },
    entity: { id: 46, instance: 1, isLogical: false },
    oem: 0,
    id: 'BMC',
  },
  {
    kind: 'fruLocator',
    recordId: 24,
    version: 0x51,
    device: { accessAddress: 0x10, fruId: 3, bus: 0, lun: 0, isLogical: true, channel: 0 },
    deviceType: 0x10,
    deviceTypeModifier: 1,
    entity: { id: 7, instance: 1, isLogical: false },
    oem: 0,
    id: 'Board',
  },
  {
    kind: 'genericLocator',
    recordId: 25,
    version: 0x51,
    device: {
      accessAddress: 0x10,
      channelHigh: 0,
      slaveAddress: 0x50,
      bus: 1,
      lun: 0,
      channelLow: 2,
      addressSpan: 3,
    },
    deviceType: 9,
    deviceTypeModifier: 2,
    entity: { id: 8, instance: 4, isLogical: false },
    oem: 0,
    id: 'EEPROM',
  },
]

const inventory: FruInventory = {
  chassis: {
    type: 0x17,
    partNumber: fruText('CH-PN'),
    serialNumber: fruText('CH-SN'),
    custom: [fruText('more')],
  },
  board: {
    language: 25,
    madeMinutes: 14_813_000,
    manufacturer: fruText('Example Maker'),
    productName: fruText('Board'),
    serialNumber: { encoding: 'bcdPlus', text: '0123-456' },
    partNumber: { encoding: 'sixBit', text: 'PART-1_X' },
    fruFileId: fruText(''),
    custom: [{ encoding: 'binary', text: '00ff10' }],
  },
  product: {
    language: 0,
    manufacturer: fruText('Example'),
    name: fruText('Server 1'),
    partNumber: fruText('PN-9'),
    version: fruText('v1'),
    serialNumber: fruText('SN-9'),
    assetTag: fruText('asset tag'),
    fruFileId: fruText(''),
    custom: [],
  },
  multiRecords: [],
}

const records: SdrRecord[] = [...analog.map((sensor, index) => full(index + 1, sensor)), supply, ...locators]

const hex = (raw: Uint8Array) => Array.from(raw, byte => `0x${byte.toString(16).padStart(2, '0')}`).join(' ')

const emulation = [
  ...records.map(record => `main_sdr_add 0x20 ${hex(encodeSdr(record))}`),
  ...analog.flatMap(({ type, raw }, index) => [
    `sensor_add 0x20 0 ${index + 1} ${type} 1`,
    `sensor_set_threshold 0x20 0 ${index + 1} settable 111111 240 230 220 1 2 3`,
    `sensor_set_value 0x20 0 ${index + 1} ${raw} 0`,
  ]),
  'sensor_add 0x20 0 21 8 0x6f',
  'sensor_set_bit_clr_rest 0x20 0 21 0 0',
  `mc_add_fru_data 0x20 0 512 data ${hex(encodeFru(inventory, 512))}`,
].join('\n')

function ipmitool(sim: IpmiSim, ...args: string[]): string {
  const login = [
    '-I',
    'lanplus',
    '-H',
    '127.0.0.1',
    '-p',
    `${sim.port}`,
    '-U',
    user.name,
    '-P',
    user.password,
  ]
  return execFileSync('ipmitool', [...login, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

describeNeeds('ipmi_sim', 'ipmitool')('records that OpenIPMI’s BMC holds', () => {
  it('are the ones that were written into it', async () => {
    await using sim = await IpmiSim.start(emulation)
    await using bmc = await connect(`lanplus:${sim.url}`)
    // It numbers them itself.
    const read = (await bmc.sdr.records()).map((record, index) => ({ ...record, recordId: index + 1 }))
    assert.deepEqual(
      read,
      records.map((record, index) => ({ ...record, recordId: index + 1 })),
    )
    assert.deepEqual(await bmc.fru.inventory(0), { inventory, problems: [] })
    assert.deepEqual(
      (await bmc.fru.list()).map(({ fruId }) => fruId),
      [0, 3],
    )
  })

  it('mean the same to ipmitool', async () => {
    await using sim = await IpmiSim.start(emulation)
    await using bmc = await connect(`lanplus:${sim.url}`)
    const theirs = new Map(
      ipmitool(sim, 'sensor', 'list')
        .trimEnd()
        .split('\n')
        .map(line => line.split('|').map(column => column.trim()))
        .map(([name, value]) => [name!, value!]),
    )
    const sensors = await bmc.sensors.list({ thresholds: 'ask' })
    assert.deepEqual(
      [...theirs.keys()],
      sensors.map(({ name }) => name),
    )
    for (const { name, value, states } of sensors) {
      if (value === undefined) assert.deepEqual(states, ['Presence detected'])
      else assert.equal(value.toFixed(3), theirs.get(name), name)
    }
    const fru = ipmitool(sim, 'fru', 'print', '0')
    for (const [name, text] of [
      ['Chassis Extra', 'more'],
      ['Board Mfg', 'Example Maker'],
      ['Board Serial', '0123-456'],
      ['Board Part Number', 'PART-1_X'],
      ['Board Extra', '00ff10'],
      ['Product Asset Tag', 'asset tag'],
    ])
      assert.match(fru, new RegExp(`^ ${name} +: ${text}$`, 'm'))
  })
})
