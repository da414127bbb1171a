/** What protects the packets of an RMCP+ session: integrity and confidentiality. IPMI 2.0 rev 1.1, sections 13.28.4 and 13.29. */
import {
  type Cipher,
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  type Decipher,
  timingSafeEqual,
} from 'node:crypto'
import { type CipherSuite, ConfidentialityAlgorithm, IntegrityAlgorithm } from './cipher-suites.ts'
import { KeyedHash } from './keyed-hash.ts'
import { pooledRandom, putRandom } from './random-pool.ts'
import { sha1, sha256 } from './sha.ts'

const BLOCK_BYTES = 16
const AES_KEY_BYTES = 16
const AES = 'aes-128-cbc'

export interface SessionKeys {
  /** Signs. */
  k1: Uint8Array
  /** Encrypts, with its first 16 bytes. */
  k2: Uint8Array
  /** What MD5-128 signs with: 20 bytes, filled up with zeros. */
  password: Uint8Array
}

/** Writes the first bytes of the code of `bytes[from..to)`, as many as `code` has. */
interface Signer {
  signInto(code: Uint8Array, bytes: Uint8Array, from: number, to: number): void
}

interface Integrity {
  readonly codeBytes: number
  signer(keys: SessionKeys): Signer
}

const integrities = new Map<number, Integrity>([
  [IntegrityAlgorithm.HmacSha1_96, { codeBytes: 12, signer: ({ k1 }) => new KeyedHash(sha1, k1) }],
  [IntegrityAlgorithm.HmacMd5_128, { codeBytes: 16, signer: hmacMd5 }],
  [IntegrityAlgorithm.Md5_128, { codeBytes: 16, signer: plainMd5 }],
  [IntegrityAlgorithm.HmacSha256_128, { codeBytes: 16, signer: ({ k1 }) => new KeyedHash(sha256, k1) }],
])

function hmacMd5({ k1 }: SessionKeys): Signer {
  return {
    signInto(code, bytes, from, to) {
      const digest = createHmac('md5', k1).update(bytes.subarray(from, to)).digest()
      code.set(digest.subarray(0, code.length))
    },
  }
}

function plainMd5({ password }: SessionKeys): Signer {
  return {
    signInto(code, bytes, from, to) {
      const hash = createHash('md5').update(password).update(bytes.subarray(from, to)).update(password)
      code.set(hash.digest().subarray(0, code.length))
    },
  }
}

export class Protection {
  /** 0: packets are not signed. */
  readonly codeBytes: number
  readonly isEncrypting: boolean
  readonly #signer: Signer | undefined
  readonly #aesKey: Uint8Array
  readonly #expected: Uint8Array
  readonly #given: Uint8Array
  #cipher: Cipher | null = null
  #decipher: Decipher | null = null

  constructor(suite: CipherSuite, keys: SessionKeys) {
    const integrity = integrities.get(suite.integrity)
    this.codeBytes = integrity?.codeBytes ?? 0
    this.isEncrypting = suite.confidentiality === ConfidentialityAlgorithm.AesCbc128
    this.#signer = integrity?.signer(keys)
    this.#aesKey = keys.k2.subarray(0, AES_KEY_BYTES)
    this.#expected = new Uint8Array(this.codeBytes)
    this.#given = new Uint8Array(this.codeBytes)
  }

  /** Writes the authentication code of `packet[from..to)` behind it. */
  sign(packet: Uint8Array, from: number, to: number): void {
    const code = this.#expected
    this.#signer!.signInto(code, packet, from, to)
    for (let i = 0; i < code.length; i++) packet[to + i] = code[i]!
  }

  /** Whether the packet ends with the authentication code of what is before it. */
  isSigned(packet: Uint8Array): boolean {
    const given = this.#given
    const signedTo = packet.length - given.length
    if (signedTo < 0) return false
    this.#signer!.signInto(this.#expected, packet, 0, signedTo)
    for (let i = 0; i < given.length; i++) given[i] = packet[signedTo + i]!
    return timingSafeEqual(this.#expected, given)
  }

  /**
   * Vector, then the blocks; padding 1, 2, 3 … and its length end the last one. Section 13.29.
   *
   * One cipher goes on from packet to packet, which costs a fifth of one for each. It is given a random block before the
   * payload: what comes out for it depends on the key and cannot be foreseen, and is the vector that the payload's first
   * block is chained to.
   */
  encrypt(payload: Uint8Array): Uint8Array {
    const padding = (BLOCK_BYTES - ((payload.length + 1) % BLOCK_BYTES)) % BLOCK_BYTES
    const plain = plainBytes(BLOCK_BYTES + payload.length + padding + 1)
    putRandom(plain, BLOCK_BYTES)
    plain.set(payload, BLOCK_BYTES)
    for (let i = 0; i < padding; i++) plain[BLOCK_BYTES + payload.length + i] = i + 1
    plain[plain.length - 1] = padding
    this.#cipher ??= createCipheriv(AES, this.#aesKey, pooledRandom(BLOCK_BYTES)).setAutoPadding(false)
    return this.#cipher.update(plain)
  }

  /** Null when it cannot have been encrypted by the other side. */
  decrypt(bytes: Uint8Array): Uint8Array | null {
    if (bytes.length < 2 * BLOCK_BYTES || bytes.length % BLOCK_BYTES !== 0) return null
    // What comes out for the vector is of no use; behind it each block depends on the one before it only.
    this.#decipher ??= createDecipheriv(AES, this.#aesKey, pooledRandom(BLOCK_BYTES)).setAutoPadding(false)
    const plain = this.#decipher.update(bytes)
    const padding = plain[plain.length - 1]!
    if (padding >= BLOCK_BYTES) return null
    const end = plain.length - 1 - padding
    for (let i = 0; i < padding; i++) if (plain[end + i] !== i + 1) return null
    return new Uint8Array(plain.buffer, plain.byteOffset + BLOCK_BYTES, end - BLOCK_BYTES)
  }
}

/** What is encrypted is put together here; OpenSSL gets small arrays of their own only after V8 has moved each out of its heap. */
const scratch = new ArrayBuffer(64 * BLOCK_BYTES)
const scratchOfBlocks: Uint8Array[] = []

function plainBytes(length: number): Uint8Array {
  if (length > scratch.byteLength) return new Uint8Array(length)
  scratchOfBlocks[length / BLOCK_BYTES] ??= new Uint8Array(scratch, 0, length)
  return scratchOfBlocks[length / BLOCK_BYTES]!
}
