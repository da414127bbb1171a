/** `lastword dcmi`: power, identity and temperatures of a data centre's machine. DCMI 1.5, section 6. */
import type { Bmc } from '../../client/bmc.ts'
import {
  ActivatePowerLimit,
  GetAssetTag,
  GetDcmiSensorInfo,
  GetManagementControllerId,
  GetPowerLimit,
  GetPowerReading,
  GetTemperatureReadings,
  SetAssetTag,
  SetManagementControllerId,
  SetPowerLimit,
} from '../../protocol/commands/dcmi.ts'
import { CompletionCodeError } from '../../protocol/completion-code.ts'
import { DcmiCapability } from '../../protocol/parameters/dcmi.ts'
import { group, subcommand } from '../declare.ts'
import { hex } from '../hex.ts'
import { dcmiCapability } from '../parameters.ts'
import { choice, integer, text, UsageError } from '../params.ts'
import { flagPhrases, phrase } from '../phrase.ts'

const discover = subcommand({
  name: 'discover',
  summary: 'what of DCMI this BMC has',
  async run({ bmc, signal }) {
    const place = { bmc: await bmc(), signal }
    const [supported, mandatory, optionalPart, access, statistics] = await Promise.all([
      dcmiCapability(place, DcmiCapability.supported),
      dcmiCapability(place, DcmiCapability.mandatory),
      dcmiCapability(place, DcmiCapability.optional),
      dcmiCapability(place, DcmiCapability.access),
      dcmiCapability(place, DcmiCapability.powerStatistics),
    ])
    return { supported, mandatory, optional: optionalPart, access, powerStatistics: statistics }
  },
  view: as =>
    as.record(
      [
        'platform',
        ({ supported }) => (supported === undefined ? 'no DCMI' : flagPhrases(supported.platform)),
      ],
      ['access', ({ supported }) => (supported === undefined ? undefined : flagPhrases(supported.access))],
      ['SEL entries', ({ mandatory }) => mandatory?.sel.entries],
      ['SEL', ({ mandatory }) => (mandatory === undefined ? undefined : flagPhrases(mandatory.sel))],
      ['temperature sampling', ({ mandatory }) => mandatory && `${mandatory.temperatureSamplingSeconds} s`],
      ['power management address', data => data.optional && hex(data.optional.powerManagementAddress)],
      ['primary LAN channel', ({ access }) => access && channelText(access.primaryLan)],
      ['secondary LAN channel', ({ access }) => access && channelText(access.secondaryLan)],
      ['serial channel', ({ access }) => access && channelText(access.serial)],
      [
        'power averages over',
        ({ powerStatistics }) =>
          powerStatistics?.averages.map(({ time, unit }) => `${time} ${phrase(unit)}`).join(', '),
      ],
    ),
})

const NO_CHANNEL = 0xff

function channelText(channel: number): string {
  return channel === NO_CHANNEL ? 'none' : String(channel)
}

const reading = subcommand({
  name: 'reading',
  summary: 'how much power the system takes',
  run: async ({ bmc, signal }) =>
    (await bmc()).run(GetPowerReading, { mode: 'systemPower', attributes: 0 }, { signal }),
  view: as =>
    as.record(
      ['now', data => `${data.currentWatts} W`],
      ['minimum', data => `${data.minimumWatts} W`],
      ['maximum', data => `${data.maximumWatts} W`],
      ['average', data => `${data.averageWatts} W`],
      ['time', data => new Date(data.time * 1000).toISOString()],
      ['sampling period', data => `${data.periodMs / 1000} s`],
      ['measuring', data => data.state.isMeasuring],
    ),
})

const getLimit = subcommand({
  name: 'get_limit',
  summary: 'the power limit',
  run: async ({ bmc, signal }) => (await bmc()).run(GetPowerLimit, {}, { signal }),
  view: as =>
    as.record(
      ['limit', data => `${data.limitWatts} W`],
      ['when it is exceeded', data => phrase(data.exceptionAction)],
      ['correction time', data => `${data.correctionTimeMs} ms`],
      ['sampling period', data => `${data.samplingPeriodSeconds} s`],
    ),
})

const exceptionActions = { no_action: 'none', hard_power_off: 'powerOff', log_sel: 'logEvent' } as const

