/** Manufacturers' names by their IANA enterprise number, from the registry's file where ipmitool looks for it. */
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const files = [
  join(homedir(), '.local/usr/share/misc/enterprise-numbers.txt'),
  '/usr/share/misc/enterprise-numbers.txt',
]

/** Without the file every name is unknown, as it is to ipmitool. */
export function manufacturerName(id: number): string {
  if (id === 0 && registry() !== undefined) return 'Unknown'
  if (id === 0xfffff) return 'Unspecified'
  if (id === 0xfffffe) return 'A Debug Assisting Company, Ltd.'
  return registered(id) ?? unknown(id)
}

/** `Unknown (0x57)`, as ipmitool calls numbers that it has no name for. */
export function unknown(number: number): string {
  return `Unknown (0x${number.toString(16).toUpperCase().padStart(2, '0')})`
}

/** A number stands on a line of its own and the name, indented, on the next. */
function registered(id: number): string | undefined {
  const file = registry()
  if (file === undefined) return undefined
  const line = `\n${id}\n`
  const at = file.indexOf(line, 0, 'latin1')
  if (at < 0) return undefined
  const from = at + line.length
  const end = file.indexOf('\n', from)
  return file.toString('latin1', from, end < 0 ? file.length : end).replace(/^[ \t]+|[ \t\r]+$/g, '')
}

let cached: { file: Buffer | undefined } | undefined

function registry(): Buffer | undefined {
  cached ??= { file: firstReadable() }
  return cached.file
}

function firstReadable(): Buffer | undefined {
  for (const file of files) {
    try {
      return readFileSync(file)
    } catch {
      // The next place, or none: the registry is a help only.
    }
  }
  return undefined
}
