/** The chassis commands: power, identification, boot options. IPMI 2.0 rev 1.1, section 28. */
import { bits, flag, low, nameBits, optional, reserved, rest, surplus, u8, u32, ubits } from '../codec.ts'
import { command, Privilege } from '../command.ts'
import { NetFn } from '../net-fn.ts'
import { getParameterErrors, setParameterErrors } from '../parameter.ts'

const chassis = { netFn: NetFn.Chassis } as const

const restorePolicies = { alwaysOff: 0, previous: 1, alwaysOn: 2 } as const

/** IPMB addresses of the controllers that hold these; 20h is the BMC. */
const deviceAddresses = {
  fruDeviceAddress: u8,
  sdrDeviceAddress: u8,
  selDeviceAddress: u8,
  systemManagementDeviceAddress: u8,
  bridgeDeviceAddress: optional(u8),
}

export const GetChassisCapabilities = command({
  ...chassis,
  name: 'Get Chassis Capabilities',
  section: '28.1',
  cmd: 0x00,
  privilege: Privilege.User,
  response: {
    provides: bits({
      intrusionSensor: flag,
      frontPanelLockout: flag,
      diagnosticInterrupt: flag,
      powerInterlock: flag,
      _: reserved(4),
    }),
    ...deviceAddresses,
  },
})

export const GetChassisStatus = command({
  ...chassis,
  name: 'Get Chassis Status',
  section: '28.2',
  cmd: 0x01,
  privilege: Privilege.User,
  response: {
    power: bits({
      isOn: flag,
      overload: flag,
      interlock: flag,
      fault: flag,
      controlFault: flag,
      restorePolicy: nameBits(2, { ...restorePolicies, unknown: 3 }),
      _: reserved(1),
    }),
    /** What turned the power off or on last. */
    lastEvent: bits({
      acFailed: flag,
      overload: flag,
      interlock: flag,
      fault: flag,
      ipmiCommand: flag,
      _: reserved(3),
    }),
    chassis: bits({
      intrusion: flag,
      frontPanelLockout: flag,
      driveFault: flag,
      coolingFault: flag,
      identify: nameBits(2, { off: 0, temporary: 1, indefinite: 2 }),
      identifySupported: flag,
      _: reserved(1),
    }),
    frontPanel: optional(
      bits({
        powerOffDisabled: flag,
        resetDisabled: flag,
        diagnosticInterruptDisabled: flag,
        standbyDisabled: flag,
        powerOffDisableAllowed: flag,
        resetDisableAllowed: flag,
        diagnosticInterruptDisableAllowed: flag,
        standbyDisableAllowed: flag,
      }),
    ),
    _surplus: surplus,
  },
})

export const ChassisControl = command({
  ...chassis,
  name: 'Chassis Control',
  section: '28.3',
  cmd: 0x02,
  privilege: Privilege.Operator,
  request: {
    action: low(
      nameBits(4, {
        powerDown: 0,
        powerUp: 1,
        powerCycle: 2,
        hardReset: 3,
        diagnosticInterrupt: 4,
        softShutdown: 5,
      }),
    ),
  },
})

export const ChassisReset = command({
  ...chassis,
  name: 'Chassis Reset',
  section: '28.4',
  cmd: 0x03,
  privilege: Privilege.Operator,
})

export const ChassisIdentify = command({
  ...chassis,
  name: 'Chassis Identify',
  section: '28.5',
  cmd: 0x04,
  privilege: Privilege.Operator,
  request: {
    /** 0 turns it off; without it the BMC's default, 15 s. */
    intervalSeconds: optional(u8),
    /** Until it is turned off. */
    isIndefinite: optional(low(flag)),
  },
})

export const SetChassisCapabilities = command({
  ...chassis,
  name: 'Set Chassis Capabilities',
  section: '28.7',
  cmd: 0x05,
  privilege: Privilege.Admin,
  request: {
    provides: bits({ intrusionSensor: flag, frontPanelLockout: flag, _: reserved(6) }),
    ...deviceAddresses,
  },
})

