/** For tests: the simulated BMC in this process, reached through its KCS registers. */
import { Bmc as SimulatedBmc } from '../bmc/bmc.ts'
import { registersOf } from '../bmc/registers-of.ts'
import { type BmcConfigInput, bmcConfig } from '../bmc/world/config.ts'
import { defaultConfig } from '../bmc/world/default-world.ts'
import { makeWorld } from '../bmc/world/world.ts'
import type { Bmc } from './bmc.ts'
import { connectKcs } from './connect-kcs.ts'

export function connectTo(config: BmcConfigInput = defaultConfig): { bmc: Bmc; simulated: SimulatedBmc } {
  const simulated = new SimulatedBmc({ world: makeWorld(bmcConfig.parse(config)) })
  return { bmc: connectKcs(registersOf(simulated)), simulated }
}
