/** The catalogue's form: a command is declared once, with its codes, privilege, and a codec each way. */
import { ByteReader, ByteWriter, CodecError, fitted } from './bytes.ts'
import { type Codec, type Fields, fixed, type StructOf, struct } from './codec.ts'
import { CompletionCode, CompletionCodeError } from './completion-code.ts'
import { LastwordError } from './error.ts'
import { NetFn, netFnName } from './net-fn.ts'

/** Least privilege level that may execute a command. IPMI 2.0 rev 1.1, appendix G. */
export const Privilege = { None: 0, Callback: 1, User: 2, Operator: 3, Admin: 4, Oem: 5 } as const
export type Privilege = (typeof Privilege)[keyof typeof Privilege]

/** A command of the specification. The codecs cover what follows the command byte and the completion code. */
export interface Command<Request, Response> {
  readonly name: string
  /** Section of IPMI 2.0 rev 1.1, or of the specification named there. */
  readonly section: string
  readonly netFn: number
  readonly cmd: number
  /** Of a group extension: the defining body, which request and response data begin with. Section 5.1. */
  readonly group?: number
  readonly privilege: Privilege
  readonly request: Codec<Request>
  readonly response: Codec<Response>
  /** Completion codes with a meaning of this command's own. */
  readonly errors: Readonly<Record<number, string>>
  /** What to do about them, where that is more than their words say. */
  readonly hints: Readonly<Record<number, string>>
}

export type AnyCommand = Command<unknown, unknown>
export type RequestOf<C> = C extends Command<infer Request, unknown> ? Request : never
export type ResponseOf<C> = C extends Command<unknown, infer Response> ? Response : never

interface Declaration<Q extends Fields, R extends Fields> {
  name: string
  section: string
  netFn: number
  cmd: number
  group?: number
  privilege: Privilege
  request?: Q
  response?: R
  errors?: Readonly<Record<number, string>>
  hints?: Readonly<Record<number, string>>
}

/** Declares a command of named fields; no fields means no bytes. */
export function command<
  const Q extends Fields = Record<never, never>,
  const R extends Fields = Record<never, never>,
>(declaration: Declaration<Q, R>): Command<StructOf<Q>, StructOf<R>> {
  const { request, response, errors, hints, ...head } = declaration
  return {
    ...head,
    request: inGroup(head.group, struct(request ?? ({} as Q))),
    response: inGroup(head.group, struct(response ?? ({} as R))),
    errors: errors ?? {},
    hints: hints ?? {},
  }
}

/** The defining body of a group extension goes before the fields. */
function inGroup<T>(group: number | undefined, fields: Codec<T>): Codec<T> {
  if (group === undefined) return fields
  const body = fixed(group)
  return {
    read(from) {
      body.read(from)
      return fields.read(from)
    },
    write(to, value) {
      body.write(to, undefined)
      fields.write(to, value)
    },
  }
}

/**
 * What tells one command from another: netFn, command, and for group extensions the defining body.
 * `data` are the bytes after the command byte (of a response, after the completion code). The odd netFn of a
 * response gives its request's key.
 */
export function commandKey(netFn: number, cmd: number, data?: ArrayLike<number>): number {
  const group = (netFn & ~1) === NetFn.GroupExtension ? (data?.[0] ?? 0) : 0
  return (group << 16) | ((netFn & ~1) << 8) | cmd
}

/** How a command is called in traces and errors: `Storage/Add SEL Entry`. */
export function commandTitle(command: { name: string; netFn: number }): string {
  return `${netFnName(command.netFn)}/${command.name}`
}

/** The request's bytes after the command byte. */
export function encodeRequest<Q>(command: Command<Q, unknown>, request: Q): Uint8Array {
  return encode(command.request, request, `${command.name} request`)
}

/** Reads a request's bytes after the command byte. Throws a CodecError when they are not this command's. */
export function decodeRequest<Q>(command: Command<Q, unknown>, data: Uint8Array): Q {
  return decodeAll(command.request, data)
}

/** The response's bytes from the completion code on. */
export function encodeResponse<R>(command: Command<unknown, R>, response: R): Uint8Array {
  const writer = new ByteWriter()
  writer.uint(CompletionCode.Ok, 1)
  command.response.write(writer, response)
  return writer.result()
}

/**
 * Reads a response's bytes from the completion code on.
 * Throws CompletionCodeError when the code is not zero, and LastwordError RESPONSE_SHORT, RESPONSE_LONG or
 * RESPONSE_BAD when the bytes are not this command's.
 */
export function decodeResponse<R>(command: Command<unknown, R>, data: Uint8Array): R {
  const code = data[0]
  if (code === undefined) {
    throw new LastwordError('RESPONSE_SHORT', `${command.name}: the response has no completion code`)
  }
  if (code !== CompletionCode.Ok) throw new CompletionCodeError(command.name, code, command)
  try {
    return decodeAll(command.response, data.subarray(1))
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause
    const kind = { TOO_SHORT: 'RESPONSE_SHORT', TOO_LONG: 'RESPONSE_LONG' }[cause.code] ?? 'RESPONSE_BAD'
    throw new LastwordError(
      kind,
      `${command.name}: the response of ${data.length} bytes is wrong: ${cause.message}`,
      {
        cause,
      },
    )
  }
}

function encode<T>(codec: Codec<T>, value: T, what: string): Uint8Array {
  const writer = new ByteWriter()
  fitted(what, () => codec.write(writer, value))
  return writer.result()
}

function decodeAll<T>(codec: Codec<T>, data: Uint8Array): T {
  const reader = new ByteReader(data)
  const value = codec.read(reader)
  if (reader.left > 0) throw new CodecError('TOO_LONG', `has ${reader.left} bytes too many`)
  return value
}
