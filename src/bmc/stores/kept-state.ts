/** All that a BMC keeps, in one journal: each part of the state has a tag and knows how to say itself in entries. */
import { LastwordError } from '../../protocol/error.ts'
import { Journal, type JournalOptions } from './journal.ts'

/** The parts, by the first byte of their entries. A tag never changes its meaning. */
export const KeptTag = {
  Sel: 1,
  Settings: 2,
} as const
export type KeptTag = (typeof KeptTag)[keyof typeof KeptTag]

/** A part of the state that is kept. An entry is what it appended, without the tag. */
export interface KeptPart {
  /** As if nothing had ever been kept. */
  forget(): void
  /** Does again what an entry says; false when it is none of this part's. */
  replay(entry: Buffer): boolean
  /** The shortest entries that lead to this state. */
  history(): Iterable<Uint8Array>
}

/** The journal is rewritten when it has grown by this much and to twice what it was. */
const SLACK_BYTES = 64 * 1024

export interface KeptStateOptions extends JournalOptions {
  /** The journal; without it nothing is kept. */
  file?: string
  /** What goes wrong where nobody waits for an answer. */
  onError?: (error: LastwordError) => void
}

export class KeptState {
  readonly #parts = new Map<number, KeptPart>()
  readonly #options: KeptStateOptions
  readonly #waiting: ((error: LastwordError | null) => void)[] = []
  #journal: Journal | null = null
  #rewriteAtBytes = SLACK_BYTES
  /** Counts the entries, so that one can tell whether a command changed anything. */
  changes = 0

  constructor(options: KeptStateOptions = {}) {
    this.#options = options
  }

  attach(tag: KeptTag, part: KeptPart): void {
    this.#parts.set(tag, part)
  }

  /** Reads what was kept into the parts; they have all to be attached. Throws LastwordError STATE_DIR. */
  open(): void {
    const { file } = this.#options
    if (file === undefined) return
    this.#journal = new Journal(file, entry => this.#replay(entry), this.#options)
    this.#rewriteAtBytes = this.#journal.sizeBytes + SLACK_BYTES
  }

  /** False: in memory only, and what is appended goes nowhere. */
  get isOn(): boolean {
    return this.#journal !== null
  }

  get isDirty(): boolean {
    return this.#journal?.isDirty ?? false
  }

  append(tag: KeptTag, ...pieces: Uint8Array[]): void {
    if (this.#journal === null) return
    this.#journal.append(Buffer.concat([Uint8Array.of(tag), ...pieces]))
    this.changes++
  }

  /** Calls back once all that was appended until now is kept, or has been refused and undone. */
  whenKept(callback: (error: LastwordError | null) => void): void {
    if (this.isDirty) this.#waiting.push(callback)
    else callback(null)
  }

  /**
   * Puts on disk whatever was appended. When the disk refuses, memory goes back to what is kept, and everyone who
   * waits and `onError` are told; that error, STATE_WRITE, is returned.
   */
  flush(): LastwordError | null {
    const journal = this.#journal
    if (journal === null || !journal.isDirty) return null
    const error = attempt(() => journal.flush())
    if (error !== null) {
      this.#goBack(journal)
      this.#options.onError?.(error)
    }
    for (const callback of this.#waiting.splice(0)) callback(error)
    if (journal.sizeBytes > this.#rewriteAtBytes) this.#rewrite(journal)
    return error
  }

  close(): void {
    this.flush()
    this.#journal?.close()
  }

  #goBack(journal: Journal): void {
    for (const part of this.#parts.values()) part.forget()
    const error = attempt(() => journal.reread(entry => this.#replay(entry)))
    if (error !== null) this.#options.onError?.(error)
  }

  #replay(entry: Uint8Array): boolean {
    const part = this.#parts.get(entry[0]!)
    const content = Buffer.from(entry.buffer, entry.byteOffset + 1, Math.max(0, entry.length - 1))
    return entry.length > 0 && (part?.replay(content) ?? false)
  }

  /** What is kept stays kept when there is no room for the shorter journal: then it is tried again later. */
  #rewrite(journal: Journal): void {
    const error = attempt(() => journal.rewrite(this.#history()))
    if (error !== null) this.#options.onError?.(error)
    this.#rewriteAtBytes = journal.sizeBytes * 2 + SLACK_BYTES
  }

  *#history(): Iterable<Uint8Array> {
    for (const [tag, part] of this.#parts) {
      for (const entry of part.history()) yield Buffer.concat([Uint8Array.of(tag), entry])
    }
  }
}

/** The error that the action ended with, or null. */
function attempt(action: () => void): LastwordError | null {
  try {
    action()
    return null
  } catch (error) {
    if (error instanceof LastwordError) return error
    throw error
  }
}

/** Least significant byte first, as everywhere in IPMI. */
export function uint32(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24)
}

export function uint16(value: number): Uint8Array {
  return Uint8Array.of(value, value >> 8)
}
