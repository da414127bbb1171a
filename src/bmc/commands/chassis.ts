/** The chassis commands of the simulated BMC. IPMI 2.0 rev 1.1, section 28. */
import { z } from 'zod'
import type { ResponseOf } from '../../protocol/command.ts'
import {
  ChassisControl,
  ChassisIdentify,
  ChassisReset,
  GetAcpiPowerState,
  GetChassisCapabilities,
  GetChassisStatus,
  GetPohCounter,
  GetSystemBootOptions,
  GetSystemRestartCause,
  SetAcpiPowerState,
  SetChassisCapabilities,
  SetFrontPanelButtonEnables,
  SetPowerCycleInterval,
  SetPowerRestorePolicy,
  SetSystemBootOptions,
} from '../../protocol/commands/chassis.ts'
import { CompletionCode } from '../../protocol/completion-code.ts'
import { BootParameter } from '../../protocol/parameters/boot.ts'
import { bootOptions, isBootOptionInvalid, markBootOption } from '../boot-options.ts'
import { chassisFaults } from '../chassis-faults.ts'
import { type Served, serve } from '../serve.ts'
import { settingFamily } from '../stores/settings.ts'
import { BMC_ADDRESS } from '../world/world.ts'

const PARAMETER_VERSION = 1
const MINUTES_PER_COUNT = 60
const Button = { PowerOff: 1, Reset: 2, DiagnosticInterrupt: 4, Standby: 8 } as const

const capabilities = {
  intrusionSensor: true,
  frontPanelLockout: true,
  fruDeviceAddress: BMC_ADDRESS,
  sdrDeviceAddress: BMC_ADDRESS,
  selDeviceAddress: BMC_ADDRESS,
  systemManagementDeviceAddress: BMC_ADDRESS,
  bridgeDeviceAddress: BMC_ADDRESS,
}
const capabilityFamily = settingFamily(
  'capabilities',
  z.object({
    intrusionSensor: z.boolean(),
    frontPanelLockout: z.boolean(),
    fruDeviceAddress: z.number(),
    sdrDeviceAddress: z.number(),
    selDeviceAddress: z.number(),
    systemManagementDeviceAddress: z.number(),
    bridgeDeviceAddress: z.number(),
  }),
)
const stateName = z.union([z.string(), z.number()])
const acpiFamily = settingFamily('acpi', z.object({ system: stateName, device: stateName }))
const acpiAtFirst = { system: 's0', device: 'd0' } as z.output<typeof acpiFamily.shape>

