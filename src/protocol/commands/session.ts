/** Sessions: what a channel asks for, logging in, levels, and who is logged in. IPMI 2.0 rev 1.1, sections 22.13 to 22.20. */

import { ipv4, mac } from '../address.ts'
import type { ByteReader, ByteWriter } from '../bytes.ts'
import {
  bits,
  bytes,
  type Codec,
  flag,
  low,
  optional,
  reserved,
  rest,
  u8,
  u16,
  u24,
  u32,
  ubits,
} from '../codec.ts'
import { command, Privilege } from '../command.ts'
import { NetFn } from '../net-fn.ts'
import { userName } from '../user-name.ts'

const app = { netFn: NetFn.App } as const

const channel = low(ubits(4))
const privilege = low(ubits(4))

/** How packets of an IPMI 1.5 session are signed. Section 13.6, table 13-8. */
export const AuthType = { None: 0, Md2: 1, Md5: 2, Password: 4, Oem: 5, RmcpPlus: 6 } as const
export type AuthType = (typeof AuthType)[keyof typeof AuthType]

export const GetChannelAuthenticationCapabilities = command({
  ...app,
  name: 'Get Channel Authentication Capabilities',
  section: '22.13',
  cmd: 0x38,
  privilege: Privilege.None,
  request: {
    /** Channel Eh is the one that the request comes over; `extended` asks for the IPMI 2.0 part. */
    of: bits({ channel: ubits(4), _: reserved(3), extended: flag }),
    privilege,
  },
  response: {
    channel,
    authTypes: bits({
      none: flag,
      md2: flag,
      md5: flag,
      _3: reserved(1),
      password: flag,
      oem: flag,
      _6: reserved(1),
      extended: flag,
    }),
    status: bits({
      anonymousLogin: flag,
      nullUsers: flag,
      namedUsers: flag,
      userLevelAuthDisabled: flag,
      perMessageAuthDisabled: flag,
      kgIsSet: flag,
      _: reserved(2),
    }),
    connections: bits({ ipmi15: flag, ipmi20: flag, _: reserved(6) }),
    oemId: u24,
    oemAuxiliary: u8,
  },
})

export const GetChannelCipherSuites = command({
  ...app,
  name: 'Get Channel Cipher Suites',
  section: '22.15',
  cmd: 0x54,
  privilege: Privilege.None,
  request: {
    channel,
    payloadType: low(ubits(6)),
    /** Which 16 bytes of the records; `bySuite` gives records of suites, otherwise lists of algorithms. */
    list: bits({ index: ubits(6), _: reserved(1), bySuite: flag }),
  },
  response: { channel, records: rest },
})

export const GetSessionChallenge = command({
  ...app,
  name: 'Get Session Challenge',
  section: '22.16',
  cmd: 0x39,
  privilege: Privilege.None,
  request: { authType: low(ubits(4)), userName },
  response: { temporarySessionId: u32, challenge: bytes(16) },
  errors: { 129: 'invalid user name', 130: 'null user name (user 1) not enabled' },
})

export const ActivateSession = command({
  ...app,
  name: 'Activate Session',
  section: '22.17',
  cmd: 0x3a,
  privilege: Privilege.None,
  request: {
    authType: low(ubits(4)),
    maximum: privilege,
    challenge: bytes(16),
    /** What the BMC begins to count its packets with; not zero. */
    initialOutboundSequence: u32,
  },
  response: {
    authType: low(ubits(4)),
    sessionId: u32,
    /** What the remote console begins to count its packets with. */
    initialInboundSequence: u32,
    maximum: privilege,
  },
  errors: {
    129: 'no session slot available',
    130: 'no slot available for the given user',
    131: 'no slot available for the given user at that privilege level',
    132: 'session sequence number out of range',
    133: 'invalid session ID in request',
    134: 'requested maximum privilege level exceeds user and/or channel privilege limit',
  },
})

export const SetSessionPrivilegeLevel = command({
  ...app,
  name: 'Set Session Privilege Level',
  section: '22.18',
  cmd: 0x3b,
  privilege: Privilege.Callback,
  /** Level 0 leaves it as it is and asks. */
  request: { privilege },
  response: { privilege },
  errors: {
    128: 'requested level not available for this user',
    129: 'requested level exceeds channel and/or user privilege limit',
    130: 'cannot disable user level authentication',
  },
})

export const CloseSession = command({
  ...app,
  name: 'Close Session',
  section: '22.19',
  cmd: 0x3c,
  privilege: Privilege.Callback,
  /** The handle counts when the ID is 0. */
  request: { sessionId: u32, handle: optional(u8) },
  errors: { 135: 'invalid session ID in request', 136: 'invalid session handle in request' },
})

/** Which session Get Session Info is about. */
export type SessionChoice =
  | { by: 'own' }
  /** The n-th active one, from 1. */
  | { by: 'index'; index: number }
  | { by: 'handle'; handle: number }
  | { by: 'id'; id: number }

const sessionChoice: Codec<SessionChoice> = {
  read(from: ByteReader): SessionChoice {
    const index = from.uint(1)
    if (index === 0xff) return { by: 'id', id: from.uint(4) }
    if (index === 0xfe) return { by: 'handle', handle: from.uint(1) }
    return index === 0 ? { by: 'own' } : { by: 'index', index }
  },
  write(to: ByteWriter, choice: SessionChoice): void {
    if (choice.by === 'id') {
      to.uint(0xff, 1)
      to.uint(choice.id, 4)
    } else if (choice.by === 'handle') {
      to.uint(0xfe, 1)
      to.uint(choice.handle, 1)
    } else to.uint(choice.by === 'own' ? 0 : choice.index, 1)
  },
}

export const GetSessionInfo = command({
  ...app,
  name: 'Get Session Info',
  section: '22.20',
  cmd: 0x3d,
  privilege: Privilege.User,
  request: { session: sessionChoice },
  response: {
    /** 0 when there is no such session; then nothing follows the counts. */
    handle: u8,
    possible: low(ubits(6)),
    active: low(ubits(6)),
    userId: optional(low(ubits(6))),
    operating: optional(privilege),
    /** Protocol 1 is IPMI 2.0 / RMCP+. */
    on: optional(bits({ channel: ubits(4), protocol: ubits(4) })),
    ipAddress: optional(ipv4),
    macAddress: optional(mac),
    port: optional(u16),
  },
})
