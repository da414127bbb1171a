/** Who a BMC is, how it feels, and what its system says of itself. IPMI 2.0 rev 1.1, sections 20 and 22.14. */
import { fitted } from '../protocol/bytes.ts'
import type { ResponseOf } from '../protocol/command.ts'
import {
  ColdReset,
  GetDeviceGuid,
  GetDeviceId,
  GetSelfTestResults,
  WarmReset,
} from '../protocol/commands/device.ts'
import {
  GetSystemGuid,
  GetSystemInfoParameters,
  SetSystemInfoParameters,
} from '../protocol/commands/system-info.ts'
import { CompletionCode } from '../protocol/completion-code.ts'
import type { Parameter } from '../protocol/parameter.ts'
import { joinSystemInfo, SystemInfoParameter, splitSystemInfo } from '../protocol/parameters/system-info.ts'
import { type Abortable, type CommandRunner, inParallel, unlessRefused, within } from './command-runner.ts'
import { Parameters } from './parameters.ts'

const MAX_BLOCKS = 17

type TextParameter = Exclude<keyof typeof SystemInfoParameter, 'setInProgress'>

export class Device {
  readonly #bmc: CommandRunner

  constructor(bmc: CommandRunner) {
    this.#bmc = bmc
  }

  id(options: Abortable = {}): Promise<ResponseOf<typeof GetDeviceId>> {
    return this.#bmc.run(GetDeviceId, {}, within(options))
  }

  /** 16 bytes, least significant first: the system's, or the BMC's own where it knows no system's. */
  async guid(options: Abortable = {}): Promise<Uint8Array> {
    const system = await unlessRefused(
      this.#bmc.run(GetSystemGuid, {}, within(options)),
      CompletionCode.InvalidCommand,
    )
    return (system ?? (await this.#bmc.run(GetDeviceGuid, {}, within(options)))).guid
  }

  selfTest(options: Abortable = {}): Promise<ResponseOf<typeof GetSelfTestResults>> {
    return this.#bmc.run(GetSelfTestResults, {}, within(options))
  }

  /** The BMC itself begins anew; it may not answer for a while. */
  async reset(kind: 'cold' | 'warm', options: Abortable = {}): Promise<void> {
    await this.#bmc.run(kind === 'cold' ? ColdReset : WarmReset, {}, within(options))
  }

  get #systemInfo(): Parameters<typeof SystemInfoParameter> {
    const bmc = this.#bmc
    return new Parameters(SystemInfoParameter, {
      what: `${bmc.url}: system information`,
      window: bmc.window,
      read: async (selector, setSelector, blockSelector, options) => {
        const get = { revisionOnly: false }
        const request = { get, selector, setSelector, blockSelector }
        return (await bmc.run(GetSystemInfoParameters, request, within(options))).data
      },
      write: async (selector, data, options) => {
        await bmc.run(SetSystemInfoParameters, { selector, data }, within(options))
      },
    })
  }

  /** A string of the system, such as `systemName`; undefined when the BMC has none. */
  async systemInfo(name: TextParameter, options: Abortable = {}): Promise<string | undefined> {
    const parameter = SystemInfoParameter[name]
    const first = await this.#block(parameter, 0, options)
    if (first === undefined) return undefined
    const blockBytes = Math.max(1, first.length)
    const count = Math.min(MAX_BLOCKS, Math.ceil(((first[1] ?? 0) + 2) / blockBytes))
    const sets = Array.from({ length: Math.max(0, count - 1) }, (_, index) => index + 1)
    const blocks = await inParallel(sets, this.#bmc.window, options, (set, signal) =>
      this.#block(parameter, set, { signal }),
    )
    return joinSystemInfo([first, ...blocks.filter(block => block !== undefined)])
  }

  async setSystemInfo(name: TextParameter, text: string, options: Abortable = {}): Promise<void> {
    const info = this.#systemInfo
    const blocks = fitted(`${this.#bmc.url}: ${SystemInfoParameter[name].name}`, () => splitSystemInfo(text))
    for (const [set, data] of blocks.entries())
      await info.set(SystemInfoParameter[name], { set, data }, options)
  }

  async #block(
    parameter: Parameter<{ set: number; data: Uint8Array }>,
    set: number,
    options: Abortable,
  ): Promise<Uint8Array | undefined> {
    return (await this.#systemInfo.get(parameter, { ...options, set }))?.data
  }
}
