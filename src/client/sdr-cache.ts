/** Sensor data records kept on disk between runs, one file a BMC. */
import { createHash, randomBytes } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { makeFolder } from '../ports/make-folder.ts'
import type { SdrCache } from './sdr.ts'

/** Changes with the file's layout; a file of another format is not looked at. */
const FORMAT = 'lastword-sdr-1'

/** `$XDG_CACHE_HOME/lastword/sdr`, or below `~/.cache` without it. */
export function defaultSdrCacheDir(env: NodeJS.ProcessEnv = process.env): string {
  const { XDG_CACHE_HOME } = env
  const base = XDG_CACHE_HOME?.startsWith('/') ? XDG_CACHE_HOME : join(homedir(), '.cache')
  return join(base, 'lastword', 'sdr')
}

/**
 * A cache in a directory, which is made when it is needed. A file is lines of text: format and checksum, key, a record each in
 * hexadecimal digits. A file that is damaged is as good as none, and a directory that cannot be written is no error:
 * the records are read from the BMC then.
 */
export class FileSdrCache implements SdrCache {
  readonly #dir: string

  constructor(dir: string = defaultSdrCacheDir()) {
    this.#dir = dir
  }

  async load(url: string, key: string | null): Promise<Uint8Array[] | undefined> {
    if (key === null) return undefined
    let text: string
    try {
      text = await readFile(this.#fileOf(url), 'utf8')
    } catch {
      return undefined
    }
    const end = text.indexOf('\n')
    const body = text.slice(end + 1)
    if (text.slice(0, end) !== headOf(body)) return undefined
    const [keptKey, ...records] = body.trimEnd().split('\n')
    if (keptKey !== key) return undefined
    return records.map(record => Uint8Array.from(Buffer.from(record, 'hex')))
  }

  /** The file is replaced as a whole: who reads meanwhile sees the old one or the new one. */
  async save(url: string, key: string, records: readonly Uint8Array[]): Promise<void> {
    const lines = records.map(record => Buffer.from(record).toString('hex'))
    const body = `${[key, ...lines].join('\n')}\n`
    const file = this.#fileOf(url)
    const partial = `${file}.${randomBytes(6).toString('hex')}`
    try {
      makeFolder(this.#dir, { mode: 0o700 })
      await writeFile(partial, `${headOf(body)}\n${body}`, { mode: 0o600 })
      await rename(partial, file)
    } catch {
      await rm(partial, { force: true }).catch(() => {})
    }
  }

  #fileOf(url: string): string {
    return join(this.#dir, createHash('sha256').update(url).digest('hex').slice(0, 32))
  }
}

function headOf(body: string): string {
  return `${FORMAT} ${createHash('sha256').update(body).digest('hex')}`
}
