/** The DCMI capabilities and configuration parameters. DCMI 1.5, sections 6.1.1 to 6.1.3. */
import {
  bits,
  flag,
  list,
  low,
  nameBits,
  reserved,
  struct,
  u8,
  u16,
  ubits,
  type ValueOf,
  zeros,
} from '../codec.ts'
import { parameter } from '../parameter.ts'

const readOnly = { access: 'readOnly' } as const

/** FFh: there is none. */
const channel = u8

/** Over which time an average of the power rolls, as of the last 5 minutes. Section 6.1.1. */
export const rollingAverage = bits({
  time: ubits(6),
  unit: nameBits(2, { seconds: 0, minutes: 1, hours: 2, days: 3 }),
})
export type RollingAverage = ValueOf<typeof rollingAverage>

/** In the order of their codes. */
const secondsIn = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 } as const

export function rollingAverageSeconds({ time, unit }: RollingAverage): number {
  return time * (typeof unit === 'number' ? (Object.values(secondsIn)[unit] ?? 0) : secondsIn[unit])
}

export const DcmiCapability = {
  supported: parameter(
    1,
    'Supported DCMI Capabilities',
    struct({
      _: zeros(1),
      platform: bits({ powerManagement: flag, _: reserved(7) }),
      access: bits({ kcs: flag, serial: flag, secondaryLan: flag, _: reserved(5) }),
    }),
    readOnly,
  ),
  mandatory: parameter(
    2,
    'Mandatory Platform Attributes',
    struct({
      sel: bits({
        entries: ubits(12),
        _: reserved(1),
        recordLevelFlush: flag,
        entireFlush: flag,
        autoRollover: flag,
      }),
      _: zeros(2),
      temperatureSamplingSeconds: u8,
    }),
    readOnly,
  ),
  optional: parameter(
    3,
    'Optional Platform Attributes',
    struct({
      powerManagementAddress: u8,
      powerManagement: bits({ deviceRevision: ubits(4), channel: ubits(4) }),
    }),
    readOnly,
  ),
  access: parameter(
    4,
    'Manageability Access Attributes',
    struct({ primaryLan: channel, secondaryLan: channel, serial: channel }),
    readOnly,
  ),
  powerStatistics: parameter(
    5,
    'Enhanced System Power Statistics Attributes',
    struct({
      count: u8,
      averages: list(rollingAverage),
    }),
    readOnly,
  ),
} as const

export const DcmiParameter = {
  activateDhcp: parameter(1, 'Activate DHCP', low(flag), { access: 'writeOnly' }),
  discovery: parameter(
    2,
    'Discovery Configuration',
    bits({ option12: flag, options60And43: flag, _: reserved(5), randomBackoff: flag }),
  ),
  /** Seconds to wait for an answer at first. */
  dhcpInitialTimeoutSeconds: parameter(3, 'DHCP Timing 1', u8),
  dhcpGiveUpSeconds: parameter(4, 'DHCP Timing 2', u16),
  dhcpRetrySeconds: parameter(5, 'DHCP Timing 3', u16),
} as const
