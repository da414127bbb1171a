/** The channels of a simulated BMC and what may be done over them. IPMI 2.0 rev 1.1, sections 6.3 and 22.22. */
import { z } from 'zod'
import type { Bmc } from './bmc.ts'
import type { Caller } from './serve.ts'
import { settingFamily } from './stores/settings.ts'

export const IPMB_CHANNEL = 0
export const SYSTEM_INTERFACE_CHANNEL = 0x0f
/** Stands for the channel that the request came over. */
const PRESENT_CHANNEL = 0x0e

export function channelOf(channel: number, caller: Caller): number {
  return channel === PRESENT_CHANNEL ? caller.channel : channel
}

/** A channel with sessions: the LAN. */
export function hasSessions(bmc: Bmc, channel: number): boolean {
  return channel === bmc.world.config.lan.channel || bmc.lanServers.has(channel)
}

const accessShape = z.object({
  mode: z.enum(['disabled', 'preBoot', 'always', 'shared']),
  userLevelAuthenticationDisabled: z.boolean(),
  perMessageAuthenticationDisabled: z.boolean(),
  pefAlertingDisabled: z.boolean(),
  limit: z.enum(['callback', 'user', 'operator', 'admin', 'oem']),
})
export type ChannelAccess = z.output<typeof accessShape>

const accessFamily = settingFamily('channel', accessShape)
const kgFamily = settingFamily('kg', z.string())

const accessAtFirst: ChannelAccess = {
  mode: 'always',
  userLevelAuthenticationDisabled: false,
  perMessageAuthenticationDisabled: false,
  pefAlertingDisabled: false,
  limit: 'admin',
}

/** What was set for this run only is in `present`. */
const present = new WeakMap<Bmc, Map<number, ChannelAccess>>()

export function channelAccess(bmc: Bmc, channel: number, which: 'nonVolatile' | 'volatile'): ChannelAccess {
  const now = which === 'volatile' ? present.get(bmc)?.get(channel) : undefined
  return now ?? bmc.settings.get(accessFamily, channel) ?? accessAtFirst
}

export function changeChannelAccess(
  bmc: Bmc,
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

/** The second key; empty: there is none. */
export function kgOf(bmc: Bmc): Uint8Array {
  const kept = bmc.settings.get(kgFamily)
  if (kept !== undefined) return Uint8Array.from(Buffer.from(kept, 'hex'))
  return Uint8Array.from(Buffer.from(bmc.world.config.lan.kg, 'utf8'))
}

export function setKg(bmc: Bmc, key: Uint8Array): void {
  bmc.settings.set(kgFamily, '', Buffer.from(key).toString('hex'))
}
