/** Payloads as the simulated BMC serves them. IPMI 2.0 rev 1.1, section 24. */
import type { LanServerMachine } from '../../lan/server.ts'
import { PlusLink } from '../../lan/session-link.ts'
import {
  ActivatePayload,
  DeactivatePayload,
  GetChannelOemPayloadInfo,
  GetChannelPayloadSupport,
  GetChannelPayloadVersion,
  GetPayloadActivationStatus,
  GetPayloadInstanceInfo,
  PayloadType,
  SuspendResumePayloadEncryption,
} from '../../protocol/commands/payload.ts'
import { CompletionCode } from '../../protocol/completion-code.ts'
import type { Bmc } from '../bmc.ts'
import { type Caller, type Served, serve } from '../serve.ts'

const PRESENT_CHANNEL = 0x0e
const NOT_AVAILABLE = 0x80
const PAYLOAD_DISABLED = 0x81
const OPERATION_NOT_SUPPORTED = 0x80
const ENCRYPTION_NOT_AVAILABLE = 0x82
const INSTANCE_NOT_ACTIVE = 0x83
/** Open Session Request to RAKP 4: types 10h to 15h. */
const SESSION_SETUP_PAYLOADS = 0x003f
const VERSION_1_0 = { major: 1, minor: 0 }

function isLan(channel: number, bmc: Bmc, caller: Caller): boolean {
  return bmc.lanServers.has(channel === PRESENT_CHANNEL ? caller.channel : channel)
}

/** The session server that serial over LAN goes through: the caller's, or the first one that has a line. */
function solServer(bmc: Bmc, caller: Caller): LanServerMachine | undefined {
  return caller.lan?.server ?? [...bmc.lanServers.values()].find(server => server.sol !== null)
}

const SERIAL_PORT = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0)

export const payloadCommands: Served[] = [
  serve(ActivatePayload, (request, _, { lan }) => {
    const session = lan?.session
    if (lan === undefined || session === undefined || session === null)
      return CompletionCode.NotSupportedInState
    const { sol, port } = lan.server
    if (request.payload !== PayloadType.Sol || sol === null) return PAYLOAD_DISABLED
    return sol.activate(request, session, port)
  }),
  serve(DeactivatePayload, ({ payload, instance }, bmc, caller) => {
    const sol = solServer(bmc, caller)?.sol
    if (payload !== PayloadType.Sol || !sol) return PAYLOAD_DISABLED
    if (instance !== 1) return CompletionCode.ParameterOutOfRange
    return sol.deactivate(caller.lan?.session ?? null, caller.lan?.nowMs ?? 0) || {}
  }),
  serve(SuspendResumePayloadEncryption, ({ payload, operation }, _, { lan }) => {
    const link = lan?.session?.link
    if (!(link instanceof PlusLink)) return CompletionCode.NotSupportedInState
    if (payload !== PayloadType.Sol) return OPERATION_NOT_SUPPORTED
    if (lan?.server.sol?.session !== lan?.session) return INSTANCE_NOT_ACTIVE
    if (!link.protection.isEncrypting) return ENCRYPTION_NOT_AVAILABLE
    if (operation.kind === 'suspend') link.clearPayloads.add(payload)
    else if (operation.kind === 'resume') link.clearPayloads.delete(payload)
    else return OPERATION_NOT_SUPPORTED
    return {}
  }),
  serve(GetPayloadActivationStatus, ({ payload }, bmc, caller) => {
    const sol = solServer(bmc, caller)?.sol
    if (payload !== PayloadType.Sol || !sol) return { capacity: 0, active: 0 }
    return { capacity: 1, active: sol.session === null ? 0 : 1 }
  }),
  serve(GetPayloadInstanceInfo, ({ payload, instance }, bmc, caller) => {
    const session =
      payload === PayloadType.Sol && instance === 1 ? solServer(bmc, caller)?.sol?.session : null
    return { sessionId: session?.id ?? 0, info: SERIAL_PORT }
  }),
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
