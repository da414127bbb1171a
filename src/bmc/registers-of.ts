/** A BMC behind KCS registers in this process: what is written to them is answered at once. */
import { KcsRegisters } from '../ports/kcs-registers.ts'
import type { Bmc } from './bmc.ts'
import { execute } from './execute.ts'
import { KcsSide } from './kcs-side.ts'

export function registersOf(bmc: Bmc): KcsRegisters {
  const registers = new KcsRegisters()
  const side = new KcsSide(registers, request => {
    const response = execute(bmc, request)
    bmc.settle()
    return response
  })
  registers.onHostWrite = () => side.run()
  return registers
}
