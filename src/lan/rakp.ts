/** The hashes of a log-in and the keys that come out of it. IPMI 2.0 rev 1.1, sections 13.31 and 13.32. */
import { createHmac } from 'node:crypto'
import { isKgSet } from './accounts.ts'
import { type CipherSuite, rakpHash } from './cipher-suites.ts'
import { KeyedHash } from './keyed-hash.ts'
import { Protection } from './protection.ts'
import { sha1, sha256 } from './sha.ts'

export const V20_PASSWORD_BYTES = 20

/** What both sides know when RAKP 2 has come. */
export interface RakpState {
  suite: CipherSuite
  consoleId: number
  bmcId: number
  consoleRandom: Uint8Array
  bmcRandom: Uint8Array
  guid: Uint8Array
  /** The role byte as it was sent in RAKP 1. */
  role: number
  userName: Uint8Array
  /** Up to 20 bytes, not filled up. */
  password: Uint8Array
  /** Up to 20 bytes; none, or all zero: the password takes its place. */
  kg: Uint8Array
}

function u32le(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24)
}

function nameParts({ role, userName }: RakpState): Uint8Array[] {
  return [Uint8Array.of(role, userName.length), userName]
}

const blockHashes = { sha1, sha256 } as const

function hmac(suite: CipherSuite, key: Uint8Array, parts: Uint8Array[]): Uint8Array {
  const algorithm = rakpHash(suite.authentication)
  if (algorithm === undefined) return new Uint8Array(0)
  const bytes = Buffer.concat(parts)
  if (algorithm.hash === 'md5') return createHmac('md5', key).update(bytes).digest()
  const code = new Uint8Array(algorithm.digestBytes)
  new KeyedHash(blockHashes[algorithm.hash], key).signInto(code, bytes, 0, bytes.length)
  return code
}

/** Of RAKP 2: the BMC knows the password. */
export function rakp2AuthCode(state: RakpState): Uint8Array {
  const { suite, password, consoleId, bmcId, consoleRandom, bmcRandom, guid } = state
  const parts = [u32le(consoleId), u32le(bmcId), consoleRandom, bmcRandom, guid, ...nameParts(state)]
  return hmac(suite, password, parts)
}

/** Of RAKP 3: the console knows the password. */
export function rakp3AuthCode(state: RakpState): Uint8Array {
  const { suite, password, consoleId, bmcRandom } = state
  return hmac(suite, password, [bmcRandom, u32le(consoleId), ...nameParts(state)])
}

/** The session integrity key. */
export function sessionIntegrityKey(state: RakpState): Uint8Array {
  const { suite, password, kg, consoleRandom, bmcRandom } = state
  const key = isKgSet(kg) ? kg : password
  return hmac(suite, key, [consoleRandom, bmcRandom, ...nameParts(state)])
}

/** Of RAKP 4: the BMC has the same keys. */
export function rakp4IntegrityCheck(state: RakpState, sik: Uint8Array): Uint8Array {
  const { suite, consoleRandom, bmcId, guid } = state
  const code = hmac(suite, sik, [consoleRandom, u32le(bmcId), guid])
  return code.subarray(0, rakpHash(suite.authentication)?.rakp4Bytes ?? 0)
}

const CONSTANT_BYTES = 20

/** What protects the session's packets from now on. */
export function protectionOf(state: RakpState, sik: Uint8Array): Protection {
  const derive = (byte: number) => hmac(state.suite, sik, [new Uint8Array(CONSTANT_BYTES).fill(byte)])
  const password = new Uint8Array(V20_PASSWORD_BYTES)
  password.set(state.password)
  return new Protection(state.suite, { k1: derive(1), k2: derive(2), password })
}
