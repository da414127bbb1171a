/** `lastword chassis`: power, identification, restart. IPMI 2.0 rev 1.1, section 28. */
import {
  ChassisIdentify,
  GetChassisStatus,
  GetPohCounter,
  GetSystemRestartCause,
  SetPowerRestorePolicy,
} from '../../protocol/commands/chassis.ts'
import { group, subcommand } from '../declare.ts'
import { chassisStatus } from '../ipmitool/chassis-status.ts'
import { choice, optional, readInteger, text } from '../params.ts'
import { flagPhrases, phrase } from '../phrase.ts'
import { bootdev, bootparam } from './chassis-boot.ts'
import { bootmbox } from './chassis-bootmbox.ts'
import { selftest } from './mc.ts'
import { power } from './power.ts'

const status = subcommand({
  name: 'status',
  summary: 'power, faults, intrusion and what turned the power off last',
  run: async ({ bmc, signal }) => (await bmc()).run(GetChassisStatus, {}, { signal }),
  view: as =>
    as.record(
      ['power', ({ power: { isOn } }) => (isOn ? 'on' : 'off')],
      ['power overload', data => data.power.overload],
      ['power interlock', data => (data.power.interlock ? 'active' : 'inactive')],
      ['main power fault', data => data.power.fault],
      ['power control fault', data => data.power.controlFault],
      ['power restore policy', data => phrase(data.power.restorePolicy)],
      ['last power event', data => flagPhrases(data.lastEvent)],
      ['chassis intrusion', data => (data.chassis.intrusion ? 'active' : 'inactive')],
      ['front panel lockout', data => (data.chassis.frontPanelLockout ? 'active' : 'inactive')],
      ['drive fault', data => data.chassis.driveFault],
      ['cooling or fan fault', data => data.chassis.coolingFault],
      ['identify', ({ chassis }) => (chassis.identifySupported ? phrase(chassis.identify) : undefined)],
      ['front panel', ({ frontPanel }) => (frontPanel === undefined ? undefined : flagPhrases(frontPanel))],
    ),
  ipmitool: chassisStatus,
})

const identify = subcommand({
  name: 'identify',
  summary: 'lights the lamp that shows which chassis it is',
  args: {
    seconds: optional({
      ...text('SECONDS|force', 'how long (15); 0 is off, force is until it is turned off'),
      choices: ['force'],
    }),
  },
  async run({ bmc, signal }, { seconds }) {
    const isIndefinite = seconds === 'force'
    const interval = seconds === undefined || isIndefinite ? undefined : identifySeconds(seconds)
    const request = isIndefinite
      ? { intervalSeconds: 0, isIndefinite }
      : interval === undefined
        ? {}
        : { intervalSeconds: interval }
    await (await bmc()).run(ChassisIdentify, request, { signal })
    return { identify: isIndefinite ? 'indefinite' : (interval ?? 'default') }
  },
  view: as =>
    as.lines(({ identify: how }) => {
      if (how === 0) return 'The chassis no longer identifies itself.'
      const time = how === 'indefinite' ? 'until it is turned off' : how === 'default' ? '15 s' : `${how} s`
      return `The chassis identifies itself: ${time}.`
    }),
})

const MAX_IDENTIFY_SECONDS = 255

function identifySeconds(word: string): number {
  return readInteger(word, 'seconds', { max: MAX_IDENTIFY_SECONDS })
}

const policies = {
  list: 'noChange',
  'always-on': 'alwaysOn',
  previous: 'previous',
  'always-off': 'alwaysOff',
} as const

const policy = subcommand({
  name: 'policy',
  summary: 'what happens when the mains come back',
  args: {
    policy: choice(['list', 'always-on', 'previous', 'always-off'], 'list shows what the BMC supports'),
  },
  async run({ bmc, signal }, { policy: word }) {
    const { supports } = await (await bmc()).run(
      SetPowerRestorePolicy,
      { policy: policies[word] },
      { signal },
    )
    return { policy: word, supports }
  },
  view: as =>
    as.lines(({ policy: word, supports }) =>
      word === 'list' ? `Supported: ${flagPhrases(supports)}` : `The power restore policy is ${word}.`,
    ),
})

const restartCause = subcommand({
  name: 'restart_cause',
  summary: 'what started the system last',
  run: async ({ bmc, signal }) => (await bmc()).run(GetSystemRestartCause, {}, { signal }),
  view: as => as.record(['cause', ({ cause }) => phrase(cause)], ['channel', ({ channel }) => channel]),
})

const MINUTES_A_DAY = 24 * 60

const poh = subcommand({
  name: 'poh',
  summary: 'how long the system has been powered on',
  async run({ bmc, signal }) {
    const { count, minutesPerCount } = await (await bmc()).run(GetPohCounter, {}, { signal })
    return { count, minutesPerCount, minutes: count * minutesPerCount }
  },
  view: as =>
    as.record(
      ['counter', ({ count, minutesPerCount }) => `${count} × ${minutesPerCount} min`],
      [
        'powered on',
        ({ minutes }) =>
          `${Math.floor(minutes / MINUTES_A_DAY)} days, ${Math.floor((minutes % MINUTES_A_DAY) / 60)} hours`,
      ],
    ),
})

export const chassis = group('chassis', 'power, identification, restart and boot options', [
  status,
  power,
  identify,
  policy,
  restartCause,
  poh,
  bootdev,
  bootparam,
  bootmbox,
  selftest,
])