const setLimit = subcommand({
  name: 'set_limit',
  summary: 'changes the power limit; it holds once it is activated',
  args: {
    watts: integer('WATTS', 'the limit', { max: 0xffff }),
    action: choice(['no_action', 'hard_power_off', 'log_sel'], 'what happens when it is exceeded'),
    correction: integer('MS', 'how long the system may take to come below it'),
    sample: integer('SECONDS', 'sampling period', { max: 0xffff }),
  },
  async run({ bmc, signal }, { watts, action, correction, sample }) {
    const limit = {
      exceptionAction: exceptionActions[action],
      limitWatts: watts,
      correctionTimeMs: correction,
      samplingPeriodSeconds: sample,
    }
    await (await bmc()).run(SetPowerLimit, limit, { signal })
    return limit
  },
  view: as =>
    as.lines(({ limitWatts }) => `The power limit is ${limitWatts} W; dcmi power activate lets it hold.`),
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

/** The sensors that DCMI asks every machine to have. Table 6-10. */
const sensorKinds = [
  { entityId: 0x40, what: 'inlet temperature' },
  { entityId: 0x41, what: 'CPU temperature' },
  { entityId: 0x42, what: 'baseboard temperature' },
] as const
const TEMPERATURE = 0x01

const sensors = subcommand({
  name: 'sensors',
  summary: 'the SDR records of the temperature sensors that DCMI asks for',
  async run({ bmc, signal }) {
    const open = await bmc()
    return Promise.all(
      sensorKinds.map(async ({ entityId, what }) => {
        const request = { sensorType: TEMPERATURE, entityId, entityInstance: 0, firstInstance: 1 }
        const { totalInstances, recordIds } = await open.run(GetDcmiSensorInfo, request, { signal })
        return { what, instances: totalInstances, recordIds }
      }),
    )
  },
  view: as =>
    as.table(
      'There is none.',
      ['sensor', row => row.what],
      ['instances', row => row.instances, 'right'],
      ['SDR records', row => row.recordIds.map(id => hex(id, 4)).join(', ')],
    ),
})

const temperatures = subcommand({
  name: 'get_temp_reading',
  summary: 'the temperatures that DCMI asks for',
  async run({ bmc, signal }) {
    const open = await bmc()
    const all = await Promise.all(
      sensorKinds.map(async ({ entityId, what }) => {
        const request = { sensorType: TEMPERATURE, entityId, entityInstance: 0, firstInstance: 1 }
        const { readings } = await open.run(GetTemperatureReadings, request, { signal })
        return readings.map(({ entityInstance, celsius }) => ({ what, instance: entityInstance, celsius }))
      }),
    )
    return all.flat()
  },
  view: as =>
    as.table(
      'There is none.',
      ['sensor', row => row.what],
      ['instance', row => row.instance, 'right'],
      ['temperature', row => `${row.celsius} °C`, 'right'],
    ),
})

/** What a Get or Set of text takes at a time. */
const PIECE_BYTES = 16

type TextReader = typeof GetAssetTag | typeof GetManagementControllerId
type TextWriter = typeof SetAssetTag | typeof SetManagementControllerId

async function readText(bmc: Bmc, command: TextReader, signal: AbortSignal): Promise<string> {
  const pieces: Uint8Array[] = []
  let total = PIECE_BYTES
  for (let offset = 0; offset < total; ) {
    const count = Math.min(PIECE_BYTES, total - offset)
    const piece = await readPiece(bmc, command, { offset, count }, signal)
    if (piece.data.length === 0) break
    total = piece.totalBytes
    offset += piece.data.length
    pieces.push(piece.data)
  }
  return Buffer.concat(pieces).subarray(0, total).toString('utf8').replace(/\0+$/, '')
}

const CANNOT_RETURN = [0xc9, 0xca]

/** Some BMCs refuse to be asked for more than there is: one byte tells them all. */
async function readPiece(
  bmc: Bmc,
  command: TextReader,
  piece: { offset: number; count: number },
  signal: AbortSignal,
) {
  try {
    return await bmc.run(command, piece, { signal })
  } catch (error) {
    const isTooMuch = error instanceof CompletionCodeError && CANNOT_RETURN.includes(error.completionCode)
    if (!isTooMuch || piece.count === 1) throw error
    return bmc.run(command, { ...piece, count: 1 }, { signal })
  }
}

async function writeText(
  bmc: Bmc,
  command: TextWriter,
  data: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  for (let offset = 0; offset < data.length; offset += PIECE_BYTES) {
    const piece = data.subarray(offset, offset + PIECE_BYTES)
    await bmc.run(command, { offset, count: piece.length, data: piece }, { signal })
  }
}

const MAX_TEXT_BYTES = 63

function textCommands(
  words: { get: string; set: string; what: string },
  read: TextReader,
  write: TextWriter,
) {
  const get = subcommand({
    name: words.get,
    summary: `the ${words.what}`,
    run: async ({ bmc, signal }) => ({ text: await readText(await bmc(), read, signal) }),
    view: as => as.lines(({ text: shown }) => (shown === '' ? `The ${words.what} is empty.` : shown)),
  })
  const set = subcommand({
    name: words.set,
    summary: `changes the ${words.what}`,
    args: { text: text('TEXT', `up to ${MAX_TEXT_BYTES} bytes`) },
    async run({ bmc, signal }, { text: given }) {
      const data = Buffer.from(given)
      if (data.length > MAX_TEXT_BYTES)
        throw new UsageError(`the ${words.what} has ${data.length} bytes, ${MAX_TEXT_BYTES} are the most`)
      // The controller's name carries its terminating zero.
      const field = write === SetManagementControllerId ? Buffer.concat([data, Buffer.of(0)]) : data
      await writeText(await bmc(), write, field, signal)
      return { text: given }
    },
    view: as => as.lines(({ text: shown }) => `The ${words.what} is now: ${shown}`),
  })
  return [get, set]
}

export const dcmi = group(
  'dcmi',
  "power, identity and temperatures of a data centre's machine",
  [
    discover,
    group(
      'power',
      'power and its limit',
      [reading, getLimit, setLimit, switchLimit('activate'), switchLimit('deactivate')],
      'reading',
    ),
    sensors,
    temperatures,
    ...textCommands({ get: 'asset_tag', set: 'set_asset_tag', what: 'asset tag' }, GetAssetTag, SetAssetTag),
    ...textCommands(
      { get: 'get_mc_id_string', set: 'set_mc_id_string', what: 'management controller identifier' },
      GetManagementControllerId,
      SetManagementControllerId,
    ),
  ],
  'discover',
)
