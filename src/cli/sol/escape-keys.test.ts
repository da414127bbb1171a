/** The escape keys of a SOL terminal. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { EscapeKeys, type Typed } from './escape-keys.ts'

function type(text: string, keys = new EscapeKeys()): string[] {
  return keys.type(Buffer.from(text, 'latin1')).map(told)
}

function told(typed: Typed): string {
  return typed.kind === 'send' ? Buffer.from(typed.bytes).toString('latin1') : `<${typed.kind}>`
}

describe('the escape keys of SOL', () => {
  it('are known at the beginning and behind a line end, and nowhere else', () => {
    assert.deepEqual(type('~.'), ['<disconnect>'])
    assert.deepEqual(type('ls\r~.'), ['ls\r', '<disconnect>'])
    assert.deepEqual(type('ls ~.'), ['ls ~.'])
    assert.deepEqual(type('\n~B~?'), ['\n', '<break>', '<help>'])
    assert.deepEqual(type('~\x1a~\x18'), ['<suspend>', '<suspendRaw>'])
  })

  it('send the escape character when it is typed twice or before another letter', () => {
    assert.deepEqual(type('~~.'), ['~.'])
    assert.deepEqual(type('~x\r~~'), ['~x\r~'])
  })

  it('may begin with another character', () => {
    assert.deepEqual(type('~.\r&.', new EscapeKeys('&')), ['~.\r', '<disconnect>'])
  })

  it('are the same however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('~', '.', 'B', '?', 'a', '\r', '\n'), { maxLength: 20 }),
        letters => {
          const keys = new EscapeKeys()
          const pieces = letters.flatMap(letter => type(letter, keys))
          assert.equal(pieces.join(''), type(letters.join('')).join(''))
        },
      ),
    )
  })
})
