/** YAML text of plain data; a module of its own, so that the library is loaded only when asked for. */
import { stringify } from 'yaml'
import type { Plain } from './plain.ts'

export function yamlText(data: Plain): string {
  return stringify(data)
}
