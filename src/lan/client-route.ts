/** The LAN message of a request, through Send Message where another controller is meant. IPMI 2.0 rev 1.1, sections 6.13 and 22.7. */
import { encodeRequest } from '../protocol/command.ts'
import { SendMessage } from '../protocol/commands/messaging.ts'
import { CompletionCode, CompletionCodeError } from '../protocol/completion-code.ts'
import type { LastwordError } from '../protocol/error.ts'
import { decodeIpmb, decodeIpmbWithoutAddress, encodeIpmb, type IpmbFrame } from '../protocol/ipmb.ts'
import { CONSOLE_ADDRESS } from './client-ask.ts'

/** A controller on a channel of the one before it. */
export interface Hop {
  channel: number
  slaveAddr: number
}

export interface RoutedRequest {
  netFn: number
  cmd: number
  data: Uint8Array
  /** LUN of the addressee. */
  lun: number
  /** Empty: the BMC itself. */
  route: readonly Hop[]
}

/** A request for the BMC itself. */
export function toBmc({ netFn, cmd }: { netFn: number; cmd: number }, data: Uint8Array): RoutedRequest {
  return { netFn, cmd, data, lun: 0, route: [] }
}

const BMC_ADDRESS = 0x20

export function encodeRouted(request: RoutedRequest, rqSeq: number): Uint8Array {
  return encodeFrom(request, request.route, rqSeq, BMC_ADDRESS, CONSOLE_ADDRESS)
}

function encodeFrom(
  request: RoutedRequest,
  route: readonly Hop[],
  rqSeq: number,
  rsAddr: number,
  rqAddr: number,
): Uint8Array {
  const { netFn, cmd, data, lun } = request
  if (route.length === 0) return encodeIpmb({ rsAddr, netFn, rsLun: lun, rqAddr, rqSeq, rqLun: 0, cmd, data })
  const [hop, ...further] = route as [Hop, ...Hop[]]
  const message = encodeFrom(request, further, rqSeq, hop.slaveAddr, rsAddr)
  const to = { channel: hop.channel, authenticated: false, encrypted: false, tracking: 'track' as const }
  return encodeIpmb({
    rsAddr,
    netFn: SendMessage.netFn,
    rsLun: 0,
    rqAddr,
    rqSeq,
    rqLun: 0,
    cmd: SendMessage.cmd,
    data: encodeRequest(SendMessage, { to, message }),
  })
}

export type RoutedAnswer =
  | { kind: 'body'; body: Uint8Array }
  | { kind: 'failed'; error: LastwordError }
  /** Send Message is through; the answer itself is still to come. */
  | { kind: 'onTheWay' }
  | { kind: 'other' }

const other: RoutedAnswer = { kind: 'other' }

/** What a frame with the request's rqSeq is for it. */
export function readRouted(request: RoutedRequest, frame: IpmbFrame): RoutedAnswer {
  if (frame.netFn === (request.netFn | 1) && frame.cmd === request.cmd && frame.data.length > 0) {
    const isOwnSendMessage = request.route.length > 0 && frame.cmd === SendMessage.cmd
    if (!isOwnSendMessage) return { kind: 'body', body: frame.data }
  }
  const isBridge = frame.netFn === (SendMessage.netFn | 1) && frame.cmd === SendMessage.cmd
  if (!isBridge || request.route.length === 0) return other
  const code = frame.data[0]
  if (code === undefined) return other
  if (code !== CompletionCode.Ok)
    return { kind: 'failed', error: new CompletionCodeError(SendMessage.name, code, SendMessage) }
  const inside = frame.data.subarray(1)
  if (inside.length === 0) return { kind: 'onTheWay' }
  // Some BMCs put the answer into that of Send Message, with or without the address in front.
  const inner = decodeIpmb(inside) ?? decodeIpmbWithoutAddress(inside, BMC_ADDRESS)
  return inner === undefined ? other : readRouted(request, inner)
}
