/** The Device GUID: drawn once, and the same at every start from the same state. IPMI 2.0 rev 1.1, section 20.8. */
import { randomBytes } from 'node:crypto'
import { type KeptPart, type KeptState, KeptTag } from './kept-state.ts'

const GUID_BYTES = 16

export class IdentityStore implements KeptPart {
  readonly #kept: KeptState
  #guid: Uint8Array | null = null

  constructor(kept: KeptState) {
    this.#kept = kept
    kept.attach(KeptTag.Identity, this)
  }

  get guid(): Uint8Array {
    if (this.#guid === null) {
      this.#guid = Uint8Array.from(randomBytes(GUID_BYTES))
      this.#kept.append(KeptTag.Identity, this.#guid)
    }
    return this.#guid
  }

  forget(): void {
    this.#guid = null
  }

  replay(entry: Buffer): boolean {
    if (entry.length !== GUID_BYTES) return false
    this.#guid = Uint8Array.from(entry)
    return true
  }

  *history(): Iterable<Uint8Array> {
    if (this.#guid !== null) yield this.#guid
  }
}
