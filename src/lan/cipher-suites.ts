/** Cipher suites and the algorithms that they are made of. IPMI 2.0 rev 1.1, sections 13.28 and 22.15.2. */

export const RakpAlgorithm = { None: 0, HmacSha1: 1, HmacMd5: 2, HmacSha256: 3 } as const
export const IntegrityAlgorithm = {
  None: 0,
  HmacSha1_96: 1,
  HmacMd5_128: 2,
  Md5_128: 3,
  HmacSha256_128: 4,
} as const
export const ConfidentialityAlgorithm = { None: 0, AesCbc128: 1, Xrc4_128: 2, Xrc4_40: 3 } as const

export interface CipherSuite {
  readonly id: number
  readonly authentication: number
  readonly integrity: number
  readonly confidentiality: number
}

function suite(id: number, authentication: number, integrity: number, confidentiality: number): CipherSuite {
  return { id, authentication, integrity, confidentiality }
}

/** All that do not need xRC4. Table 22-20. */
export const cipherSuites: readonly CipherSuite[] = [
  suite(0, 0, 0, 0),
  suite(1, 1, 0, 0),
  suite(2, 1, 1, 0),
  suite(3, 1, 1, 1),
  suite(6, 2, 0, 0),
  suite(7, 2, 2, 0),
  suite(8, 2, 2, 1),
  suite(11, 2, 3, 0),
  suite(12, 2, 3, 1),
  suite(15, 3, 0, 0),
  suite(16, 3, 4, 0),
  suite(17, 3, 4, 1),
]

/** Those that encrypt before those that only sign before those that do neither; 0, which knows no password, is the last. */
export const strongestFirst: readonly number[] = [17, 3, 12, 8, 16, 2, 11, 7, 15, 1, 6, 0]

export function cipherSuite(id: number): CipherSuite | undefined {
  return cipherSuites.find(candidate => candidate.id === id)
}

/** The suite that is these three algorithms. */
export function suiteOf(algorithms: Omit<CipherSuite, 'id'>): CipherSuite | undefined {
  return cipherSuites.find(
    candidate =>
      candidate.authentication === algorithms.authentication &&
      candidate.integrity === algorithms.integrity &&
      candidate.confidentiality === algorithms.confidentiality,
  )
}

/** What a log-in is authenticated with: the hash of its HMACs, and how much of RAKP 4's is sent. */
export interface RakpHash {
  readonly hash: 'sha1' | 'md5' | 'sha256'
  readonly digestBytes: number
  readonly rakp4Bytes: number
}

const rakpHashes = new Map<number, RakpHash>([
  [RakpAlgorithm.HmacSha1, { hash: 'sha1', digestBytes: 20, rakp4Bytes: 12 }],
  [RakpAlgorithm.HmacMd5, { hash: 'md5', digestBytes: 16, rakp4Bytes: 16 }],
  [RakpAlgorithm.HmacSha256, { hash: 'sha256', digestBytes: 32, rakp4Bytes: 16 }],
])

/** Undefined for RAKP-none. */
export function rakpHash(algorithm: number): RakpHash | undefined {
  return rakpHashes.get(algorithm)
}

const RECORD_START = 0xc0
const INTEGRITY_TAG = 0x40
const CONFIDENTIALITY_TAG = 0x80
const TAG_BITS = 0xc0

/** The records of Get Channel Cipher Suites. Section 22.15.1. */
export function encodeSuiteRecords(suites: Iterable<CipherSuite>): Uint8Array {
  const bytes: number[] = []
  for (const { id, authentication, integrity, confidentiality } of suites) {
    bytes.push(
      RECORD_START,
      id,
      authentication,
      INTEGRITY_TAG | integrity,
      CONFIDENTIALITY_TAG | confidentiality,
    )
  }
  return Uint8Array.from(bytes)
}

/** The IDs of the suites in the records; OEM records are passed over, what is damaged ends the list. */
export function decodeSuiteRecords(records: Uint8Array): number[] {
  const ids: number[] = []
  let at = 0
  while (at + 1 < records.length) {
    const isOem = records[at] === RECORD_START + 1
    if (records[at] !== RECORD_START && !isOem) break
    if (!isOem) ids.push(records[at + 1]!)
    at += isOem ? 5 : 2
    // The algorithms: an authentication (tag 00b), then any number of the other kinds.
    while (at < records.length && (records[at]! & TAG_BITS) !== RECORD_START) at++
  }
  return ids
}
