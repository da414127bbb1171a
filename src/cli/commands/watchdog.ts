/** `lastword mc watchdog`: the watchdog timer of the BMC. IPMI 2.0 rev 1.1, section 27. */
import { group, subcommand } from '../declare.ts'
import { hex } from '../hex.ts'

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

export const watchdog = group('watchdog', 'the watchdog timer', [get, off, reset], 'get')
