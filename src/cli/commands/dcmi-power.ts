/** `lastword dcmi power`: how much power the system takes, and its limit. DCMI 1.5, section 6.6. */
import type { Bmc } from '../../client/bmc.ts'
import { encodeRequest, type ResponseOf } from '../../protocol/command.ts'
import { ActivatePowerLimit, GetPowerLimit, SetPowerLimit } from '../../protocol/commands/dcmi.ts'
import { isoTime } from '../../protocol/time-stamp.ts'
import { pairs } from '../assignments.ts'
import { group, subcommand } from '../declare.ts'
import type { Cell } from '../output/view.ts'
import { integer, mapped, optional } from '../params.ts'
import { phrase } from '../phrase.ts'

/** ipmitool's words. */
const averages = {
  '5_sec': { time: 5, unit: 'seconds' },
  '15_sec': { time: 15, unit: 'seconds' },
  '30_sec': { time: 30, unit: 'seconds' },
  '1_min': { time: 1, unit: 'minutes' },
  '3_min': { time: 3, unit: 'minutes' },
  '7_min': { time: 7, unit: 'minutes' },
  '15_min': { time: 15, unit: 'minutes' },
  '30_min': { time: 30, unit: 'minutes' },
  '1_hour': { time: 1, unit: 'hours' },
} as const

const reading = subcommand({
  name: 'reading',
  summary: 'how much power the system takes; its enhanced statistics where a time is named',
  args: {
    average: optional(mapped(averages, 'over which they are taken; dcmi discover tells what there is')),
  },
  run: async ({ bmc, signal }, { average }) =>
    (await bmc()).dcmi.power({ signal, ...(average === undefined ? {} : { average }) }),
  view: as =>
    as.record(
      ['now', data => `${data.currentWatts} W`],
      ['minimum', data => `${data.minimumWatts} W`],
      ['maximum', data => `${data.maximumWatts} W`],
      ['average', data => `${data.averageWatts} W`],
      ['time', data => isoTime(data.time)],
      ['sampling period', data => `${data.periodMs / 1000} s`],
      ['measuring', data => data.state.isMeasuring],
    ),
})

type PowerLimit = ResponseOf<typeof GetPowerLimit>

const noLimit: PowerLimit = {
  exceptionAction: 'none',
  limitWatts: 0,
  correctionTimeMs: 0,
  samplingPeriodSeconds: 0,
}

const NOT_ACTIVE = 0x80

/** The one that is set and whether it is active: a BMC may tell an inactive one behind the code that says so. */
async function presentLimit(
  bmc: Bmc,
  signal: AbortSignal,
): Promise<{ isActive: boolean; limit: PowerLimit | undefined }> {
  const { netFn, cmd } = GetPowerLimit
  const answer = await bmc.raw(netFn, cmd, encodeRequest(GetPowerLimit, {}), { signal })
  if (answer[0] !== NOT_ACTIVE) return { isActive: true, limit: bmc.read(GetPowerLimit, answer) }
  // A group extension's answer begins with its body.
  if (answer.length <= 2) return { isActive: false, limit: undefined }
  return { isActive: false, limit: bmc.read(GetPowerLimit, Uint8Array.of(0, ...answer.subarray(1))) }
}

const limitFields: readonly (readonly [label: string, of: (limit: PowerLimit) => Cell])[] = [
  ['limit', limit => `${limit.limitWatts} W`],
  ['when it is exceeded', limit => phrase(limit.exceptionAction)],
  ['correction time', limit => `${limit.correctionTimeMs} ms`],
  ['sampling period', limit => `${limit.samplingPeriodSeconds} s`],
]

function isLimit(told: Partial<PowerLimit>): told is PowerLimit {
  return told.limitWatts !== undefined
}

const getLimit = subcommand({
  name: 'get_limit',
  summary: 'the power limit, and whether it is active',
  async run({ bmc, signal }) {
    const { isActive, limit } = await presentLimit(await bmc(), signal)
    return { isActive, ...limit }
  },
  view: as =>
    as.record(
      ['active', ({ isActive }) => isActive],
      ...limitFields.map(
        ([label, of]) =>
          [label, (told: Partial<PowerLimit>) => (isLimit(told) ? of(told) : undefined)] as const,
      ),
    ),
})

const exceptionActions = { no_action: 'none', sel_logging: 'logEvent', power_off: 'powerOff' } as const

const limitParts = pairs(
  {
    action: mapped(exceptionActions, 'what is done when it is exceeded for too long'),
    limit: integer('WATTS', 'the limit', { max: 0xffff }),
    correction: integer('MS', 'how long it may be exceeded before the action'),
    sample: integer('SECONDS', 'over how long the power is averaged', { max: 0xffff }),
  },
  'what of the limit is changed',
)

const setLimit = subcommand({
  name: 'set_limit',
  summary: 'changes action, limit, correction or sample of the power limit; it holds once it is activated',
  args: { parts: limitParts },
  details: 'What is not named stays as it is.',
  async run({ bmc, signal }, { parts: { action, limit, correction, sample } }) {
    const open = await bmc()
    const isWhole = [action, limit, correction, sample].every(part => part !== undefined)
    const before = (isWhole ? undefined : (await presentLimit(open, signal)).limit) ?? noLimit
    const changed: PowerLimit = {
      exceptionAction: action ?? before.exceptionAction,
      limitWatts: limit ?? before.limitWatts,
      correctionTimeMs: correction ?? before.correctionTimeMs,
      samplingPeriodSeconds: sample ?? before.samplingPeriodSeconds,
    }
    await open.run(SetPowerLimit, changed, { signal })
    return changed
  },
  view: as => as.record(...limitFields),
})

function switchLimit(name: 'activate' | 'deactivate') {
  return subcommand({
    name,
    summary: name === 'activate' ? 'lets the power limit hold' : 'lifts the power limit',
    async run({ bmc, signal }) {
      await (await bmc()).run(ActivatePowerLimit, { active: name === 'activate' }, { signal })
      return { powerLimit: `${name}d` }
    },
    view: as => as.lines(({ powerLimit }) => `The power limit is ${powerLimit}.`),
  })
}

export const dcmiPower = group('power', 'power and its limit', [
  reading,
  getLimit,
  setLimit,
  switchLimit('activate'),
  switchLimit('deactivate'),
])
