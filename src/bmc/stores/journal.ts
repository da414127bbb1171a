/**
 * An append-only file of checked entries: what was appended and flushed survives `kill -9`, what is damaged is
 * set aside and reported. An entry is E5h, the length (2 bytes), the CRC-32 of the payload (4 bytes), the payload.
 */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import { LastwordError } from '../../protocol/error.ts'
import {
  type Durability,
  makeLastingFolder,
  OWNER_ONLY,
  replaceFile,
  syncFolder,
  writeAll,
} from './folder.ts'

const MARK = 0xe5
const HEAD_BYTES = 7
/** Short, so that looking for an entry in a megabyte of rubbish takes milliseconds. */
export const MAX_PAYLOAD_BYTES = 1024

/** What was wrong with a file, and where the bytes that could not be read are now. */
export interface Damage {
  file: string
  entriesKept: number
  bytesSetAside: number
  setAsideAs: string
}

export interface JournalOptions {
  /** Of what is flushed; `disk` unless given. */
  durability?: Durability
  onDamage?: (damage: Damage) => void
}

/** Takes an entry's payload; false when it is of no shape that it knows, which counts as damage. */
export type TakeEntry = (payload: Uint8Array) => boolean

export class Journal {
  readonly file: string
  readonly #durability: Durability
  /** Opened with the first write: most of many BMCs never keep anything. */
  #fd: number | null = null
  /** The file was there, or has been made and its folder forced to the disk. */
  #isNamed = false
  #pending: Buffer[] = []
  /** Bytes of whole entries in the file. */
  #size = 0
  /** The file may be longer than that: a write failed and could not be taken back. */
  #hasTail = false

  /**
   * Reads the file, if there is one, and calls `takeEntry` for each entry that can be read.
   * Throws LastwordError STATE_DIR when it cannot be read.
   */
  constructor(file: string, takeEntry: TakeEntry, options: JournalOptions = {}) {
    this.file = file
    this.#durability = options.durability ?? 'disk'
    try {
      this.#isNamed = existsSync(file)
      const found = this.#isNamed ? readFileSync(file) : Buffer.alloc(0)
      const { good, badBytes, entries } = readEntries(found, takeEntry)
      this.#size = good.length
      if (badBytes === 0) return
      const setAsideAs = this.#setAside(found, good)
      options.onDamage?.({ file, entriesKept: entries, bytesSetAside: badBytes, setAsideAs })
    } catch (cause) {
      throw stateDirError(file, cause)
    }
  }

  get isDirty(): boolean {
    return this.#pending.length > 0
  }

  get sizeBytes(): number {
    return this.#size
  }

  /** Takes an entry; it is on disk after the next `flush`. */
  append(payload: Uint8Array): void {
    this.#pending.push(entryBytes(payload))
  }

