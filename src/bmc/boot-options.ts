/** The system boot options of a simulated BMC. IPMI 2.0 rev 1.1, section 28.13. */
import { z } from 'zod'
import { encodeParameter } from '../protocol/parameter.ts'
import { BOOT_MAILBOX_BLOCK_BYTES, BootParameter, noBootFlags } from '../protocol/parameters/boot.ts'
import type { Bmc } from './bmc.ts'
import { initially, ParameterTable } from './parameter-table.ts'
import { settingFamily } from './stores/settings.ts'

const MAILBOX_BLOCKS = 5
const noneHandled = { bios: true, osLoader: true, servicePartition: true, sms: true, oem: true }

const atFirst = new Map([
  initially(BootParameter.servicePartition, 0),
  initially(BootParameter.servicePartitionScan, { isDiscovered: false, scanRequested: false }),
  initially(BootParameter.keepFlagsOn, {
    powerUp: false,
    resetButton: false,
    watchdog: false,
    controlTimeout: false,
    pef: false,
  }),
  initially(BootParameter.acknowledge, { mask: 0, notHandled: noneHandled }),
  initially(BootParameter.flags, noBootFlags),
  initially(BootParameter.initiator, { channel: 0, sessionId: 0, time: 0 }),
])

export const bootOptions = new ParameterTable({
  name: 'boot',
  table: BootParameter,
  initial(_, parameter, set) {
    if (parameter !== BootParameter.mailbox) return atFirst.get(parameter)
    if (set >= MAILBOX_BLOCKS) return undefined
    return encodeParameter(BootParameter.mailbox, {
      block: set,
      data: new Uint8Array(BOOT_MAILBOX_BLOCK_BYTES),
    })
  },
})

const invalidFamily = settingFamily('bootInvalid', z.boolean())

export function markBootOption(bmc: Bmc, selector: number, state: 'valid' | 'invalid'): void {
  if (isBootOptionInvalid(bmc, selector) !== (state === 'invalid'))
    bmc.settings.set(invalidFamily, selector, state === 'invalid')
}

export function isBootOptionInvalid(bmc: Bmc, selector: number): boolean {
  return bmc.settings.get(invalidFamily, selector) ?? false
}
