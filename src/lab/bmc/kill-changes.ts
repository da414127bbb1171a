/** What a BMC is made to change while it is killed: one value of each family that it keeps, and how to read it afterwards. */
import type { Bmc } from '../../bmc/bmc.ts'
import { isBootOptionInvalid } from '../../bmc/boot-options.ts'
import { execute } from '../../bmc/execute.ts'
import { systemInterface } from '../../bmc/serve.ts'
import {
  type AnyCommand,
  decodeResponse,
  encodeRequest,
  type RequestOf,
  type ResponseOf,
} from '../../protocol/command.ts'
import { GetChannelAccess, SetChannelAccess } from '../../protocol/commands/channel.ts'
import {
  ChassisControl,
  GetAcpiPowerState,
  GetChassisCapabilities,
  GetSystemBootOptions,
  SetAcpiPowerState,
  SetChassisCapabilities,
  SetFrontPanelButtonEnables,
  SetPowerCycleInterval,
  SetPowerRestorePolicy,
  SetSystemBootOptions,
} from '../../protocol/commands/chassis.ts'
import {
  ActivatePowerLimit,
  GetAssetTag,
  GetDcmiConfigurationParameters,
  GetPowerLimit,
  GetThermalLimit,
  SetAssetTag,
  SetDcmiConfigurationParameters,
  SetPowerLimit,
  SetThermalLimit,
} from '../../protocol/commands/dcmi.ts'
import { SetEventReceiver } from '../../protocol/commands/event.ts'
import { WriteFruData } from '../../protocol/commands/fru.ts'
import { GetLanConfigurationParameters, SetLanConfigurationParameters } from '../../protocol/commands/lan.ts'
import {
  GetLastProcessedEventId,
  GetPefConfigurationParameters,
  SetLastProcessedEventId,
  SetPefConfigurationParameters,
} from '../../protocol/commands/pef.ts'
import {
  GetAuxiliaryLogStatus,
  SetAuxiliaryLogStatus,
  SetSelTimeUtcOffset,
} from '../../protocol/commands/sel.ts'
import { SetSensorHysteresis, SetSensorThresholds } from '../../protocol/commands/sensor.ts'
import { GetSolConfigurationParameters, SetSolConfigurationParameters } from '../../protocol/commands/sol.ts'
import { GetSystemInfoParameters, SetSystemInfoParameters } from '../../protocol/commands/system-info.ts'
import { SetUserName } from '../../protocol/commands/user.ts'

/** What the load comes over: the VM serial protocol, or LAN sessions. */
export type LoadPath = 'vm' | 'lan'

/** A value that is set again and again, each time to the next number. */
export interface Changed {
  what: string
  /** So many numbers it can be; they come round. */
  values: number
  command: AnyCommand
  request(value: number): unknown
  /** What it is now. */
  read(bmc: Bmc): number
  /** Both paths unless given. */
  path?: LoadPath
}

const USER = 5
const FRU = 0
const SENSOR = 1
const LAN = 1
const GATEWAY = 12
const PEF_STARTUP_DELAY = 3
const SOL_RETRY = 4
const BOOT_ACKNOWLEDGE = 4
const BOOT_INITIATOR = 7
const SYSTEM_NAME = 2
const DHCP_TIMING_1 = 3
const INLET = { entityId: 0x40, entityInstance: 1 }
const WORD = 0x10000

/** For the configuration of a BMC that is to be changed. */
export const changedConfig = `
sensors:
  - { kind: analog, name: Inlet, type: Temperature, unit: degrees C, entity: { id: ${INLET.entityId} }, value: 22, thresholds: { upperCritical: 40 } }
frus: [{ id: ${FRU}, name: Board, product: { name: board } }]
`

function changed<C extends AnyCommand>(
  what: string,
  values: number,
  command: C,
  request: (value: number) => RequestOf<C>,
  read: (bmc: Bmc) => number,
): Changed {
  return { what, values, command, request, read }
}

function asked<C extends AnyCommand>(bmc: Bmc, command: C, request: RequestOf<C>): ResponseOf<C> {
  const bytes = Uint8Array.of(command.netFn << 2, command.cmd, ...encodeRequest(command, request))
  return decodeResponse(command, execute(bmc, bytes, systemInterface).subarray(2)) as ResponseOf<C>
}

