/** DCMI as the simulated BMC serves it: power, identity, temperatures, limits. DCMI 1.5, section 6. */
import { z } from 'zod'
import type { RequestOf } from '../../protocol/command.ts'
import {
  ActivatePowerLimit,
  GetAssetTag,
  GetDcmiCapabilitiesInfo,
  GetDcmiConfigurationParameters,
  GetDcmiSensorInfo,
  GetManagementControllerId,
  GetPowerLimit,
  GetPowerReading,
  GetTemperatureReadings,
  GetThermalLimit,
  SetAssetTag,
  SetDcmiConfigurationParameters,
  SetManagementControllerId,
  SetPowerLimit,
  SetThermalLimit,
} from '../../protocol/commands/dcmi.ts'
import { CompletionCode } from '../../protocol/completion-code.ts'
import { encodeParameter, type Parameter } from '../../protocol/parameter.ts'
import {
  DcmiCapability,
  DcmiParameter,
  type RollingAverage,
  rollingAverageSeconds,
} from '../../protocol/parameters/dcmi.ts'
import { toValue } from '../../protocol/sensor/conversion.ts'
import { SensorType } from '../../protocol/sensor/sensor-types.ts'
import type { Bmc } from '../bmc.ts'
import { initially, ParameterTable } from '../parameter-table.ts'
import { CodedResponse, type Served, serve } from '../serve.ts'
import { settingFamily } from '../stores/settings.ts'
import type { AnalogSensor } from '../world/sensor.ts'
import { systemName } from './system-info.ts'

/** DCMI 1.5, parameter revision 2. */
const REVISION = { major: 1, minor: 5, parameterRevision: 2 }
const NO_CHANNEL = 0xff
const NO_LIMIT = 0x80
const LIMIT_OUT_OF_RANGE = 0x84
const MAX_PIECE_BYTES = 16
const MAX_TEXT_BYTES = 63
const MAX_RECORD_IDS = 8
const MAX_READINGS = 8
const MAX_LIMIT_WATTS = 2000
/** The BMC's own controller, as the power management controller. */
const BMC_ADDRESS = 0x20
const AVERAGING_SECONDS = 60
/** Those that ipmitool has words for. */
const averages = [
  ...([5, 15, 30] as const).map(time => ({ time, unit: 'seconds' as const })),
  ...([1, 3, 7, 15, 30] as const).map(time => ({ time, unit: 'minutes' as const })),
  { time: 1, unit: 'hours' as const },
]

const textFamily = settingFamily('dcmiText', z.string())
const limitShape = z.object({
  exceptionAction: z.union([z.enum(['none', 'powerOff', 'logEvent']), z.number()]),
  limitWatts: z.number(),
  correctionTimeMs: z.number(),
  samplingPeriodSeconds: z.number(),
  isActive: z.boolean(),
})
const limitFamily = settingFamily('powerLimit', limitShape)
const thermalFamily = settingFamily(
  'thermalLimit',
  z.object({
    logEvent: z.boolean(),
    powerOffAndLog: z.boolean(),
    isPersistent: z.boolean().default(false),
    limitCelsius: z.number(),
    exceptionSeconds: z.number(),
  }),
)

const noLimit: z.output<typeof limitShape> = {
  exceptionAction: 'none',
  limitWatts: 0,
  correctionTimeMs: 0,
  samplingPeriodSeconds: 0,
  isActive: false,
}

/** Entities by DCMI's codes, and those of the specification that mean the same. Table 6-18. */
const entities: Readonly<Record<number, readonly number[]>> = {
  64: [64, 55],
  65: [65, 3],
  66: [66, 7],
}

/** The temperature sensors of an entity, in order. */
function temperaturesOf({ world }: Bmc, entityId: number, instance: number): AnalogSensor[] {
  const same = entities[entityId] ?? [entityId]
  return world.sensors.filter((sensor): sensor is AnalogSensor => {
    if (sensor.kind !== 'analog' || sensor.sensorType !== SensorType.Temperature) return false
    const { record } = sensor
    if (!('entity' in record)) return false
    return same.includes(record.entity.id) && (instance === 0 || record.entity.instance === instance)
  })
}

function instanceOf({ record }: AnalogSensor): number {
  return 'entity' in record ? record.entity.instance : 0
}

function recordIdOf(bmc: Bmc, sensor: AnalogSensor): number {
  // The BMC's own locator is the first record.
  return bmc.world.sensors.indexOf(sensor) + 2
}

