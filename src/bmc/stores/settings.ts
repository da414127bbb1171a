/** Named settings that are kept: users, parameters, power, what was written to FRU and SDR. JSON inside the journal. */
import { z } from 'zod'
import { type KeptPart, type KeptState, KeptTag } from './kept-state.ts'

/** A setting's family: the first word of its key, and the shape that its values have. */
export interface SettingFamily<T> {
  readonly name: string
  readonly shape: z.ZodType<T>
}

const families = new Map<string, z.ZodType<unknown>>()

/** Declares a family; what is on disk under this name and has another shape counts as damage. */
export function settingFamily<T>(name: string, shape: z.ZodType<T>): SettingFamily<T> {
  families.set(name, shape)
  return { name, shape }
}

/** The names of all that there are, once their parts are loaded. */
export function settingFamilyNames(): string[] {
  return [...families.keys()]
}

const entry = z.tuple([z.string(), z.unknown()])

export class Settings implements KeptPart {
  readonly #kept: KeptState
  /** Made with the first setting: of ten thousand BMCs most have none. */
  #values: ReadonlyMap<string, unknown> | null = null

  constructor(kept: KeptState) {
    this.#kept = kept
    kept.attach(KeptTag.Settings, this)
  }

  /** What was set under this key, or undefined. Values are not to be changed in place. */
  get<T>(family: SettingFamily<T>, key: string | number = ''): T | undefined {
    return this.#values?.get(`${family.name}.${key}`) as T | undefined
  }

  set<T>(family: SettingFamily<T>, key: string | number, value: T): void {
    this.#put(`${family.name}.${key}`, value)
    if (this.#kept.isOn) this.#kept.append(KeptTag.Settings, bytesOf(`${family.name}.${key}`, value))
  }

  /** The keys of a family, without its name, in the order in which they were first set. */
  keys(family: SettingFamily<unknown>): string[] {
    if (this.#values === null) return []
    const prefix = `${family.name}.`
    return [...this.#values.keys()].filter(key => key.startsWith(prefix)).map(key => key.slice(prefix.length))
  }

  forget(): void {
    this.#values = null
  }

  replay(bytes: Buffer): boolean {
    const parsed = entry.safeParse(jsonOf(bytes))
    if (!parsed.success) return false
    const [key, value] = parsed.data
    const shape = families.get(key.slice(0, key.indexOf('.')))
    if (shape?.safeParse(value).success !== true) return false
    this.#put(key, value)
    return true
  }

  *history(): Iterable<Uint8Array> {
    for (const [key, value] of this.#values ?? []) yield bytesOf(key, value)
  }

  snapshot(): ReadonlyMap<string, unknown> | null {
    return this.#values
  }

  restore(snapshot: ReadonlyMap<string, unknown> | null): void {
    this.#values = snapshot
  }

  /** A map of its own, for the one before may be on a tape. */
  #put(key: string, value: unknown): void {
    this.#values = new Map(this.#values).set(key, value)
  }
}

function bytesOf(key: string, value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify([key, value]))
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}
