/** The device commands of the simulated BMC. IPMI 2.0 rev 1.1, section 20. */
import {
  ColdReset,
  GetDeviceGuid,
  GetDeviceId,
  GetSelfTestResults,
  WarmReset,
} from '../../protocol/commands/device.ts'
import { type Served, serve } from '../serve.ts'

export const deviceCommands: Served[] = [
  serve(GetDeviceId, (_, { identity, world }) => ({
    deviceId: identity.deviceId,
    device: { revision: identity.deviceRevision, providesSdrs: !world.supports.sdrRepository },
    firmware: { major: identity.firmwareMajor, updateInProgress: false },
    firmwareMinor: identity.firmwareMinor,
    ipmiVersion: '2.0',
    supports: world.supports,
    manufacturerId: identity.manufacturerId,
    productId: identity.productId,
  })),
  serve(ColdReset, (_, bmc) => {
    bmc.requestReset('cold')
    return {}
  }),
  serve(WarmReset, (_, bmc) => {
    bmc.requestReset('warm')
    return {}
  }),
  serve(GetSelfTestResults, () => ({ result: 'passed' as const, detail: 0 })),
  serve(GetDeviceGuid, (_, { identity }) => ({ guid: identity.guid })),
]
