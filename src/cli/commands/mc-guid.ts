/** `lastword mc guid`: the GUID of the BMC, in whichever order of bytes it has it. IPMI 2.0 rev 1.1, section 20.8. */
import { GetDeviceGuid } from '../../protocol/commands/device.ts'
import { subcommand } from '../declare.ts'
import { choice, optional } from '../params.ts'

/** The bytes in the order in which they are written down. */
const orders = {
  /** Section 20.8: least significant byte first. */
  ipmi: [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
  /** SMBIOS 3.0, section 7.2.1: the first three fields least significant byte first. */
  smbios: [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15],
  rfc4122: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
} as const

type Order = keyof typeof orders

/** Section 4.1.3 of RFC 4122. */
const versions = ['', 'time and node', 'DCE security', 'name (MD5)', 'random', 'name (SHA-1)'] as const
const VERSION_BYTE = 6

function inOrder(raw: Uint8Array, order: Order): Uint8Array {
  return Uint8Array.from(orders[order], at => raw[at] ?? 0)
}

function versionOf(raw: Uint8Array, order: Order): number {
  return inOrder(raw, order)[VERSION_BYTE]! >> 4
}

/** The first order in which the version is one that there is; the specification's when there is none. */
function foundOrder(raw: Uint8Array): Order {
  const likely = (Object.keys(orders) as Order[]).find(order => versions[versionOf(raw, order)])
  return likely ?? 'ipmi'
}

/** As GUIDs are written: 8-4-4-4-12 digits. */
export function guidText(raw: Uint8Array, order: Order = 'ipmi'): string {
  const digits = Buffer.from(inOrder(raw, order)).toString('hex')
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

export const guid = subcommand({
  name: 'guid',
  summary: 'the GUID of the BMC',
  args: {
    order: optional(
      choice(
        ['auto', 'smbios', 'ipmi', 'rfc4122', 'dump'],
        'order of its bytes: found out (auto), one of the three, or as they stand there (dump)',
      ),
    ),
  },
  async run({ bmc, signal }, { order: asked = 'auto' }) {
    const { guid: raw } = await (await bmc()).run(GetDeviceGuid, {}, { signal })
    if (asked === 'dump') return { guid: Buffer.from(raw).toString('hex'), raw }
    const order = asked === 'auto' ? foundOrder(raw) : asked
    return { guid: guidText(raw, order), order, version: versionOf(raw, order), raw }
  },
  view: as =>
    as.record(
      ['GUID', ({ guid: text }) => text],
      ['order of bytes', ({ order }) => order],
      ['made from', ({ version }) => (version === undefined ? undefined : (versions[version] ?? 'unknown'))],
    ),
})
