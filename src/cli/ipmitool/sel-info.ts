/** `sel info` and `sel time get` as ipmitool prints them. IPMI 2.0 rev 1.1, sections 31.2, 31.3 and 31.10. */

import type { ResponseOf } from '../../protocol/command.ts'
import type { GetSelAllocationInfo, GetSelInfo } from '../../protocol/commands/sel.ts'
import { UNSPECIFIED_TIME } from '../../protocol/time-stamp.ts'
import { type Clock, localClock } from './local-time.ts'
import { timestampText } from './timestamp.ts'

type SelInfo = ResponseOf<typeof GetSelInfo>
type AllocationInfo = ResponseOf<typeof GetSelAllocationInfo>

/** `allocation` is undefined where the BMC does not support it or refused it. */
export function selInfo(
  info: SelInfo,
  allocation: AllocationInfo | undefined,
  clock: Clock = localClock,
): string {
  const { version, freeBytes, supports } = info
  const isKnown = version === '1.5' || version === '2.0'
  const lines = [
    'SEL Information',
    `Version          : ${version} (${isKnown ? 'v1.5, v2 compliant' : 'Unknown'})`,
    `Entries          : ${info.entries}`,
    `Free Space       : ${freeBytes} bytes ${freeBytes === 0xffff ? 'or more' : ''}`,
    `Percent Used     : ${percentUsed(info)}`,
    `Last Add Time    : ${lastTime(clock, info.lastAdded)}`,
    `Last Del Time    : ${lastTime(clock, info.lastErased)}`,
    `Overflow         : ${supports.overflow}`,
    `Supported Cmds   : ${supportedCommands(supports)}`,
  ]
  if (supports.allocationInfo && allocation) lines.push(...allocationLines(allocation))
  return `${lines.join('\n')}\n`
}

/** In 16 bits, as ipmitool counts; a log of 4096 records uses no bytes for it. */
function percentUsed({ entries, freeBytes }: SelInfo): string {
  const used = (entries * 16) & 0xffff
  if (used + freeBytes >= 0xffff) return 'unknown'
  if (entries === 0) return '0%'
  if (used + freeBytes === 0) return '-2147483648%'
  return `${Math.trunc((100 * used) / (used + freeBytes))}%`
}

function lastTime(clock: Clock, seconds: number): string {
  return seconds === 0 || seconds === UNSPECIFIED_TIME ? 'Not Available' : timestampText(clock, seconds)
}

function supportedCommands({
  delete: canDelete,
  partialAdd,
  reserve,
  allocationInfo,
}: SelInfo['supports']): string {
  const words: [boolean, string][] = [
    [canDelete, 'Delete'],
    [partialAdd, 'Partial Add'],
    [reserve, 'Reserve'],
    [allocationInfo, 'Get Alloc Info'],
  ]
  const supported = words.filter(([isSupported]) => isSupported).map(([, word]) => `'${word}' `)
  return supported.length === 0 ? 'None' : supported.join('')
}

function allocationLines(allocation: AllocationInfo): string[] {
  return [
    `# of Alloc Units : ${allocation.units}`,
    `Alloc Unit Size  : ${allocation.unitBytes}`,
    `# Free Units     : ${allocation.freeUnits}`,
    `Largest Free Blk : ${allocation.largestFreeUnits}`,
    `Max Record Size  : ${allocation.maxRecordUnits}`,
  ]
}

export function selTime(seconds: number, clock: Clock = localClock): string {
  return `${timestampText(clock, seconds)}\n`
}
