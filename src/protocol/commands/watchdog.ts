/** The watchdog timer. IPMI 2.0 rev 1.1, section 27. */
import { bits, flag, nameBits, reserved, u8, u16 } from '../codec.ts'
import { command, Privilege } from '../command.ts'
import { NetFn } from '../net-fn.ts'

const uses = { biosFrb2: 1, biosPost: 2, osLoad: 3, smsOs: 4, oem: 5 } as const

const actions = bits({
  timeout: nameBits(3, { none: 0, hardReset: 1, powerDown: 2, powerCycle: 3 }),
  _3: reserved(1),
  preTimeout: nameBits(3, { none: 0, smi: 1, nmi: 2, messagingInterrupt: 3 }),
  _7: reserved(1),
})

/** One bit for each use; set to clear it in a request, set when expired in a response. */
const expirationFlags = bits({
  _0: reserved(1),
  biosFrb2: flag,
  biosPost: flag,
  osLoad: flag,
  smsOs: flag,
  oem: flag,
  _6: reserved(2),
})

export const ResetWatchdogTimer = command({
  name: 'Reset Watchdog Timer',
  section: '27.5',
  netFn: NetFn.App,
  cmd: 0x22,
  privilege: Privilege.Operator,
  errors: { 128: 'attempt to start un-initialized watchdog' },
})

export const SetWatchdogTimer = command({
  name: 'Set Watchdog Timer',
  section: '27.6',
  netFn: NetFn.App,
  cmd: 0x24,
  privilege: Privilege.Operator,
  request: {
    timer: bits({ use: nameBits(3, uses), _3: reserved(3), dontStop: flag, dontLog: flag }),
    actions,
    preTimeoutSeconds: u8,
    clearExpired: expirationFlags,
    /** In units of 100 ms. */
    initialCountdown: u16,
  },
})

export const GetWatchdogTimer = command({
  name: 'Get Watchdog Timer',
  section: '27.7',
  netFn: NetFn.App,
  cmd: 0x25,
  privilege: Privilege.User,
  response: {
    timer: bits({ use: nameBits(3, uses), _3: reserved(3), running: flag, dontLog: flag }),
    actions,
    preTimeoutSeconds: u8,
    expired: expirationFlags,
    /** In units of 100 ms. */
    initialCountdown: u16,
    presentCountdown: u16,
  },
})
