/** Finds a kernel for the bench: the newest of a Debian suite (downloaded, verified, unpacked, kept), or one's own. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LastwordError } from '../../protocol/error.ts'
import { readSystemSources, sourcesForSuite } from './apt-sources.ts'
import { type Kernel, KernelCache, keyOfFolder, keyOfPackages } from './kernel-cache.ts'
import { identifyKernel, type KernelIdentity } from './kernel-image.ts'
import { collectModules, moduleInfo, moduleName, scanModules } from './kernel-modules.ts'
import { messageOf } from './message-of.ts'
import { PackageIndex, type PackageRecord } from './package-index.ts'
import { runPipeline } from './run-program.ts'

export type { Kernel } from './kernel-cache.ts'

export interface DebianKernelChoice {
  /** Such as `bookworm`, `trixie` or `trixie-backports`; this system's own by default. */
  suite?: string
  /** How old the knowledge of what is newest may be: of today by default; `cached` asks nobody while a kernel is kept. */
  freshness?: 'newest' | 'daily' | 'cached'
  /** Where unpacked kernels are kept; `defaultCacheFolder()` by default. */
  cacheFolder?: string
  /** Told what is being done, a line at a time. */
  onProgress?: (line: string) => void
  /** Ends what is under way, and removes what it has left so far. */
  signal?: AbortSignal
}

export interface OwnKernelChoice {
  kernelFile: string
  /** Such as `/lib/modules/RELEASE`; modules may be compressed with xz, zstd or gzip. */
  modulesDir: string
  cacheFolder?: string
  signal?: AbortSignal
}

export type KernelChoice = DebianKernelChoice | OwnKernelChoice

const dayMs = 24 * 3_600_000

export function findKernel(choice: KernelChoice = {}): Promise<Kernel> {
  return 'kernelFile' in choice ? ownKernel(choice) : debianKernel(choice)
}

async function debianKernel(choice: DebianKernelChoice): Promise<Kernel> {
  const system = await readOsRelease()
  const suite = choice.suite ?? system
  if (!suite || !system) {
    throw new LastwordError(
      'SUITE_UNKNOWN',
      'This system does not say which Debian suite it is (VERSION_CODENAME in /etc/os-release); ' +
        'give a kernel file and its modules folder',
    )
  }
  const cache = new KernelCache(choice.cacheFolder)
  const known = await cache.newestOf(suite)
  const maxAgeMs = { newest: 0, daily: dayMs, cached: Number.POSITIVE_INFINITY }[choice.freshness ?? 'daily']
  if (known && known.ageMs < maxAgeMs) {
    const kernel = await cache.load(keyOfPackages(known.packages))
    if (kernel) return { ...kernel, suite }
  }
  try {
    const kernel = await cache.withScratch(scratch =>
      fetchNewest(suite, system, { cache, scratch, ...choice }),
    )
    return { ...kernel, suite }
  } catch (error) {
    const kept = known && isAboutReach(error) ? await cache.load(keyOfPackages(known.packages)) : undefined
    if (!kept) throw error
    choice.onProgress?.(`${messageOf(error)}. Taking the kept kernel ${kept.version}`)
    return { ...kept, suite }
  }
}

function isAboutReach(error: unknown): boolean {
  return error instanceof LastwordError && ['NO_NETWORK', 'NO_APT', 'NO_APT_SOURCE'].includes(error.code)
}

/** What fetching a kernel takes with it all the way. */
interface Fetch {
  cache: KernelCache
  /** A folder that goes when it is over. */
  scratch: string
  onProgress?: (line: string) => void
  signal?: AbortSignal
}

async function fetchNewest(suite: string, systemSuite: string, fetch: Fetch): Promise<Kernel> {
  const { cache, scratch, onProgress, signal } = fetch
  const sources = sourcesForSuite(suite, systemSuite, await readSystemSources())
  onProgress?.(`Reading the package index of ${suite}`)
  const index = await PackageIndex.fetch(suite, sources, join(scratch, 'apt'), signal)
  const packages = await index.newestKernel()
  const key = keyOfPackages(packages)
  const kernel = (await cache.load(key)) ?? (await fetchPackages(index, packages, key, fetch))
  await cache.setNewestOf(suite, packages)
  return kernel
}

