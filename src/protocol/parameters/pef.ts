/** The PEF configuration parameters. IPMI 2.0 rev 1.1, section 30.4, table 30-6. */
import {
  bits,
  bytes,
  flag,
  list,
  low,
  nameBits,
  reserved,
  rest,
  struct,
  u8,
  u16,
  ubits,
  type ValueOf,
} from '../codec.ts'
import { pefActions } from '../commands/pef.ts'
import { parameter } from '../parameter.ts'
import { setInProgress } from './lan.ts'

const readOnly = { access: 'readOnly' } as const
const isSet = { isSet: true } as const
const set = low(ubits(7))

/** How a byte of event data is compared. Section 17.8. */
const comparison = struct({ andMask: u8, compare1: u8, compare2: u8 })

/** An entry of the event filter table. Section 17.7, table 17-2. */
export const eventFilter = struct({
  configuration: bits({
    _: reserved(5),
    type: nameBits(2, { software: 0, manufacturer: 2 }),
    enabled: flag,
  }),
  actions: bits({ ...pefActions, groupControl: flag, _: reserved(1) }),
  policy: bits({ number: ubits(4), groupControlSelector: ubits(3), _: reserved(1) }),
  severity: u8,
  /** FFh matches any, here and in the next four. */
  generatorId: u8,
  generatorChannel: u8,
  sensorType: u8,
  sensorNumber: u8,
  eventTrigger: u8,
  /** Which offsets of event data 1 match. */
  offsetMask: u16,
  data1: comparison,
  data2: comparison,
  data3: comparison,
})

/** A filter that matches and does nothing. */
export const noFilterActions: ValueOf<typeof eventFilter>['actions'] = {
  alert: false,
  powerDown: false,
  reset: false,
  powerCycle: false,
  oem: false,
  diagnosticInterrupt: false,
  groupControl: false,
}

/** An entry of the alert policy table. Section 17.11, table 17-4. */
export const alertPolicy = struct({
  policy: bits({
    type: nameBits(3, {
      always: 0,
      nextIfFailed: 1,
      stopIfFailed: 2,
      nextChannelIfFailed: 3,
      nextTypeIfFailed: 4,
    }),
    enabled: flag,
    number: ubits(4),
  }),
  destination: bits({ number: ubits(4), channel: ubits(4) }),
  string: bits({ key: ubits(7), isEventSpecific: flag }),
})

export const PefParameter = {
  setInProgress: parameter(0, 'Set In Progress', setInProgress),
  control: parameter(
    1,
    'PEF Control',
    bits({ enabled: flag, eventMessages: flag, startupDelay: flag, alertStartupDelay: flag, _: reserved(4) }),
  ),
  actions: parameter(2, 'PEF Action Global Control', bits({ ...pefActions, _: reserved(2) })),
  startupDelaySeconds: parameter(3, 'PEF Startup Delay', u8),
  alertStartupDelaySeconds: parameter(4, 'PEF Alert Startup Delay', u8),
  eventFilters: parameter(5, 'Number of Event Filters', low(ubits(7)), readOnly),
  eventFilter: parameter(6, 'Event Filter Table', struct({ set, filter: eventFilter }), isSet),
  /** The first byte of an event filter: whether it is on. */
  eventFilterConfiguration: parameter(
    7,
    'Event Filter Table Data 1',
    struct({
      set,
      configuration: bits({
        _: reserved(5),
        type: nameBits(2, { software: 0, manufacturer: 2 }),
        enabled: flag,
      }),
    }),
    isSet,
  ),
  alertPolicies: parameter(8, 'Number of Alert Policy Entries', low(ubits(7)), readOnly),
  alertPolicy: parameter(9, 'Alert Policy Table', struct({ set, entry: alertPolicy }), isSet),
  /** The GUID that traps carry: this one, or the system GUID when it is not used. */
  systemGuid: parameter(10, 'System GUID', struct({ isUsed: low(flag), guid: bytes(16) })),
  alertStrings: parameter(11, 'Number of Alert Strings', low(ubits(7)), readOnly),
  alertStringKeys: parameter(
    12,
    'Alert String Keys',
    struct({ set, eventFilter: low(ubits(7)), alertStringSet: low(ubits(7)) }),
    isSet,
  ),
  alertString: parameter(13, 'Alert Strings', struct({ set, block: u8, data: rest }), isSet),
  groupControls: parameter(14, 'Number of Group Control Table Entries', u8, readOnly),
  groupControl: parameter(15, 'Group Control Table', struct({ set, entry: list(u8) }), isSet),
} as const
