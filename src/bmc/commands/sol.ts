/** The SOL configuration parameters of the simulated BMC. IPMI 2.0 rev 1.1, sections 26.2 and 26.3. */
import type { SolSettings } from '../../lan/sol-server.ts'
import { bytes, low, nameBits, u8, u16 } from '../../protocol/codec.ts'
import {
  GetSolConfigurationParameters,
  SetSolConfigurationParameters,
  SolParameter,
  solAuthentication,
  solEnable,
} from '../../protocol/commands/sol.ts'
import { CompletionCode } from '../../protocol/completion-code.ts'
import { encodeParameter, parameter } from '../../protocol/parameter.ts'
import { setInProgress } from '../../protocol/parameters/lan.ts'
import type { Bmc } from '../bmc.ts'
import { channelOf, hasSessions } from '../channels.ts'
import { ParameterTable } from '../parameter-table.ts'
import { type Served, serve } from '../serve.ts'

const REVISION = 0x11
const bitRate = low(nameBits(4, { ipmi: 0, '9600': 6, '19200': 7, '38400': 8, '57600': 9, '115200': 10 }))
const readOnly = { access: 'readOnly' } as const
const OPERATOR = 3
const DEFAULT_ACCUMULATION = Uint8Array.of(12, 96)
const DEFAULT_RETRY = Uint8Array.of(7, 50)
const RMCP_PORT = 623

const table = {
  setInProgress: parameter(SolParameter.SetInProgress, 'Set In Progress', setInProgress),
  enable: parameter(SolParameter.Enable, 'SOL Enable', solEnable),
  authentication: parameter(SolParameter.Authentication, 'SOL Authentication', solAuthentication),
  accumulation: parameter(SolParameter.Accumulation, 'Character Accumulate Interval', bytes(2)),
  retry: parameter(SolParameter.Retry, 'SOL Retry', bytes(2)),
  nonVolatileBitRate: parameter(SolParameter.NonVolatileBitRate, 'SOL Bit Rate', bitRate),
  volatileBitRate: parameter(SolParameter.VolatileBitRate, 'Volatile SOL Bit Rate', bitRate),
  payloadChannel: parameter(SolParameter.PayloadChannel, 'SOL Payload Channel', u8, readOnly),
  payloadPort: parameter(SolParameter.PayloadPort, 'SOL Payload Port Number', u16),
} as const

export const solParameters = new ParameterTable({
  name: 'sol',
  table,
  initial(bmc, wanted) {
    switch (wanted) {
      case table.enable:
        return encodeParameter(table.enable, { enabled: true })
      case table.authentication:
        return encodeParameter(table.authentication, {
          privilege: OPERATOR,
          forceAuthentication: false,
          forceEncryption: false,
        })
      case table.accumulation:
        return DEFAULT_ACCUMULATION
      case table.retry:
        return DEFAULT_RETRY
      case table.nonVolatileBitRate:
      case table.volatileBitRate:
        return encodeParameter(table.volatileBitRate, '115200')
      case table.payloadChannel:
        return encodeParameter(table.payloadChannel, bmc.world.config.lan.channel)
      case table.payloadPort:
        return encodeParameter(table.payloadPort, bmc.lanAddress?.port ?? RMCP_PORT)
      default:
        return undefined
    }
  },
})

export const solCommands: Served[] = [
  serve(SetSolConfigurationParameters, ({ channel, parameter, data }, bmc, caller) =>
    hasSessions(bmc, channelOf(channel, caller))
      ? solParameters.set(bmc, parameter, data) || {}
      : CompletionCode.InvalidDataField,
  ),
  serve(GetSolConfigurationParameters, ({ of, parameter, set, block }, bmc, caller) => {
    if (!hasSessions(bmc, channelOf(of.channel, caller))) return CompletionCode.InvalidDataField
    if (of.revisionOnly) return { revision: REVISION, data: new Uint8Array(0) }
    const data = solParameters.get(bmc, parameter, set, block)
    return typeof data === 'number' ? data : { revision: REVISION, data }
  }),
]

const ACCUMULATE_UNIT_MS = 5
const RETRY_UNIT_MS = 10

/** The parameters as the line itself needs them. */
export function solSettingsOf(bmc: Bmc): SolSettings {
  const authentication = solParameters.value(bmc, table.authentication)
  const [interval = 0, threshold = 1] = solParameters.value(bmc, table.accumulation) ?? DEFAULT_ACCUMULATION
  const [count = 0, retry = 0] = solParameters.value(bmc, table.retry) ?? DEFAULT_RETRY
  return {
    isEnabled: solParameters.value(bmc, table.enable)?.enabled ?? false,
    privilege: authentication?.privilege ?? OPERATOR,
    forcesEncryption: authentication?.forceEncryption ?? false,
    accumulateMs: interval * ACCUMULATE_UNIT_MS,
    threshold: Math.max(1, threshold),
    retryMs: Math.max(1, retry) * RETRY_UNIT_MS,
    retries: count & 0x07,
  }
}
