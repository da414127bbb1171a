/** The LAN commands of the simulated BMC. IPMI 2.0 rev 1.1, section 23. */
import {
  GetIpStatistics,
  GetLanConfigurationParameters,
  SetLanConfigurationParameters,
  SuspendBmcArps,
} from '../../protocol/commands/lan.ts'
import { CompletionCode } from '../../protocol/completion-code.ts'
import { channelOf, hasSessions } from '../channels.ts'
import { lanParameters } from '../lan-parameters.ts'
import { type Served, serve } from '../serve.ts'

/** Present revision 1, compatible with 1. */
const REVISION = 0x11
/** The counts stop there. */
const MOST_COUNTED = 0xffff
const nothing = new Uint8Array(0)

export const lanCommands: Served[] = [
  serve(SetLanConfigurationParameters, ({ channel, selector, data }, bmc, caller) => {
    if (!hasSessions(bmc, channelOf(channel, caller))) return CompletionCode.InvalidDataField
    return lanParameters.set(bmc, selector, data) || {}
  }),
  serve(GetLanConfigurationParameters, ({ from, selector, setSelector, blockSelector }, bmc, caller) => {
    if (!hasSessions(bmc, channelOf(from.channel, caller))) return CompletionCode.InvalidDataField
    if (from.revisionOnly) return { revision: REVISION, data: nothing }
    const data = lanParameters.get(bmc, selector, setSelector, blockSelector)
    return typeof data === 'number' ? data : { revision: REVISION, data }
  }),
  // The host's own stack answers ARPs: there is nothing to suspend.
  serve(SuspendBmcArps, ({ channel }, bmc, caller) =>
    hasSessions(bmc, channelOf(channel, caller))
      ? { isActive: { gratuitous: false, responses: true } }
      : CompletionCode.InvalidDataField,
  ),
  serve(GetIpStatistics, ({ channel, clearAll }, bmc, caller) => {
    const actual = channelOf(channel, caller)
    if (!hasSessions(bmc, actual)) return CompletionCode.InvalidDataField
    const statistics = bmc.lanServers.get(actual)?.statistics
    const count = (value = 0) => Math.min(value, MOST_COUNTED)
    const [received, transmitted] = [count(statistics?.received), count(statistics?.transmitted)]
    const rmcpReceived = count(statistics?.rmcpReceived)
    if (clearAll) statistics?.clear()
    // What is not for the port or is damaged stays with the host's own stack; nothing is passed on to a proxy.
    return {
      ipReceived: received,
      ipHeaderErrors: 0,
      ipAddressErrors: 0,
      ipFragmentsReceived: 0,
      ipTransmitted: transmitted,
      udpReceived: received,
      rmcpReceived,
      udpProxyReceived: 0,
      udpProxyDropped: 0,
    }
  }),
]
