/** Memory that is cut is nobody else's. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { cutBytes } from './slab.ts'

describe('memory that is cut from bigger pieces', () => {
  it('is zero, of the length that was asked for, and never given out twice', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(300), fc.nat(70_000)), { maxLength: 200 }), lengths => {
        const pieces = lengths.map((length, index) => {
          const bytes = cutBytes(length)
          assert.equal(bytes.length, length)
          assert.ok(bytes.every(byte => byte === 0))
          return bytes.fill((index % 255) + 1)
        })
        pieces.forEach((bytes, index) => {
          assert.ok(bytes.every(byte => byte === (index % 255) + 1))
        })
      }),
    )
  })
})
