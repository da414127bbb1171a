/** What the system says of itself through the simulated BMC. IPMI 2.0 rev 1.1, sections 22.14 to 22.14b. */
import {
  GetSystemGuid,
  GetSystemInfoParameters,
  SetSystemInfoParameters,
} from '../../protocol/commands/system-info.ts'
import { type AnyParameter, encodeParameter } from '../../protocol/parameter.ts'
import {
  FIRST_OEM_SYSTEM_INFO,
  SYSTEM_INFO_BLOCK_BYTES,
  SystemInfoParameter,
  splitSystemInfo,
} from '../../protocol/parameters/system-info.ts'
import type { Controller } from '../controller.ts'
import { ParameterTable } from '../parameter-table.ts'
import { type Served, serve } from '../serve.ts'

const REVISION = 0x11
const MAX_BLOCKS = 17
const block = SystemInfoParameter.systemName

/** The system's name, of one BMC among many too. */
export function systemName({ world, index }: Controller): string {
  return world.config.name.replaceAll('{n}', String(index))
}

function textOf(bmc: Controller, parameter: AnyParameter): string {
  if (parameter === SystemInfoParameter.systemName) return systemName(bmc)
  return parameter === SystemInfoParameter.firmwareVersion ? bmc.world.config.device.firmware : ''
}

export const systemInfo = new ParameterTable({
  name: 'system',
  table: SystemInfoParameter,
  initial(bmc, parameter, set) {
    if (set >= MAX_BLOCKS || parameter === SystemInfoParameter.setInProgress) return undefined
    if (parameter.selector >= FIRST_OEM_SYSTEM_INFO) return undefined
    const data = splitSystemInfo(textOf(bmc, parameter))[set] ?? new Uint8Array(SYSTEM_INFO_BLOCK_BYTES)
    return encodeParameter(block, { set, data })
  },
})

export const systemInfoCommands: Served[] = [
  serve(GetSystemGuid, (_, { identity }) => ({ guid: identity.guid })),
  serve(SetSystemInfoParameters, ({ selector, data }, bmc) => systemInfo.set(bmc, selector, data) || {}),
  serve(GetSystemInfoParameters, ({ get, selector, setSelector, blockSelector }, bmc) => {
    if (get.revisionOnly) return { revision: REVISION, data: new Uint8Array(0) }
    const data = systemInfo.get(bmc, selector, setSelector, blockSelector)
    return typeof data === 'number' ? data : { revision: REVISION, data }
  }),
]
