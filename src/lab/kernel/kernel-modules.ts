/** Linux module files: which of them the bench needs, what they depend on, and how to unpack them. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { LastwordError } from '../../protocol/error.ts'
import { messageOf } from './message-of.ts'
import { expectSuccess, runProgram } from './run-program.ts'

/** The modules that the bench may load; all but these and what they depend on is left in the package. */
export const benchModules = [
  'ipmi_msghandler',
  'ipmi_devintf',
  'ipmi_si',
  'ipmi_watchdog',
  'ipmi_ssif',
  'i2c-smbus',
  'i2c-i801',
] as const

/** From a module's name to its path. */
export type ModulePaths = Readonly<Record<string, string>>

/** `.../i2c-smbus.ko.xz` is the module `i2c-smbus`; undefined for a file that is no module. */
export function moduleName(path: string): string | undefined {
  return /^(.+)\.ko(?:\.(?:xz|gz|zst))?$/.exec(basename(path))?.[1]
}

/** One entry of a module's `.modinfo`, such as `depends` or `vermagic`. */
export function moduleInfo(image: Buffer, key: string): string | undefined {
  // Entries are NUL-terminated strings one after another, so each is preceded by a NUL of its predecessor or padding.
  const start = image.indexOf(`\0${key}=`, 0, 'latin1')
  if (start < 0) return undefined
  const valueStart = start + key.length + 2
  return image.toString('latin1', valueStart, image.indexOf(0, valueStart))
}

export function moduleDependencies(image: Buffer): string[] {
  return (moduleInfo(image, 'depends') ?? '').split(',').filter(Boolean)
}

/** Finds a module by name; Linux takes `-` and `_` for the same. */
export function findModule(modules: ModulePaths, name: string): string | undefined {
  const plain = (one: string) => one.replaceAll('-', '_')
  const found = Object.keys(modules).find(one => plain(one) === plain(name))
  return found && modules[found]
}

/** The named modules and all that they depend on, each after what it depends on. */
export async function modulesInLoadOrder(names: readonly string[], modules: ModulePaths): Promise<string[]> {
  const ordered = new Set<string>()
  const visit = async (name: string, chain: readonly string[]): Promise<void> => {
    const path = findModule(modules, name)
    if (!path) {
      const wantedBy = chain.length > 0 ? `, which ${chain.at(-1)} depends on` : ''
      throw new LastwordError('MODULE_MISSING', `This kernel has no module ${name}${wantedBy}`)
    }
    if (ordered.has(path) || chain.includes(name)) return
    for (const needed of moduleDependencies(await readFile(path))) await visit(needed, [...chain, name])
    ordered.add(path)
  }
  for (const name of names) await visit(name, [])
  return [...ordered]
}

/** Reads a module file, unpacked when it is compressed. */
export async function readModule(path: string, signal?: AbortSignal): Promise<Buffer> {
  const unpacked = async (program: string) =>
    expectSuccess(program, await runProgram(program, ['-dc', path], { signal })).stdout
  if (path.endsWith('.xz')) return unpacked('xz')
  if (path.endsWith('.zst')) return unpacked('zstd')
  const image = await readFile(path)
  return path.endsWith('.gz') ? gunzipSync(image) : image
}

/** Brings the bench's modules, and what they depend on, from `available` into `folder` as plain `.ko` files. */
export async function collectModules(
  available: ModulePaths,
  folder: string,
  signal?: AbortSignal,
): Promise<Record<string, string>> {
  const collected: Record<string, string> = {}
  const queue: string[] = [...benchModules]
  for (const name of queue) {
    const source = findModule(available, name)
    const plainName = source && moduleName(source)
    if (!source || !plainName || collected[plainName]) continue
    const image = await readModule(source, signal)
    collected[plainName] = join(folder, `${plainName}.ko`)
    await writeFile(collected[plainName], image)
    queue.push(...moduleDependencies(image))
  }
  if (!collected.ipmi_si || !collected.ipmi_msghandler || !collected.ipmi_devintf) {
    throw new LastwordError(
      'MODULE_MISSING',
      'Among the modules are no ipmi_msghandler, ipmi_devintf and ipmi_si; choose a kernel built with CONFIG_IPMI_SI=m',
    )
  }
  return collected
}

/** All modules below a folder, as `/lib/modules/RELEASE` has them. */
export async function scanModules(folder: string): Promise<Record<string, string>> {
  const modules: Record<string, string> = {}
  const files = await readdir(folder, { recursive: true }).catch(cause => {
    throw new LastwordError('MODULE_MISSING', `The modules folder cannot be read: ${messageOf(cause)}`, {
      cause,
    })
  })
  for (const file of files) {
    const name = moduleName(file)
    if (name) modules[name] = join(folder, file)
  }
  return modules
}
