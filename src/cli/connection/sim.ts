/** `sim://`: a simulated BMC inside this process, reached through KCS registers like a real one. */
import { Bmc as SimulatedBmc } from '../../bmc/bmc.ts'
import { parseFault } from '../../bmc/faults.ts'
import { registersOf } from '../../bmc/registers-of.ts'
import { bmcConfig } from '../../bmc/world/config.ts'
import { defaultConfig } from '../../bmc/world/default-world.ts'
import { readConfig } from '../../bmc/world/read-config.ts'
import { makeWorld } from '../../bmc/world/world.ts'
import type { Bmc, BmcOptions } from '../../client/bmc.ts'
import { connectKcs } from '../../client/connect-kcs.ts'

/** `sim://?config=FILE&state=DIR&fault=busy=0.5`; see docs/bmc.md for configuration and faults. */
export function openSimulated(url: string, options: BmcOptions = {}): Bmc {
  const { searchParams } = new URL(url)
  const file = searchParams.get('config')
  const stateDir = searchParams.get('state')
  const simulated = new SimulatedBmc({
    world: makeWorld(file === null ? bmcConfig.parse(defaultConfig) : readConfig(file)),
    ...(stateDir === null ? {} : { stateDir }),
  })
  for (const fault of searchParams.getAll('fault')) simulated.addFault(parseFault(fault))
  return connectKcs(registersOf(simulated), url, {
    ...options,
    onClose() {
      simulated.flush()
      simulated.close()
    },
  })
}