const capability = <T>(parameter: Parameter<T>, value: T) =>
  [parameter.selector, encodeParameter(parameter, value)] as const

function capabilities(bmc: Bmc): ReadonlyMap<number, Uint8Array> {
  return new Map([
    capability(DcmiCapability.supported, {
      platform: { powerManagement: true },
      access: { kcs: true, serial: false, secondaryLan: false },
    }),
    capability(DcmiCapability.mandatory, {
      sel: {
        entries: Math.min(0xfff, bmc.sel.capacity),
        recordLevelFlush: true,
        entireFlush: true,
        autoRollover: false,
      },
      temperatureSamplingSeconds: 1,
    }),
    capability(DcmiCapability.optional, {
      powerManagementAddress: BMC_ADDRESS,
      powerManagement: { deviceRevision: 1, channel: 0 },
    }),
    capability(DcmiCapability.access, {
      primaryLan: bmc.world.config.lan.channel,
      secondaryLan: NO_CHANNEL,
      serial: NO_CHANNEL,
    }),
    capability(DcmiCapability.powerStatistics, { count: averages.length, averages }),
  ])
}

const configurationAtFirst = new Map([
  initially(DcmiParameter.discovery, { option12: true, options60And43: false, randomBackoff: false }),
  initially(DcmiParameter.dhcpInitialTimeoutSeconds, 4),
  initially(DcmiParameter.dhcpGiveUpSeconds, 120),
  initially(DcmiParameter.dhcpRetrySeconds, 64),
])

const configuration = new ParameterTable({
  name: 'dcmi',
  table: DcmiParameter,
  initial: (_, parameter) =>
    parameter === DcmiParameter.activateDhcp ? Uint8Array.of(0) : configurationAtFirst.get(parameter),
})

function textOf(bmc: Bmc, name: 'assetTag' | 'controllerId'): string {
  const first = name === 'assetTag' ? bmc.world.config.dcmi.assetTag : systemName(bmc)
  return bmc.settings.get(textFamily, name) ?? first
}

function readText(
  text: string,
  offset: number,
  count: number,
): { totalBytes: number; data: Uint8Array } | number {
  const raw = Uint8Array.from(Buffer.from(text, 'latin1'))
  if (count > MAX_PIECE_BYTES || offset > raw.length) return CompletionCode.ParameterOutOfRange
  return { totalBytes: raw.length, data: raw.subarray(offset, offset + count) }
}

/** Undefined: the piece does not follow what is there. */
function writtenText(before: string, offset: number, data: Uint8Array): string | undefined {
  const raw = Buffer.from(before, 'latin1')
  if (offset > raw.length || offset + data.length > MAX_TEXT_BYTES || data.length > MAX_PIECE_BYTES)
    return undefined
  return Buffer.concat([raw.subarray(0, offset), data]).toString('latin1')
}

/** Undefined where no such average is kept. */
function averagedSeconds(
  mode: RequestOf<typeof GetPowerReading>['mode'],
  { time, unit }: RollingAverage,
): number | undefined {
  const kept = averages.find(average => average.time === time && average.unit === unit)
  return mode !== 'enhancedSystemPower' || kept === undefined ? undefined : rollingAverageSeconds(kept)
}

