/** Numbered configuration parameters, as LAN, PEF, boot options, system information and DCMI have them: one typed table each. */
import { ByteReader, ByteWriter, CodecError } from './bytes.ts'
import type { Codec } from './codec.ts'

/** One parameter: its number, its name in the specification, and a codec for its data (selectors included). */
export interface Parameter<T> {
  readonly selector: number
  readonly name: string
  readonly codec: Codec<T>
  readonly access: 'readWrite' | 'readOnly' | 'writeOnly'
  /** The parameter is an array: its data begin with the set selector. */
  readonly isSet: boolean
}

export type AnyParameter = Parameter<unknown>
export type ParameterValue<P> = P extends Parameter<infer T> ? T : never

interface Options {
  access?: Parameter<unknown>['access']
  isSet?: boolean
}

export function parameter<T>(
  selector: number,
  name: string,
  codec: Codec<T>,
  options: Options = {},
): Parameter<T> {
  return { selector, name, codec, access: options.access ?? 'readWrite', isSet: options.isSet ?? false }
}

/** The data of a parameter as typed values. Throws CodecError when the bytes are not this parameter's. */
export function decodeParameter<T>(parameter: Parameter<T>, data: Uint8Array): T {
  const reader = new ByteReader(data)
  const value = parameter.codec.read(reader)
  if (reader.left > 0) throw new CodecError('TOO_LONG', `has ${reader.left} bytes too many`)
  return value
}

export function encodeParameter<T>(parameter: Parameter<T>, value: T): Uint8Array {
  const writer = new ByteWriter()
  parameter.codec.write(writer, value)
  return writer.result()
}

/** The parameter with this number in a table. */
export function findParameter(
  table: Readonly<Record<string, AnyParameter>>,
  selector: number,
): AnyParameter | undefined {
  return Object.values(table).find(parameter => parameter.selector === selector)
}

/** The errors that all Set … Parameters commands share. */
export const setParameterErrors = {
  128: 'parameter not supported',
  129: 'attempt to set "set in progress" when it is not "set complete"',
  130: 'attempt to write a read-only parameter',
} as const

/** The errors that all Get … Parameters commands share. */
export const getParameterErrors = { 128: 'parameter not supported' } as const
