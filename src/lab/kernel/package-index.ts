/** A suite's package index, read by apt into a folder of its own, so that the system's lists stay as they are. */
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LastwordError } from '../../protocol/error.ts'
import { type AptSource, formatDeb822Sources } from './apt-sources.ts'
import { nearestNames } from './nearest-names.ts'
import { findProgram, lastLine, type ProgramResult, runProgram } from './run-program.ts'
import { sha256OfFile } from './sha256.ts'

export interface PackageRecord {
  name: string
  version: string
  sha256: string
  depends: { name: string; version?: string }[]
}

/** The metapackage that always depends on the newest kernel. */
const kernelMetapackage = 'linux-image-amd64'

/** What brings the kernel or its modules: one package up to 7.2, `linux-binary` and `linux-modules` from 7.3 on. */
const kernelPart = /^linux-(image|binary|modules)-\d/

export class PackageIndex {
  readonly suite: string
  readonly #folder: string
  readonly #signal: AbortSignal | undefined

  private constructor(suite: string, folder: string, signal: AbortSignal | undefined) {
    this.suite = suite
    this.#folder = folder
    this.#signal = signal
  }

  /** Fetches the index of `suite` from `sources` into `folder`, which is the caller's to remove. */
  static async fetch(
    suite: string,
    sources: readonly AptSource[],
    folder: string,
    signal?: AbortSignal,
  ): Promise<PackageIndex> {
    if (!findProgram('apt-get')) {
      throw new LastwordError(
        'NO_APT',
        'apt-get is not on this system, so no Debian kernel can be fetched; give a kernel file and its modules folder',
      )
    }
    const index = new PackageIndex(suite, folder, signal)
    await mkdir(join(folder, 'lists', 'partial'), { recursive: true })
    await mkdir(join(folder, 'cache', 'archives', 'partial'), { recursive: true })
    await writeFile(join(folder, 'status'), '')
    await writeFile(join(folder, 'suite.sources'), formatDeb822Sources(sources))
    const updated = await index.#run('apt-get', ['update', '-q', '-o', 'APT::Update::Error-Mode=any'])
    const failure = updateFailure(suite, updated.stderr)
    if (failure) throw failure
    return index
  }

  /** The packages that together hold the newest kernel and its modules. */
  async newestKernel(): Promise<PackageRecord[]> {
    const parts = new Map<string, PackageRecord>()
    const wanted: PackageRecord['depends'] = (await this.show(kernelMetapackage)).depends
    for (const { name, version } of wanted) {
      if (!kernelPart.test(name) || parts.has(name)) continue
      const part = await this.show(name, version)
      parts.set(name, part)
      // The array grows under the loop on purpose: a part may depend on further parts.
      wanted.push(...part.depends)
    }
    return [...parts.values()]
  }

  async show(name: string, version?: string): Promise<PackageRecord> {
    const which = version ? `${name}=${version}` : name
    const shown = await this.#run('apt-cache', ['show', '--no-all-versions', which])
    const record = parsePackageRecord(shown.stdout.toString())
    if (record) return record
    const stem = name.split('-').slice(0, 2).join('-')
    const listed = await this.#run('apt-cache', ['pkgnames', stem])
    const nearest = nearestNames(name, listed.stdout.toString().split('\n').filter(Boolean))
    throw new LastwordError(
      'PACKAGE_NOT_FOUND',
      `Suite '${this.suite}' has no package ${which}; ` +
        (nearest.length > 0 ? `the nearest are ${nearest.join(', ')}` : `it has none named ${stem}-*`) +
        '; take a suite of Debian, or give a kernel file and its modules folder',
    )
  }

  /** Downloads a package into `folder`, holds it against the index's checksum, and says where it is. */
  async download(record: PackageRecord, folder: string): Promise<string> {
    await mkdir(folder, { recursive: true })
    const result = await this.#run('apt-get', ['download', '-q', `${record.name}=${record.version}`], folder)
    if (result.exitCode !== 0) throw downloadFailure(record, result)
    const file = (await readdir(folder)).find(
      one => one.startsWith(`${record.name}_`) && one.endsWith('.deb'),
    )
    if (!file)
      throw new LastwordError('DOWNLOAD_FAILED', `apt-get downloaded ${record.name}, but left no file`)
    const path = join(folder, file)
    const actual = await sha256OfFile(path)
    if (actual !== record.sha256) throw checksumWrong(record.name, record.sha256, actual)
    return path
  }

