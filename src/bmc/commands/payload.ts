/** Payloads as the simulated BMC serves them. IPMI 2.0 rev 1.1, section 24. */
import {
  GetChannelOemPayloadInfo,
  GetChannelPayloadSupport,
  GetChannelPayloadVersion,
  PayloadType,
} from '../../protocol/commands/payload.ts'
import { CompletionCode } from '../../protocol/completion-code.ts'
import type { Bmc } from '../bmc.ts'
import { type Caller, type Served, serve } from '../serve.ts'

const PRESENT_CHANNEL = 0x0e
const NOT_AVAILABLE = 0x80
/** Open Session Request to RAKP 4: types 10h to 15h. */
const SESSION_SETUP_PAYLOADS = 0x003f
const VERSION_1_0 = { major: 1, minor: 0 }

function isLan(channel: number, bmc: Bmc, caller: Caller): boolean {
  return bmc.lanServers.has(channel === PRESENT_CHANNEL ? caller.channel : channel)
}

export const payloadCommands: Served[] = [
  serve(GetChannelPayloadSupport, ({ channel }, bmc, caller) =>
    isLan(channel, bmc, caller)
      ? {
          standard: { ipmi: true, sol: true, oem: false },
          sessionSetup: SESSION_SETUP_PAYLOADS,
          oem: 0,
        }
      : CompletionCode.InvalidDataField,
  ),
  serve(GetChannelPayloadVersion, ({ channel, payload }, bmc, caller) => {
    if (!isLan(channel, bmc, caller)) return CompletionCode.InvalidDataField
    const isKnown =
      payload === PayloadType.Ipmi ||
      payload === PayloadType.Sol ||
      (payload >= PayloadType.OpenSessionRequest && payload <= PayloadType.Rakp4)
    return isKnown ? { version: VERSION_1_0 } : NOT_AVAILABLE
  }),
  serve(GetChannelOemPayloadInfo, () => NOT_AVAILABLE),
]
