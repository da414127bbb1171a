/** Messaging between host and BMC: enables, flags, queues and bridging. IPMI 2.0 rev 1.1, section 22. */
import { bits, bytes, flag, low, nameBits, reserved, rest, u8, u24, ubits } from '../codec.ts'
import { command, Privilege } from '../command.ts'
import { NetFn } from '../net-fn.ts'

const globalEnables = bits({
  receiveMessageInterrupt: flag,
  eventMessageBufferFullInterrupt: flag,
  eventMessageBuffer: flag,
  systemEventLogging: flag,
  _: reserved(1),
  oem0: flag,
  oem1: flag,
  oem2: flag,
})

/** Bits of Get and Clear Message Flags, as the driver keeps them. Sections 22.3 and 22.4. */
export const MessageFlag = {
  ReceiveMessageAvailable: 0x01,
  EventMessageBufferFull: 0x02,
  WatchdogPreTimeout: 0x08,
} as const

const messageFlags = bits({
  receiveMessageAvailable: flag,
  eventMessageBufferFull: flag,
  _2: reserved(1),
  watchdogPreTimeout: flag,
  _4: reserved(1),
  oem0: flag,
  oem1: flag,
  oem2: flag,
})

export const SetBmcGlobalEnables = command({
  name: 'Set BMC Global Enables',
  section: '22.1',
  netFn: NetFn.App,
  cmd: 0x2e,
  privilege: Privilege.Admin,
  request: { enables: globalEnables },
})

export const GetBmcGlobalEnables = command({
  name: 'Get BMC Global Enables',
  section: '22.2',
  netFn: NetFn.App,
  cmd: 0x2f,
  privilege: Privilege.User,
  response: { enables: globalEnables },
})

export const ClearMessageFlags = command({
  name: 'Clear Message Flags',
  section: '22.3',
  netFn: NetFn.App,
  cmd: 0x30,
  privilege: Privilege.Admin,
  request: { flags: messageFlags },
})

export const GetMessageFlags = command({
  name: 'Get Message Flags',
  section: '22.4',
  netFn: NetFn.App,
  cmd: 0x31,
  privilege: Privilege.Admin,
  response: { flags: messageFlags },
})

export const GetMessage = command({
  name: 'Get Message',
  section: '22.6',
  netFn: NetFn.App,
  cmd: 0x33,
  privilege: Privilege.Admin,
  response: { from: bits({ channel: ubits(4), inferredPrivilege: ubits(4) }), message: rest },
  errors: { 128: 'data not available (queue or buffer empty)' },
})

/** Nobody acknowledges at that address. */
export const NAK_ON_WRITE = 0x83

export const SendMessage = command({
  name: 'Send Message',
  section: '22.7',
  netFn: NetFn.App,
  cmd: 0x34,
  privilege: Privilege.User,
  request: {
    to: bits({
      channel: ubits(4),
      authenticated: flag,
      encrypted: flag,
      tracking: nameBits(2, { none: 0, track: 1, raw: 2 }),
    }),
    message: rest,
  },
  /** Empty, but for a bridged response to a tracked request on some channels. */
  response: { message: rest },
  errors: {
    128: 'invalid session handle',
    129: 'lost arbitration',
    130: 'bus error',
    [NAK_ON_WRITE]: 'NAK on write',
  },
  hints: {
    [NAK_ON_WRITE]: 'No controller is at that address of the channel (-t, -b); sdr list mcloc lists some.',
  },
})

export const ReadEventMessageBuffer = command({
  name: 'Read Event Message Buffer',
  section: '22.8',
  netFn: NetFn.App,
  cmd: 0x35,
  privilege: Privilege.Admin,
  /** The 16 bytes of a SEL event record. */
  response: { record: bytes(16) },
  errors: { 128: 'data not available (queue or buffer empty)' },
})

export const GetBtInterfaceCapabilities = command({
  name: 'Get BT Interface Capabilities',
  section: '22.10',
  netFn: NetFn.App,
  cmd: 0x36,
  privilege: Privilege.User,
  response: {
    outstandingRequests: u8,
    /** Bytes that the BMC takes in one message, the length byte not counted. */
    inputBufferBytes: u8,
    outputBufferBytes: u8,
    requestToResponseSeconds: u8,
    recommendedRetries: u8,
  },
})

export const GetChannelInfo = command({
  name: 'Get Channel Info',
  section: '22.24',
  netFn: NetFn.App,
  cmd: 0x42,
  privilege: Privilege.User,
  request: { of: bits({ channel: ubits(4), _: reserved(4) }) },
  response: {
    actual: bits({ channel: ubits(4), _: reserved(4) }),
    medium: bits({
      type: nameBits(7, {
        ipmb: 1,
        icmb10: 2,
        icmb09: 3,
        lan: 4,
        serial: 5,
        otherLan: 6,
        pciSmbus: 7,
        smbus1: 8,
        smbus2: 9,
        usb1: 10,
        usb2: 11,
        systemInterface: 12,
      }),
      _: reserved(1),
    }),
    protocol: bits({
      type: nameBits(5, {
        ipmb: 1,
        icmb: 2,
        smbus: 4,
        kcs: 5,
        smic: 6,
        bt10: 7,
        bt15: 8,
        tmode: 9,
        oem1: 0x1c,
      }),
      _: reserved(3),
    }),
    sessions: bits({
      active: ubits(6),
      support: nameBits(2, { none: 0, single: 1, multi: 2, configurable: 3 }),
    }),
    vendorId: u24,
    auxiliary: bytes(2),
  },
})

export const EnableMessageChannelReceive = command({
  name: 'Enable Message Channel Receive',
  section: '22.5',
  netFn: NetFn.App,
  cmd: 0x32,
  privilege: Privilege.Admin,
  request: {
    channel: low(ubits(4)),
    state: low(nameBits(2, { disable: 0, enable: 1, getState: 2 })),
  },
  response: { channel: low(ubits(4)), isEnabled: low(flag) },
})

export const MasterWriteRead = command({
  name: 'Master Write-Read',
  section: '22.11',
  netFn: NetFn.App,
  cmd: 0x52,
  privilege: Privilege.Operator,
  request: {
    bus: bits({ type: nameBits(1, { public: 0, private: 1 }), id: ubits(3), channel: ubits(4) }),
    device: bits({ _: reserved(1), address: ubits(7) }),
    /** Bytes to read; 0: only write. */
    count: u8,
    data: rest,
  },
  response: { data: rest },
  errors: {
    129: 'lost arbitration',
    130: 'bus error',
    [NAK_ON_WRITE]: 'NAK on write',
    132: 'truncated read',
  },
})
