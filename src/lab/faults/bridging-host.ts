/** A host whose BMC forwards to another controller, for the faults of bridging. IPMI 2.0 rev 1.1, section 6.13. */
import type { IpmiRequest } from '../../handler/user.ts'
import { encodeIpmb, type IpmbFrame } from '../../protocol/ipmb.ts'
import { FaultHost } from './host.ts'

export const getDeviceId: IpmiRequest = { netFn: 0x06, cmd: 0x01 }
export const SATELLITE = 0x42

/** A request to another controller. */
export function bridged(request: Partial<IpmiRequest> = {}): IpmiRequest {
  return { ...getDeviceId, addr: { kind: 'ipmb', channel: 0, slaveAddr: SATELLITE }, ...request }
}

/** What a satellite answers to a Send Message request: the frame as Get Message gives it, without our address. */
export function replyTo(
  sendMessage: Uint8Array,
  body: readonly number[],
  change: Partial<IpmbFrame> = {},
): Uint8Array {
  const frame: IpmbFrame = {
    rsAddr: sendMessage[6]!,
    netFn: (sendMessage[4]! >> 2) | 1,
    rsLun: sendMessage[7]! & 3,
    rqAddr: sendMessage[3]!,
    rqSeq: sendMessage[7]! >> 2,
    rqLun: sendMessage[4]! & 3,
    cmd: sendMessage[8]!,
    data: Uint8Array.from(body),
    ...change,
  }
  return encodeIpmb(frame).subarray(1)
}

/** A host whose BMC takes Send Message; the satellite's answers are given by the test. */
export function bridgingHost({ code = 0, ...options }: { code?: number; maxMsgs?: number } = {}) {
  const sent: Uint8Array[] = []
  const host = new FaultHost({
    events: 'on',
    ...options,
    answer(request, execute) {
      if (request[1] !== 0x34) return execute(request)
      sent.push(request.slice())
      return Uint8Array.of(0x1c, 0x34, code)
    },
  })
  host.run()
  return { host, sent }
}

/** A command of the satellite's own: its frame as Get Message gives it. */
export const incoming = encodeIpmb({
  rsAddr: 0x20,
  netFn: 0x30,
  rsLun: 0,
  rqAddr: SATELLITE,
  rqSeq: 9,
  rqLun: 0,
  cmd: 0x55,
  data: Uint8Array.of(1, 2),
}).subarray(1)
