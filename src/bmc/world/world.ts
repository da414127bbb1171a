/** The machine around a BMC, made once from the configuration and shared, unchanged, by however many BMCs. */

import { CodecError } from '../../protocol/bytes.ts'
import { LastwordError } from '../../protocol/error.ts'
import { type BoardArea, boardMinutes, type ChassisArea, type ProductArea } from '../../protocol/fru/areas.ts'
import { fruText } from '../../protocol/fru/field.ts'
import { encodeFru } from '../../protocol/fru/inventory.ts'
import { encodeSdr, type SdrRecord } from '../../protocol/sdr/record.ts'
import { type BmcConfig, bmcConfig, type FruConfig } from './config.ts'
import { makeSensor, type Owner, type Sensor } from './sensor.ts'
import { analogSource, type Source } from './source.ts'

export const BMC_ADDRESS = 0x20
const IPMB_CHANNEL = 0
/** Of a satellite: the bus of the controllers behind it, as on boards whose modules have one. */
const LOCAL_BUS_CHANNEL = 7
const MAX_SENSOR_NUMBER = 0xfe
/** Device type of an inventory behind the BMC's own FRU commands. Table 43-12. */
const LOGICAL_FRU_DEVICE = 0x10
const LOGICAL_FRU_MODIFIER = 0x00

export interface World {
  readonly config: BmcConfig
  /** What Get Device ID tells of the controller. */
  readonly supports: typeof supports
  readonly sensors: readonly Sensor[]
  /** By the sensor number. */
  readonly sensorAt: readonly (Sensor | undefined)[]
  /** Those whose state may change by itself: they have to be looked at. */
  readonly moving: readonly Sensor[]
  /** The records' bytes, numbered from 1. */
  readonly sdrs: readonly Uint8Array[]
  readonly watts: Source<number>
  readonly watchdogSensor: number
  /** The channel that its satellites are on. */
  readonly satelliteChannel: number
}

type Satellite = BmcConfig['satellites'][number]

/** Sensor type "Watchdog 2"; its number is this one when the configuration has no such sensor. */
const WATCHDOG_2 = 0x23
const DEFAULT_WATCHDOG_SENSOR = 0x0b

/** The world of a satellite controller on this channel: its sensors, what is behind it, and nothing that only a BMC has. */
export function satelliteWorld(
  { name, deviceId, address, sensors, behind }: Satellite,
  channel: number,
): World {
  const bare = bmcConfig.parse({ name, device: { id: deviceId } })
  const satellites = behind.map(further => ({ ...further, behind: [] }))
  return makeWorld({ ...bare, sensors, satellites }, { address, channel })
}

/** Throws LastwordError CONFIG when numbers collide or a value cannot be expressed. */
export function makeWorld(config: BmcConfig, own = { address: BMC_ADDRESS, channel: IPMB_CHANNEL }): World {
  const sensors = makeSensors(config.sensors, own)
  const isBmc = own.address === BMC_ADDRESS
  // Their sensors are read through this BMC, by Send Message; what is behind them no record can lead to.
  const listed = isBmc ? config.satellites : []
  const records: SdrRecord[] = [
    mcLocator(config, own),
    ...sensors.map(sensor => sensor.record),
    ...config.frus.map(fruLocator),
    ...listed.map(satelliteLocator),
    ...listed.flatMap(({ sensors, address }) =>
      makeSensors(sensors, { address, channel: IPMB_CHANNEL }).map(sensor => sensor.record),
    ),
    ...config.oemSdrs.map(oemRecord),
  ]
  const sensorAt: (Sensor | undefined)[] = new Array(256).fill(undefined)
  for (const sensor of sensors) sensorAt[sensor.number] = sensor
  return {
    config,
    supports: isBmc ? supports : { ...satelliteSupports, bridge: config.satellites.length > 0 },
    sensors,
    sensorAt,
    moving: sensors.filter(sensor => sensor.kind !== 'eventOnly' && sensor.isMoving),
    sdrs: records.map((record, i) => encoded(record, i + 1)),
    watts: analogSource(config.dcmi.watts),
    watchdogSensor:
      sensors.find(sensor => sensor.sensorType === WATCHDOG_2)?.number ?? DEFAULT_WATCHDOG_SENSOR,
    satelliteChannel: isBmc ? IPMB_CHANNEL : LOCAL_BUS_CHANNEL,
  }
}

/** Of the sensor that has this type; 0, which no sensor has, when there is none. */
export function numberOfType({ sensors }: World, sensorType: number): number {
  return sensors.find(sensor => sensor.sensorType === sensorType)?.number ?? 0
}