  #run(program: 'apt-get' | 'apt-cache', args: readonly string[], cwd?: string): Promise<ProgramResult> {
    const settings = [
      `Dir::Etc::SourceList=${join(this.#folder, 'suite.sources')}`,
      'Dir::Etc::SourceParts=/dev/null',
      // Pins and installed packages of this system must not change which version counts as the newest.
      'Dir::Etc::Preferences=/dev/null',
      'Dir::Etc::PreferencesParts=/dev/null',
      `Dir::State::status=${join(this.#folder, 'status')}`,
      `Dir::State::Lists=${join(this.#folder, 'lists')}`,
      `Dir::Cache=${join(this.#folder, 'cache')}`,
      'APT::Architecture=amd64',
      'APT::Architectures::=amd64',
      // Root's cache is closed to the user that apt would download as.
      'APT::Sandbox::User=root',
      'Acquire::Languages=none',
      'Acquire::Retries=2',
    ]
    return runProgram(program, [...settings.flatMap(one => ['-o', one]), ...args], {
      ...(cwd && { cwd }),
      timeoutMs: 600_000,
      signal: this.#signal,
    })
  }
}

/** Reads the first paragraph of `apt-cache show`. */
export function parsePackageRecord(text: string): PackageRecord | undefined {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(text.split('\n\n')[0]!)?.[1]
  const name = field('Package')
  const version = field('Version')
  const sha256 = field('SHA256')
  if (!name || !version || !sha256) return undefined
  const depends = (field('Depends') ?? '').split(',').flatMap(one => {
    const parsed = /^\s*([^\s(|]+)(?:\s*\(= ([^)]+)\))?/.exec(one)
    return parsed ? [{ name: parsed[1]!, ...(parsed[2] && { version: parsed[2] }) }] : []
  })
  return { name, version, sha256, depends }
}

/** What `apt-get update` complained about, in our terms; undefined when the suite itself was read. */
export function updateFailure(suite: string, stderr: string): LastwordError | undefined {
  const complaints = stderr.split('\n').filter(line => /^[EW]:/.test(line))
  const about = complaints.filter(line => !line.includes(`${suite}-security`))
  const complaint = (pattern: RegExp) => about.find(line => pattern.test(line))?.replace(/^[EW]: */, '')
  if (complaint(/does not have a Release file/)) {
    return new LastwordError(
      'SUITE_UNKNOWN',
      `The mirror has no suite '${suite}'; give one that it has, such as bookworm, trixie or trixie-backports`,
    )
  }
  const untrusted = complaint(/NO_PUBKEY|not signed|EXPKEYSIG|couldn't be verified/)
  if (untrusted) {
    return new LastwordError(
      'SUITE_UNTRUSTED',
      `The index of '${suite}' is signed by a key that this system does not have (${untrusted}); ` +
        'bring a newer keyring with: apt-get install debian-archive-keyring',
    )
  }
  const unreachable = complaint(/Failed to fetch|Could not (resolve|connect)|Temporary failure/)
  return unreachable ? noNetwork(`The index of '${suite}' could not be fetched`, unreachable) : undefined
}

function downloadFailure(record: PackageRecord, result: ProgramResult): LastwordError {
  const complaint = lastLine(result.stderr).replace(/^[EW]: */, '')
  if (/Hash Sum mismatch/.test(result.stderr)) return checksumWrong(record.name, record.sha256, 'another')
  if (/Failed to fetch|Could not/.test(result.stderr)) {
    return noNetwork(`${record.name} ${record.version} could not be downloaded`, complaint)
  }
  return new LastwordError(
    'DOWNLOAD_FAILED',
    `${record.name} ${record.version} was not downloaded: ${complaint}`,
  )
}

function noNetwork(what: string, why: string): LastwordError {
  return new LastwordError(
    'NO_NETWORK',
    `${what}: ${why}; mend the network or the mirror below /etc/apt, or give a kernel file and its modules folder`,
  )
}

function checksumWrong(what: string, expected: string, actual: string): LastwordError {
  return new LastwordError(
    'CHECKSUM_WRONG',
    `${what} has the checksum ${actual.slice(0, 16)}, the index says ${expected.slice(0, 16)}; ` +
      'nothing was kept, try again, and mistrust the mirror if it stays so',
  )
}
