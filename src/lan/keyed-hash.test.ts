import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { KeyedHash } from './keyed-hash.ts'
import { sha1, sha256 } from './sha.ts'

describe('an HMAC whose key is kept', () => {
  for (const [name, hash, digestBytes] of [
    ['sha1', sha1, 20],
    ['sha256', sha256, 32],
  ] as const) {
    it(`is ${name}'s of node:crypto, for messages of all lengths, with one key after the other`, () => {
      const code = new Uint8Array(digestBytes)
      for (let length = 0; length <= 300; length++) {
        const key = Buffer.alloc(length % 65, length)
        const bytes = Uint8Array.from({ length: length + 7 }, (_, i) => i * 31 + length)
        new KeyedHash(hash, key).signInto(code, bytes, 3, 3 + length)
        const expected = createHmac(name, key)
          .update(bytes.subarray(3, 3 + length))
          .digest()
        assert.deepEqual(Buffer.from(code), expected, `${length} bytes`)
      }
    })

    it(`of ${name} takes any message after any other`, () => {
      const key = Buffer.from('0123456789abcdefghij')
      const signer = new KeyedHash(hash, key)
      const code = new Uint8Array(12)
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 400 }), bytes => {
          signer.signInto(code, bytes, 0, bytes.length)
          assert.deepEqual(Buffer.from(code), createHmac(name, key).update(bytes).digest().subarray(0, 12))
        }),
      )
    })
  }

  it('refuses a key that is longer than a block', () => {
    assert.throws(() => new KeyedHash(sha1, new Uint8Array(65)), RangeError)
  })
})
