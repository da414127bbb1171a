/** Platform event filtering of a BMC: filters, policies, settings. IPMI 2.0 rev 1.1, section 30. */
import type { ResponseOf } from '../protocol/command.ts'
import {
  ArmPefPostponeTimer,
  GetLastProcessedEventId,
  GetPefCapabilities,
  GetPefConfigurationParameters,
  SetPefConfigurationParameters,
} from '../protocol/commands/pef.ts'
import type { ParameterValue } from '../protocol/parameter.ts'
import { PefParameter } from '../protocol/parameters/pef.ts'
import { type Abortable, type CommandRunner, within } from './command-runner.ts'
import { Parameters } from './parameters.ts'

export type EventFilter = ParameterValue<typeof PefParameter.eventFilter>
export type AlertPolicy = ParameterValue<typeof PefParameter.alertPolicy>

export class Pef {
  readonly #bmc: CommandRunner
  readonly parameters: Parameters<typeof PefParameter>

  constructor(bmc: CommandRunner) {
    this.#bmc = bmc
    this.parameters = new Parameters(PefParameter, {
      what: `${bmc.url}: PEF`,
      window: bmc.window,
      read: async (selector, setSelector, blockSelector, options) => {
        const parameter = { selector, revisionOnly: false }
        const request = { parameter, setSelector, blockSelector }
        return (await bmc.run(GetPefConfigurationParameters, request, within(options))).data
      },
      write: async (selector, data, options) => {
        await bmc.run(SetPefConfigurationParameters, { selector, data }, within(options))
      },
    })
  }

  capabilities(options: Abortable = {}): Promise<ResponseOf<typeof GetPefCapabilities>> {
    return this.#bmc.run(GetPefCapabilities, {}, within(options))
  }

  /** The event filter table, from entry 1 on. */
  async filters(options: Abortable = {}): Promise<EventFilter[]> {
    const count = (await this.parameters.get(PefParameter.eventFilters, options)) ?? 0
    const filters = await this.parameters.list(PefParameter.eventFilter, 1, count, options)
    return filters.filter(filter => filter !== undefined)
  }

  /** The alert policy table, from entry 1 on. */
  async policies(options: Abortable = {}): Promise<AlertPolicy[]> {
    const count = (await this.parameters.get(PefParameter.alertPolicies, options)) ?? 0
    const policies = await this.parameters.list(PefParameter.alertPolicy, 1, count, options)
    return policies.filter(policy => policy !== undefined)
  }

  lastProcessed(options: Abortable = {}): Promise<ResponseOf<typeof GetLastProcessedEventId>> {
    return this.#bmc.run(GetLastProcessedEventId, {}, within(options))
  }

  /** Lets software look at events first for so many seconds, 0 to 253. */
  async postpone(seconds: number, options: Abortable = {}): Promise<void> {
    await this.#bmc.run(ArmPefPostponeTimer, { timer: seconds }, within(options))
  }
}
