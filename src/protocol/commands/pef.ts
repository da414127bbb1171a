/** Platform event filtering and alerting. IPMI 2.0 rev 1.1, section 30. */
import {
  bits,
  bytes,
  flag,
  ipmiVersion,
  low,
  nameBits,
  names,
  optional,
  reserved,
  rest,
  struct,
  u8,
  u16,
  u32,
  ubits,
} from '../codec.ts'
import { command, Privilege } from '../command.ts'
import { NetFn } from '../net-fn.ts'
import { getParameterErrors, setParameterErrors } from '../parameter.ts'

const sensorEvent = { netFn: NetFn.SensorEvent } as const

/** What PEF can do about an event. */
export const pefActions = {
  alert: flag,
  powerDown: flag,
  reset: flag,
  powerCycle: flag,
  oem: flag,
  diagnosticInterrupt: flag,
}

export const GetPefCapabilities = command({
  ...sensorEvent,
  name: 'Get PEF Capabilities',
  section: '30.1',
  cmd: 0x10,
  privilege: Privilege.User,
  response: {
    version: ipmiVersion,
    supports: bits({ ...pefActions, _: reserved(1), oemEventRecords: flag }),
    eventFilters: u8,
  },
})

export const ArmPefPostponeTimer = command({
  ...sensorEvent,
  name: 'Arm PEF Postpone Timer',
  section: '30.2',
  cmd: 0x11,
  privilege: Privilege.Admin,
  /** Seconds, or one of the codes with a name. */
  request: { timer: names({ disable: 0x00, temporaryDisable: 0xfe, getPresent: 0xff }) },
  response: { seconds: u8 },
})

export const SetPefConfigurationParameters = command({
  ...sensorEvent,
  name: 'Set PEF Configuration Parameters',
  section: '30.3',
  cmd: 0x12,
  privilege: Privilege.Admin,
  request: { selector: low(ubits(7)), data: rest },
  errors: setParameterErrors,
})

export const GetPefConfigurationParameters = command({
  ...sensorEvent,
  name: 'Get PEF Configuration Parameters',
  section: '30.4',
  cmd: 0x13,
  privilege: Privilege.Operator,
  request: {
    parameter: bits({ selector: ubits(7), revisionOnly: flag }),
    setSelector: u8,
    blockSelector: u8,
  },
  response: { revision: u8, data: rest },
  errors: getParameterErrors,
})

const eraseInProgress = { 129: 'cannot execute command, SEL erase in progress' }

export const SetLastProcessedEventId = command({
  ...sensorEvent,
  name: 'Set Last Processed Event ID',
  section: '30.5',
  cmd: 0x14,
  privilege: Privilege.Admin,
  request: { by: low(nameBits(1, { software: 0, bmc: 1 })), recordId: u16 },
  errors: eraseInProgress,
})

export const GetLastProcessedEventId = command({
  ...sensorEvent,
  name: 'Get Last Processed Event ID',
  section: '30.6',
  cmd: 0x15,
  privilege: Privilege.Admin,
  response: {
    /** Seconds since 1970 of the SEL's last addition. */
    lastAdded: u32,
    /** FFFFh: the SEL is empty. */
    lastRecordId: u16,
    lastSoftwareProcessedId: u16,
    /** 0000h: an event was processed that did not fit into the SEL. */
    lastBmcProcessedId: u16,
  },
  errors: eraseInProgress,
})

export const AlertImmediate = command({
  ...sensorEvent,
  name: 'Alert Immediate',
  section: '30.7',
  cmd: 0x16,
  privilege: Privilege.Admin,
  request: {
    channel: low(ubits(4)),
    alert: bits({
      destination: ubits(4),
      _: reserved(2),
      operation: nameBits(2, { initiate: 0, getStatus: 1, clearStatus: 2 }),
    }),
    string: bits({ selector: ubits(7), send: flag }),
    /** The event to send, as in Platform Event; the latest of the SEL unless given. */
    event: optional(
      struct({
        generatorId: u8,
        evmRev: u8,
        sensorType: u8,
        sensorNumber: u8,
        event: bits({ type: ubits(7), deassertion: flag }),
        data: bytes(3),
      }),
    ),
  },
  /** Only of Get Alert Immediate Status. */
  response: {
    status: optional(
      names({
        none: 0x00,
        normalEnd: 0x01,
        callRetryFailure: 0x02,
        acknowledgeTimeout: 0x03,
        inProgress: 0xff,
      }),
    ),
  },
  errors: {
    129: 'alert immediate rejected, an alert is already in progress',
    130: 'alert immediate rejected, an IPMI messaging session is active on this channel',
    131: 'platform event parameters not supported',
  },
})

export const PetAcknowledge = command({
  ...sensorEvent,
  name: 'PET Acknowledge',
  section: '30.8',
  cmd: 0x17,
  /** May be sent outside a session. */
  privilege: Privilege.None,
  request: {
    sequenceNumber: u16,
    /** The trap's local time stamp. */
    localTimestamp: u32,
    eventSourceType: u8,
    sensorDevice: u8,
    sensorNumber: u8,
    eventData: bytes(3),
  },
})
