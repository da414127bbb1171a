/** Who a simulated BMC is: what the configuration says, and a GUID that stays. IPMI 2.0 rev 1.1, section 20.8. */
import { createHash, randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { BmcIdentity } from './controller.ts'
import { type Settings, settingFamily } from './stores/settings.ts'
import type { World } from './world/world.ts'

const guidFamily = settingFamily('guid', z.string().regex(/^[0-9a-f]{32}$/))
const GUID_BYTES = 16

export function identityOf(
  world: World,
  settings: Settings,
  given: Partial<BmcIdentity> | undefined,
): BmcIdentity {
  const { device } = world.config
  const [firmwareMajor, firmwareMinor] = device.firmware.split('.').map(Number) as [number, number]
  return {
    deviceId: device.id,
    deviceRevision: device.revision,
    firmwareMajor,
    firmwareMinor,
    manufacturerId: device.manufacturerId,
    productId: device.productId,
    ...given,
    guid: given?.guid ?? guidOf(world, settings),
  }
}

/** Configured, or drawn once and kept; the least significant byte first, so in the reverse of a UUID's order. */
function guidOf(world: World, settings: Settings): Uint8Array {
  const hex = world.config.device.guid ?? settings.get(guidFamily)
  if (hex !== undefined) return bytesOf(hex)
  const drawn = randomUUID().replaceAll('-', '')
  settings.set(guidFamily, '', drawn)
  return bytesOf(drawn)
}

/** The GUID of one of many, from the first one's: always the same, and a random one (version 4) to look at. */
export function derivedGuid(first: Uint8Array, index: number): Uint8Array {
  const hash = createHash('sha256').update(first).update(String(index)).digest().subarray(0, GUID_BYTES)
  hash[6] = (hash[6]! & 0x0f) | 0x40
  hash[8] = (hash[8]! & 0x3f) | 0x80
  return Uint8Array.from(hash).reverse()
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex')).reverse()
}
