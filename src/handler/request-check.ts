/** What a request must be before it is accepted, and whether one that ended was ever executed. IPMI 2.0, section 5. */
import { CompletionCode } from '../protocol/completion-code.ts'
import { Fault } from '../si/smi-msg.ts'
import { isNotExecuted } from './fault-error.ts'
import type { HandlerMsg } from './handler-msg.ts'
import type { IpmiRequest } from './user.ts'

/** The first field that does not fit its bits, and what would; null when all do. */
export function wrongField(request: IpmiRequest): string | null {
  const { addr, netFn, cmd, retries = 0, retryTimeMs = 1 } = request
  if (!within(netFn, 0, 0x3e) || netFn % 2 !== 0)
    return `netFn is ${netFn}; requests have even ones up to 3Eh`
  if (!within(cmd, 0, 0xff)) return `cmd is ${cmd}; commands have one byte`
  if (!within(addr?.lun ?? 0, 0, 3)) return `lun is ${addr?.lun}; there are 0 to 3`
  if (addr?.kind !== 'ipmb') return null
  if (!within(addr.channel, 0, 0x0f)) return `channel is ${addr.channel}; there are 0 to 15`
  if (!within(addr.slaveAddr, 0, 0xff)) return `slaveAddr is ${addr.slaveAddr}; addresses have one byte`
  if (!within(retries, 0, 0xff)) return `retries are ${retries}; 0 to 255 are possible`
  if (!(retryTimeMs > 0 && retryTimeMs < 2 ** 31)) return `retryTimeMs is ${retryTimeMs}; it is a time in ms`
  return null
}

function within(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most
}

/** The request that ends here did nothing in the BMC: it never got there, or was refused. */
export function wasNotExecuted(msg: HandlerMsg): boolean {
  return msg.fault === Fault.None ? msg.completionCode !== CompletionCode.Ok : isNotExecuted(msg.fault)
}
