/** Reads a YAML file against a schema; what is wrong is told with its line and field. */
import { readFileSync } from 'node:fs'
import { isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml'
import type { z } from 'zod'
import { LastwordError } from '../../protocol/error.ts'

/** Throws LastwordError HOSTS_FILE: `FILE:LINE: field: what is wrong`. */
export function readYaml<T>(path: string, schema: z.ZodType<T>): T {
  const lineCounter = new LineCounter()
  const document = parseDocument(readFileSync(path, 'utf8'), { lineCounter, prettyErrors: false })
  const lineAt = (offset: number) => lineCounter.linePos(offset).line
  const [syntax] = document.errors
  if (syntax !== undefined) throw wrong(path, lineAt(syntax.pos[0]), syntax.message)
  const parsed = schema.safeParse(document.toJS() ?? {})
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  const extra = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
  const field = [...issue.path.map(String), ...extra]
  const offset = offsetOf(document.contents, field)
  throw wrong(path, lineAt(offset), `${field.join('.')}: ${issue.message}`)
}

function wrong(path: string, line: number, what: string): LastwordError {
  return new LastwordError('HOSTS_FILE', `${path}:${line}: ${what}`, {
    hint: 'docs/cli.md tells what the file may hold.',
  })
}

/** Where the deepest part of `field` that is there begins. */
function offsetOf(root: Node | null, field: readonly string[]): number {
  let node: unknown = root
  let offset = 0
  for (const name of field) {
    if (!isMap(node)) break
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === name)
    if (pair === undefined) break
    offset = (pair.key as Node).range?.[0] ?? offset
    node = pair.value
  }
  return offset
}
