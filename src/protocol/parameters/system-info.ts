/** The system information parameters. IPMI 2.0 rev 1.1, section 22.14a, table 22-16c. */
import { CodecError } from '../bytes.ts'
import { rest, struct, u8 } from '../codec.ts'
import { parameter } from '../parameter.ts'
import { setInProgress } from './lan.ts'

/** From here on parameters are the maker's own. */
export const FIRST_OEM_SYSTEM_INFO = 0xc0

/** Bytes of text in a block; the first block begins with encoding and length. */
export const SYSTEM_INFO_BLOCK_BYTES = 16

/** A piece of a string: block 0 begins with its encoding (0 Latin 1, 1 UTF-8, 2 UTF-16) and its whole length. */
const block = struct({ set: u8, data: rest })
const isSet = { isSet: true } as const

export const SystemInfoParameter = {
  setInProgress: parameter(0, 'Set In Progress', setInProgress),
  firmwareVersion: parameter(1, 'System Firmware Version', block, isSet),
  systemName: parameter(2, 'System Name', block, isSet),
  primaryOsName: parameter(3, 'Primary Operating System Name', block, isSet),
  osName: parameter(4, 'Operating System Name', block, isSet),
  osVersion: parameter(5, 'Present OS Version Number', block, isSet),
  bmcUrl: parameter(6, 'BMC URL', block, isSet),
  hypervisorUrl: parameter(7, 'Base OS/Hypervisor URL', block, isSet),
  /** From C0h on the maker's own, here Dell's. */
  dellUrl: parameter(0xde, 'Dell BMC URL', block, isSet),
  dellOsVersion: parameter(0xe4, 'Dell OS Version', block, isSet),
} as const

const encodings = ['latin1', 'utf8', 'utf16le'] as const

/** Joins the blocks of a string. */
export function joinSystemInfo(blocks: readonly Uint8Array[]): string {
  const [encoding = 0, length = 0] = blocks[0] ?? []
  const raw = Buffer.concat(blocks).subarray(2, 2 + length)
  return raw.toString(encodings[encoding & 0x0f] ?? 'latin1')
}

/** The blocks of a string, each `SYSTEM_INFO_BLOCK_BYTES` long. Throws CodecError when it has more than 255 bytes. */
export function splitSystemInfo(text: string): Uint8Array[] {
  const isLatin = [...text].every(character => character.charCodeAt(0) < 0x100)
  const raw = Buffer.from(text, isLatin ? 'latin1' : 'utf8')
  if (raw.length > 0xff)
    throw new CodecError('BAD_VALUE', `"${text}" has ${raw.length} bytes, 255 are the most`)
  const whole = Uint8Array.of(isLatin ? 0 : 1, raw.length, ...raw)
  return Array.from({ length: Math.ceil(whole.length / SYSTEM_INFO_BLOCK_BYTES) }, (_, index) => {
    const block = new Uint8Array(SYSTEM_INFO_BLOCK_BYTES)
    block.set(whole.subarray(index * SYSTEM_INFO_BLOCK_BYTES, (index + 1) * SYSTEM_INFO_BLOCK_BYTES))
    return block
  })
}
