/** A type/length byte and the text behind it, of which FRU areas consist. FRU storage definition 1.0, section 13. */
import { type ByteReader, type ByteWriter, CodecError } from '../bytes.ts'
import { decodeText, encodeText, TextEncoding, textEncodingOf } from '../text.ts'

/** `binary`: the text is the bytes in hexadecimal digits. */
export interface FruField {
  encoding: TextEncoding
  text: string
}

/** In place of a type/length byte: the area's fields end here. */
export const END_OF_FIELDS = 0xc1
const MAX_FIELD_BYTES = 0x3f

/** Languages 0 and 25 are English; in others, what would be Latin 1 is UTF-16. */
const isEnglish = (language: number) => language === 0 || language === 25

function textEncoding(encoding: TextEncoding, language: number): TextEncoding {
  return encoding === 'latin1' && !isEnglish(language) ? 'binary' : encoding
}

/** Undefined when the fields end here. */
export function readField(from: ByteReader, language: number): FruField | undefined {
  const typeLength = from.uint(1)
  if (typeLength === END_OF_FIELDS) return undefined
  const encoding = textEncodingOf(typeLength)
  const raw = from.take(typeLength & MAX_FIELD_BYTES)
  if (encoding === 'binary') return { encoding, text: Buffer.from(raw).toString('hex') }
  return { encoding, text: decodeText(textEncoding(encoding, language), raw) }
}

export function writeField(to: ByteWriter, field: FruField, language: number): void {
  const raw = fieldBytes(field, language)
  const typeLength = (TextEncoding[field.encoding] << 6) | raw.length
  if (raw.length > MAX_FIELD_BYTES)
    throw new CodecError(
      'BAD_VALUE',
      `"${field.text}" has ${raw.length} bytes, ${MAX_FIELD_BYTES} are the most`,
    )
  if (typeLength === END_OF_FIELDS)
    throw new CodecError('BAD_VALUE', `"${field.text}": one byte of Latin 1 would end the fields`)
  to.uint(typeLength, 1)
  to.put(raw)
}

function fieldBytes({ encoding, text }: FruField, language: number): Uint8Array {
  if (encoding !== 'binary') return encodeText(textEncoding(encoding, language), text)
  if (!/^([0-9a-f]{2})*$/i.test(text))
    throw new CodecError('BAD_VALUE', `"${text}" is not bytes in hexadecimal digits`)
  return Buffer.from(text, 'hex')
}

/** A field with this text in Latin 1. One letter gets a blank behind it: of one byte, C1h would be the end mark. */
export function fruText(text: string): FruField {
  return { encoding: 'latin1', text: text.length === 1 ? `${text} ` : text }
}
