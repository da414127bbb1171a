import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decodeText, encodeText } from './text.ts'

describe('text', () => {
  it('in 6-bit ASCII is packed as the specification packs "IPMI"', () => {
    assert.deepEqual(encodeText('sixBit', 'IPMI'), Uint8Array.of(0x29, 0xdc, 0xa6))
    assert.equal(decodeText('sixBit', Uint8Array.of(0x29, 0xdc, 0xa6)), 'IPMI')
  })

  it('in BCD plus has the more significant digit first', () => {
    assert.deepEqual(encodeText('bcdPlus', '12-34.5'), Uint8Array.of(0x12, 0xb3, 0x4c, 0x5a))
    assert.equal(decodeText('bcdPlus', Uint8Array.of(0x12, 0xb3, 0x4c, 0x5a)), '12-34.5 ')
  })

  it('is read back as it was written, in each encoding', () => {
    const alphabets = {
      sixBit: Array.from({ length: 64 }, (_, code) => String.fromCharCode(0x20 + code)),
      bcdPlus: [...'0123456789 -.:,_'],
      latin1: Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)),
      binary: ['a', 'Ω', '漢', ' '],
    }
    for (const [encoding, alphabet] of Object.entries(alphabets)) {
      fc.assert(
        fc.property(fc.array(fc.constantFrom(...alphabet)), characters => {
          const text = characters.join('')
          const back = decodeText(
            encoding as keyof typeof alphabets,
            encodeText(encoding as keyof typeof alphabets, text),
          )
          // What does not fill its last byte is filled up with blanks.
          assert.equal(back.trimEnd(), text.trimEnd())
        }),
      )
    }
  })

  it('that an encoding cannot write is refused', () => {
    assert.throws(() => encodeText('sixBit', 'a'), { code: 'BAD_VALUE' })
    assert.throws(() => encodeText('bcdPlus', 'A'), { code: 'BAD_VALUE' })
    assert.throws(() => encodeText('latin1', 'Ω'), { code: 'BAD_VALUE' })
  })
})
