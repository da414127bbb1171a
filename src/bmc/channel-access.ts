/** What may be done over a channel of a simulated BMC, as Set Channel Access has it. IPMI 2.0 rev 1.1, section 22.22. */
import { z } from 'zod'
import type { Controller } from './controller.ts'
import { settingFamily } from './stores/settings.ts'
import { levelNames } from './world/config.ts'

const accessShape = z.object({
  mode: z.enum(['disabled', 'preBoot', 'always', 'shared']),
  perMessageAuthenticationDisabled: z.boolean(),
  pefAlertingDisabled: z.boolean(),
  limit: z.enum(levelNames),
})
export type ChannelAccess = z.output<typeof accessShape>

const accessFamily = settingFamily('channel', accessShape)
const accessAtFirst: ChannelAccess = {
  mode: 'always',
  perMessageAuthenticationDisabled: false,
  pefAlertingDisabled: false,
  limit: 'admin',
}

/** What was set for this run only is in `present`. */
const present = new WeakMap<Controller, Map<number, ChannelAccess>>()

export function channelAccess(
  bmc: Controller,
  channel: number,
  which: 'nonVolatile' | 'volatile',
): ChannelAccess {
  const now = which === 'volatile' ? present.get(bmc)?.get(channel) : undefined
  return now ?? bmc.settings.get(accessFamily, channel) ?? accessAtFirst
}

export function changeChannelAccess(
  bmc: Controller,
  channel: number,
  which: 'nonVolatile' | 'volatile',
  changes: Partial<ChannelAccess>,
): void {
  const changed = { ...channelAccess(bmc, channel, which), ...changes }
  if (which === 'nonVolatile') {
    bmc.settings.set(accessFamily, channel, changed)
    return
  }
  const channels = present.get(bmc) ?? new Map<number, ChannelAccess>()
  present.set(bmc, channels.set(channel, changed))
}
