/** Payloads of an RMCP+ session: starting, stopping, encrypting and asking about them. IPMI 2.0 rev 1.1, section 24. */
import { bits, bytes, flag, low, nameBits, reserved, u8, u16, u32, ubits, zeros } from '../codec.ts'
import { command, Privilege } from '../command.ts'
import { NetFn } from '../net-fn.ts'

const app = { netFn: NetFn.App } as const

/** Section 13.27.3, table 13-16. */
export const PayloadType = {
  Ipmi: 0x00,
  Sol: 0x01,
  Oem: 0x02,
  OpenSessionRequest: 0x10,
  OpenSessionResponse: 0x11,
  Rakp1: 0x12,
  Rakp2: 0x13,
  Rakp3: 0x14,
  Rakp4: 0x15,
} as const
export type PayloadType = (typeof PayloadType)[keyof typeof PayloadType]

const payload = low(ubits(6))
const instance = low(ubits(4))
const channel = low(ubits(4))

export const ActivatePayload = command({
  ...app,
  name: 'Activate Payload',
  section: '24.1',
  cmd: 0x48,
  privilege: Privilege.User,
  request: {
    payload,
    instance,
    /** For SOL; other payloads define these bits otherwise. */
    options: bits({
      _0: reserved(1),
      startupHandshake: flag,
      sharedSerialAlerts: nameBits(2, { fail: 0, defer: 1, succeed: 2 }),
      _4: reserved(1),
      testMode: flag,
      authenticated: flag,
      encrypted: flag,
    }),
    _auxiliary: zeros(3),
  },
  response: {
    options: bits({ testMode: flag, _: reserved(7) }),
    _auxiliary: zeros(3),
    /** The most bytes of a payload towards the BMC and from it. */
    inboundBytes: u16,
    outboundBytes: u16,
    port: u16,
    /** FFFFh: no VLAN. */
    vlan: u16,
  },
  errors: {
    128: 'payload already active on another session',
    129: 'payload type is disabled',
    130: 'payload activation limit reached',
    131: 'cannot activate payload with encryption',
    132: 'cannot activate payload without encryption',
  },
})

export const DeactivatePayload = command({
  ...app,
  name: 'Deactivate Payload',
  section: '24.2',
  cmd: 0x49,
  privilege: Privilege.User,
  request: { payload, instance, _auxiliary: zeros(4) },
  errors: { 128: 'payload already deactivated', 129: 'payload type is disabled' },
})

export const SuspendResumePayloadEncryption = command({
  ...app,
  name: 'Suspend/Resume Payload Encryption',
  section: '24.3',
  cmd: 0x55,
  privilege: Privilege.User,
  request: {
    payload,
    instance,
    operation: bits({ kind: nameBits(5, { suspend: 0, resume: 1, newVector: 2 }), _: reserved(3) }),
  },
  errors: {
    128: 'operation not supported for given payload type',
    129: 'operation not allowed under present configuration for given payload type',
    130: 'encryption is not available for session that payload type is active under',
    131: 'the payload instance is not presently active',
  },
})

export const GetPayloadActivationStatus = command({
  ...app,
  name: 'Get Payload Activation Status',
  section: '24.4',
  cmd: 0x4a,
  privilege: Privilege.User,
  request: { payload },
  response: {
    capacity: low(ubits(4)),
    /** One bit for each instance, the first in bit 0. */
    active: u16,
  },
})

export const GetPayloadInstanceInfo = command({
  ...app,
  name: 'Get Payload Instance Info',
  section: '24.5',
  cmd: 0x4b,
  privilege: Privilege.User,
  request: { payload, instance },
  response: {
    /** 0 when it is not active. */
    sessionId: u32,
    /** For SOL: the number of the serial port, then reserved bytes. */
    info: bytes(8),
  },
})

const standardPayloads = bits({
  ipmi: flag,
  sol: flag,
  oem: flag,
  _3: reserved(13),
})

export const SetUserPayloadAccess = command({
  ...app,
  name: 'Set User Payload Access',
  section: '24.6',
  cmd: 0x4c,
  privilege: Privilege.Admin,
  request: {
    channel,
    user: bits({ id: ubits(6), operation: nameBits(2, { enable: 0, disable: 1 }) }),
    standard: standardPayloads,
    oem: u16,
  },
})

export const GetUserPayloadAccess = command({
  ...app,
  name: 'Get User Payload Access',
  section: '24.7',
  cmd: 0x4d,
  privilege: Privilege.Operator,
  request: {
    channel,
    userId: low(ubits(6)),
  },
  response: { standard: standardPayloads, oem: u16 },
})

export const GetChannelPayloadSupport = command({
  ...app,
  name: 'Get Channel Payload Support',
  section: '24.8',
  cmd: 0x4e,
  privilege: Privilege.User,
  request: { channel },
  response: {
    standard: standardPayloads,
    /** One bit for each of the payload types 10h to 1Fh. */
    sessionSetup: u16,
    oem: u16,
    _: zeros(2),
  },
})

export const GetChannelPayloadVersion = command({
  ...app,
  name: 'Get Channel Payload Version',
  section: '24.9',
  cmd: 0x4f,
  privilege: Privilege.User,
  request: { channel, payload: u8 },
  response: { version: bits({ minor: ubits(4), major: ubits(4) }) },
  errors: { 128: 'payload type not available on given channel' },
})

export const GetChannelOemPayloadInfo = command({
  ...app,
  name: 'Get Channel OEM Payload Info',
  section: '24.10',
  cmd: 0x50,
  privilege: Privilege.User,
  request: {
    channel,
    payload: u8,
    oemId: bytes(3),
    oemPayload: u16,
  },
  response: {
    payload: u8,
    oemId: bytes(3),
    oemPayload: u16,
    version: bits({ minor: ubits(4), major: ubits(4) }),
  },
  errors: { 128: 'OEM payload type not available on given channel' },
})
