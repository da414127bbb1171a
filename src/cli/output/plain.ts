/** Data as JSON and YAML can hold it: bytes become hexadecimal, big integers and dates become text. */
import { isoTime } from '../../protocol/time-stamp.ts'

export type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain }

export function plain(value: unknown): Plain {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'bigint':
      return String(value)
    case 'object':
      return value === null ? null : plainObject(value)
    default:
      return null
  }
}

function plainObject(value: object): Plain {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (value instanceof Date) return isoTime(value)
  if (value instanceof Set || value instanceof Map || Array.isArray(value)) return [...value].map(plain)
  const result: Record<string, Plain> = {}
  for (const [key, part] of Object.entries(value)) {
    if (part !== undefined && typeof part !== 'function') result[key] = plain(part)
  }
  return result
}
