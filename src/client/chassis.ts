/** Power, identification and boot options of a BMC's system. IPMI 2.0 rev 1.1, section 28. */
import type { RequestOf, ResponseOf } from '../protocol/command.ts'
import {
  ChassisControl,
  ChassisIdentify,
  GetChassisStatus,
  GetPohCounter,
  GetSystemBootOptions,
  GetSystemRestartCause,
  SetPowerRestorePolicy,
  SetSystemBootOptions,
} from '../protocol/commands/chassis.ts'
import type { ParameterValue } from '../protocol/parameter.ts'
import { BootParameter, noBootFlags } from '../protocol/parameters/boot.ts'
import { type Abortable, type CommandRunner, within } from './command-runner.ts'
import { Parameters } from './parameters.ts'

export type PowerAction = RequestOf<typeof ChassisControl>['action']
export type BootFlags = ParameterValue<typeof BootParameter.flags>
export type BootDevice = BootFlags['device']['selector']

const MAX_INTERVAL_SECONDS = 255

export interface BootChoice {
  device: BootDevice
  /** The next boot only unless said otherwise. */
  lasts?: 'once' | 'always'
  /** As the BIOS is set unless said otherwise. */
  firmware?: 'legacy' | 'efi'
}

export class Chassis {
  readonly #bmc: CommandRunner
  readonly bootOptions: Parameters<typeof BootParameter>

  constructor(bmc: CommandRunner) {
    this.#bmc = bmc
    this.bootOptions = new Parameters(BootParameter, {
      what: `${bmc.url}: boot options`,
      window: bmc.window,
      read: async (selector, setSelector, blockSelector, options) =>
        (await bmc.run(GetSystemBootOptions, { selector, setSelector, blockSelector }, within(options))).data,
      write: async (selector, data, options) => {
        const parameter = { selector, isInvalid: false }
        await bmc.run(SetSystemBootOptions, { parameter, data }, within(options))
      },
    })
  }

  status(options: Abortable = {}): Promise<ResponseOf<typeof GetChassisStatus>> {
    return this.#bmc.run(GetChassisStatus, {}, within(options))
  }

  /** Asks for it; the power changes a little later. */
  async power(action: PowerAction, options: Abortable = {}): Promise<void> {
    await this.#bmc.run(ChassisControl, { action }, within(options))
  }

  /** Seconds, up to 255. */
  async identify(how: number | 'on' | 'off', options: Abortable = {}): Promise<void> {
    const intervalSeconds = how === 'on' || how === 'off' ? 0 : Math.min(how, MAX_INTERVAL_SECONDS)
    const request = how === 'on' ? { intervalSeconds, isIndefinite: true } : { intervalSeconds }
    await this.#bmc.run(ChassisIdentify, request, within(options))
  }

  restartCause(options: Abortable = {}): Promise<ResponseOf<typeof GetSystemRestartCause>> {
    return this.#bmc.run(GetSystemRestartCause, {}, within(options))
  }

  async powerOnHours(options: Abortable = {}): Promise<number> {
    const { minutesPerCount, count } = await this.#bmc.run(GetPohCounter, {}, within(options))
    return (minutesPerCount * count) / 60
  }

  async setRestorePolicy(
    policy: RequestOf<typeof SetPowerRestorePolicy>['policy'],
    options: Abortable = {},
  ): Promise<void> {
    await this.#bmc.run(SetPowerRestorePolicy, { policy }, within(options))
  }

  /** Undefined when nothing is chosen. */
  async bootDevice(options: Abortable = {}): Promise<BootChoice | undefined> {
    const flags = await this.bootOptions.get(BootParameter.flags, options)
    if (flags === undefined || !flags.boot.isValid) return undefined
    return {
      device: flags.device.selector,
      lasts: flags.boot.isPersistent ? 'always' : 'once',
      firmware: flags.boot.type === 'efi' ? 'efi' : 'legacy',
    }
  }

  async setBootDevice(choice: BootChoice, options: Abortable = {}): Promise<void> {
    const { device, lasts = 'once', firmware = 'legacy' } = choice
    await this.bootOptions.change(
      {
        flags: {
          ...noBootFlags,
          boot: { type: firmware, isPersistent: lasts === 'always', isValid: true },
          device: { ...noBootFlags.device, selector: device },
        },
      },
      options,
    )
  }
}
