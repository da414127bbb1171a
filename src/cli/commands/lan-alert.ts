/** `lastword lan alert`: where alerts of a LAN channel go. IPMI 2.0 rev 1.1, section 23.2, parameters 17 to 19. */
import { LastwordError } from '../../protocol/error.ts'
import type { ParameterValue } from '../../protocol/parameter.ts'
import { LanParameter } from '../../protocol/parameters/lan.ts'
import { group, subcommand } from '../declare.ts'
import { lanParameter, type Place, setLanParameter } from '../parameters.ts'
import { choice, integer, mapped, onOrOff, optional, type Param, text } from '../params.ts'
import { phrase } from '../phrase.ts'

type Type = ParameterValue<typeof LanParameter.destinationType>
type Address = ParameterValue<typeof LanParameter.destinationAddress>

/** Throws LastwordError NO_LAN_CHANNEL where there is no such destination. */
async function destination(place: Place, number: number): Promise<{ type: Type; address: Address }> {
  const [type, address] = await Promise.all([
    lanParameter(place, LanParameter.destinationType, number),
    lanParameter(place, LanParameter.destinationAddress, number),
  ])
  if (type !== undefined && address !== undefined) return { type, address }
  throw new LastwordError(
    'NO_LAN_CHANNEL',
    `${place.bmc.url}: channel ${place.channel} has no alert destination ${number}`,
    { hint: 'lan alert print CHANNEL shows those that there are.' },
  )
}

const destinationArg = integer('DESTINATION', 'alert destination; 0 is the one of Alert Immediate', {
  max: 15,
})

const print = subcommand({
  name: 'print',
  summary: 'where alerts go',
  args: {
    channel: optional(integer('CHANNEL', 'channel (the first that is a LAN)', { max: 15 })),
    destination: optional({ ...destinationArg, summary: 'only this one' }),
  },
  async run({ bmc, signal }, { channel, destination: only }) {
    const open = await bmc()
    const place = { bmc: open, channel: channel ?? (await open.channels.findLan({ signal })), signal }
    const last = only ?? (await lanParameter(place, LanParameter.destinations)) ?? 0
    const numbers = Array.from({ length: last + 1 }, (_, index) => index).filter(
      n => only === undefined || n === only,
    )
    const all = await Promise.all(numbers.map(number => destination(place, number)))
    return all.map(({ type, address }) => ({
      destination: type.destination,
      acknowledge: type.type.acknowledge,
      type: type.type.kind,
      timeoutSeconds: type.timeoutSeconds,
      retries: type.retries,
      gateway: address.gateway,
      ipAddress: address.ipAddress,
      macAddress: address.macAddress,
    }))
  },
  view: as =>
    as.table(
      'There is none.',
      ['destination', row => row.destination, 'right'],
      ['type', row => phrase(row.type)],
      ['acknowledged', row => row.acknowledge],
      ['time-out', row => `${row.timeoutSeconds} s`, 'right'],
      ['retries', row => row.retries, 'right'],
      ['gateway', row => phrase(row.gateway)],
      ['IP address', row => row.ipAddress],
      ['MAC address', row => row.macAddress],
    ),
})

/** Writes the one of the two parameters that it is part of. */
type Change = (present: { type: Type; address: Address }) => { type?: Type; address?: Address }

interface Setting {
  readonly value: Param<unknown>
  readonly change: (word: string) => Change
}

function setting<T>(value: Param<T>, change: (value: T) => Change): Setting {
  return { value, change: word => change(value.read([word], 'value')) }
}

const seconds = integer('SECONDS', 'time to wait', { max: 255 })

const settings = {
  ipaddr: setting(text('ADDRESS', 'IP address'), ipAddress => ({ address }) => ({
    address: { ...address, ipAddress },
  })),
  macaddr: setting(text('MAC', 'MAC address'), macAddress => ({ address }) => ({
    address: { ...address, macAddress },
  })),
  gateway: setting(
    mapped({ default: 'default', backup: 'backup' }, 'which gateway'),
    gateway =>
      ({ address }) => ({
        address: { ...address, gateway },
      }),
  ),
  ack: setting(onOrOff('whether it is acknowledged'), acknowledge => ({ type }) => ({
    type: { ...type, type: { ...type.type, acknowledge } },
  })),
  type: setting(mapped({ pet: 'pet', oem1: 'oem1', oem2: 'oem2' }, 'kind'), kind => ({ type }) => ({
    type: { ...type, type: { ...type.type, kind } },
  })),
  time: setting(seconds, timeoutSeconds => ({ type }) => ({ type: { ...type, timeoutSeconds } })),
  retry: setting(integer('N', 'retries', { max: 7 }), retries => ({ type }) => ({
    type: { ...type, retries },
  })),
} as const satisfies Record<string, Setting>

const names = Object.keys(settings) as (keyof typeof settings)[]

const set = subcommand({
  name: 'set',
  summary: 'changes where alerts go',
  args: {
    channel: integer('CHANNEL', 'channel', { max: 15 }),
    destination: destinationArg,
    setting: choice(names, 'what to change'),
    value: {
      ...text('VALUE', 'what to change it to'),
      choices: names.flatMap(name => settings[name].value.choices ?? []),
    },
  },
  details: names.map(name => `  ${name} ${settings[name].value.value}`).join('\n'),
  async run({ bmc, signal }, { channel, destination: number, setting: name, value }) {
    const changeOf = settings[name].change(value)
    const place = { bmc: await bmc(), channel, signal }
    const { type, address } = changeOf(await destination(place, number))
    if (type !== undefined) await setLanParameter(place, LanParameter.destinationType, type)
    if (address !== undefined) await setLanParameter(place, LanParameter.destinationAddress, address)
    return { channel, destination: number, [name]: value }
  },
  view: as =>
    as.lines(
      ({ channel, destination: number, ...change }) =>
        `Channel ${channel}, destination ${number}: ${Object.entries(change).flat().join(' is now ')}.`,
    ),
})

export const alert = group('alert', 'where alerts go', [print, set])
