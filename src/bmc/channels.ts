/** The channels of a simulated BMC, and the second key of those with sessions. IPMI 2.0 rev 1.1, sections 6.3 and 22.25. */
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

const kgFamily = settingFamily('kg', z.string())

/** The second key; empty: there is none. */
export function kgOf(bmc: Bmc): Uint8Array {
  const kept = bmc.settings.get(kgFamily)
  if (kept !== undefined) return Uint8Array.from(Buffer.from(kept, 'hex'))
  return Uint8Array.from(Buffer.from(bmc.world.config.lan.kg, 'utf8'))
}

export function setKg(bmc: Bmc, key: Uint8Array): void {
  bmc.settings.set(kgFamily, '', Buffer.from(key).toString('hex'))
}
