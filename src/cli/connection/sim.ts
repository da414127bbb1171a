/** `sim://`: a simulated BMC inside this process, reached through KCS registers like a real one. */
import { Bmc as SimulatedBmc } from '../../bmc/bmc.ts'
import { execute } from '../../bmc/execute.ts'
import { KcsSide } from '../../bmc/kcs-side.ts'
import type { Bmc } from '../../client/bmc.ts'
import { connectKcs } from '../../client/connect-kcs.ts'
import { KcsRegisters } from '../../ports/kcs-registers.ts'

/** `sim://?state=DIR` keeps its state there. */
export function openSimulated(url: string): Bmc {
  const stateDir = new URL(url).searchParams.get('state')
  const simulated = new SimulatedBmc(stateDir === null ? {} : { stateDir })
  const registers = new KcsRegisters()
  const side = new KcsSide(registers, request => execute(simulated, request))
  registers.onHostWrite = () => side.run()
  return connectKcs(registers, url, {
    onClose() {
      simulated.flush()
      simulated.close()
    },
  })
}
