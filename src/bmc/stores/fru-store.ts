/** FRU inventories: the maker's image, and the blocks that were written over it. IPMI 2.0 rev 1.1, section 34. */
import { z } from 'zod'
import { fruImage, type World } from '../world/world.ts'
import { type Settings, settingFamily } from './settings.ts'

const BLOCK_BYTES = 256
const blockFamily = settingFamily('fru', z.string())

export class FruStore {
  readonly #settings: Settings
  readonly #world: World
  readonly #index: number

  constructor(settings: Settings, world: World, index: number) {
    this.#settings = settings
    this.#world = world
    this.#index = index
  }

  /** Undefined: there is no such device. */
  sizeOf(id: number): number | undefined {
    return this.#world.config.frus.find(fru => fru.id === id)?.sizeBytes
  }

  /** The whole inventory. */
  read(id: number): Uint8Array | undefined {
    const fru = this.#world.config.frus.find(fru => fru.id === id)
    if (fru === undefined) return undefined
    const image = fruImage(fru, this.#index)
    for (let at = 0; at < image.length; at += BLOCK_BYTES) {
      const written = this.#settings.get(blockFamily, `${id}.${at}`)
      if (written !== undefined) image.set(Buffer.from(written, 'hex').subarray(0, image.length - at), at)
    }
    return image
  }

  /** The bytes have to lie inside. */
  write(id: number, offset: number, data: Uint8Array): void {
    const image = this.read(id)!
    image.set(data, offset)
    const first = offset - (offset % BLOCK_BYTES)
    for (let at = first; at < offset + data.length; at += BLOCK_BYTES) {
      const block = Buffer.from(image.subarray(at, at + BLOCK_BYTES)).toString('hex')
      this.#settings.set(blockFamily, `${id}.${at}`, block)
    }
  }
}
