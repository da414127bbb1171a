/** DCMI of a BMC: power, limits, identity. DCMI 1.5, section 6. */
import type { ResponseOf } from '../protocol/command.ts'
import {
  ActivatePowerLimit,
  GetAssetTag,
  GetDcmiCapabilitiesInfo,
  GetDcmiConfigurationParameters,
  GetManagementControllerId,
  GetPowerLimit,
  GetPowerReading,
  SetAssetTag,
  SetDcmiConfigurationParameters,
  SetManagementControllerId,
  SetPowerLimit,
} from '../protocol/commands/dcmi.ts'
import { DcmiCapability, DcmiParameter } from '../protocol/parameters/dcmi.ts'
import { type Abortable, type CommandRunner, unlessRefused, within } from './command-runner.ts'
import { Parameters } from './parameters.ts'

const PIECE_BYTES = 16
const MAX_TEXT_BYTES = 64
const NO_LIMIT_SET = 0x80

export interface PowerLimit {
  watts: number
  correctionTimeMs: number
  samplingPeriodSeconds: number
  action: ResponseOf<typeof GetPowerLimit>['exceptionAction']
}

export class Dcmi {
  readonly #bmc: CommandRunner
  readonly capabilities: Parameters<typeof DcmiCapability>
  readonly parameters: Parameters<typeof DcmiParameter>

  constructor(bmc: CommandRunner) {
    this.#bmc = bmc
    const { window } = bmc
    this.capabilities = new Parameters(DcmiCapability, {
      what: `${bmc.url}: DCMI capabilities`,
      window,
      read: async (selector, _set, _block, options) =>
        (await bmc.run(GetDcmiCapabilitiesInfo, { selector }, within(options))).data,
    })
    this.parameters = new Parameters(DcmiParameter, {
      what: `${bmc.url}: DCMI settings`,
      window,
      read: async (selector, setSelector, _block, options) =>
        (await bmc.run(GetDcmiConfigurationParameters, { selector, setSelector }, within(options))).data,
      write: async (selector, data, options) => {
        await bmc.run(SetDcmiConfigurationParameters, { selector, setSelector: 0, data }, within(options))
      },
    })
  }

  power(options: Abortable = {}): Promise<ResponseOf<typeof GetPowerReading>> {
    return this.#bmc.run(GetPowerReading, { mode: 'systemPower', attributes: 0 }, within(options))
  }

  /** The limit that is active; undefined when none is. */
  async powerLimit(options: Abortable = {}): Promise<PowerLimit | undefined> {
    const limit = await unlessRefused(this.#bmc.run(GetPowerLimit, {}, within(options)), NO_LIMIT_SET)
    if (limit === undefined) return undefined
    const { limitWatts, correctionTimeMs, samplingPeriodSeconds, exceptionAction } = limit
    return { watts: limitWatts, correctionTimeMs, samplingPeriodSeconds, action: exceptionAction }
  }

  async setPowerLimit(limit: PowerLimit, options: Abortable = {}): Promise<void> {
    const { watts, correctionTimeMs, samplingPeriodSeconds, action } = limit
    await this.#bmc.run(
      SetPowerLimit,
      { exceptionAction: action, limitWatts: watts, correctionTimeMs, samplingPeriodSeconds },
      within(options),
    )
  }

  async activatePowerLimit(state: 'on' | 'off', options: Abortable = {}): Promise<void> {
    await this.#bmc.run(ActivatePowerLimit, { active: state === 'on' }, within(options))
  }

  assetTag(options: Abortable = {}): Promise<string> {
    return this.#text(GetAssetTag, options)
  }

  async setAssetTag(text: string, options: Abortable = {}): Promise<void> {
    await this.#setText(SetAssetTag, Buffer.from(text, 'latin1'), options)
  }

  /** The management controller's identifier, a host name. */
  controllerId(options: Abortable = {}): Promise<string> {
    return this.#text(GetManagementControllerId, options)
  }

  async setControllerId(text: string, options: Abortable = {}): Promise<void> {
    await this.#setText(SetManagementControllerId, Buffer.from(`${text}\0`, 'latin1'), options)
  }

  async #text(
    command: typeof GetAssetTag | typeof GetManagementControllerId,
    options: Abortable,
  ): Promise<string> {
    const raw: number[] = []
    for (let total = 1; raw.length < Math.min(total, MAX_TEXT_BYTES); ) {
      const count = raw.length === 0 ? PIECE_BYTES : Math.min(PIECE_BYTES, total - raw.length)
      const piece = await this.#bmc.run(command, { offset: raw.length, count }, within(options))
      if (piece.data.length === 0) break
      total = piece.totalBytes
      raw.push(...piece.data)
    }
    const [text = ''] = Buffer.from(raw).toString('latin1').split('\0')
    return text
  }

  async #setText(
    command: typeof SetAssetTag | typeof SetManagementControllerId,
    raw: Uint8Array,
    options: Abortable,
  ): Promise<void> {
    for (let offset = 0; offset < Math.max(1, raw.length); offset += PIECE_BYTES) {
      const data = raw.subarray(offset, offset + PIECE_BYTES)
      await this.#bmc.run(command, { offset, count: data.length, data }, within(options))
    }
  }
}
