/** Messaging between the simulated BMC and its host. IPMI 2.0 rev 1.1, section 22. */
import { ByteReader, ByteWriter } from '../../protocol/bytes.ts'
import type { Codec } from '../../protocol/codec.ts'
import {
  ClearMessageFlags,
  EnableMessageChannelReceive,
  GetBmcGlobalEnables,
  GetBtInterfaceCapabilities,
  GetChannelInfo,
  GetMessage,
  GetMessageFlags,
  MasterWriteRead,
  NAK_ON_WRITE,
  ReadEventMessageBuffer,
  SetBmcGlobalEnables,
} from '../../protocol/commands/messaging.ts'
import { CompletionCode } from '../../protocol/completion-code.ts'
import { channelOf, hasSessions, IPMB_CHANNEL, SYSTEM_INTERFACE_CHANNEL } from '../channels.ts'
import { type Served, serve } from '../serve.ts'

const DATA_NOT_AVAILABLE = 0x80
/** The enterprise number that the specification gives for its own protocols. Section 22.24. */
const IPMI_VENDOR_ID = 0x001bf2

/** The one byte that a set of flags is kept as. */
function toByte<T>(codec: Codec<T>, value: T): number {
  const writer = new ByteWriter(1)
  codec.write(writer, value)
  return writer.result()[0]!
}

function fromByte<T>(codec: Codec<T>, byte: number): T {
  return codec.read(new ByteReader(Uint8Array.of(byte)))
}

export const messagingCommands: Served[] = [
  serve(SetBmcGlobalEnables, (request, { messaging }) => {
    messaging.enables = toByte(SetBmcGlobalEnables.request, request)
    return {}
  }),
  serve(GetBmcGlobalEnables, (_, { messaging }) => fromByte(GetBmcGlobalEnables.response, messaging.enables)),
  serve(ClearMessageFlags, (request, { messaging }) => {
    messaging.clearFlags(toByte(ClearMessageFlags.request, request))
    return {}
  }),
  serve(GetMessageFlags, (_, { messaging }) => fromByte(GetMessageFlags.response, messaging.flags)),
  serve(GetMessage, (_, { messaging }) => {
    const message = messaging.takeMessage()
    if (message === null) return DATA_NOT_AVAILABLE
    return { from: { channel: message[0]! & 0x0f, inferredPrivilege: 0 }, message: message.subarray(1) }
  }),
  serve(EnableMessageChannelReceive, ({ channel, state }, bmc) => {
    const { messaging } = bmc
    if (channel !== IPMB_CHANNEL && !hasSessions(bmc, channel)) return CompletionCode.InvalidDataField
    if (typeof state === 'number') return CompletionCode.InvalidDataField
    if (state !== 'getState') messaging.setReceivesFrom(channel, state === 'enable')
    return { channel, isEnabled: messaging.receivesFrom(channel) }
  }),
  // Its buses have no devices but the controllers, and those speak IPMB.
  serve(MasterWriteRead, () => NAK_ON_WRITE),
  serve(ReadEventMessageBuffer, (_, { messaging }) => {
    const record = messaging.takeEvent()
    return record === null ? DATA_NOT_AVAILABLE : { record }
  }),
  serve(GetBtInterfaceCapabilities, () => ({
    outstandingRequests: 1,
    inputBufferBytes: 255,
    outputBufferBytes: 255,
    requestToResponseSeconds: 10,
    recommendedRetries: 1,
  })),
  serve(GetChannelInfo, ({ of: { channel } }, bmc, caller) => {
    const actual = channelOf(channel, caller)
    const server = bmc.lanServers.get(actual)
    if (server !== undefined) {
      return {
        actual: { channel: actual },
        medium: { type: 'lan' as const },
        protocol: { type: 'ipmb' as const },
        sessions: { active: server.sessions.size, support: 'multi' as const },
        vendorId: IPMI_VENDOR_ID,
        auxiliary: Uint8Array.of(0, 0),
      }
    }
    if (actual === IPMB_CHANNEL) {
      return {
        actual: { channel: actual },
        medium: { type: 'ipmb' as const },
        protocol: { type: 'ipmb' as const },
        sessions: { active: 0, support: 'none' as const },
        vendorId: IPMI_VENDOR_ID,
        auxiliary: Uint8Array.of(0, 0),
      }
    }
    if (actual !== SYSTEM_INTERFACE_CHANNEL) return CompletionCode.InvalidDataField
    return {
      actual: { channel: actual },
      medium: { type: 'systemInterface' as const },
      protocol: { type: 'kcs' as const },
      sessions: { active: 0, support: 'none' as const },
      vendorId: IPMI_VENDOR_ID,
      auxiliary: Uint8Array.of(0xff, 0xff),
    }
  }),
]
