/** Explains a message in words: which command it is, whether request or response, and what each field says. */
import { findCommand } from '../../protocol/catalogue.ts'
import { type AnyCommand, commandTitle, decodeRequest, decodeResponse } from '../../protocol/command.ts'
import { SendMessage } from '../../protocol/commands/messaging.ts'
import { completionText } from '../../protocol/completion-code.ts'
import { decodeIpmb } from '../../protocol/ipmb.ts'
import { netFnName } from '../../protocol/net-fn.ts'
import { hex, hexBytes } from '../hex.ts'
import { type Plain, plain } from '../output/plain.ts'

export interface Explanation {
  /** `Storage/Add SEL Entry request` */
  title: string
  /** What else is to be said of it as a whole: completion code, or why its fields cannot be read. */
  remark?: string
  fields: Plain
  /** A message that this one carries. */
  inside?: Explanation
}

/** netFn, command and what follows: data of a request, completion code and data of a response. */
export function explainMessage(netFn: number, cmd: number, body: Uint8Array): Explanation {
  const isResponse = (netFn & 1) === 1
  const command = findCommand(netFn, cmd, isResponse ? body.subarray(1) : body)
  const kind = isResponse ? 'response' : 'request'
  const title = `${command === undefined ? `${netFnName(netFn)}/command ${hex(cmd)}` : commandTitle(command)} ${kind}`
  const completion = isResponse ? completionRemark(body[0], command) : undefined
  if (completion !== undefined) return { title, remark: completion, fields: rawFields(body.subarray(1)) }
  const data = isResponse ? body.subarray(1) : body
  if (command === undefined)
    return { title, remark: 'a command that is not in the catalogue', fields: rawFields(data) }
  return { title, ...fieldsOf(command, body, kind), ...insideOf(command, data, kind) }
}

function completionRemark(code: number | undefined, command: AnyCommand | undefined): string | undefined {
  if (code === undefined) return 'there is no completion code'
  return code === 0 ? undefined : `refused with ${hex(code)}: ${completionText(code, command?.errors)}`
}

function rawFields(data: Uint8Array): Plain {
  return data.length === 0 ? {} : { data: hexBytes(data) }
}

function fieldsOf(command: AnyCommand, body: Uint8Array, kind: 'request' | 'response') {
  try {
    const values = kind === 'request' ? decodeRequest(command, body) : decodeResponse(command, body)
    return { fields: plain(values) }
  } catch (error) {
    const data = kind === 'request' ? body : body.subarray(1)
    return { remark: `not as the specification has it: ${(error as Error).message}`, fields: rawFields(data) }
  }
}

/** Send Message carries an IPMB frame. */
function insideOf(
  command: AnyCommand,
  data: Uint8Array,
  kind: 'request' | 'response',
): { inside?: Explanation } {
  if (command.netFn !== SendMessage.netFn || command.cmd !== SendMessage.cmd) return {}
  const frame = kind === 'request' ? decodeIpmb(data.subarray(1)) : decodeIpmb(data)
  return frame === undefined ? {} : { inside: explainMessage(frame.netFn, frame.cmd, frame.data) }
}

/** Fields as lines: `lastEvent.acFailed: no`; an empty object has none. */
export function fieldLines(fields: Plain, path = ''): string[] {
  if (fields === null || typeof fields !== 'object') return [`${path}: ${valueText(fields)}`]
  if (Array.isArray(fields)) {
    const isFlat = fields.every(item => item === null || typeof item !== 'object')
    if (isFlat) return [`${path}: ${fields.map(valueText).join(', ')}`]
    return fields.flatMap((item, index) => fieldLines(item, `${path}[${index}]`))
  }
  return Object.entries(fields).flatMap(([name, value]) =>
    fieldLines(value, path === '' ? name : `${path}.${name}`),
  )
}

function valueText(value: Plain): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'number' && Number.isInteger(value) && value > 9) return `${value} (${hex(value)})`
  return String(value)
}

/** Title, remark and fields as indented lines. */
export function explanationLines({ title, remark, fields, inside }: Explanation, indent = ''): string[] {
  return [
    `${indent}${title}${remark === undefined ? '' : `: ${remark}`}`,
    ...fieldLines(fields).map(line => `${indent}  ${line}`),
    ...(inside === undefined ? [] : [`${indent}  inside:`, ...explanationLines(inside, `${indent}    `)]),
  ]
}
