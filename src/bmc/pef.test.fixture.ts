/** A BMC whose events are filtered, in virtual time, and the traps that it sends; for tests. */
import assert from 'node:assert/strict'
import { GetPefConfigurationParameters, SetPefConfigurationParameters } from '../protocol/commands/pef.ts'
import { decodeParameter, encodeParameter, type Parameter } from '../protocol/parameter.ts'
import { PefParameter } from '../protocol/parameters/pef.ts'
import { decodePet, type PlatformEventTrap } from '../protocol/pet/pet.ts'
import type { EventFilter } from './pef-parameters.ts'
import { Fixture } from './testing.ts'
import type { BmcConfigInput } from './world/config.ts'

export const pefConfig: BmcConfigInput = {
  sensors: [
    {
      kind: 'analog',
      name: 'CPU',
      type: 'temperature',
      unit: 'degrees C',
      entity: { id: 'processor', instance: 2 },
      value: 40,
      thresholds: { upperCritical: 90 },
    },
  ],
  pef: {
    enabled: true,
    destinations: [{ address: '192.0.2.7' }, { address: '192.0.2.8', acknowledge: true }],
  },
}

export class PefFixture extends Fixture {
  readonly traps: { trap: PlatformEventTrap; address: string }[] = []

  constructor(extra: BmcConfigInput = {}) {
    super({}, { ...pefConfig, ...extra })
    this.bmc.listen({ onTrap: (trap, { address }) => this.traps.push({ trap: decodePet(trap), address }) })
  }

  setCpu(value: number): void {
    const sensor = this.bmc.sensors.at(1)
    assert.ok(sensor?.kind === 'analog')
    this.bmc.sensors.setValue(sensor, value)
  }

  filter(set: number) {
    const request = { parameter: { selector: 6, revisionOnly: false }, setSelector: set, blockSelector: 0 }
    return decodeParameter(PefParameter.eventFilter, this.run(GetPefConfigurationParameters, request).data)
  }

  /** Changes an entry of the event filter table, over IPMI. */
  changeFilter(set: number, changes: Partial<EventFilter>): void {
    const { filter } = this.filter(set)
    this.set(PefParameter.eventFilter, { set, filter: { ...filter, ...changes } })
  }

  /** Over IPMI. */
  set<T>(parameter: Parameter<T>, value: T): void {
    const data = encodeParameter(parameter, value)
    this.run(SetPefConfigurationParameters, { selector: parameter.selector, data })
  }
}
