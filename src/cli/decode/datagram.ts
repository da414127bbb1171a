/** Explains an RMCP datagram: what session packet it is, and the message in it as far as it is not encrypted. */
import { decodePong, decodeRmcp, pingTag, RmcpClass } from '../../lan/rmcp.ts'
import { decodePlus, type PlusPacket } from '../../lan/rmcpplus.ts'
import {
  openSessionRequest,
  openSessionResponse,
  rakp1,
  rakp2,
  rakp3,
  rakp4,
  rakpStatusText,
  readSetup,
} from '../../lan/session-setup.ts'
import { decodeV15 } from '../../lan/session-v15.ts'
import type { Codec } from '../../protocol/codec.ts'
import { PayloadType } from '../../protocol/commands/payload.ts'
import { AuthType } from '../../protocol/commands/session.ts'
import { decodeIpmb } from '../../protocol/ipmb.ts'
import { hex, hexBytes } from '../hex.ts'
import { type Plain, plain } from '../output/plain.ts'
import { type Explanation, explainMessage } from './explain.ts'

/** Why an encrypted packet cannot be read. */
export type Sealed = keyof typeof sealedRemarks

const sealedRemarks = {
  noPassword: 'with the password it can be read',
  noLogin: 'its log-in was not captured, or has an algorithm that is not known here',
  wrongPassword: 'the password that was given is not that of its session',
  noKg: 'with the key Kg of its BMC, beside the password, it can be read',
  wrongKg: 'the key Kg that was given is not that of its BMC, the password is right',
  damaged: 'password and keys are right, but it is damaged or of somebody else',
} as const

/** Gives the payload of a packet of a session in the clear, where its keys are known. */
export type Opener = (packet: PlusPacket) => Uint8Array | Sealed

export interface DatagramExplanation {
  /** `RMCP+ session 0x12345678, packet 4` */
  packet: string
  message: Explanation
}

/** Null when it is no RMCP message. */
export function explainDatagram(
  datagram: Uint8Array,
  open: Opener = () => 'noPassword',
): DatagramExplanation | null {
  const rmcp = decodeRmcp(datagram)
  if (rmcp === null) return null
  if (rmcp.isAck) return { packet: 'RMCP', message: named(`acknowledges ${hex(rmcp.sequence)}`) }
  if (rmcp.messageClass === RmcpClass.Asf) return { packet: 'RMCP, ASF', message: explainAsf(rmcp.data) }
  if (rmcp.messageClass !== RmcpClass.Ipmi) return null
  return rmcp.data[0] === AuthType.RmcpPlus ? explainPlus(rmcp.data, open) : explainV15(rmcp.data)
}

function named(title: string, fields: Plain = {}, remark?: string): Explanation {
  return { title, fields, ...(remark === undefined ? {} : { remark }) }
}

function explainAsf(data: Uint8Array): Explanation {
  const tag = pingTag(data)
  if (tag !== null) return named('Presence Ping', { tag })
  const pong = decodePong(data)
  return pong === null
    ? named('an ASF message', { data: hexBytes(data) })
    : named('Presence Pong', { ...pong })
}

function explainV15(data: Uint8Array): DatagramExplanation {
  const packet = decodeV15(data)
  if (packet === null)
    return { packet: 'RMCP', message: broken('its length is not the one that it tells', data) }
  const where =
    packet.sessionId === 0
      ? 'outside of a session'
      : `session ${hex(packet.sessionId, 8)}, packet ${packet.sequence}`
  return { packet: `IPMI 1.5, ${where}, ${authWord(packet.authType)}`, message: explainFrame(packet.payload) }
}

function authWord(authType: number): string {
  const words: Readonly<Record<number, string>> = {
    0: 'unsigned',
    1: 'MD2',
    2: 'MD5',
    4: 'password',
    5: 'OEM',
  }
  return words[authType] ?? `authentication type ${hex(authType)}`
}

function broken(remark: string, data: Uint8Array): Explanation {
  return named('no message of IPMI', { data: hexBytes(data) }, remark)
}

/** The frame of a LAN message, which is IPMB's. */
export function explainFrame(bytes: Uint8Array): Explanation {
  const frame = decodeIpmb(bytes)
  if (frame === undefined) return broken('too short, or a checksum is wrong', bytes)
  const { rsAddr, rqAddr, rqSeq, netFn, cmd, data } = frame
  const message = explainMessage(netFn, cmd, data)
  return { ...message, title: `${message.title} (${hex(rqAddr)} to ${hex(rsAddr)}, rqSeq ${rqSeq})` }
}

const setupMessages: Readonly<Record<number, readonly [title: string, codec: Codec<object>]>> = {
  [PayloadType.OpenSessionRequest]: ['RMCP+ Open Session Request', openSessionRequest],
  [PayloadType.OpenSessionResponse]: ['RMCP+ Open Session Response', openSessionResponse],
  [PayloadType.Rakp1]: ['RAKP Message 1', rakp1],
  [PayloadType.Rakp2]: ['RAKP Message 2', rakp2],
  [PayloadType.Rakp3]: ['RAKP Message 3', rakp3],
  [PayloadType.Rakp4]: ['RAKP Message 4', rakp4],
}

function explainPlus(data: Uint8Array, open: Opener): DatagramExplanation {
  const packet = decodePlus(data)
  if (packet === null)
    return { packet: 'RMCP+', message: broken('its length is not the one that it tells', data) }
  const { sessionId, sequence, isEncrypted, isAuthenticated } = packet
  const how = [isAuthenticated ? 'signed' : '', isEncrypted ? 'encrypted' : '']
    .filter(word => word !== '')
    .join(', ')
  const where = sessionId === 0 ? 'outside of a session' : `session ${hex(sessionId, 8)}, packet ${sequence}`
  return {
    packet: `RMCP+, ${where}${how === '' ? '' : `, ${how}`}`,
    message: explainPayload(packet, isEncrypted ? open(packet) : packet.payload),
  }
}

function explainPayload({ payloadType, payload }: PlusPacket, clear: Uint8Array | Sealed): Explanation {
  const setup = setupMessages[payloadType]
  if (setup !== undefined) return explainSetup(setup[0], setup[1], payload)
  if (typeof clear === 'string') {
    const what = payloadType === PayloadType.Sol ? 'a SOL packet' : 'an IPMI message'
    return named(what, { encryptedBytes: payload.length }, `encrypted: ${sealedRemarks[clear]}`)
  }
  if (payloadType === PayloadType.Ipmi) return explainFrame(clear)
  if (payloadType === PayloadType.Sol) return explainSol(clear)
  return named(`payload type ${hex(payloadType)}`, { data: hexBytes(clear) })
}

function explainSetup(title: string, codec: Codec<object>, payload: Uint8Array): Explanation {
  const values = readSetup(codec, payload)
  if (values === null) return named(title, { data: hexBytes(payload) }, 'not as the specification has it')
  const status = 'status' in values ? Number(values.status) : 0
  return named(title, plain(values), status === 0 ? undefined : `refused: ${rakpStatusText(status)}`)
}

/** Sequence number, acknowledgement, accepted characters, operation, characters. Section 15.9. */
function explainSol(bytes: Uint8Array): Explanation {
  const [sequence = 0, acknowledged = 0, accepted = 0, operation = 0] = bytes
  const text = Buffer.from(bytes.subarray(4)).toString('latin1')
  return named('SOL packet', {
    sequence,
    acknowledged,
    accepted,
    operation,
    ...(text === '' ? {} : { text: JSON.stringify(text) }),
  })
}
