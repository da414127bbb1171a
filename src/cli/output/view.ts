/** What a subcommand's data looks like to a person: a record of labelled fields, a table, or lines of text. */

/** What a cell shows; a field that is undefined is left out. */
export type Cell = string | number | boolean | null | undefined

export interface Column<Row> {
  readonly label: string
  readonly of: (row: Row) => Cell
  readonly align: 'left' | 'right'
}

export type Rows<Row> = Iterable<Row> | AsyncIterable<Row>
export type RowOf<D> = D extends Rows<infer Row> ? Row : never

export type View<D> =
  | { readonly kind: 'record'; readonly columns: readonly Column<D>[] }
  | { readonly kind: 'table'; readonly columns: readonly Column<RowOf<D>>[]; readonly empty: string }
  | { readonly kind: 'text'; readonly text: (data: D) => string }
  /** The command prints by itself while it works. */
  | { readonly kind: 'silent' }

/** Label, value, and where the value stands in its column. */
type Field<Row> = readonly [label: string, of: (row: Row) => Cell, align?: 'right']

/** Hands out views of data of one type, so that a declaration need not name that type. */
export interface Views<D> {
  /** Labelled fields, one a line. */
  record(...fields: readonly Field<D>[]): View<D>
  /** One line a row; `empty` is said when there is none. */
  table(empty: string, ...columns: readonly Field<RowOf<D>>[]): View<D>
  lines(text: (data: D) => string): View<D>
  silent(): View<D>
}

export function views<D>(): Views<D> {
  return {
    record: (...fields) => ({ kind: 'record', columns: fields.map(column) }),
    table: (empty, ...fields) => ({ kind: 'table', columns: fields.map(column), empty }),
    lines: text => ({ kind: 'text', text }),
    silent: () => ({ kind: 'silent' }),
  }
}

function column<Row>([label, of, align]: Field<Row>): Column<Row> {
  return { label, of, align: align ?? 'left' }
}

/** A cell as people read it. */
export function cellText(cell: Cell): string {
  if (cell === undefined || cell === null) return ''
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no'
  return String(cell)
}
