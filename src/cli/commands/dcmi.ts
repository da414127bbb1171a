/** `lastword dcmi`: power, identity and temperatures of a data centre's machine. DCMI 1.5, section 6. */
import type { Abortable } from '../../client/command-runner.ts'
import type { Dcmi } from '../../client/dcmi.ts'
import { GetDcmiSensorInfo, GetTemperatureReadings } from '../../protocol/commands/dcmi.ts'
import { DcmiCapability } from '../../protocol/parameters/dcmi.ts'
import { group, subcommand } from '../declare.ts'
import { hex } from '../hex.ts'
import { answersOf } from '../parameters.ts'
import { text, UsageError } from '../params.ts'
import { flagPhrases, phrase } from '../phrase.ts'
import { dcmiPower } from './dcmi-power.ts'
import { getConfParam, setConfParam, thermalpolicy } from './dcmi-settings.ts'

const discover = subcommand({
  name: 'discover',
  summary: 'what of DCMI this BMC has',
  async run({ bmc, signal }) {
    const { capabilities } = (await bmc()).dcmi
    const [supported, mandatory, optionalPart, access, statistics] = await answersOf([
      capabilities.demand(DcmiCapability.supported, { signal }),
      capabilities.demand(DcmiCapability.mandatory, { signal }),
      capabilities.demand(DcmiCapability.optional, { signal }),
      capabilities.demand(DcmiCapability.access, { signal }),
      capabilities.demand(DcmiCapability.powerStatistics, { signal }),
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

const MAX_TEXT_BYTES = 63

interface TextWords {
  get: string
  set: string
  what: string
}

function textCommands(
  words: TextWords,
  read: (dcmi: Dcmi, options: Abortable) => Promise<string>,
  write: (dcmi: Dcmi, text: string, options: Abortable) => Promise<void>,
) {
  const get = subcommand({
    name: words.get,
    summary: `the ${words.what}`,
    run: async ({ bmc, signal }) => ({ text: await read((await bmc()).dcmi, { signal }) }),
    view: as => as.lines(({ text: shown }) => (shown === '' ? `The ${words.what} is empty.` : shown)),
  })
  const set = subcommand({
    name: words.set,
    summary: `changes the ${words.what}`,
    args: { text: text('TEXT', `up to ${MAX_TEXT_BYTES} bytes`) },
    async run({ bmc, signal }, { text: given }) {
      const length = Buffer.byteLength(given)
      if (length > MAX_TEXT_BYTES)
        throw new UsageError(`the ${words.what} has ${length} bytes, ${MAX_TEXT_BYTES} are the most`)
      await write((await bmc()).dcmi, given, { signal })
      return { text: given }
    },
    view: as => as.lines(({ text: shown }) => `The ${words.what} is now: ${shown}`),
  })
  return [get, set]
}

export const dcmi = group('dcmi', "power, identity and temperatures of a data centre's machine", [
  discover,
  dcmiPower,
  sensors,
  temperatures,
  thermalpolicy,
  getConfParam,
  setConfParam,
  ...textCommands(
    { get: 'asset_tag', set: 'set_asset_tag', what: 'asset tag' },
    (part, options) => part.assetTag(options),
    (part, given, options) => part.setAssetTag(given, options),
  ),
  ...textCommands(
    { get: 'get_mc_id_string', set: 'set_mc_id_string', what: 'management controller identifier' },
    (part, options) => part.controllerId(options),
    (part, given, options) => part.setControllerId(given, options),
  ),
])
