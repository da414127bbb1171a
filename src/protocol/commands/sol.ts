/** Serial over LAN: its settings. IPMI 2.0 rev 1.1, section 26. */
import { bits, flag, low, map, reserved, rest, u8, u16, ubits } from '../codec.ts'
import { command, Privilege } from '../command.ts'
import { NetFn } from '../net-fn.ts'

const transport = { netFn: NetFn.Transport } as const

/** Section 26.3, table 26-5. */
export const SolParameter = {
  SetInProgress: 0,
  Enable: 1,
  Authentication: 2,
  Accumulation: 3,
  Retry: 4,
  NonVolatileBitRate: 5,
  VolatileBitRate: 6,
  PayloadChannel: 7,
  PayloadPort: 8,
} as const

export const solEnable = bits({ enabled: flag, _: reserved(7) })
export const solAuthentication = bits({
  privilege: ubits(4),
  _: reserved(2),
  forceAuthentication: flag,
  forceEncryption: flag,
})

export const SolActivating = command({
  ...transport,
  name: 'SOL Activating',
  section: '26.1',
  cmd: 0x20,
  privilege: Privilege.None,
  request: {
    state: low(ubits(4)),
    instance: u8,
    version: map(
      u16,
      raw => ({ major: raw & 0xff, minor: raw >> 8 }),
      value => value.major | (value.minor << 8),
    ),
  },
})

export const SetSolConfigurationParameters = command({
  ...transport,
  name: 'Set SOL Configuration Parameters',
  section: '26.2',
  cmd: 0x21,
  privilege: Privilege.Admin,
  request: { channel: low(ubits(4)), parameter: u8, data: rest },
  errors: {
    128: 'parameter not supported',
    129: 'attempt to set the value of set in progress when not in the set complete state',
    130: 'attempt to write read-only parameter',
    131: 'attempt to read write-only parameter',
  },
})

export const GetSolConfigurationParameters = command({
  ...transport,
  name: 'Get SOL Configuration Parameters',
  section: '26.3',
  cmd: 0x22,
  privilege: Privilege.User,
  request: {
    of: bits({ channel: ubits(4), _: reserved(3), revisionOnly: flag }),
    parameter: u8,
    set: u8,
    block: u8,
  },
  response: {
    /** 11h. */
    revision: u8,
    data: rest,
  },
  errors: { 128: 'parameter not supported' },
})