const word = (value: number) => Uint8Array.of(value, value >> 8)
const wordIn = (bytes: Uint8Array, at = 0) => bytes[at]! | (bytes[at + 1]! << 8)
const noThresholds = {
  lowerNonCritical: 0,
  lowerCritical: 0,
  lowerNonRecoverable: 0,
  upperNonCritical: 0,
  upperCritical: 0,
  upperNonRecoverable: 0,
}
const upperCriticalOnly = {
  lowerNonCritical: false,
  lowerCritical: false,
  lowerNonRecoverable: false,
  upperNonCritical: false,
  upperCritical: true,
  upperNonRecoverable: false,
}
const [turnOff, turnOn] = ['powerDown', 'powerUp'] as const
const policies = ['alwaysOff', 'previous', 'alwaysOn'] as const
const revisionOnly = false

export const changes: readonly Changed[] = [
  changed(
    'user name',
    WORD,
    SetUserName,
    value => ({ userId: USER, name: `u${value}` }),
    bmc => Number(bmc.users.get(USER).name.slice(1)),
  ),
  changed(
    'FRU data',
    WORD,
    WriteFruData,
    value => ({ fruId: FRU, offset: 255, data: word(value) }),
    bmc => wordIn(bmc.frus.read(FRU)!, 255),
  ),
  changed(
    'sensor threshold',
    256,
    SetSensorThresholds,
    value => ({ ...noThresholds, sensorNumber: SENSOR, set: upperCriticalOnly, upperCritical: value }),
    bmc => bmc.sensors.settingsOf(bmc.sensors.at(SENSOR)!).thresholds[4]!,
  ),
  changed(
    'sensor hysteresis',
    256,
    SetSensorHysteresis,
    value => ({ sensorNumber: SENSOR, mask: 0xff, positive: value, negative: 0 }),
    bmc => bmc.sensors.settingsOf(bmc.sensors.at(SENSOR)!).positiveHysteresis,
  ),
  changed(
    'event receiver',
    128,
    SetEventReceiver,
    value => ({ slaveAddress: value * 2, unit: { lun: 0 } }),
    bmc => bmc.eventReceiver.slaveAddress / 2,
  ),
  changed(
    'LAN parameter',
    WORD,
    SetLanConfigurationParameters,
    value => ({ channel: LAN, selector: GATEWAY, data: Uint8Array.of(10, 0, ...word(value)) }),
    bmc => {
      const of = { selector: GATEWAY, setSelector: 0, blockSelector: 0 }
      const { data } = asked(bmc, GetLanConfigurationParameters, {
        from: { channel: LAN, revisionOnly },
        ...of,
      })
      return wordIn(data, 2)
    },
  ),
  changed(
    'PEF parameter',
    256,
    SetPefConfigurationParameters,
    value => ({ selector: PEF_STARTUP_DELAY, data: Uint8Array.of(value) }),
    bmc => {
      const parameter = { selector: PEF_STARTUP_DELAY, revisionOnly }
      return asked(bmc, GetPefConfigurationParameters, { parameter, setSelector: 0, blockSelector: 0 })
        .data[0]!
    },
  ),
  changed(
    'event that PEF has processed',
    WORD,
    SetLastProcessedEventId,
    value => ({ by: 'software' as const, recordId: value }),
    bmc => asked(bmc, GetLastProcessedEventId, {}).lastSoftwareProcessedId,
  ),
  changed(
    'SOL parameter',
    256,
    SetSolConfigurationParameters,
    value => ({ channel: LAN, parameter: SOL_RETRY, data: Uint8Array.of(1, value) }),
    bmc => {
      const of = { channel: LAN, revisionOnly }
      return asked(bmc, GetSolConfigurationParameters, { of, parameter: SOL_RETRY, set: 0, block: 0 })
        .data[1]!
    },
  ),
  changed(
    'boot option',
    WORD,
    SetSystemBootOptions,
    value => ({
      parameter: { selector: BOOT_INITIATOR, isInvalid: false },
      data: Uint8Array.of(0, ...word(value), 0, 0, 0, 0, 0, 0),
    }),
    bmc =>
      wordIn(
        asked(bmc, GetSystemBootOptions, { selector: BOOT_INITIATOR, setSelector: 0, blockSelector: 0 }).data,
        1,
      ),
  ),
  changed(
    'validity of a boot option',
    2,
    SetSystemBootOptions,
    value => ({ parameter: { selector: BOOT_ACKNOWLEDGE, isInvalid: value === 1 }, data: new Uint8Array(0) }),
    bmc => (isBootOptionInvalid(bmc, BOOT_ACKNOWLEDGE) ? 1 : 0),
  ),
  changed(
    'system information',
    WORD,
    SetSystemInfoParameters,
    value => ({
      selector: SYSTEM_NAME,
      data: Uint8Array.of(0, 0, 2, ...word(value), ...new Uint8Array(12)),
    }),
    bmc => {
      const of = { selector: SYSTEM_NAME, setSelector: 0, blockSelector: 0 }
      return wordIn(asked(bmc, GetSystemInfoParameters, { get: { revisionOnly }, ...of }).data, 3)
    },
  ),
  changed(
    'DCMI parameter',
    256,
    SetDcmiConfigurationParameters,
    value => ({ selector: DHCP_TIMING_1, setSelector: 0, data: Uint8Array.of(value) }),
    bmc => asked(bmc, GetDcmiConfigurationParameters, { selector: DHCP_TIMING_1, setSelector: 0 }).data[0]!,
  ),
  changed(
    'asset tag',
    10_000,
    SetAssetTag,
    value => ({ offset: 0, count: 4, data: Buffer.from(String(value).padStart(4, '0')) }),
    bmc => Number(Buffer.from(asked(bmc, GetAssetTag, { offset: 0, count: 4 }).data).toString()),
  ),
  changed(
    'power limit',
    256,
    SetPowerLimit,
    value => ({
      exceptionAction: 'none' as const,
      limitWatts: value,
      correctionTimeMs: 1000,
      samplingPeriodSeconds: 1,
    }),
    bmc => {
      // One that is not active is not told.
      asked(bmc, ActivatePowerLimit, { active: true })
      return asked(bmc, GetPowerLimit, {}).limitWatts
    },
  ),
  changed(
    'thermal limit',
    WORD,
    SetThermalLimit,
    value => ({
      ...INLET,
      action: { logEvent: true, powerOffAndLog: false, isPersistent: false },
      limitCelsius: 40,
      exceptionSeconds: value,
    }),
    bmc => asked(bmc, GetThermalLimit, INLET).exceptionSeconds,
  ),
  {
    ...changed(
      'power policy',
      policies.length,
      SetPowerRestorePolicy,
      value => ({ policy: policies[value]! }),
      bmc => policies.indexOf(bmc.chassis.restorePolicy),
    ),
    path: 'lan',
  },
  // At each start the policy says what the power is.
  {
    ...changed(
      'power',
      2,
      ChassisControl,
      value => ({ action: value === 0 ? turnOff : turnOn }),
      bmc => (bmc.chassis.isOn ? 1 : 0),
    ),
    path: 'vm',
  },
  changed(
    'power cycle interval',
    256,
    SetPowerCycleInterval,
    seconds => ({ seconds }),
    bmc => bmc.chassis.cycleSeconds,
  ),
  changed(
    'front panel',
    2,
    SetFrontPanelButtonEnables,
    value => ({
      disable: { powerOff: value === 1, reset: false, diagnosticInterrupt: false, standby: false },
    }),
    bmc => bmc.chassis.disabledButtons & 1,
  ),
  changed(
    'ACPI state',
    2,
    SetAcpiPowerState,
    value => ({
      system: { state: value === 0 ? ('s0' as const) : ('s1' as const), set: true },
      device: { state: 'noChange' as const, set: false },
    }),
    bmc => {
      // While the host is off, that is its state.
      asked(bmc, ChassisControl, { action: turnOn })
      return asked(bmc, GetAcpiPowerState, {}).system === 's1' ? 1 : 0
    },
  ),
  changed(
    'chassis capabilities',
    256,
    SetChassisCapabilities,
    value => ({
      provides: { intrusionSensor: false, frontPanelLockout: false },
      fruDeviceAddress: value,
      sdrDeviceAddress: 0x20,
      selDeviceAddress: 0x20,
      systemManagementDeviceAddress: 0x20,
    }),
    bmc => asked(bmc, GetChassisCapabilities, {}).fruDeviceAddress,
  ),
  changed(
    'channel access',
    2,
    SetChannelAccess,
    value => ({
      channel: LAN,
      access: {
        mode: 'always' as const,
        userLevelAuthenticationDisabled: false,
        perMessageAuthenticationDisabled: false,
        pefAlertingDisabled: value === 1,
        change: 'nonVolatile' as const,
      },
      limit: { privilege: 'admin' as const, change: 'keep' as const },
    }),
    bmc => {
      const { access } = asked(bmc, GetChannelAccess, { channel: LAN, get: { which: 'nonVolatile' } })
      return access.pefAlertingDisabled ? 1 : 0
    },
  ),
  changed(
    'clock',
    1000,
    SetSelTimeUtcOffset,
    minutes => ({ minutes }),
    bmc => bmc.sel.utcOffset ?? 0,
  ),
  changed(
    'auxiliary log',
    WORD,
    SetAuxiliaryLogStatus,
    time => ({ log: { type: 'oem1' as const }, time, data: new Uint8Array(7) }),
    bmc => asked(bmc, GetAuxiliaryLogStatus, { log: { type: 'oem1' } }).time,
  ),
]