export const chassisCommands: Served[] = [
  serve(GetChassisCapabilities, (_, { settings }) => {
    const { intrusionSensor, frontPanelLockout, ...addresses } =
      settings.get(capabilityFamily) ?? capabilities
    return {
      provides: { intrusionSensor, frontPanelLockout, diagnosticInterrupt: true, powerInterlock: false },
      ...addresses,
    }
  }),
  serve(
    SetChassisCapabilities,
    ({ provides, bridgeDeviceAddress = BMC_ADDRESS, ...addresses }, { settings }) => {
      settings.set(capabilityFamily, '', { ...provides, ...addresses, bridgeDeviceAddress })
      return {}
    },
  ),
  serve(GetChassisStatus, (_, { chassis, sensors }) => {
    const faults = chassisFaults(sensors)
    const isDisabled = (button: number) => (chassis.disabledButtons & button) !== 0
    return {
      power: {
        isOn: chassis.isOn,
        overload: faults.has('powerOverload'),
        interlock: faults.has('powerInterlock'),
        fault: faults.has('powerFault'),
        controlFault: faults.has('powerControlFault'),
        restorePolicy: chassis.restorePolicy,
      },
      // No fault turns the power off here.
      lastEvent: {
        acFailed: false,
        overload: false,
        interlock: false,
        fault: false,
        ipmiCommand: chassis.wasByCommand,
      },
      chassis: {
        intrusion: faults.has('intrusion'),
        frontPanelLockout: isDisabled(Button.PowerOff) && isDisabled(Button.Reset),
        driveFault: faults.has('driveFault'),
        coolingFault: faults.has('coolingFault'),
        identify: chassis.identify,
        identifySupported: true,
      },
      frontPanel: {
        powerOffDisabled: isDisabled(Button.PowerOff),
        resetDisabled: isDisabled(Button.Reset),
        diagnosticInterruptDisabled: isDisabled(Button.DiagnosticInterrupt),
        standbyDisabled: isDisabled(Button.Standby),
        powerOffDisableAllowed: true,
        resetDisableAllowed: true,
        diagnosticInterruptDisableAllowed: true,
        standbyDisableAllowed: true,
      },
    }
  }),
  serve(ChassisControl, ({ action }, { chassis }, { channel }) => {
    if (typeof action === 'number') return CompletionCode.InvalidDataField
    return chassis.control(action, 'chassisControl', channel) ? {} : CompletionCode.NotSupportedInState
  }),
  serve(ChassisReset, (_, { chassis }, { channel }) =>
    chassis.control('hardReset', 'chassisControl', channel) ? {} : CompletionCode.NotSupportedInState,
  ),
  serve(ChassisIdentify, ({ intervalSeconds, isIndefinite }, { chassis }) => {
    chassis.identifyFor(isIndefinite === true ? 'indefinite' : intervalSeconds)
    return {}
  }),
  serve(SetPowerRestorePolicy, ({ policy }, { chassis }) => {
    if (typeof policy === 'number') return CompletionCode.InvalidDataField
    if (policy !== 'noChange') chassis.restorePolicy = policy
    return { supports: { alwaysOff: true, previous: true, alwaysOn: true } }
  }),
  serve(GetSystemRestartCause, (_, { chassis }) => chassis.restartCause),
  serve(SetFrontPanelButtonEnables, ({ disable }, { chassis }) => {
    chassis.disabledButtons =
      (disable.powerOff ? Button.PowerOff : 0) |
      (disable.reset ? Button.Reset : 0) |
      (disable.diagnosticInterrupt ? Button.DiagnosticInterrupt : 0) |
      (disable.standby ? Button.Standby : 0)
    return {}
  }),
  serve(SetPowerCycleInterval, ({ seconds }, { chassis }) => {
    chassis.cycleSeconds = seconds
    return {}
  }),
  serve(GetPohCounter, (_, { chassis }) => ({
    minutesPerCount: MINUTES_PER_COUNT,
    count: Math.floor(chassis.onMinutes / MINUTES_PER_COUNT),
  })),
  serve(SetAcpiPowerState, ({ system, device }, { settings }) => {
    const before = settings.get(acpiFamily) ?? acpiAtFirst
    settings.set(acpiFamily, '', {
      system: system.set && system.state !== 'noChange' ? system.state : before.system,
      device: device.set && device.state !== 'noChange' ? device.state : before.device,
    })
    return {}
  }),
  // What the host's software has said holds while the host is on.
  serve(GetAcpiPowerState, (_, { chassis, settings }) => {
    const told = settings.get(acpiFamily) ?? acpiAtFirst
    return {
      system: (chassis.isOn ? told.system : 's5') as ResponseOf<typeof GetAcpiPowerState>['system'],
      device: told.device as ResponseOf<typeof GetAcpiPowerState>['device'],
    }
  }),
  serve(SetSystemBootOptions, ({ parameter: { selector, isInvalid }, data }, bmc) => {
    if (data.length > 0) {
      const code = bootOptions.set(bmc, selector, data)
      if (code !== 0) return code
    }
    markBootOption(bmc, selector, isInvalid ? 'invalid' : 'valid')
    return {}
  }),
  serve(GetSystemBootOptions, ({ selector, setSelector, blockSelector }, bmc) => {
    const data = bootOptions.get(bmc, selector, setSelector, blockSelector)
    if (typeof data === 'number') return data
    const isInvalid = selector !== BootParameter.setInProgress.selector && isBootOptionInvalid(bmc, selector)
    return { version: PARAMETER_VERSION, parameter: { selector, isInvalid }, data }
  }),
]
