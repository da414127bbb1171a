/** `lastword sol info`, `set` and `payload`: how SOL is set up. IPMI 2.0 rev 1.1, sections 24 and 26. */
import type { Bmc } from '../../client/bmc.ts'
import { PRESENT_CHANNEL } from '../../client/users.ts'
import {
  GetPayloadActivationStatus,
  GetUserPayloadAccess,
  PayloadType,
  SetUserPayloadAccess,
} from '../../protocol/commands/payload.ts'
import {
  GetSolConfigurationParameters,
  SetSolConfigurationParameters,
  SolParameter,
} from '../../protocol/commands/sol.ts'
import { group, type Subcommand, subcommand } from '../declare.ts'
import { answersOf, unlessRefused } from '../parameters.ts'
import { integer, mapped, optional, type Param } from '../params.ts'

const channelArg = optional(integer('CHANNEL', 'channel (the one that is used)', { max: 15 }))

async function parameter(bmc: Bmc, channel: number, number: number, signal: AbortSignal) {
  const request = { of: { channel, revisionOnly: false }, parameter: number, set: 0, block: 0 }
  return (await bmc.run(GetSolConfigurationParameters, request, { signal })).data
}

/** Table 26-5. */
const bitRates: Readonly<Record<number, string>> = {
  0: 'serial',
  6: '9.6',
  7: '19.2',
  8: '38.4',
  9: '57.6',
  10: '115.2',
}
const privileges = ['none', 'callback', 'user', 'operator', 'admin', 'oem'] as const
const ACCUMULATE_UNIT_MS = 5
const RETRY_UNIT_MS = 10

const info = subcommand({
  name: 'info',
  summary: 'how SOL is set up',
  args: { channel: channelArg },
  async run({ bmc, signal }, { channel = PRESENT_CHANNEL }) {
    const open = await bmc()
    const numbers = Object.values(SolParameter)
    const values = await answersOf(numbers.map(number => parameter(open, channel, number, signal)))
    const at = (number: number, byte = 0) => values[(numbers as number[]).indexOf(number)]?.[byte]
    const low = at(SolParameter.PayloadPort)
    return {
      setInProgress: at(SolParameter.SetInProgress),
      enabled: bit(at(SolParameter.Enable), 0x01),
      forceEncryption: bit(at(SolParameter.Authentication), 0x80),
      forceAuthentication: bit(at(SolParameter.Authentication), 0x40),
      privilege: map(at(SolParameter.Authentication), byte => privileges[byte & 0x0f] ?? byte & 0x0f),
      accumulateMs: map(at(SolParameter.Accumulation), byte => byte * ACCUMULATE_UNIT_MS),
      sendThreshold: at(SolParameter.Accumulation, 1),
      retries: map(at(SolParameter.Retry), byte => byte & 0x07),
      retryMs: map(at(SolParameter.Retry, 1), byte => byte * RETRY_UNIT_MS),
      volatileBitRate: map(at(SolParameter.VolatileBitRate), rateText),
      nonVolatileBitRate: map(at(SolParameter.NonVolatileBitRate), rateText),
      payloadChannel: at(SolParameter.PayloadChannel),
      port: low === undefined ? undefined : low | ((at(SolParameter.PayloadPort, 1) ?? 0) << 8),
    }
  },
  view: as =>
    as.record(
      ['enabled', data => data.enabled],
      ['force encryption', data => data.forceEncryption],
      ['force authentication', data => data.forceAuthentication],
      ['privilege level', data => data.privilege],
      ['accumulate', data => data.accumulateMs && `${data.accumulateMs} ms`],
      ['send threshold', data => data.sendThreshold && `${data.sendThreshold} bytes`],
      ['retries', data => data.retries],
      ['retry interval', data => data.retryMs && `${data.retryMs} ms`],
      ['bit rate now', data => data.volatileBitRate],
      ['bit rate stored', data => data.nonVolatileBitRate],
      ['payload channel', data => data.payloadChannel],
      ['payload port', data => data.port],
    ),
})

function bit(byte: number | undefined, mask: number): boolean | undefined {
  return map(byte, value => (value & mask) !== 0)
}

function map<T>(byte: number | undefined, text: (byte: number) => T): T | undefined {
  return byte === undefined ? undefined : text(byte)
}

function rateText(byte: number): string {
  const rate = bitRates[byte & 0x0f]
  return rate === undefined
    ? `unknown (${byte})`
    : rate === 'serial'
      ? "the serial port's own"
      : `${rate} kbit/s`
}

interface Setting<T> {
  readonly name: string
  readonly summary: string
  readonly parameter: number
  readonly value: Param<T>
  /** The new bytes, from the present ones. */
  change(present: Uint8Array, value: T): readonly number[]
}

function setting<T>({ name, summary, parameter: number, value, change }: Setting<T>): Subcommand {
  // The word is kept beside what it stands for, to be told.
  const both: Param<{ word: string; value: T }> = {
    ...value,
    arity: 'one',
    read: (words, of) => ({ word: words[0]!, value: value.read(words, of) }),
  }
  return subcommand({
    name,
    summary,
    args: { value: both, channel: channelArg },
    async run({ bmc, signal }, { value: given, channel = PRESENT_CHANNEL }) {
      const open = await bmc()
      const answer = await parameter(open, channel, number, signal).catch(unlessRefused)
      const present = answer ?? new Uint8Array(0)
      const data = Uint8Array.from(change(present, given.value))
      await open.run(SetSolConfigurationParameters, { channel, parameter: number, data }, { signal })
      return { setting: name, value: given.word }
    },
    view: as => as.lines(({ setting: shown, value: word }) => `${shown} is ${word}.`),
  })
}

