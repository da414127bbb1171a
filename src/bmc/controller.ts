/** What the parts of a simulated BMC see of the whole. */
import type { Chassis } from './chassis.ts'
import type { SelStore } from './stores/sel-store.ts'
import type { Settings } from './stores/settings.ts'
import type { World } from './world/world.ts'

/** What Get Device ID and its neighbours tell. */
export interface BmcIdentity {
  deviceId: number
  deviceRevision: number
  firmwareMajor: number
  firmwareMinor: number
  manufacturerId: number
  productId: number
  /** 16 bytes, least significant first. */
  guid: Uint8Array
}

export interface Controller {
  readonly identity: BmcIdentity
  readonly world: World
  /** Which of many alike this is. */
  readonly index: number
  readonly settings: Settings
  readonly sel: SelStore
  readonly chassis: Chassis
  /** Where the LAN channel can be reached, once it is served. */
  readonly lanAddress: { readonly host: string; readonly port: number } | null
}
