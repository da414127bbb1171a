/** A host that is about to panic, and requests that can be counted in its BMC. */
import { drop, type PanicPolicy, resend } from '../../si/panic-policy.ts'
import { FaultHost, type FaultHostOptions } from './host.ts'

export const TEXT = 'Fatal exception in interrupt'
/** The policies that promise something. */
export const ours: readonly PanicPolicy[] = [resend, drop]
export const getDeviceId = { netFn: 0x06, cmd: 0x01 }

/** A numbered request: Add SEL Entry with an OEM record. */
export function numbered(number: number) {
  const data = new Uint8Array(16)
  data[2] = 0xe1
  data[3] = number
  return { netFn: 0x0a, cmd: 0x44, data }
}

export function executions(host: FaultHost, number: number): number {
  return host.requests.filter(request => request[1] === 0x44 && request[4] === 0xe1 && request[5] === number)
    .length
}

export function newHost(options: FaultHostOptions = {}): FaultHost {
  const host = new FaultHost(options)
  host.run()
  return host
}
