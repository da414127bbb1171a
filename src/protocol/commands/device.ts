/** The device commands of netFn App: who the BMC is and how it feels. IPMI 2.0 rev 1.1, section 20. */
import {
  bcd,
  bits,
  bytes,
  flag,
  ipmiVersion,
  names,
  optional,
  reserved,
  surplus,
  u8,
  u16,
  u24,
  ubits,
  upTo,
} from '../codec.ts'
import { command, Privilege } from '../command.ts'
import { NetFn } from '../net-fn.ts'

export const GetDeviceId = command({
  name: 'Get Device ID',
  section: '20.1',
  netFn: NetFn.App,
  cmd: 0x01,
  privilege: Privilege.User,
  response: {
    deviceId: u8,
    device: bits({ revision: ubits(4), _: reserved(3), providesSdrs: flag }),
    firmware: bits({ major: ubits(7), updateInProgress: flag }),
    firmwareMinor: bcd,
    ipmiVersion,
    supports: bits({
      sensorDevice: flag,
      sdrRepository: flag,
      sel: flag,
      fruInventory: flag,
      ipmbEventReceiver: flag,
      ipmbEventGenerator: flag,
      bridge: flag,
      chassis: flag,
    }),
    manufacturerId: u24,
    productId: u16,
    /** Four bytes; some BMCs give fewer. */
    auxFirmware: optional(upTo(4)),
    _surplus: surplus,
  },
})

export const ColdReset = command({
  name: 'Cold Reset',
  section: '20.2',
  netFn: NetFn.App,
  cmd: 0x02,
  privilege: Privilege.Admin,
})

export const WarmReset = command({
  name: 'Warm Reset',
  section: '20.3',
  netFn: NetFn.App,
  cmd: 0x03,
  privilege: Privilege.Admin,
})

export const GetSelfTestResults = command({
  name: 'Get Self Test Results',
  section: '20.4',
  netFn: NetFn.App,
  cmd: 0x04,
  privilege: Privilege.User,
  response: {
    result: names({ passed: 0x55, notImplemented: 0x56, corrupted: 0x57, fatal: 0x58 }),
    /** For `corrupted` one bit a device (bit 7: SEL), otherwise device specific. */
    detail: u8,
  },
})

export const GetDeviceGuid = command({
  name: 'Get Device GUID',
  section: '20.8',
  netFn: NetFn.App,
  cmd: 0x08,
  privilege: Privilege.User,
  /** Least significant byte first. */
  response: { guid: bytes(16) },
})
