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
import { CompletionCode } from '../protocol/completion-code.ts'
import { LastwordError } from '../protocol/error.ts'
import {
  DcmiCapability,
  DcmiParameter,
  type RollingAverage,
  rollingAverageSeconds,
} from '../protocol/parameters/dcmi.ts'
import { type Abortable, type CommandRunner, unlessRefused, within } from './command-runner.ts'
import { Parameters } from './parameters.ts'

const PIECE_BYTES = 16
/** An identifier's last one is a zero. */
const MAX_TEXT_BYTES = 64
const TOO_MUCH = [CompletionCode.ParameterOutOfRange, CompletionCode.CannotReturnRequestedBytes]
const NO_LIMIT_SET = 0x80
const SHORTEST_AVERAGE_MS = 1000
const NO_AVERAGE: RollingAverage = { time: 0, unit: 'seconds' }

type TextReader = typeof GetAssetTag | typeof GetManagementControllerId

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

  /** With `average` the enhanced statistics over that time, which has to be one of `capabilities.powerStatistics`. */
  async power(
    options: Abortable & { average?: RollingAverage } = {},
  ): Promise<ResponseOf<typeof GetPowerReading>> {
    const { average } = options
    const request =
      average === undefined
        ? ({ mode: 'systemPower', average: NO_AVERAGE } as const)
        : ({ mode: 'enhancedSystemPower', average } as const)
    const reading = await this.#bmc.run(GetPowerReading, request, within(options))
    // In place of milliseconds some BMCs have the code of the average, as ipmitool takes it.
    if (average === undefined || reading.periodMs >= SHORTEST_AVERAGE_MS) return reading
    return { ...reading, periodMs: rollingAverageSeconds(average) * 1000 }
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
    await this.#setText(SetAssetTag, Buffer.from(text), options)
  }

  /** The management controller's identifier, a host name. */
  controllerId(options: Abortable = {}): Promise<string> {
    return this.#text(GetManagementControllerId, options)
  }

  async setControllerId(text: string, options: Abortable = {}): Promise<void> {
    await this.#setText(SetManagementControllerId, Buffer.from(`${text}\0`), options)
  }

  async #text(command: TextReader, options: Abortable): Promise<string> {
    const pieces: Uint8Array[] = []
    let total = PIECE_BYTES
    for (let offset = 0; offset < Math.min(total, MAX_TEXT_BYTES); ) {
      const count = Math.min(PIECE_BYTES, total - offset)
      const piece = await this.#piece(command, { offset, count }, options)
      if (piece.data.length === 0) break
      total = piece.totalBytes
      offset += piece.data.length
      pieces.push(piece.data)
    }
    const [text = ''] = Buffer.concat(pieces).subarray(0, total).toString('utf8').split('\0')
    return text
  }

  /** Some BMCs refuse to be asked for more than there is: one byte tells how much that is. */
  async #piece(command: TextReader, piece: { offset: number; count: number }, options: Abortable) {
    const whole = this.#bmc.run(command, piece, within(options))
    return (
      (await unlessRefused(whole, ...(piece.count > 1 ? TOO_MUCH : []))) ??
      (await this.#bmc.run(command, { ...piece, count: 1 }, within(options)))
    )
  }

  async #setText(
    command: typeof SetAssetTag | typeof SetManagementControllerId,
    raw: Uint8Array,
    options: Abortable,
  ): Promise<void> {
    if (raw.length > MAX_TEXT_BYTES)
      throw new LastwordError(
        'REQUEST_BAD',
        `${this.#bmc.url}: ${command.name}: ${raw.length} bytes, ${MAX_TEXT_BYTES} are the most`,
      )
    for (let offset = 0; offset < Math.max(1, raw.length); offset += PIECE_BYTES) {
      const data = raw.subarray(offset, offset + PIECE_BYTES)
      await this.#bmc.run(command, { offset, count: data.length, data }, within(options))
    }
  }
}
