/** The messages that set an RMCP+ session up: Open Session and RAKP 1 to 4. IPMI 2.0 rev 1.1, sections 13.17 to 13.24. */
import { ByteReader, ByteWriter, CodecError } from '../protocol/bytes.ts'
import {
  bits,
  bytes,
  type Codec,
  flag,
  low,
  optional,
  reserved,
  rest,
  struct,
  u8,
  u32,
  ubits,
  zeros,
} from '../protocol/codec.ts'

/** Section 13.24, table 13-15. */
export const RakpStatus = {
  Ok: 0x00,
  InsufficientResources: 0x01,
  InvalidSessionId: 0x02,
  InvalidPayloadType: 0x03,
  InvalidAuthenticationAlgorithm: 0x04,
  InvalidIntegrityAlgorithm: 0x05,
  NoMatchingAuthenticationPayload: 0x06,
  NoMatchingIntegrityPayload: 0x07,
  InactiveSessionId: 0x08,
  InvalidRole: 0x09,
  UnauthorizedRole: 0x0a,
  InsufficientResourcesForRole: 0x0b,
  InvalidNameLength: 0x0c,
  UnauthorizedName: 0x0d,
  UnauthorizedGuid: 0x0e,
  InvalidIntegrityCheckValue: 0x0f,
  InvalidConfidentialityAlgorithm: 0x10,
  NoCipherSuiteMatch: 0x11,
  IllegalParameter: 0x12,
} as const

const statusTexts: Readonly<Record<number, string>> = {
  1: 'insufficient resources to create a session',
  2: 'invalid session ID',
  3: 'invalid payload type',
  4: 'invalid authentication algorithm',
  5: 'invalid integrity algorithm',
  6: 'no matching authentication payload',
  7: 'no matching integrity payload',
  8: 'inactive session ID',
  9: 'invalid role',
  10: 'unauthorized role or privilege level requested',
  11: 'insufficient resources to create a session at the requested role',
  12: 'invalid name length',
  13: 'unauthorized name',
  14: 'unauthorized GUID',
  15: 'invalid integrity check value',
  16: 'invalid confidentiality algorithm',
  17: 'no cipher suite matches the proposed algorithms',
  18: 'illegal or unrecognized parameter',
}

export function rakpStatusText(status: number): string {
  return statusTexts[status] ?? `status 0x${status.toString(16).padStart(2, '0')}`
}

/** Each of the three algorithms is a payload of eight bytes. Table 13-17. */
const ALGORITHM_BYTES = 8
const AUTHENTICATION = 0
const INTEGRITY = 1
const CONFIDENTIALITY = 2

export interface Algorithms {
  authentication: number
  integrity: number
  confidentiality: number
}

const algorithmPayload = struct({ type: u8, _1: zeros(2), length: u8, algorithm: u8, _5: zeros(3) })

/** A length of 0 leaves the choice to the BMC: it counts as the algorithm FFh. */
export const ANY_ALGORITHM = 0xff

const algorithms: Codec<Algorithms> = {
  read(from) {
    const found: Record<number, number> = {}
    for (let i = 0; i < 3; i++) {
      const payload = algorithmPayload.read(from)
      if (payload.length !== ALGORITHM_BYTES && payload.length !== 0)
        throw new CodecError('BAD_VALUE', `an algorithm payload of ${payload.length} bytes`)
      found[payload.type] = payload.length === 0 ? ANY_ALGORITHM : payload.algorithm & 0x3f
    }
    const [authentication, integrity, confidentiality] = [
      found[AUTHENTICATION],
      found[INTEGRITY],
      found[CONFIDENTIALITY],
    ]
    if (authentication === undefined || integrity === undefined || confidentiality === undefined)
      throw new CodecError('BAD_VALUE', 'lacks an algorithm')
    return { authentication, integrity, confidentiality }
  },
  write(to, value) {
    const list = [value.authentication, value.integrity, value.confidentiality]
    list.forEach((algorithm, type) => {
      const isAny = algorithm === ANY_ALGORITHM
      algorithmPayload.write(to, {
        type,
        length: isAny ? 0 : ALGORITHM_BYTES,
        algorithm: isAny ? 0 : algorithm,
      })
    })
  },
}

export const openSessionRequest = struct({
  tag: u8,
  /** 0: the highest that the suite allows. */
  maximum: low(ubits(4)),
  _: zeros(2),
  consoleId: u32,
  algorithms,
})

/** With a status that is not zero only the console's ID follows. */
export const openSessionResponse = struct({
  tag: u8,
  status: u8,
  maximum: low(ubits(4)),
  _: zeros(1),
  consoleId: u32,
  bmcId: optional(u32),
  algorithms: optional(algorithms),
})

export const RANDOM_BYTES = 16

/** Longer names than USER_NAME_BYTES are read, so that they can be refused with the right status. */
const userName: Codec<Uint8Array> = {
  read(from) {
    const length = from.uint(1)
    const name = from.take(length)
    // Some consoles send the whole field of 16 bytes; what follows the name is nothing.
    from.take(from.left)
    return name
  },
  write(to, name) {
    to.uint(name.length, 1)
    to.put(name)
  },
}

const roleByte = bits({ privilege: ubits(4), nameOnly: flag, _: reserved(3) })

export const rakp1 = struct({
  tag: u8,
  _1: zeros(3),
  bmcId: u32,
  consoleRandom: bytes(RANDOM_BYTES),
  role: roleByte,
  _25: zeros(2),
  userName,
})

export const rakp2 = struct({
  tag: u8,
  status: u8,
  _: zeros(2),
  consoleId: u32,
  bmcRandom: optional(bytes(RANDOM_BYTES)),
  guid: optional(bytes(16)),
  authCode: rest,
})

export const rakp3 = struct({ tag: u8, status: u8, _: zeros(2), bmcId: u32, authCode: rest })

export const rakp4 = struct({ tag: u8, status: u8, _: zeros(2), consoleId: u32, integrityCheck: rest })

/** Null when the bytes are not this message. */
export function readSetup<T>(codec: Codec<T>, payload: Uint8Array): T | null {
  try {
    return codec.read(new ByteReader(payload))
  } catch (error) {
    if (error instanceof CodecError) return null
    throw error
  }
}

export function writeSetup<T>(codec: Codec<T>, message: T): Uint8Array {
  const writer = new ByteWriter()
  codec.write(writer, message)
  return writer.result()
}

/** The byte as it goes into the hashes. */
export function roleOf(role: { privilege: number; nameOnly: boolean }): number {
  return role.privilege | (role.nameOnly ? 0x10 : 0)
}
