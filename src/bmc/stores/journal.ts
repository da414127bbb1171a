/**
 * An append-only file of checked entries: what was appended and flushed survives `kill -9`, what is damaged is
 * set aside and reported. An entry is E5h, the length (2 bytes), the CRC-32 of the payload (4 bytes), the payload.
 */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import { LastwordError } from '../../protocol/error.ts'

const MARK = 0xe5
const HEAD_BYTES = 7
const MAX_PAYLOAD_BYTES = 0xffff

/** What was wrong with a file, and where the bytes that could not be read are now. */
export interface Damage {
  file: string
  entriesKept: number
  bytesSetAside: number
  setAsideAs: string
}

export interface JournalOptions {
  /** `disk`: what is flushed survives a loss of power; `kernel`: it survives the process's end. */
  durability?: 'disk' | 'kernel'
  onDamage?: (damage: Damage) => void
}

export class Journal {
  readonly file: string
  readonly #durability: 'disk' | 'kernel'
  #fd: number
  #pending: Buffer[] = []
  /** Bytes in the file, and entries since it was last rewritten. */
  #size = 0
  entries = 0

  /** Opens or makes the file and calls `onEntry` for each entry that can be read. */
  constructor(file: string, onEntry: (payload: Uint8Array) => void, options: JournalOptions = {}) {
    this.file = file
    this.#durability = options.durability ?? 'disk'
    mkdirSync(dirname(file), { recursive: true })
    const found = existsSync(file) ? readFileSync(file) : Buffer.alloc(0)
    const { good, bad, entries } = readEntries(found, onEntry)
    this.entries = entries
    if (bad.length > 0) this.#setAside(found, good, bad, options.onDamage)
    this.#fd = openSync(file, 'a')
    this.#size = good.length
    if (bad.length > 0) this.#sync()
  }

  get isDirty(): boolean {
    return this.#pending.length > 0
  }

  /** Takes an entry; it is on disk after the next `flush`. */
  append(payload: Uint8Array): void {
    if (payload.length > MAX_PAYLOAD_BYTES) throw new RangeError(`an entry of ${payload.length} bytes`)
    this.#pending.push(entryBytes(payload))
    this.entries++
  }

  /** Writes all that was appended. Throws LastwordError STATE_WRITE and keeps nothing of it when the disk refuses. */
  flush(): void {
    if (this.#pending.length === 0) return
    const bytes = this.#pending.length === 1 ? this.#pending[0]! : Buffer.concat(this.#pending)
    this.#pending = []
    try {
      writeAll(this.#fd, bytes)
      this.#sync()
      this.#size += bytes.length
    } catch (cause) {
      // A half-written entry would hide the next one.
      ftruncateSync(this.#fd, this.#size)
      throw new LastwordError(
        'STATE_WRITE',
        `${this.file}: could not be written: ${(cause as Error).message}`,
        {
          cause,
          hint: 'Make room on the disk, or give another --state directory.',
        },
      )
    }
  }

  /** Puts a new, shorter history in the file's place, at once: a reader finds the old one or the new one. */
  rewrite(payloads: Iterable<Uint8Array>): void {
    const entries = Array.from(payloads, entryBytes)
    const bytes = Buffer.concat(entries)
    const next = `${this.file}.next`
    const fd = openSync(next, 'w')
    writeAll(fd, bytes)
    if (this.#durability === 'disk') fsyncSync(fd)
    closeSync(fd)
    renameSync(next, this.file)
    if (this.#durability === 'disk') syncFolder(dirname(this.file))
    closeSync(this.#fd)
    this.#fd = openSync(this.file, 'a')
    this.#size = bytes.length
    this.#pending = []
    this.entries = entries.length
  }

  close(): void {
    this.flush()
    closeSync(this.#fd)
  }

  #sync(): void {
    if (this.#durability === 'disk') fdatasyncSync(this.#fd)
  }

  #setAside(found: Buffer, good: Buffer, bad: Buffer, onDamage?: (damage: Damage) => void): void {
    let number = 1
    while (existsSync(`${this.file}.damaged-${number}`)) number++
    const setAsideAs = `${this.file}.damaged-${number}`
    writeFileSync(setAsideAs, found)
    writeFileSync(`${this.file}.next`, good)
    renameSync(`${this.file}.next`, this.file)
    onDamage?.({ file: this.file, entriesKept: this.entries, bytesSetAside: bad.length, setAsideAs })
  }
}

function entryBytes(payload: Uint8Array): Buffer {
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
  const end = at + HEAD_BYTES + bytes.readUInt16LE(at + 1)
  if (end > bytes.length) return 0
  return crc32(bytes.subarray(at + HEAD_BYTES, end)) === bytes.readUInt32LE(at + 3) ? end - at : 0
}

/** Reads on behind a damage wherever an entry can be found that checks. */
function readEntries(bytes: Buffer, onEntry: (payload: Uint8Array) => void) {
  const good: Buffer[] = []
  const bad: Buffer[] = []
  let badFrom = -1
  let at = 0
  while (at < bytes.length) {
    const length = validEntry(bytes, at)
    if (length === 0) {
      if (badFrom < 0) badFrom = at
      at++
      continue
    }
    if (badFrom >= 0) bad.push(bytes.subarray(badFrom, at))
    badFrom = -1
    onEntry(bytes.subarray(at + HEAD_BYTES, at + length))
    good.push(bytes.subarray(at, at + length))
    at += length
  }
  if (badFrom >= 0) bad.push(bytes.subarray(badFrom))
  return { good: Buffer.concat(good), bad: Buffer.concat(bad), entries: good.length }
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
