/** Codecs of network addresses as LAN parameters carry them, most significant byte first. IPMI 2.0 rev 1.1, section 23. */
import { CodecError } from './bytes.ts'
import { bytes, type Codec, map } from './codec.ts'

/** `10.0.0.5` in four bytes. */
export const ipv4: Codec<string> = map(
  bytes(4),
  raw => raw.join('.'),
  value => {
    const parts = value.split('.').map(part => (/^\d{1,3}$/.test(part) ? Number(part) : 256))
    if (parts.length !== 4 || parts.some(part => part > 255))
      throw new CodecError('BAD_VALUE', `"${value}" is no IPv4 address`)
    return Uint8Array.from(parts)
  },
)

/** `00:16:3e:12:34:56` in six bytes. */
export const mac: Codec<string> = map(
  bytes(6),
  raw => Array.from(raw, byte => byte.toString(16).padStart(2, '0')).join(':'),
  value => {
    const parts = value.split(/[:-]/)
    if (parts.length !== 6 || parts.some(part => !/^[0-9a-f]{1,2}$/i.test(part)))
      throw new CodecError('BAD_VALUE', `"${value}" is no MAC address`)
    return Uint8Array.from(parts, part => Number.parseInt(part, 16))
  },
)

/** `fe80::1` in sixteen bytes; read in the shortest form of RFC 5952. */
export const ipv6: Codec<string> = map(bytes(16), formatIpv6, parseIpv6)

function formatIpv6(raw: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) => (raw[index * 2]! << 8) | raw[index * 2 + 1]!)
  let best = { start: 0, length: 1 }
  for (let start = 0; start < 8; start++) {
    let length = 0
    while (start + length < 8 && groups[start + length] === 0) length++
    if (length > best.length) best = { start, length }
  }
  const text = (from: number, to?: number) =>
    groups
      .slice(from, to)
      .map(group => group.toString(16))
      .join(':')
  if (best.length === 1) return text(0)
  return `${text(0, best.start)}::${text(best.start + best.length)}`
}

function parseIpv6(value: string): Uint8Array {
  const bad = () => new CodecError('BAD_VALUE', `"${value}" is no IPv6 address`)
  const halves = value.split('::')
  if (halves.length > 2) throw bad()
  const [head, tail] = halves.map(half => (half === '' ? [] : half.split(':')))
  const missing = 8 - head!.length - (tail?.length ?? 0)
  if (tail === undefined ? missing !== 0 : missing < 1) throw bad()
  const groups = [...head!, ...Array<string>(Math.max(0, missing)).fill('0'), ...(tail ?? [])]
  if (groups.some(group => !/^[0-9a-f]{1,4}$/i.test(group))) throw bad()
  return Uint8Array.from(
    groups.flatMap(group => {
      const number = Number.parseInt(group, 16)
      return [number >> 8, number & 0xff]
    }),
  )
}
