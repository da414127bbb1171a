/** Reads YAML into a checked value: a BMC's configuration, or another schema's; an error names file, line and field. */
import { readFileSync } from 'node:fs'
import {
  type Document,
  isMap,
  isNode,
  isPair,
  isScalar,
  LineCounter,
  type Pair,
  parseDocument,
  visit,
} from 'yaml'
import type { z } from 'zod'
import { LastwordError } from '../../protocol/error.ts'
import { type BmcConfig, bmcConfig } from './config.ts'
import { type ConfigProblem, configProblems } from './config-check.ts'
import { defaultConfig } from './default-world.ts'

/** Throws LastwordError CONFIG. */
export function readConfig(file: string): BmcConfig {
  return readYaml(file, ofBmc)
}

/** What a file may hold. */
export interface FileKind<T> {
  schema: z.ZodType<T>
  /** The page that tells it. */
  guide: string
  /** What a file holds that says nothing; `{}` unless given. */
  whenEmpty?: unknown
  /** What is wrong with a value whose fields are each fine. */
  problemsOf?: (value: T) => ConfigProblem[]
}

const ofBmc: FileKind<BmcConfig> = {
  schema: bmcConfig,
  guide: 'docs/bmc.md',
  // As with no file at all.
  whenEmpty: defaultConfig,
  problemsOf: configProblems,
}

/** Throws LastwordError CONFIG. */
export function readYaml<T>(file: string, kind: FileKind<T>): T {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw configError(`${file}: ${(cause as Error).message}`, kind.guide, cause)
  }
  return parseYaml(text, file, kind)
}

/** Throws LastwordError CONFIG; `file` is how the text is called there. */
export function parseConfig(text: string, file: string): BmcConfig {
  return parseYaml(text, file, ofBmc)
}

function parseYaml<T>(text: string, file: string, kind: FileKind<T>): T {
  const { schema, guide, problemsOf, whenEmpty = {} } = kind
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const broken = brokenAt(document)
  if (broken !== undefined)
    throw configError(`${file}:${lines.linePos(broken.at).line}: ${broken.why}`, guide)
  const checked = schema.safeParse(writtenOut() ?? whenEmpty)
  const problems: ConfigProblem[] = checked.success
    ? (problemsOf?.(checked.data) ?? [])
    : checked.error.issues.flatMap(innermost).map(({ path, message }) => ({
        path: path.filter(part => typeof part !== 'symbol'),
        message,
      }))
  if (checked.success && problems.length === 0) return checked.data
  const told = problems.map(({ path, message }) => {
    const name = fieldName(message === NO_FIELD ? [...path.slice(0, -1), unknownName(path)] : path)
    return `${file}:${lineOf(path)}: ${name}: ${message}`
  })
  throw configError(told.join('\n'), guide)

  /** Aliases of aliases can stand for more than memory holds. */
  function writtenOut(): unknown {
    try {
      return document.toJS()
    } catch (cause) {
      const { at, field } = lastAlias(document)
      const why = `${file}:${lines.linePos(at).line}: ${field}: aliases (*) stand for too much there`
      throw configError(why, guide, cause)
    }
  }

  /** The line of the field, or of the nearest thing around it that is there. */
  function lineOf(path: readonly (string | number)[]): number {
    for (let length = path.length; length > 0; length--) {
      const node = keyNode(path.slice(0, length)) ?? document.getIn(path.slice(0, length), true)
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
    }
    return 1
  }

  /** A field stands where its name does, though its value may begin on the next line. */
  function keyNode(path: readonly (string | number)[]): unknown {
    return pairAt(path)?.key
  }

  function pairAt(path: readonly (string | number)[]): Pair | undefined {
    const around = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
    if (!isMap(around)) return undefined
    return around.items.find(({ key }) => isScalar(key) && String(key.value) === String(path.at(-1)))
  }

  /** Something without a value may be a value itself, as in `{ password:secret }`. */
  function unknownName(path: readonly (string | number)[]): string {
    return pairAt(path)?.value === null ? '…' : String(path.at(-1)).replace(/[^\w-].*/s, '…')
  }
}

const quotes = 'a value that begins with ! or * has to stand in quotes'

/** Why it is no YAML, without what stands there, which may be a secret. */
function brokenAt(document: Document.Parsed): { at: number; why: string } | undefined {
  // A password that begins with ! is only warned of.
  const [problem] = [...document.errors, ...document.warnings]
  if (problem !== undefined) {
    const isTag = problem.code === 'TAG_RESOLVE_FAILED'
    return { at: problem.pos[0], why: isTag ? quotes : problem.message.replace(/(:| sequence) .*/s, '') }
  }
  let at: number | undefined
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return undefined
      at = alias.range?.[0] ?? 0
      return visit.BREAK
    },
  })
  return at === undefined ? undefined : { at, why: quotes }
}

/** Where it stands, and in which field at the outermost. */
function lastAlias(document: Document.Parsed): { at: number; field: string } {
  let last = { at: 0, field: 'the whole' }
  visit(document, {
    Alias(_, alias, [, , pair]) {
      const field = isPair(pair) && isScalar(pair.key) ? String(pair.key.value) : last.field
      last = { at: alias.range?.[0] ?? 0, field }
    },
  })
  return last
}

type Issue = z.core.$ZodIssue

const NO_FIELD = 'there is no such field'

/** Of a value that may have several forms, what is wrong with the form that it comes nearest to; of names, each that is not known. */
function innermost(issue: Issue): Issue[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => ({ ...issue, path: [...issue.path, key], message: NO_FIELD }))
  }
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue]
  const nearest = issue.errors.reduce((best, form) => (depthOf(form) > depthOf(best) ? form : best))
  if (depthOf(nearest) === 0) return [{ ...issue, message: 'is of none of the forms that it may have' }]
  return nearest.flatMap(inner => innermost({ ...inner, path: [...issue.path, ...inner.path] }))
}

function depthOf(form: readonly Issue[]): number {
  return Math.max(0, ...form.map(issue => issue.path.length))
}

function fieldName(path: readonly (string | number)[]): string {
  const name = path.map(part => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('')
  return name.replace(/^\./, '') || 'the whole'
}

function configError(message: string, guide: string, cause?: unknown): LastwordError {
  return new LastwordError('CONFIG', message, { cause, hint: `${guide} tells what may stand there.` })
}
