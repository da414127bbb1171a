/** What protects the packets of an RMCP+ session: integrity and confidentiality. IPMI 2.0 rev 1.1, sections 13.28.4 and 13.29. */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  randomFillSync,
  timingSafeEqual,
} from 'node:crypto'
import { type CipherSuite, ConfidentialityAlgorithm, IntegrityAlgorithm } from './cipher-suites.ts'

const BLOCK_BYTES = 16
const AES_KEY_BYTES = 16

interface Integrity {
  readonly hash: string
  readonly codeBytes: number
}

const integrities = new Map<number, Integrity>([
  [IntegrityAlgorithm.HmacSha1_96, { hash: 'sha1', codeBytes: 12 }],
  [IntegrityAlgorithm.HmacMd5_128, { hash: 'md5', codeBytes: 16 }],
  [IntegrityAlgorithm.Md5_128, { hash: 'md5', codeBytes: 16 }],
  [IntegrityAlgorithm.HmacSha256_128, { hash: 'sha256', codeBytes: 16 }],
])

export interface SessionKeys {
  /** Signs. */
  k1: Uint8Array
  /** Encrypts, with its first 16 bytes. */
  k2: Uint8Array
  /** What MD5-128 signs with: 20 bytes, filled up with zeros. */
  password: Uint8Array
}

export class Protection {
  /** 0: packets are not signed. */
  readonly codeBytes: number
  readonly isEncrypting: boolean
  readonly #integrity: Integrity | undefined
  readonly #isPlainMd5: boolean
  readonly #keys: SessionKeys
  readonly #aesKey: Uint8Array

  constructor(suite: CipherSuite, keys: SessionKeys) {
    this.#integrity = integrities.get(suite.integrity)
    this.#isPlainMd5 = suite.integrity === IntegrityAlgorithm.Md5_128
    this.codeBytes = this.#integrity?.codeBytes ?? 0
    this.isEncrypting = suite.confidentiality === ConfidentialityAlgorithm.AesCbc128
    this.#keys = keys
    this.#aesKey = keys.k2.subarray(0, AES_KEY_BYTES)
  }

  /** The authentication code of these bytes. */
  sign(bytes: Uint8Array): Uint8Array {
    const { hash, codeBytes } = this.#integrity!
    const { k1, password } = this.#keys
    const digest = this.#isPlainMd5
      ? createHash(hash).update(password).update(bytes).update(password).digest()
      : createHmac(hash, k1).update(bytes).digest()
    return digest.subarray(0, codeBytes)
  }

  isSigned(bytes: Uint8Array, code: Uint8Array): boolean {
    return code.length === this.codeBytes && timingSafeEqual(this.sign(bytes), code)
  }

  /** Vector, then the blocks; padding 1, 2, 3 … and its length end the last one. Section 13.29. */
  encrypt(payload: Uint8Array): Uint8Array {
    const padding = (BLOCK_BYTES - ((payload.length + 1) % BLOCK_BYTES)) % BLOCK_BYTES
    const plain = new Uint8Array(payload.length + padding + 1)
    plain.set(payload)
    for (let i = 0; i < padding; i++) plain[payload.length + i] = i + 1
    plain[plain.length - 1] = padding
    const vector = freshVector()
    const cipher = createCipheriv('aes-128-cbc', this.#aesKey, vector).setAutoPadding(false)
    const result = new Uint8Array(BLOCK_BYTES + plain.length)
    result.set(vector)
    result.set(cipher.update(plain), BLOCK_BYTES)
    return result
  }

  /** Null when it cannot have been encrypted by the other side. */
  decrypt(bytes: Uint8Array): Uint8Array | null {
    if (bytes.length < 2 * BLOCK_BYTES || bytes.length % BLOCK_BYTES !== 0) return null
    const vector = bytes.subarray(0, BLOCK_BYTES)
    const decipher = createDecipheriv('aes-128-cbc', this.#aesKey, vector).setAutoPadding(false)
    const plain = decipher.update(bytes.subarray(BLOCK_BYTES))
    const padding = plain[plain.length - 1]!
    if (padding >= BLOCK_BYTES) return null
    const length = plain.length - 1 - padding
    for (let i = 0; i < padding; i++) if (plain[length + i] !== i + 1) return null
    return plain.subarray(0, length)
  }
}

const POOL_VECTORS = 256
const pool = new Uint8Array(POOL_VECTORS * BLOCK_BYTES)
let poolAt = pool.length

/** Random bytes for one packet; they are drawn for many at once, which costs a tenth. */
function freshVector(): Uint8Array {
  if (poolAt === pool.length) {
    randomFillSync(pool)
    poolAt = 0
  }
  poolAt += BLOCK_BYTES
  return pool.subarray(poolAt - BLOCK_BYTES, poolAt)
}
