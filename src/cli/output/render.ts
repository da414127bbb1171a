/** The one place that turns a subcommand's data into text, in whichever format was asked for. */
import type { RenderContext, Subcommand } from '../declare.ts'
import { UsageError } from '../params.ts'
import type { Format } from './formats.ts'
import { type Plain, plain } from './plain.ts'
import { csvOfPlain } from './plain-csv.ts'
import { csvLine, recordText, tableText } from './table.ts'
import type { Column, Rows, View } from './view.ts'

/** Gives the text of `data` piece by piece, as it becomes known; ipmitool's own as its bytes. */
export async function* render(
  command: Subcommand,
  data: unknown,
  format: Format,
  context: RenderContext,
): AsyncGenerator<string | Uint8Array, void, void> {
  const { view } = command
  if (view.kind === 'silent') return
  if (format === 'ipmitool') yield await ipmitoolText(command, data, context)
  else if (format === 'json') yield `${JSON.stringify(await forPrograms(command, data), null, 2)}\n`
  else if (format === 'yaml') {
    const { yamlText } = await import('./yaml.ts')
    yield yamlText(await forPrograms(command, data))
  } else if (format === 'ndjson')
    yield* each(await published(command, data), row => `${JSON.stringify(plain(row))}\n`)
  else if (format === 'csv') for await (const line of csv(command, data)) yield printable(line)
  else yield printable(await peopleText(view, data))
}

/** All of the data as JSON and YAML hold it. */
export async function forPrograms({ data: made }: Subcommand, data: unknown): Promise<Plain> {
  const all = await whole(data)
  return plain(made === undefined ? all : made(all))
}

/** Rows go on coming in as they do, unless they have to be made for programs first. */
async function published(command: Subcommand, data: unknown): Promise<unknown> {
  return command.data === undefined ? data : command.data(await whole(data))
}

/** Before a command is run that could not be printed. Throws UsageError. */
export function checkIpmitool(path: string, { ipmitool, view }: Subcommand, verbosity: number): void {
  if (view.kind === 'silent') return
  if (ipmitool === undefined) {
    throw new UsageError(
      `"${path}" has no --format ipmitool`,
      'docs/cli.md lists the commands that have it; --json and --csv are there for all.',
    )
  }
  if (verbosity > 0)
    throw new UsageError(
      '--format ipmitool has no -v',
      'What ipmitool adds then is for people, not for scripts.',
    )
}

/** In Latin 1: names go out byte for byte as the BMC has them. */
async function ipmitoolText(command: Subcommand, data: unknown, context: RenderContext): Promise<Uint8Array> {
  return Buffer.from(await command.ipmitool!(await whole(data), context), 'latin1')
}

/** A byte of a user name that is no UTF-8. */
const isByte = (code: number) => code >= 0xdc80 && code <= 0xdcff

const isControl = (letter: string) => {
  const code = letter.charCodeAt(0)
  return (code < 0x20 && letter !== '\n' && letter !== '\t') || (code >= 0x7f && code < 0xa0) || isByte(code)
}

/** What a BMC has in its names must not steer a terminal. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (!/[\x00-\x08\x0b-\x1f\x7f-\x9f]|\p{Cs}/u.test(text)) return text
  return Array.from(text, letter =>
    isControl(letter) ? `\\x${(letter.charCodeAt(0) & 0xff).toString(16).padStart(2, '0')}` : letter,
  ).join('')
}

async function peopleText(view: View<unknown>, data: unknown): Promise<string> {
  switch (view.kind) {
    case 'record':
      return recordText(view.columns, data)
    case 'table': {
      const rows = (await whole(data)) as unknown[]
      return rows.length === 0
        ? `${view.empty}\n`
        : tableText(view.columns as readonly Column<unknown>[], rows)
    }
    case 'text': {
      const text = view.text(data)
      return text === '' || text.endsWith('\n') ? text : `${text}\n`
    }
    case 'silent':
      return ''
  }
}

async function* csv(command: Subcommand, data: unknown): AsyncGenerator<string, void, void> {
  const { view } = command
  if (view.kind === 'text') {
    yield* csvOfPlain(await forPrograms(command, data))
    return
  }
  if (view.kind === 'silent') return
  const columns = view.columns as readonly Column<unknown>[]
  yield csvLine(columns.map(column => column.label))
  const rows = view.kind === 'record' ? [data] : (data as Rows<unknown>)
  for await (const row of rows) yield csvLine(columns.map(column => column.of(row)))
}

async function* each(data: unknown, text: (row: unknown) => string): AsyncGenerator<string, void, void> {
  if (isRows(data)) for await (const row of data) yield text(row)
  else yield text(data)
}

/** Rows that are still coming in are waited for. */
async function whole(data: unknown): Promise<unknown> {
  if (!isRows(data)) return data
  if (Array.isArray(data)) return data
  const rows: unknown[] = []
  for await (const row of data) rows.push(row)
  return rows
}

function isRows(data: unknown): data is Rows<unknown> {
  if (typeof data !== 'object' || data === null) return false
  return Array.isArray(data) || Symbol.asyncIterator in data
}