  /** Writes all that was appended. Throws LastwordError STATE_WRITE and keeps nothing of it when the disk refuses. */
  flush(): void {
    if (this.#pending.length === 0) return
    const bytes = this.#pending.length === 1 ? this.#pending[0]! : Buffer.concat(this.#pending)
    this.#pending = []
    try {
      const fd = this.#open()
      this.#cutTail(fd)
      this.#hasTail = true
      writeAll(fd, bytes)
      if (this.#durability === 'disk') fdatasyncSync(fd)
      this.#hasTail = false
      this.#size += bytes.length
    } catch (cause) {
      this.#tryToCutTail()
      throw stateWriteError(this.file, cause)
    }
  }

  /** Reads the file once more: what is kept, without what was appended and refused. Throws LastwordError STATE_DIR. */
  reread(takeEntry: TakeEntry): void {
    this.#pending = []
    try {
      if (existsSync(this.file)) readEntries(readFileSync(this.file).subarray(0, this.#size), takeEntry)
    } catch (cause) {
      throw stateDirError(this.file, cause)
    }
  }

  /**
   * Puts a new, shorter history in the file's place, at once: a reader finds the old one or the new one.
   * Throws LastwordError STATE_WRITE and leaves the old one when the disk refuses.
   */
  rewrite(payloads: Iterable<Uint8Array>): void {
    const bytes = Buffer.concat(Array.from(payloads, entryBytes))
    try {
      replaceFile(this.file, bytes, this.#durability)
    } catch (cause) {
      throw stateWriteError(this.file, cause)
    }
    this.#closeFile()
    this.#size = bytes.length
    this.#hasTail = false
    this.#pending = []
  }

  /** What was not flushed is not kept. */
  close(): void {
    this.#closeFile()
  }

  #open(): number {
    if (!this.#isNamed) makeLastingFolder(dirname(this.file))
    this.#fd ??= openSync(this.file, 'a', OWNER_ONLY)
    // What is forced into a file whose name is not on the disk would be gone with it.
    if (!this.#isNamed && this.#durability === 'disk') syncFolder(dirname(this.file))
    this.#isNamed = true
    return this.#fd
  }

  #closeFile(): void {
    if (this.#fd !== null) closeSync(this.#fd)
    this.#fd = null
  }

  /** A half-written entry would hide the next one. */
  #cutTail(fd: number): void {
    if (this.#hasTail) ftruncateSync(fd, this.#size)
    this.#hasTail = false
  }

  #tryToCutTail(): void {
    try {
      if (this.#fd !== null) this.#cutTail(this.#fd)
    } catch {
      // The next flush tries again before it writes.
    }
  }

  /** Keeps the file as it was under another name, and what can be read of it in its place. */
  #setAside(found: Buffer, good: Buffer): string {
    let number = 1
    while (existsSync(`${this.file}.damaged-${number}`)) number++
    const setAsideAs = `${this.file}.damaged-${number}`
    writeFileSync(setAsideAs, found, { flush: this.#durability === 'disk', mode: OWNER_ONLY })
    replaceFile(this.file, good, this.#durability)
    return setAsideAs
  }
}

/** The state directory cannot be used: it is no directory, or may not be read or written. */
export function stateDirError(path: string, cause: unknown): LastwordError {
  return new LastwordError(
    'STATE_DIR',
    `${path}: cannot be used for the state: ${(cause as Error).message}`,
    {
      cause,
      hint: 'Give --state a directory that this user may write, or one that can be made.',
    },
  )
}

/** The state is as it was: the disk has refused what was to be kept. */
export function stateWriteError(file: string, cause: unknown): LastwordError {
  return new LastwordError('STATE_WRITE', `${file}: could not be written: ${(cause as Error).message}`, {
    cause,
    hint: 'Make room on the disk, or give another --state directory.',
  })
}

function entryBytes(payload: Uint8Array): Buffer {
  if (payload.length > MAX_PAYLOAD_BYTES) throw new RangeError(`an entry of ${payload.length} bytes`)
  const entry = Buffer.allocUnsafe(HEAD_BYTES + payload.length)
  entry[0] = MARK
  entry.writeUInt16LE(payload.length, 1)
  entry.writeUInt32LE(crc32(payload), 3)
  entry.set(payload, HEAD_BYTES)
  return entry
}

/** Length of the valid entry at `at`, or 0. */
function validEntry(bytes: Buffer, at: number): number {
  if (at + HEAD_BYTES > bytes.length || bytes[at] !== MARK) return 0
  const payloadLength = bytes.readUInt16LE(at + 1)
  const end = at + HEAD_BYTES + payloadLength
  if (payloadLength > MAX_PAYLOAD_BYTES || end > bytes.length) return 0
  return crc32(bytes.subarray(at + HEAD_BYTES, end)) === bytes.readUInt32LE(at + 3) ? end - at : 0
}

/** Reads on behind a damage wherever an entry can be found that checks and that is of a known shape. */
function readEntries(bytes: Buffer, takeEntry: TakeEntry) {
  const good: Buffer[] = []
  let goodBytes = 0
  for (let at = 0; at < bytes.length; ) {
    const length = validEntry(bytes, at)
    if (length > 0 && takeEntry(bytes.subarray(at + HEAD_BYTES, at + length))) {
      good.push(bytes.subarray(at, at + length))
      goodBytes += length
    }
    at += length || 1
  }
  return { good: Buffer.concat(good), badBytes: bytes.length - goodBytes, entries: good.length }
}
