/** For tests: the simulated BMC in this process, reached through its KCS registers. */
import { Bmc as SimulatedBmc } from '../bmc/bmc.ts'
import { execute } from '../bmc/execute.ts'
import { KcsSide } from '../bmc/kcs-side.ts'
import { type BmcConfigInput, bmcConfig } from '../bmc/world/config.ts'
import { defaultConfig } from '../bmc/world/default-world.ts'
import { makeWorld } from '../bmc/world/world.ts'
import { KcsRegisters } from '../ports/kcs-registers.ts'
import type { Bmc } from './bmc.ts'
import { connectKcs } from './connect-kcs.ts'

export function connectTo(config: BmcConfigInput = defaultConfig): { bmc: Bmc; simulated: SimulatedBmc } {
  const simulated = new SimulatedBmc({ world: makeWorld(bmcConfig.parse(config)) })
  const registers = new KcsRegisters()
  const side = new KcsSide(registers, request => {
    const response = execute(simulated, request)
    simulated.settle()
    return response
  })
  registers.onHostWrite = () => side.run()
  return { bmc: connectKcs(registers), simulated }
}
