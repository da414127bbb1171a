/**
 * HMAC with one key for many short messages: what the key makes of the hash's first blocks is kept, so that a packet
 * costs its own blocks and no object of OpenSSL's. FIPS 198-1.
 */
import { BLOCK_WORDS, type BlockHash, SCHEDULE_WORDS } from './sha.ts'

const BLOCK_BYTES = 64
const INNER_PAD = 0x36363636
const OUTER_PAD = 0x5c5c5c5c
const END_MARK = 0x80000000
/** The length of the message, in bits, is the last of a block's words; longer messages than 2^28 bytes there are none. */
const LENGTH_WORD = BLOCK_WORDS - 1

/** Shared: nothing of one call is used by another. */
const words = new Int32Array(SCHEDULE_WORDS)

export class KeyedHash {
  readonly #hash: BlockHash
  readonly #inner: Int32Array
  readonly #outer: Int32Array
  readonly #state: Int32Array

  /** A key longer than a block is for callers that have hashed it, which no key of IPMI's needs. */
  constructor(hash: BlockHash, key: Uint8Array) {
    if (key.length > BLOCK_BYTES) throw new RangeError(`a key of ${key.length} bytes`)
    this.#hash = hash
    this.#state = hash.initial.slice()
    this.#inner = this.#begun(key, INNER_PAD)
    this.#outer = this.#begun(key, OUTER_PAD)
  }

  /** Writes the first bytes of the code of `bytes[from..to)`, as many as `code` has. */
  signInto(code: Uint8Array, bytes: Uint8Array, from: number, to: number): void {
    const { compress } = this.#hash
    const state = this.#state
    for (let i = 0; i < state.length; i++) state[i] = this.#inner[i]!
    let at = from
    for (; to - at >= BLOCK_BYTES; at += BLOCK_BYTES) {
      for (let word = 0; word < BLOCK_WORDS; word++) words[word] = wordAt(bytes, at + 4 * word)
      compress(state, words)
    }
    let word = 0
    for (; to - at >= 4; at += 4) words[word++] = wordAt(bytes, at)
    words[word++] = lastWord(bytes, at, to)
    if (word > LENGTH_WORD - 1) {
      while (word < BLOCK_WORDS) words[word++] = 0
      compress(state, words)
      word = 0
    }
    this.#end(word, BLOCK_BYTES + to - from)
    for (word = 0; word < state.length; word++) {
      words[word] = state[word]!
      state[word] = this.#outer[word]!
    }
    words[word] = END_MARK
    this.#end(word + 1, BLOCK_BYTES + 4 * word)
    for (let i = 0; i < code.length; i++) code[i] = state[i >> 2]! >>> (24 - 8 * (i & 3))
  }

  /** Fills the last block up. */
  #end(from: number, messageBytes: number): void {
    for (let word = from; word < LENGTH_WORD; word++) words[word] = 0
    words[LENGTH_WORD] = messageBytes * 8
    this.#hash.compress(this.#state, words)
  }

  #begun(key: Uint8Array, pad: number): Int32Array {
    const block = new Uint8Array(BLOCK_BYTES)
    block.set(key)
    for (let word = 0; word < BLOCK_WORDS; word++) words[word] = wordAt(block, 4 * word) ^ pad
    const state = this.#hash.initial.slice()
    this.#hash.compress(state, words)
    return state
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

/** What is left of the message, and the bit that ends it. */
function lastWord(bytes: Uint8Array, at: number, to: number): number {
  let word = 0
  let shift = 24
  for (let i = at; i < to; i++, shift -= 8) word |= bytes[i]! << shift
  return word | (0x80 << shift)
}