async function fetchPackages(
  index: PackageIndex,
  packages: readonly PackageRecord[],
  key: string,
  { cache, scratch, onProgress, signal }: Fetch,
): Promise<Kernel> {
  const archives: string[] = []
  for (const one of packages) {
    onProgress?.(`Downloading ${one.name} ${one.version}`)
    archives.push(await index.download(one, join(scratch, 'archives')))
  }
  onProgress?.('Unpacking the kernel and its IPMI modules')
  const { folder, identity } = await unpackArchives(archives, scratch, signal)
  return cache.store(key, identity, folder)
}

const kernelMember = /\/(?:boot\/vmlinuz-[^/]+|lib\/modules\/[^/]+\/vmlinuz)$/

async function unpackArchives(
  archives: readonly string[],
  scratch: string,
  signal?: AbortSignal,
): Promise<{ folder: string; identity: KernelIdentity }> {
  const members = join(scratch, 'members')
  const folder = join(scratch, 'kernel')
  await mkdir(members)
  await mkdir(folder)
  let kernelFile: string | undefined
  for (const archive of archives) {
    const listed = await runPipeline(['dpkg-deb', '--fsys-tarfile', archive], ['tar', '-t'], { signal })
    const wanted = listed.stdout
      .toString()
      .split('\n')
      .filter(
        name => kernelMember.test(name) || (moduleName(name) && /\/drivers\/(char\/ipmi|i2c)\//.test(name)),
      )
    if (wanted.length > 0) {
      const extract = ['tar', '-x', '-C', members, '--', ...wanted] as const
      await runPipeline(['dpkg-deb', '--fsys-tarfile', archive], extract, { signal })
    }
    const kernelName = wanted.find(name => kernelMember.test(name))
    if (kernelName) kernelFile = join(members, kernelName)
    await rm(archive)
  }
  if (!kernelFile) throw new LastwordError('PACKAGE_UNUSABLE', 'The kernel packages hold no vmlinuz')
  const identity = await gather(kernelFile, members, folder, signal)
  return { folder, identity }
}

/** Fills `folder` with `vmlinuz` and the bench's modules, after a check that they belong together. */
async function gather(
  kernelFile: string,
  modulesDir: string,
  folder: string,
  signal?: AbortSignal,
): Promise<KernelIdentity> {
  const identity = await identifyKernel(kernelFile)
  await writeFile(join(folder, 'vmlinuz'), await readFile(kernelFile))
  const modules = await collectModules(await scanModules(modulesDir), folder, signal)
  for (const [name, path] of Object.entries(modules)) {
    const builtFor = moduleInfo(await readFile(path), 'vermagic')?.split(' ')[0]
    if (builtFor !== identity.release) {
      throw new LastwordError(
        'MODULE_MISMATCH',
        `The module ${name} was built for ${builtFor ?? 'no known kernel'}, the kernel is ${identity.release}; ` +
          'give the modules folder of the same release',
      )
    }
  }
  return identity
}

async function ownKernel(choice: OwnKernelChoice): Promise<Kernel> {
  const cache = new KernelCache(choice.cacheFolder)
  return cache.withScratch(async scratch => {
    const folder = join(scratch, 'kernel')
    await mkdir(folder)
    const identity = await gather(choice.kernelFile, choice.modulesDir, folder, choice.signal)
    const key = await keyOfFolder(identity.release, folder)
    return (await cache.load(key)) ?? cache.store(key, identity, folder)
  })
}

async function readOsRelease(): Promise<string | undefined> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '')
  return /^VERSION_CODENAME="?([^"\n]+)"?$/m.exec(text)?.[1]
}
