/** `lastword dcmi power`: how much power the system takes, and its limit. DCMI 1.5, section 6.6. */
import type { Bmc } from '../../client/bmc.ts'
import { decodeResponse, encodeRequest, type ResponseOf } from '../../protocol/command.ts'
import { ActivatePowerLimit, GetPowerLimit, SetPowerLimit } from '../../protocol/commands/dcmi.ts'
import { group, type Subcommand, subcommand } from '../declare.ts'
import type { Cell } from '../output/view.ts'
import { integer, mapped, type Param } from '../params.ts'
import { phrase } from '../phrase.ts'
import { isoTime } from '../times.ts'

const reading = subcommand({
  name: 'reading',
  summary: 'how much power the system takes',
  run: async ({ bmc, signal }) => (await bmc()).dcmi.power({ signal }),
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

/** The one that is set, whether it is active or not: a BMC tells it behind the code that says so. */
async function presentLimit(bmc: Bmc, signal: AbortSignal): Promise<PowerLimit> {
  const body = await bmc.raw(GetPowerLimit.netFn, GetPowerLimit.cmd, encodeRequest(GetPowerLimit, {}), {
    signal,
  })
  const isTold = body[0] === NOT_ACTIVE && body.length > 1
  if (body[0] === NOT_ACTIVE && !isTold) return noLimit
  return decodeResponse(GetPowerLimit, isTold ? Uint8Array.of(0, ...body.subarray(1)) : body)
}

const limitFields: readonly (readonly [label: string, of: (limit: PowerLimit) => Cell])[] = [
  ['limit', limit => `${limit.limitWatts} W`],
  ['when it is exceeded', limit => phrase(limit.exceptionAction)],
  ['correction time', limit => `${limit.correctionTimeMs} ms`],
  ['sampling period', limit => `${limit.samplingPeriodSeconds} s`],
]

const getLimit = subcommand({
  name: 'get_limit',
  summary: 'the power limit that is active',
  run: async ({ bmc, signal }) => (await bmc()).run(GetPowerLimit, {}, { signal }),
  view: as => as.record(...limitFields),
})

const exceptionActions = { no_action: 'none', sel_logging: 'logEvent', power_off: 'powerOff' } as const

/** What a limit is made of is set each by itself; the rest of it stays. */
function limitPart<K extends keyof PowerLimit>(
  name: string,
  summary: string,
  part: K,
  value: Param<PowerLimit[K]>,
): Subcommand {
  return subcommand({
    name,
    summary: `${summary}; it holds once it is activated`,
    args: { value },
    async run({ bmc, signal }, { value: given }) {
      const open = await bmc()
      const limit = { ...(await presentLimit(open, signal)), [part]: given }
      await open.run(SetPowerLimit, limit, { signal })
      return limit
    },
    view: as => as.record(...limitFields),
  })
}

const setLimit = group('set_limit', 'changes the power limit', [
  limitPart(
    'action',
    'what is done when it is exceeded for too long',
    'exceptionAction',
    mapped(exceptionActions, 'action'),
  ),
  limitPart('limit', 'the limit', 'limitWatts', integer('WATTS', 'the limit', { max: 0xffff })),
  limitPart(
    'correction',
    'how long it may be exceeded before the action',
    'correctionTimeMs',
    integer('MS', 'correction time'),
  ),
  limitPart(
    'sample',
    'over how long the power is averaged',
    'samplingPeriodSeconds',
    integer('SECONDS', 'sampling period', { max: 0xffff }),
  ),
])

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