export const SetPowerRestorePolicy = command({
  ...chassis,
  name: 'Set Power Restore Policy',
  section: '28.8',
  cmd: 0x06,
  privilege: Privilege.Operator,
  request: { policy: low(nameBits(3, { ...restorePolicies, noChange: 3 })) },
  response: {
    supports: bits({ alwaysOff: flag, previous: flag, alwaysOn: flag, _: reserved(5) }),
  },
})

export const GetSystemRestartCause = command({
  ...chassis,
  name: 'Get System Restart Cause',
  section: '28.11',
  cmd: 0x07,
  privilege: Privilege.User,
  response: {
    cause: low(
      nameBits(4, {
        unknown: 0x0,
        chassisControl: 0x1,
        resetButton: 0x2,
        powerButton: 0x3,
        watchdog: 0x4,
        oem: 0x5,
        restoreAlwaysOn: 0x6,
        restorePrevious: 0x7,
        pefReset: 0x8,
        pefPowerCycle: 0x9,
        softReset: 0xa,
        rtcWakeup: 0xb,
      }),
    ),
    /** The channel that the command which caused it came over. */
    channel: u8,
  },
})

export const SetSystemBootOptions = command({
  ...chassis,
  name: 'Set System Boot Options',
  section: '28.12',
  cmd: 0x08,
  privilege: Privilege.Operator,
  request: {
    parameter: bits({ selector: ubits(7), isInvalid: flag }),
    /** Empty to change nothing but `isInvalid`. */
    data: rest,
  },
  errors: setParameterErrors,
})

export const GetSystemBootOptions = command({
  ...chassis,
  name: 'Get System Boot Options',
  section: '28.13',
  cmd: 0x09,
  privilege: Privilege.Operator,
  request: { selector: low(ubits(7)), setSelector: u8, blockSelector: u8 },
  response: {
    version: low(ubits(4)),
    parameter: bits({ selector: ubits(7), isInvalid: flag }),
    data: rest,
  },
  errors: getParameterErrors,
})

export const SetFrontPanelButtonEnables = command({
  ...chassis,
  name: 'Set Front Panel Button Enables',
  section: '28.6',
  cmd: 0x0a,
  privilege: Privilege.Admin,
  request: {
    disable: bits({
      powerOff: flag,
      reset: flag,
      diagnosticInterrupt: flag,
      standby: flag,
      _: reserved(4),
    }),
  },
})

export const SetPowerCycleInterval = command({
  ...chassis,
  name: 'Set Power Cycle Interval',
  section: '28.9',
  cmd: 0x0b,
  privilege: Privilege.Admin,
  request: { seconds: u8 },
})

export const GetPohCounter = command({
  ...chassis,
  name: 'Get POH Counter',
  section: '28.14',
  cmd: 0x0f,
  privilege: Privilege.User,
  response: { minutesPerCount: u8, count: u32 },
})

/** The ACPI power states of system and device; a Set command changes only what it names. Section 20.6, table 20-6. */
const acpiSystemStates = {
  s0: 0x00,
  s1: 0x01,
  s2: 0x02,
  s3: 0x03,
  s4: 0x04,
  s5: 0x05,
  s4s5: 0x06,
  g3: 0x07,
  sleeping: 0x08,
  g1Sleeping: 0x09,
  override: 0x0a,
  legacyOn: 0x20,
  legacyOff: 0x21,
  unknown: 0x2a,
} as const
const acpiDeviceStates = { d0: 0x00, d1: 0x01, d2: 0x02, d3: 0x03, unknown: 0x2a } as const

export const SetAcpiPowerState = command({
  name: 'Set ACPI Power State',
  section: '20.6',
  netFn: NetFn.App,
  cmd: 0x06,
  privilege: Privilege.Admin,
  request: {
    system: bits({ state: nameBits(7, { ...acpiSystemStates, noChange: 0x7f }), set: flag }),
    device: bits({ state: nameBits(7, { ...acpiDeviceStates, noChange: 0x7f }), set: flag }),
  },
})

export const GetAcpiPowerState = command({
  name: 'Get ACPI Power State',
  section: '20.7',
  netFn: NetFn.App,
  cmd: 0x07,
  privilege: Privilege.User,
  response: {
    system: low(nameBits(7, acpiSystemStates)),
    device: low(nameBits(7, acpiDeviceStates)),
  },
})
