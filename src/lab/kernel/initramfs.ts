/** Builds the bench's initramfs: busybox, ipmitool with its libraries, IPMI modules, traffic and /init, in one archive. */
import { mkdir, readdir, readFile, realpath, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { LastwordError } from '../../protocol/error.ts'
import { type CpioEntry, cpioArchive } from './cpio.ts'
import { guestPath, type InitOptions, initScript, modulesFor } from './init-script.ts'
import { defaultCacheFolder, type Kernel } from './kernel-cache.ts'
import { modulesInLoadOrder } from './kernel-modules.ts'
import { requireProgram } from './run-program.ts'
import { sha256Of } from './sha256.ts'
import { sharedLibraries } from './shared-libraries.ts'
import { trafficExecFile } from './traffic.ts'

export interface InitramfsOptions {
  kernel: Pick<Kernel, 'modules'>
  /** What the guest does; or its `/init` as text, for something else. */
  init: InitOptions | { script: string; modules: readonly string[] }
  /** How many numbered requests the traffic has. */
  requests?: number
  /** Further files, by their path in the guest. */
  files?: Readonly<Record<string, Uint8Array | string>>
  /** Programs of this system to bring along with their libraries; ipmitool by default. */
  programs?: readonly string[]
  /** `none` by default: under TCG the guest unpacks more slowly than QEMU reads. */
  compression?: 'none' | 'gzip'
  /** Where archives are kept by their content; beside the kernels by default. */
  folder?: string
}

export interface Initramfs {
  path: string
  sizeBytes: number
}

const defaultRequests = 20_000
const archiveSuffix = '.cpio'
const keptArchives = 8

/** The commands of busybox that /init uses, or that help somebody who looks around in the guest. */
const applets = [
  ...[
    'base64',
    'cat',
    'dmesg',
    'echo',
    'grep',
    'gzip',
    'insmod',
    'ls',
    'mkdir',
    'mkfifo',
    'mount',
    'ps',
    'reboot',
  ],
  ...['rm', 'rmmod', 'sh', 'sleep', 'stty', 'tail', 'taskset', 'uname'],
]

export async function buildInitramfs(options: InitramfsOptions): Promise<Initramfs> {
  const archive = cpioArchive(await collectEntries(options))
  const image = options.compression === 'gzip' ? gzipSync(archive, { level: 1 }) : archive
  const folder = options.folder ?? join(defaultCacheFolder(), '..', 'initramfs')
  const path = join(folder, `${sha256Of(image).slice(0, 32)}${archiveSuffix}`)
  await keep(image, path, folder)
  return { path, sizeBytes: image.length }
}

async function collectEntries(options: InitramfsOptions): Promise<CpioEntry[]> {
  const { init } = options
  const wanted = 'script' in init ? init.modules : modulesFor(init)
  const modules = await modulesInLoadOrder(wanted, options.kernel.modules)
  const script =
    'script' in init
      ? init.script
      : initScript(
          init,
          modules.map(path => basename(path)),
        )
  const hasTraffic = !('script' in init) && (init.traffic ?? 'none') !== 'none'
  const text = (path: string, content: string, mode = 0o644): CpioEntry => {
    return { kind: 'file', path, content: Buffer.from(content), mode }
  }
  return [
    ...emptyFolders.map(path => ({ kind: 'folder' as const, path })),
    ...(await programEntries(['busybox', ...(options.programs ?? ['ipmitool'])])),
    ...applets.map(name => ({ kind: 'link' as const, path: `bin/${name}`, target: 'busybox' })),
    ...(await Promise.all(modules.map(path => moduleEntry(path)))),
    // Without this file ipmitool warns at each start; Debian's own has 4.7 MB and would be parsed at each start.
    text('usr/share/misc/enterprise-numbers.txt', enterpriseNumbers),
    ...(hasTraffic ? [text(guestPath.traffic, trafficExecFile(options.requests ?? defaultRequests))] : []),
    ...Object.entries(options.files ?? {}).map(([path, content]): CpioEntry => {
      return { kind: 'file', path, content: Buffer.from(content), mode: 0o755 }
    }),
    text('init', script, 0o755),
  ]
}

const emptyFolders = ['dev', 'proc', 'sys', 'tmp', 'run', 'root']
const enterpriseNumbers = '0\n  Reserved\n'

async function moduleEntry(path: string): Promise<CpioEntry> {
  return { kind: 'file', path: `${guestPath.modules}/${basename(path)}`, content: await readFile(path) }
}

/** Programs go to /bin; libraries keep their path, where the loader looks for them. */
async function programEntries(programs: readonly string[]): Promise<CpioEntry[]> {
  if (process.arch !== 'x64') {
    throw new LastwordError(
      'WRONG_ARCHITECTURE',
      `The guest is an x86-64 machine and runs this system's own programs, but this system is ${process.arch}`,
    )
  }
  const libraries = new Set<string>()
  const entries: CpioEntry[] = []
  for (const program of programs) {
    const path = requireProgram(program)
    entries.push({
      kind: 'file',
      path: `bin/${program}`,
      content: await readFile(await realpath(path)),
      mode: 0o755,
    })
    for (const library of await sharedLibraries(path)) libraries.add(library)
  }
  for (const library of libraries) {
    entries.push({ kind: 'file', path: library, content: await readFile(library), mode: 0o755 })
  }
  return entries
}

/** Writes the archive unless it is there, whole or not at all, and removes all but the last ones used. */
async function keep(image: Uint8Array, path: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const present = await stat(path).catch(() => undefined)
  if (present?.size === image.length) {
    const now = new Date()
    await utimes(path, now, now)
  } else {
    const unfinished = `${path}.${process.pid}`
    await writeFile(unfinished, image)
    await rename(unfinished, path)
  }
  const kept: { path: string; usedMs: number }[] = []
  for (const name of await readdir(folder)) {
    const file = await stat(join(folder, name)).catch(() => undefined)
    if (file && name.includes(archiveSuffix)) kept.push({ path: join(folder, name), usedMs: file.mtimeMs })
  }
  kept.sort((a, b) => b.usedMs - a.usedMs)
  // QEMU reads the archive as it starts, so one that is removed later is missed by nobody.
  for (const old of kept.slice(keptArchives)) await rm(old.path, { force: true })
}
