/** The folder of unpacked kernels: one entry for each package version, complete or absent, held against its hashes. */
import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { LastwordError } from '../../protocol/error.ts'
import type { KernelIdentity } from './kernel-image.ts'
import type { PackageRecord } from './package-index.ts'
import { sha256Of, sha256OfFile } from './sha256.ts'

/** A kernel ready to boot. */
export interface Kernel {
  /** The upstream version, such as `6.1.192`. */
  version: string
  /** As `uname -r` prints it, such as `6.1.0-56-amd64`. */
  release: string
  /** The Debian suite it came from; absent for one's own kernel. */
  suite?: string
  vmlinuz: string
  /** From a module's name to its unpacked `.ko` file. */
  modules: Readonly<Record<string, string>>
}

interface Manifest {
  version: string
  release: string
  /** From a file's name in the entry to its SHA-256. */
  files: Record<string, string>
}

const manifestName = 'manifest.json'
const scratchPrefix = '.scratch-'
const newestForm = /^newest-(.+)\.json$/
const hourMs = 3_600_000
/** Kernels that are no suite's newest: builds of one's own, and what Debian has replaced. Each takes some 10 MB. */
const MOST_OTHERS = 8

export function defaultCacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return join(process.env.LASTWORD_CACHE || join(base, 'lastword'), 'kernels')
}

export class KernelCache {
  readonly folder: string

  constructor(folder: string = defaultCacheFolder()) {
    this.folder = folder
  }

  /** The packages that made up the newest kernel of `suite` when its index was last read. */
  async newestOf(suite: string): Promise<{ packages: PackageRecord[]; ageMs: number } | undefined> {
    const path = this.#newestPath(suite)
    try {
      const packages: PackageRecord[] = JSON.parse(await readFile(path, 'utf8'))
      return { packages, ageMs: Date.now() - (await stat(path)).mtimeMs }
    } catch {
      return undefined
    }
  }

  async setNewestOf(suite: string, packages: readonly PackageRecord[]): Promise<void> {
    await this.withScratch(async scratch => {
      const path = join(scratch, 'newest.json')
      await writeFile(path, JSON.stringify(packages, null, 2))
      await rename(path, this.#newestPath(suite))
    })
  }

  /** The kernel kept under `key`, or undefined when there is none or it is no longer what was stored. */
  async load(key: string): Promise<Kernel | undefined> {
    const entry = join(this.folder, key)
    const manifest = await readManifest(entry)
    if (!manifest) return undefined
    const modules: Record<string, string> = {}
    for (const [name, sha256] of Object.entries(manifest.files)) {
      const path = join(entry, name)
      if ((await sha256OfFile(path).catch(() => undefined)) !== sha256) {
        await rm(entry, { recursive: true, force: true })
        return undefined
      }
      if (name.endsWith('.ko')) modules[name.slice(0, -'.ko'.length)] = path
    }
    const { version, release } = manifest
    // The age of a kernel is the time since it was last asked for.
    const now = new Date()
    await utimes(entry, now, now).catch(() => {})
    return { version, release, vmlinuz: join(entry, 'vmlinuz'), modules }
  }

  /** Puts a folder that holds `vmlinuz` and `*.ko` in its place, whole or not at all, and loads it from there. */
  async store(key: string, identity: KernelIdentity, unpacked: string): Promise<Kernel> {
    const files: Record<string, string> = {}
    for (const name of (await readdir(unpacked)).sort())
      files[name] = await sha256OfFile(join(unpacked, name))
    const manifest: Manifest = { ...identity, files }
    await writeFile(join(unpacked, manifestName), JSON.stringify(manifest, null, 2))
    // Fails when another process was faster: then its entry is as good as ours.
    const failure = await rename(unpacked, join(this.folder, key)).catch((cause: unknown) => cause)
    const kernel = await this.load(key)
    if (kernel) {
      await this.#removeOldest()
      return kernel
    }
    throw new LastwordError(
      'CACHE_DAMAGED',
      `The kernel could not be kept below ${this.folder}; is there room?`,
      {
        cause: failure,
      },
    )
  }

  /** Lends a fresh folder on the cache's file system, and removes what is left of it. */
  async withScratch<T>(use: (folder: string) => Promise<T>): Promise<T> {
    await mkdir(this.folder, { recursive: true })
    await this.#removeAbandonedScratch()
    const scratch = await mkdtemp(join(this.folder, scratchPrefix))
    const removeAtExit = () => rmSync(scratch, { recursive: true, force: true })
    process.once('exit', removeAtExit)
    try {
      return await use(scratch)
    } finally {
      process.off('exit', removeAtExit)
      await rm(scratch, { recursive: true, force: true })
    }
  }

  /** Of kernels that are not the newest of any suite only the last used stay. */
  async #removeOldest(): Promise<void> {
    const names = await readdir(this.folder)
    const suites = names.map(name => newestForm.exec(name)?.[1]).filter(name => name !== undefined)
    const newest = await Promise.all(suites.map(suite => this.newestOf(decodeURIComponent(suite))))
    const keys = new Set(newest.map(known => keyOfPackages(known?.packages ?? [])))
    const others: { path: string; usedMs: number }[] = []
    for (const name of names) {
      if (name.startsWith(scratchPrefix) || newestForm.test(name) || keys.has(name)) continue
      const path = join(this.folder, name)
      const used = await stat(path).catch(() => undefined)
      if (used?.isDirectory()) others.push({ path, usedMs: used.mtimeMs })
    }
    others.sort((a, b) => b.usedMs - a.usedMs)
    for (const { path } of others.slice(MOST_OTHERS)) await rm(path, { recursive: true, force: true })
  }

  /** A process that was killed while it unpacked leaves its folder behind. */
  async #removeAbandonedScratch(): Promise<void> {
    for (const name of await readdir(this.folder)) {
      if (!name.startsWith(scratchPrefix)) continue
      const path = join(this.folder, name)
      const changed = await stat(path).catch(() => undefined)
      if (changed && Date.now() - changed.mtimeMs > hourMs) await rm(path, { recursive: true, force: true })
    }
  }

  #newestPath(suite: string): string {
    return join(this.folder, `newest-${encodeURIComponent(suite)}.json`)
  }
}

/** One key for each set of packages; Debian never gives one version to other bytes. */
export function keyOfPackages(packages: readonly PackageRecord[]): string {
  const image = packages[0]
  return image ? `${image.name}_${encodeURIComponent(image.version)}` : 'none'
}

/** One key for each content, for kernels that are nobody's package. */
export async function keyOfFolder(release: string, folder: string): Promise<string> {
  const names = (await readdir(folder)).sort()
  const hashes = await Promise.all(
    names.map(async name => `${name} ${await sha256OfFile(join(folder, name))}`),
  )
  return `own-${release}_${sha256Of(hashes.join('\n')).slice(0, 16)}`
}

async function readManifest(entry: string): Promise<Manifest | undefined> {
  try {
    return JSON.parse(await readFile(join(entry, manifestName), 'utf8'))
  } catch {
    return undefined
  }
}
