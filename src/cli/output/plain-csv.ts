/** Data that has no columns of its own as comma-separated values: a line of titles, then a line for each of its rows. */
import type { Plain } from './plain.ts'
import { csvLine } from './table.ts'
import type { Cell } from './view.ts'

type Row = ReadonlyMap<string, Cell>

export function* csvOfPlain(data: Plain): Generator<string, void, void> {
  if (data === null) return
  const rows = (Array.isArray(data) ? data : [data]).map(rowOf)
  const titles = [...new Set(rows.flatMap(row => [...row.keys()]))]
  if (titles.length === 0) return
  yield csvLine(titles)
  for (const row of rows) yield csvLine(titles.map(title => row.get(title)))
}

/** What lies deeper has the names that lead to it as its title; lists stay as JSON writes them. */
function rowOf(data: Plain): Row {
  const row = new Map<string, Cell>()
  const add = (value: Plain, title: string) => {
    if (value === null || typeof value !== 'object') row.set(title === '' ? 'value' : title, value)
    else if (Array.isArray(value)) row.set(title === '' ? 'value' : title, JSON.stringify(value))
    else for (const [name, part] of Object.entries(value)) add(part, title === '' ? name : `${title}.${name}`)
  }
  add(data, '')
  return row
}