export const dcmiCommands: Served[] = [
  serve(GetDcmiCapabilitiesInfo, ({ selector }, bmc) => {
    const data = capabilities(bmc).get(selector)
    return data === undefined ? CompletionCode.ParameterOutOfRange : { ...REVISION, data }
  }),
  serve(GetPowerReading, ({ mode, average: asked }, bmc) => {
    const overSeconds = mode === 'systemPower' ? AVERAGING_SECONDS : averagedSeconds(mode, asked)
    if (overSeconds === undefined) return CompletionCode.ParameterOutOfRange
    const { watts, min, max, average } = bmc.power(overSeconds)
    return {
      currentWatts: watts,
      minimumWatts: min,
      maximumWatts: max,
      averageWatts: average,
      time: new Date(bmc.sel.time * 1000),
      periodMs: overSeconds * 1000,
      state: { isMeasuring: bmc.chassis.isOn },
    }
  }),
  serve(GetPowerLimit, (_, { settings }) => {
    const { isActive, ...values } = settings.get(limitFamily) ?? noLimit
    return isActive ? values : new CodedResponse(NO_LIMIT, values)
  }),
  serve(
    SetPowerLimit,
    ({ exceptionAction, limitWatts, correctionTimeMs, samplingPeriodSeconds }, { settings }) => {
      if (limitWatts > MAX_LIMIT_WATTS) return LIMIT_OUT_OF_RANGE
      const isActive = settings.get(limitFamily)?.isActive ?? false
      const limit = { exceptionAction, limitWatts, correctionTimeMs, samplingPeriodSeconds, isActive }
      settings.set(limitFamily, '', limit)
      return {}
    },
  ),
  serve(ActivatePowerLimit, ({ active }, { settings }) => {
    const limit = settings.get(limitFamily)
    if (limit === undefined) return CompletionCode.NotSupportedInState
    settings.set(limitFamily, '', { ...limit, isActive: active })
    return {}
  }),
  serve(GetAssetTag, ({ offset, count }, bmc) => readText(textOf(bmc, 'assetTag'), offset, count)),
  serve(SetAssetTag, ({ offset, data }, bmc) => {
    const text = writtenText(textOf(bmc, 'assetTag'), offset, data)
    if (text === undefined) return CompletionCode.ParameterOutOfRange
    bmc.settings.set(textFamily, 'assetTag', text)
    return { totalBytes: text.length }
  }),
  serve(GetManagementControllerId, ({ offset, count }, bmc) =>
    readText(`${textOf(bmc, 'controllerId')}\0`, offset, count),
  ),
  serve(SetManagementControllerId, ({ offset, data }, bmc) => {
    const text = writtenText(textOf(bmc, 'controllerId'), offset, data)
    if (text === undefined) return CompletionCode.ParameterOutOfRange
    bmc.settings.set(textFamily, 'controllerId', text.replace(/\0.*$/s, ''))
    return { totalBytes: text.length }
  }),
  serve(GetDcmiSensorInfo, ({ sensorType, entityId, entityInstance, firstInstance }, bmc) => {
    if (sensorType !== SensorType.Temperature) return CompletionCode.InvalidDataField
    const all = temperaturesOf(bmc, entityId, entityInstance)
    const some = all.filter(sensor => instanceOf(sensor) >= firstInstance).slice(0, MAX_RECORD_IDS)
    const recordIds = some.map(sensor => recordIdOf(bmc, sensor))
    return { totalInstances: all.length, count: recordIds.length, recordIds }
  }),
  serve(GetTemperatureReadings, ({ sensorType, entityId, entityInstance, firstInstance }, bmc) => {
    if (sensorType !== SensorType.Temperature) return CompletionCode.InvalidDataField
    const all = temperaturesOf(bmc, entityId, entityInstance)
    const some = all.filter(sensor => instanceOf(sensor) >= firstInstance).slice(0, MAX_READINGS)
    const readings = some.map(sensor => ({
      celsius: Math.round(toValue(bmc.sensors.read(sensor).raw, sensor.scale) ?? 0),
      entityInstance: instanceOf(sensor),
    }))
    return { totalInstances: all.length, count: readings.length, readings }
  }),
  serve(SetThermalLimit, ({ entityId, entityInstance, action, ...limit }, bmc) => {
    if (temperaturesOf(bmc, entityId, entityInstance).length === 0) return CompletionCode.NotPresent
    bmc.settings.set(thermalFamily, `${entityId}.${entityInstance}`, { ...action, ...limit })
    return {}
  }),
  serve(GetThermalLimit, ({ entityId, entityInstance }, bmc) => {
    if (temperaturesOf(bmc, entityId, entityInstance).length === 0) return CompletionCode.NotPresent
    const limit = bmc.settings.get(thermalFamily, `${entityId}.${entityInstance}`)
    const { logEvent = false, powerOffAndLog = false, isPersistent = false } = limit ?? {}
    const { limitCelsius = 0, exceptionSeconds = 0 } = limit ?? {}
    return { action: { logEvent, powerOffAndLog, isPersistent }, limitCelsius, exceptionSeconds }
  }),
  serve(
    SetDcmiConfigurationParameters,
    ({ selector, data }, bmc) => configuration.set(bmc, selector, data) || {},
  ),
  serve(GetDcmiConfigurationParameters, ({ selector, setSelector }, bmc) => {
    const data = configuration.get(bmc, selector, setSelector, 0)
    return typeof data === 'number' ? data : { ...REVISION, data }
  }),
]
