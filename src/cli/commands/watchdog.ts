/** `lastword mc watchdog`: the watchdog timer of the BMC. IPMI 2.0 rev 1.1, section 27. */
import { noUse } from '../../client/watchdog.ts'
import { SetWatchdogTimer } from '../../protocol/commands/watchdog.ts'
import { assignments } from '../assignments.ts'
import { group, subcommand } from '../declare.ts'
import { hex } from '../hex.ts'
import { flag, integer, many, mapped } from '../params.ts'

const TICK_SECONDS = 0.1

const useWords: Readonly<Record<string, string>> = {
  biosFrb2: 'BIOS FRB2',
  biosPost: 'BIOS POST',
  osLoad: 'OS load',
  smsOs: 'SMS/OS',
  oem: 'OEM',
}

const actionWords: Readonly<Record<string, string>> = {
  none: 'no action',
  hardReset: 'hard reset',
  powerDown: 'power down',
  powerCycle: 'power cycle',
  smi: 'SMI',
  nmi: 'NMI',
  messagingInterrupt: 'messaging interrupt',
}

function word(words: Readonly<Record<string, string>>, value: string | number): string {
  return words[value] ?? `reserved (${hex(Number(value))})`
}

const get = subcommand({
  name: 'get',
  summary: 'how the timer is set and where it stands',
  async run({ bmc, signal }) {
    const timer = await (await bmc()).watchdog.get({ signal })
    const { initialCountdown, presentCountdown, ...settings } = timer
    return {
      ...settings,
      initialSeconds: initialCountdown * TICK_SECONDS,
      presentSeconds: presentCountdown * TICK_SECONDS,
    }
  },
  view: as =>
    as.record(
      ['use', ({ timer }) => word(useWords, timer.use)],
      ['running', ({ timer }) => timer.running],
      ['logs its expiration', ({ timer }) => !timer.dontLog],
      ['action', ({ actions }) => word(actionWords, actions.timeout)],
      ['pre-timeout interrupt', ({ actions }) => word(actionWords, actions.preTimeout)],
      ['pre-timeout', ({ preTimeoutSeconds }) => `${preTimeoutSeconds} s`],
      ['expired', ({ expired }) => expiredUses(expired)],
      ['initial countdown', ({ initialSeconds }) => `${initialSeconds.toFixed(1)} s`],
      ['present countdown', ({ presentSeconds }) => `${presentSeconds.toFixed(1)} s`],
    ),
})

function expiredUses(expired: Readonly<Record<string, boolean>>): string {
  const uses = Object.keys(expired).filter(use => expired[use])
  return uses.length === 0 ? 'never' : uses.map(use => word(useWords, use)).join(', ')
}

/** ipmitool's words. */
const use = mapped(
  { frb2: 'biosFrb2', post: 'biosPost', osload: 'osLoad', sms: 'smsOs', oem: 'oem' },
  'what it is for; what it was for when it is left out',
)

const set = subcommand({
  name: 'set',
  summary: 'sets the timer and stops it; reset starts it',
  args: {
    settings: assignments(
      {
        timeout: integer('SECONDS', 'initial countdown (0)', { min: 1, max: 6553 }),
        pretimeout: integer('SECONDS', 'so long before the end comes the interrupt (0)', {
          min: 1,
          max: 255,
        }),
        int: mapped({ smi: 'smi', nmi: 'nmi', msg: 'messagingInterrupt' }, 'which interrupt (none)'),
        use,
        clear: many({ ...use, summary: 'forgets that it has expired; may be given several times' }),
        action: mapped(
          { reset: 'hardReset', poweroff: 'powerDown', cycle: 'powerCycle', none: 'none' },
          'what happens at the end (none)',
        ),
        nolog: flag('its end is not logged'),
        dontstop: flag('a timer that runs goes on'),
      },
      'what it is set to',
      'atLeastOne',
    ),
  },
  async run({ bmc, signal }, { settings: asked }) {
    const open = await bmc()
    const cleared = Object.keys(noUse).map(name => [
      name,
      (asked.clear as readonly string[] | undefined)?.includes(name) ?? false,
    ])
    const request = {
      timer: {
        use: asked.use ?? (await open.watchdog.get({ signal })).timer.use,
        dontStop: asked.dontstop ?? false,
        dontLog: asked.nolog ?? false,
      },
      actions: { timeout: asked.action ?? ('none' as const), preTimeout: asked.int ?? ('none' as const) },
      preTimeoutSeconds: asked.pretimeout ?? 0,
      clearExpired: Object.fromEntries(cleared) as typeof noUse,
      initialCountdown: (asked.timeout ?? 0) / TICK_SECONDS,
    }
    await open.run(SetWatchdogTimer, request, { signal })
    return request
  },
  view: as =>
    as.lines(
      ({ timer, actions }) =>
        `The watchdog is set for ${word(useWords, timer.use)}: ${word(actionWords, actions.timeout)}.`,
    ),
})

const off = subcommand({
  name: 'off',
  summary: 'stops the timer',
  async run({ bmc, signal }) {
    await (await bmc()).watchdog.stop({ signal })
    return { watchdog: 'off' }
  },
  view: as => as.lines(() => 'The watchdog is off.'),
})

const reset = subcommand({
  name: 'reset',
  summary: 'lets the timer count anew from its initial countdown',
  async run({ bmc, signal }) {
    await (await bmc()).watchdog.feed({ signal })
    return { watchdog: 'reset' }
  },
  view: as => as.lines(() => 'The watchdog counts anew.'),
})

export const watchdog = group('watchdog', 'the watchdog timer', [get, set, off, reset])
