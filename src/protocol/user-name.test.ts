import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { userNameBytes, userNameFrom } from './user-name.ts'

describe('a user name', () => {
  it('is UTF-8', () => {
    assert.deepEqual([...userNameBytes('j\u00fcr')], [0x6a, 0xc3, 0xbc, 0x72])
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), name =>
        assert.equal(userNameFrom(userNameBytes(name)), name),
      ),
    )
  })

  it('goes back as the bytes that it came as, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 16 }), raw =>
        assert.deepEqual([...userNameBytes(userNameFrom(raw))], [...raw]),
      ),
    )
  })
})
