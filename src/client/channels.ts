/** The channels of a BMC, and the settings of its LAN channels. IPMI 2.0 rev 1.1, sections 22.22 to 22.24 and 23. */
import type { RequestOf, ResponseOf } from '../protocol/command.ts'
import { GetChannelAccess, SetChannelAccess } from '../protocol/commands/channel.ts'
import { GetLanConfigurationParameters, SetLanConfigurationParameters } from '../protocol/commands/lan.ts'
import { GetChannelInfo } from '../protocol/commands/messaging.ts'
import { CompletionCode } from '../protocol/completion-code.ts'
import { LastwordError } from '../protocol/error.ts'
import { LanParameter } from '../protocol/parameters/lan.ts'
import { type Abortable, type CommandRunner, inParallel, unlessRefused, within } from './command-runner.ts'
import { Parameters } from './parameters.ts'

/** Channels that can be there: 0 to Bh, and Fh, the system interface. */
const CHANNELS: readonly number[] = [...Array(12).keys(), 15]
const NO_CHANNEL: readonly number[] = [
  CompletionCode.NotPresent,
  CompletionCode.InvalidDataField,
  CompletionCode.ParameterOutOfRange,
]

export type ChannelInfo = ResponseOf<typeof GetChannelInfo>

export class Channels {
  readonly #bmc: CommandRunner

  constructor(bmc: CommandRunner) {
    this.#bmc = bmc
  }

  /** All channels that the BMC has. */
  async list(options: Abortable = {}): Promise<ChannelInfo[]> {
    const found = await inParallel(CHANNELS, this.#bmc.window, options, (channel, signal) =>
      this.info(channel, { signal }),
    )
    return found.filter(info => info !== undefined)
  }

  /** Undefined when the BMC has no such channel. */
  async info(channel: number, options: Abortable = {}): Promise<ChannelInfo | undefined> {
    return unlessRefused(this.#bmc.run(GetChannelInfo, { of: { channel } }, within(options)), ...NO_CHANNEL)
  }

  access(
    channel: number,
    which: 'volatile' | 'nonVolatile',
    options: Abortable = {},
  ): Promise<ResponseOf<typeof GetChannelAccess>> {
    return this.#bmc.run(GetChannelAccess, { channel, get: { which } }, within(options))
  }

  async setAccess(request: RequestOf<typeof SetChannelAccess>, options: Abortable = {}): Promise<void> {
    await this.#bmc.run(SetChannelAccess, request, within(options))
  }

  /** The first LAN channel. Rejects with LastwordError NO_LAN_CHANNEL when there is none. */
  async findLan(options: Abortable = {}): Promise<number> {
    const lan = (await this.list(options)).find(({ medium }) => medium.type === 'lan')
    if (lan !== undefined) return lan.actual.channel
    throw new LastwordError('NO_LAN_CHANNEL', `${this.#bmc.url}: the BMC has no LAN channel`)
  }

  /** The settings of a LAN channel. */
  lan(channel: number): Parameters<typeof LanParameter> {
    const bmc = this.#bmc
    return new Parameters(LanParameter, {
      what: `${bmc.url}: LAN channel ${channel}`,
      window: bmc.window,
      read: async (selector, setSelector, blockSelector, options) => {
        const from = { channel, revisionOnly: false }
        const request = { from, selector, setSelector, blockSelector }
        return (await bmc.run(GetLanConfigurationParameters, request, within(options))).data
      },
      write: async (selector, data, options) => {
        await bmc.run(SetLanConfigurationParameters, { channel, selector, data }, within(options))
      },
    })
  }
}
