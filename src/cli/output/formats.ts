/** The formats that data is printed in. */
import { UsageError } from '../params.ts'

export const formats = ['table', 'json', 'ndjson', 'csv', 'yaml', 'ipmitool'] as const
export type Format = (typeof formats)[number]

type FormatFlags = { readonly format: Format | undefined } & Readonly<
  Record<'json' | 'ndjson' | 'csv' | 'yaml', boolean>
>

/** One flag at the most; `-c` beside `--format ipmitool` means ipmitool's own -c. */
export function formatOf({ format, json, ndjson, csv, yaml }: FormatFlags): Format {
  const asked: Format[] = [
    ...(format === undefined ? [] : [format]),
    ...(json ? (['json'] as const) : []),
    ...(ndjson ? (['ndjson'] as const) : []),
    ...(csv && format !== 'ipmitool' ? (['csv'] as const) : []),
    ...(yaml ? (['yaml'] as const) : []),
  ]
  const [first = 'table', ...more] = new Set(asked)
  if (more.length > 0)
    throw new UsageError(`${[first, ...more].map(name => `--${name}`).join(' and ')} exclude each other`)
  return first
}
