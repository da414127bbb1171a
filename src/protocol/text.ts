/** The four ways in which SDR and FRU write text. IPMI 2.0 rev 1.1, section 43.15; FRU storage definition 1.0, section 13. */
import { type ByteReader, type ByteWriter, CodecError } from './bytes.ts'
import type { Codec } from './codec.ts'

/** The code of two bits that stands before the length. `binary` is Unicode in an SDR. */
export const TextEncoding = { binary: 0, bcdPlus: 1, sixBit: 2, latin1: 3 } as const
export type TextEncoding = keyof typeof TextEncoding

const encodings = Object.keys(TextEncoding) as TextEncoding[]

export function textEncodingOf(typeLength: number): TextEncoding {
  return encodings[typeLength >> 6]!
}

const BCD_PLUS = '0123456789 -.:,_'
const SIX_BIT_FIRST = 0x20

/** Text of these bytes; `binary` is read as UTF-16, least significant byte first. */
export function decodeText(encoding: TextEncoding, raw: Uint8Array): string {
  switch (encoding) {
    case 'binary':
      return Buffer.from(raw).toString('utf16le')
    case 'bcdPlus':
      return Array.from(raw, byte => BCD_PLUS[byte >> 4]! + BCD_PLUS[byte & 0x0f]!).join('')
    case 'sixBit':
      return unpackSixBit(raw)
    case 'latin1':
      return Buffer.from(raw).toString('latin1')
  }
}

/** Bytes of a text. Throws CodecError BAD_VALUE when the encoding cannot write it. */
export function encodeText(encoding: TextEncoding, text: string): Uint8Array {
  switch (encoding) {
    case 'binary':
      return Buffer.from(text, 'utf16le')
    case 'bcdPlus':
      return packBcdPlus(text)
    case 'sixBit':
      return packSixBit(text)
    case 'latin1':
      return encodeLatin1(text)
  }
}

function encodeLatin1(text: string): Uint8Array {
  for (const character of text)
    if (character.charCodeAt(0) > 0xff)
      throw cannotWrite(character, '8-bit ASCII + Latin 1').withHint(
        'It has the letters of Western European languages, but no € and no typographic quotation marks.',
      )
  return Buffer.from(text, 'latin1')
}

function packBcdPlus(text: string): Uint8Array {
  const padded = text.length % 2 === 0 ? text : `${text} `
  const digits = Array.from(padded, character => {
    const digit = BCD_PLUS.indexOf(character)
    if (digit < 0) throw cannotWrite(character, 'BCD plus')
    return digit
  })
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => (digits[i * 2]! << 4) | digits[i * 2 + 1]!)
}

/** Four characters in three bytes, the first in the least significant bits. */
function packSixBit(text: string): Uint8Array {
  const raw = new Uint8Array(Math.ceil((text.length * 6) / 8))
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i) - SIX_BIT_FIRST
    if (code < 0 || code > 0x3f) throw cannotWrite(text[i]!, '6-bit ASCII')
    const bit = i * 6
    const shifted = code << (bit % 8)
    raw[bit >> 3]! |= shifted & 0xff
    if (shifted > 0xff) raw[(bit >> 3) + 1]! |= shifted >> 8
  }
  return raw
}

function unpackSixBit(raw: Uint8Array): string {
  let text = ''
  for (let bit = 0; bit + 6 <= raw.length * 8; bit += 6) {
    const pair = raw[bit >> 3]! | ((raw[(bit >> 3) + 1] ?? 0) << 8)
    text += String.fromCharCode(SIX_BIT_FIRST + ((pair >> (bit % 8)) & 0x3f))
  }
  return text
}

function cannotWrite(character: string, encoding: string): CodecError {
  return new CodecError('BAD_VALUE', `"${character}" cannot be written in ${encoding}`)
}

const MAX_ID_BYTES = 31

/**
 * The ID string that ends an SDR: a type/length byte and the text. It is written as Latin 1 where that can be, in six
 * bits or UTF-16 otherwise. A length that is longer than the record is cut to it, as BMCs are found that lie here.
 */
export const idString: Codec<string> = {
  read(from: ByteReader) {
    const typeLength = from.uint(1)
    const raw = from.take(Math.min(typeLength & 0x1f, from.left))
    const text = decodeText(textEncodingOf(typeLength), raw)
    const end = text.indexOf('\0')
    return end < 0 ? text : text.slice(0, end)
  },
  write(to: ByteWriter, value) {
    for (const encoding of ['latin1', 'sixBit', 'bcdPlus', 'binary'] as const) {
      const raw = tryEncode(encoding, value)
      if (raw === undefined || raw.length > MAX_ID_BYTES) continue
      to.uint((TextEncoding[encoding] << 6) | raw.length, 1)
      to.put(raw)
      return
    }
    throw new CodecError('BAD_VALUE', `"${value}" is longer than an ID string may be`)
  },
}

function tryEncode(encoding: TextEncoding, value: string): Uint8Array | undefined {
  try {
    return encodeText(encoding, value)
  } catch (error) {
    if (error instanceof CodecError) return undefined
    throw error
  }
}