function flagSetting(name: string, summary: string, number: number, mask: number): Subcommand {
  return setting({
    name,
    summary,
    parameter: number,
    value: mapped({ true: true, false: false }, 'new state'),
    change: ([byte = 0], isOn) => [isOn ? byte | mask : byte & ~mask],
  })
}

function rateSetting(name: string, summary: string, number: number): Subcommand {
  const codes = Object.fromEntries(Object.entries(bitRates).map(([code, rate]) => [rate, Number(code)]))
  const inOrder = ['serial', '9.6', '19.2', '38.4', '57.6', '115.2'].map(
    rate => [rate, codes[rate]!] as const,
  )
  const value = mapped(Object.fromEntries(inOrder), 'kbit/s, or as the serial port is set')
  return setting({ name, summary, parameter: number, value, change: (_, code) => [code] })
}

const set = group('set', 'changes how SOL is set up', [
  setting({
    name: 'set-in-progress',
    summary: 'keeps others from changing it meanwhile',
    parameter: SolParameter.SetInProgress,
    value: mapped({ 'set-complete': 0, 'set-in-progress': 1, 'commit-write': 2 }, 'new state'),
    change: (_, state) => [state],
  }),
  flagSetting('enabled', 'whether there is SOL', SolParameter.Enable, 0x01),
  flagSetting('force-encryption', 'only encrypted', SolParameter.Authentication, 0x80),
  flagSetting('force-authentication', 'only authenticated', SolParameter.Authentication, 0x40),
  setting({
    name: 'privilege-level',
    summary: 'the level that may activate it',
    parameter: SolParameter.Authentication,
    value: mapped({ user: 2, operator: 3, admin: 4, oem: 5 }, 'level'),
    change: ([byte = 0], level) => [(byte & 0xf0) | level],
  }),
  setting({
    name: 'character-accumulate-level',
    summary: 'how long characters are gathered, in 5 ms',
    parameter: SolParameter.Accumulation,
    value: integer('N', 'in 5 ms', { min: 1, max: 255 }),
    change: ([, threshold = 0], level) => [level, threshold],
  }),
  setting({
    name: 'character-send-threshold',
    summary: 'how many characters are sent at once',
    parameter: SolParameter.Accumulation,
    value: integer('BYTES', 'how many', { max: 255 }),
    change: ([accumulate = 1], threshold) => [accumulate, threshold],
  }),
  setting({
    name: 'retry-count',
    summary: 'how often a packet is sent again',
    parameter: SolParameter.Retry,
    value: integer('N', 'how often', { max: 7 }),
    change: ([, interval = 0], count) => [count, interval],
  }),
  setting({
    name: 'retry-interval',
    summary: 'after how long a packet is sent again, in 10 ms',
    parameter: SolParameter.Retry,
    value: integer('N', 'in 10 ms', { max: 255 }),
    change: ([count = 0], interval) => [count, interval],
  }),
  rateSetting('volatile-bit-rate', 'bit rate until the next start', SolParameter.VolatileBitRate),
  rateSetting('non-volatile-bit-rate', 'bit rate from the next start on', SolParameter.NonVolatileBitRate),
])

const userArg = optional(integer('USER', 'user ID (1)', { min: 1, max: 63 }))
const DEFAULT_USER = 1

function switchPayload(operation: 'enable' | 'disable') {
  return subcommand({
    name: operation,
    summary: operation === 'enable' ? 'lets a user use SOL' : 'keeps a user from SOL',
    args: { channel: channelArg, user: userArg },
    async run({ bmc, signal }, { channel = PRESENT_CHANNEL, user = DEFAULT_USER }) {
      const standard = { ipmi: false, sol: true, oem: false }
      const request = { channel, user: { id: user, operation }, standard, oem: 0 }
      await (await bmc()).run(SetUserPayloadAccess, request, { signal })
      return { user, sol: `${operation}d` }
    },
    view: as => as.lines(({ user, sol }) => `SOL is ${sol} for user ${user}.`),
  })
}

const status = subcommand({
  name: 'status',
  summary: 'whether a user may use SOL, and how many use it',
  args: { channel: channelArg, user: userArg },
  async run({ bmc, signal }, { channel = PRESENT_CHANNEL, user = DEFAULT_USER }) {
    const open = await bmc()
    const [access, activation] = await Promise.all([
      open.run(GetUserPayloadAccess, { channel, userId: user }, { signal }),
      open.run(GetPayloadActivationStatus, { payload: PayloadType.Sol }, { signal }),
    ])
    const active = Array.from({ length: 16 }, (_, bit) => bit + 1).filter(
      n => (activation.active >> (n - 1)) & 1,
    )
    return { user, mayUseSol: access.standard.sol, capacity: activation.capacity, active }
  },
  view: as =>
    as.record(
      ['user may use SOL', data => data.mayUseSol],
      ['instances possible', data => data.capacity],
      ['instances active', data => (data.active.length === 0 ? 'none' : data.active.join(', '))],
    ),
})

const payload = group('payload', 'who may use SOL', [
  status,
  switchPayload('enable'),
  switchPayload('disable'),
])

export const solSettings = [info, set, payload] as const
