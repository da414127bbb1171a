/** User names on the wire, in UTF-8 as passwords are. IPMI 2.0 rev 1.1, sections 13.20 and 22.28. */
import { isUtf8 } from 'node:buffer'
import { type Codec, text } from './codec.ts'

export const USER_NAME_BYTES = 16

/** A byte of a name that is no UTF-8 is this lone surrogate, so that each name goes back as the bytes that it came as. */
const ESCAPED_BYTE = 0xdc00
const FIRST_ESCAPED = ESCAPED_BYTE + 0x80
const LAST_ESCAPED = ESCAPED_BYTE + 0xff

export function userNameBytes(name: string): Uint8Array {
  return Buffer.concat(
    Array.from(name, letter => {
      const code = letter.codePointAt(0)!
      const isEscaped = code >= FIRST_ESCAPED && code <= LAST_ESCAPED
      return isEscaped ? Buffer.of(code & 0xff) : Buffer.from(letter, 'utf8')
    }),
  )
}

export function userNameFrom(raw: Uint8Array): string {
  if (isUtf8(raw)) return Buffer.from(raw).toString('utf8')
  return String.fromCharCode(...Array.from(raw, byte => (byte < 0x80 ? byte : ESCAPED_BYTE + byte)))
}

/** A name in its field. */
export const userName: Codec<string> = text(USER_NAME_BYTES, {
  decode: userNameFrom,
  encode: userNameBytes,
})
