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
import { CompletionCodeError } from '../../protocol/completion-code.ts'
import { group, subcommand } from '../declare.ts'
import { integer, optional, readInteger, text, UsageError } from '../params.ts'

const channelArg = optional(integer('CHANNEL', 'channel (the one that is used)', { max: 15 }))

/** Undefined where the BMC has not this parameter. */
async function parameter(bmc: Bmc, channel: number, number: number, signal: AbortSignal) {
  const request = { of: { channel, revisionOnly: false }, parameter: number, set: 0, block: 0 }
  try {
    return (await bmc.run(GetSolConfigurationParameters, request, { signal })).data
  } catch (error) {
    if (error instanceof CompletionCodeError) return undefined
    throw error
  }
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
    const values = await Promise.all(numbers.map(number => parameter(open, channel, number, signal)))
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

interface Setting {
  readonly words: string
  readonly parameter: number
  /** The new bytes, from the present ones. */
  change(present: Uint8Array, word: string): readonly number[]
}

function flagged(word: string, byte: number, mask: number): number {
  if (word !== 'true' && word !== 'false') throw new UsageError(`sol set: true or false, not "${word}"`)
  return word === 'true' ? byte | mask : byte & ~mask
}

function levelOf(word: string): number {
  const level = (privileges as readonly string[]).indexOf(word.toLowerCase())
  if (level < 2) throw new UsageError(`sol set: "${word}" is none of user, operator, admin, oem`)
  return level
}

function rateOf(word: string): number {
  const found = Object.entries(bitRates).find(([, rate]) => rate === word)
  if (found === undefined)
    throw new UsageError(`sol set: "${word}" is none of ${Object.values(bitRates).join(', ')}`)
  return Number(found[0])
}

const settings: Readonly<Record<string, Setting>> = {
  enabled: {
    words: 'true|false',
    parameter: SolParameter.Enable,
    change: ([byte = 0], word) => [flagged(word, byte, 0x01)],
  },
  'force-encryption': {
    words: 'true|false',
    parameter: SolParameter.Authentication,
    change: ([byte = 0], word) => [flagged(word, byte, 0x80)],
  },
  'force-authentication': {
    words: 'true|false',
    parameter: SolParameter.Authentication,
    change: ([byte = 0], word) => [flagged(word, byte, 0x40)],
  },
  'privilege-level': {
    words: 'user|operator|admin|oem',
    parameter: SolParameter.Authentication,
    change: ([byte = 0], word) => [(byte & 0xf0) | levelOf(word)],
  },
  'character-accumulate-level': {
    words: 'N, in 5 ms',
    parameter: SolParameter.Accumulation,
    change: ([, threshold = 0], word) => [readInteger(word, 'level', { min: 1, max: 255 }), threshold],
  },
  'character-send-threshold': {
    words: 'BYTES',
    parameter: SolParameter.Accumulation,
    change: ([accumulate = 1], word) => [accumulate, readInteger(word, 'threshold', { max: 255 })],
  },
  'retry-count': {
    words: '0…7',
    parameter: SolParameter.Retry,
    change: ([, interval = 0], word) => [readInteger(word, 'count', { max: 7 }), interval],
  },
  'retry-interval': {
    words: 'N, in 10 ms',
    parameter: SolParameter.Retry,
    change: ([count = 0], word) => [count, readInteger(word, 'interval', { max: 255 })],
  },
  'volatile-bit-rate': {
    words: 'serial|9.6|19.2|38.4|57.6|115.2',
    parameter: SolParameter.VolatileBitRate,
    change: (_, word) => [rateOf(word)],
  },
  'non-volatile-bit-rate': {
    words: 'serial|9.6|19.2|38.4|57.6|115.2',
    parameter: SolParameter.NonVolatileBitRate,
    change: (_, word) => [rateOf(word)],
  },
}

const set = subcommand({
  name: 'set',
  summary: 'changes how SOL is set up',
  args: {
    setting: { ...text('SETTING', 'what to change'), choices: Object.keys(settings) },
    value: text('VALUE', 'what to change it to'),
    channel: channelArg,
  },
  details: Object.entries(settings)
    .map(([name, { words }]) => `  ${name} ${words}`)
    .join('\n'),
  async run({ bmc, signal }, { setting, value, channel = PRESENT_CHANNEL }) {
    const chosen = settings[setting]
    if (chosen === undefined) {
      throw new UsageError(
        `sol set: there is no setting "${setting}"`,
        `There are: ${Object.keys(settings).join(', ')}.`,
      )
    }
    const open = await bmc()
    const present = (await parameter(open, channel, chosen.parameter, signal)) ?? new Uint8Array(0)
    const data = Uint8Array.from(chosen.change(present, value))
    await open.run(SetSolConfigurationParameters, { channel, parameter: chosen.parameter, data }, { signal })
    return { setting, value }
  },
  view: as => as.lines(({ setting, value }) => `${setting} is ${value}.`),
})

const userArg = integer('USER', 'user ID', { min: 1, max: 63 })

function switchPayload(operation: 'enable' | 'disable') {
  return subcommand({
    name: operation,
    summary: operation === 'enable' ? 'lets a user use SOL' : 'keeps a user from SOL',
    args: { channel: integer('CHANNEL', 'channel', { max: 15 }), user: userArg },
    async run({ bmc, signal }, { channel, user }) {
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
  args: { channel: integer('CHANNEL', 'channel', { max: 15 }), user: userArg },
  async run({ bmc, signal }, { channel, user }) {
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
