/** Tables and labelled fields as text, and the same as comma-separated values (RFC 4180). */
import { type Cell, type Column, cellText } from './view.ts'

const GAP = '  '

export function tableText<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = rows.map(row => columns.map(column => cellText(column.of(row))))
  const widths = columns.map(({ label }, index) =>
    Math.max(displayWidth(label), ...cells.map(row => displayWidth(row[index]!))),
  )
  const line = (texts: readonly string[]) =>
    texts
      .map((text, index) => pad(text, widths[index]!, columns[index]!.align))
      .join(GAP)
      .trimEnd()
  const head = line(columns.map(column => column.label))
  const rule = widths.map(width => '─'.repeat(width)).join(GAP)
  return [head, rule, ...cells.map(line)].map(text => `${text}\n`).join('')
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)))
  return align === 'right' ? space + text : text + space
}

/** Code points, which is right for all that BMCs put into names. */
function displayWidth(text: string): number {
  return [...text].length
}

export function recordText<D>(fields: readonly Column<D>[], data: D): string {
  const shown = fields
    .map(({ label, of }) => [label, of(data)] as const)
    .filter(([, cell]) => cell !== undefined)
  const width = Math.max(0, ...shown.map(([label]) => label.length))
  return shown
    .map(([label, cell]) =>
      cellText(cell)
        .split('\n')
        .map((text, index) => `${(index === 0 ? label : '').padEnd(width)}${GAP}${text}`.trimEnd())
        .join('\n'),
    )
    .map(text => `${text}\n`)
    .join('')
}

export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(cell => csvField(cellText(cell))).join(',')}\n`
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