function makeSensors(configs: BmcConfig['sensors'], owner: Owner): Sensor[] {
  const taken = new Set<number>()
  for (const { number, name } of configs) {
    if (number === undefined) continue
    if (taken.has(number)) throw configError(`sensor '${name}': number ${number} is taken`)
    taken.add(number)
  }
  let next = 1
  return configs.map(config => {
    if (config.number !== undefined) return makeSensor(config, config.number, owner)
    while (taken.has(next)) next++
    if (next > MAX_SENSOR_NUMBER) throw configError(`sensor '${config.name}': there is no number left`)
    taken.add(next)
    return makeSensor(config, next, owner)
  })
}

function encoded(record: SdrRecord, recordId: number): Uint8Array {
  try {
    return encodeSdr({ ...record, recordId })
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    const name = 'id' in record ? record.id : record.kind
    throw configError(`'${name}' cannot be written as a sensor data record: ${error.message}`)
  }
}

function configError(message: string): LastwordError {
  return new LastwordError('CONFIG', message, { hint: 'docs/bmc.md tells what may stand there.' })
}

const supports = {
  sensorDevice: true,
  sdrRepository: true,
  sel: true,
  fruInventory: true,
  ipmbEventReceiver: true,
  ipmbEventGenerator: true,
  bridge: true,
  chassis: true,
}
const satelliteSupports = {
  ...supports,
  sdrRepository: false,
  sel: false,
  fruInventory: false,
  bridge: false,
  chassis: false,
}

const SYSTEM_MANAGEMENT_MODULE = 6
const locatorInitialization = {
  events: 'enable',
  logAccessErrors: false,
  logAgentErrors: false,
  isStatic: true,
  devicePowerNotification: false,
  systemPowerNotification: false,
} as const

function mcLocator(config: BmcConfig, { address, channel }: Owner): SdrRecord {
  return {
    kind: 'mcLocator',
    recordId: 0,
    slaveAddress: address,
    channel,
    initialization: locatorInitialization,
    supports,
    entity: { id: SYSTEM_MANAGEMENT_MODULE, instance: 1, isLogical: false },
    oem: 0,
    id: config.name.replace('{n}', '').slice(0, 16),
  }
}

function satelliteLocator({ address, name, behind }: Satellite, i: number): SdrRecord {
  return {
    kind: 'mcLocator',
    recordId: 0,
    slaveAddress: address,
    channel: 0,
    initialization: locatorInitialization,
    supports: { ...satelliteSupports, bridge: behind.length > 0 },
    entity: { id: SYSTEM_MANAGEMENT_MODULE, instance: i + 2, isLogical: false },
    oem: 0,
    id: name,
  }
}

function fruLocator(fru: FruConfig): SdrRecord {
  return {
    kind: 'fruLocator',
    recordId: 0,
    device: { accessAddress: BMC_ADDRESS >> 1, fruId: fru.id, bus: 0, lun: 0, isLogical: true, channel: 0 },
    deviceType: LOGICAL_FRU_DEVICE,
    deviceTypeModifier: LOGICAL_FRU_MODIFIER,
    entity: { ...(fru.entity ?? { id: 7, instance: 1 }), isLogical: false },
    oem: 0,
    id: fru.name,
  }
}

function oemRecord(hex: string): SdrRecord {
  const raw = Buffer.from(hex, 'hex')
  return {
    kind: 'oem',
    recordId: 0,
    manufacturerId: raw.readUIntLE(0, 3),
    data: Uint8Array.from(raw.subarray(3)),
  }
}

/** A FRU inventory as it comes from the maker; `index` numbers BMCs that are alike. Throws LastwordError CONFIG. */
export function fruImage(fru: FruConfig, index: number): Uint8Array {
  const field = (value: string) => fruText(value.replaceAll('{n}', String(index)))
  const custom: [] = []
  const chassis: ChassisArea | undefined = fru.chassis && {
    type: fru.chassis.type,
    partNumber: field(fru.chassis.partNumber),
    serialNumber: field(fru.chassis.serialNumber),
    custom,
  }
  const board: BoardArea | undefined = fru.board && {
    language: 25,
    madeMinutes: fru.board.madeAt === undefined ? 0 : boardMinutes(new Date(fru.board.madeAt)),
    manufacturer: field(fru.board.manufacturer),
    productName: field(fru.board.productName),
    serialNumber: field(fru.board.serialNumber),
    partNumber: field(fru.board.partNumber),
    fruFileId: field(''),
    custom,
  }
  const product: ProductArea | undefined = fru.product && {
    language: 25,
    manufacturer: field(fru.product.manufacturer),
    name: field(fru.product.name),
    partNumber: field(fru.product.partNumber),
    version: field(fru.product.version),
    serialNumber: field(fru.product.serialNumber),
    assetTag: field(fru.product.assetTag),
    fruFileId: field(''),
    custom,
  }
  try {
    const areas = { ...(chassis && { chassis }), ...(board && { board }), ...(product && { product }) }
    return encodeFru({ ...areas, multiRecords: [] }, fru.sizeBytes)
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    throw configError(`FRU '${fru.name}': ${error.message}`)
  }
}
