/** Reads apt's source files (sources.list(5), both formats) and says where a Debian suite comes from on this system. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LastwordError } from '../../protocol/error.ts'

export interface AptSource {
  uris: string[]
  suites: string[]
  components: string[]
  /** Value of `Signed-By`: a keyring's path, a fingerprint, or a key in full (then over several lines). */
  signedBy?: string
}

/** Reads a deb822 file (`*.sources`): the enabled entries for binary packages. */
export function parseDeb822Sources(text: string): AptSource[] {
  const sources: AptSource[] = []
  for (const paragraph of text.split(/\n[ \t]*\n/)) {
    const fields = deb822Fields(paragraph)
    const words = (name: string) => fields.get(name)?.split(/\s+/).filter(Boolean) ?? []
    const enabled = !/^(no|false|without|off|disable)$/i.test(fields.get('enabled') ?? 'yes')
    if (!enabled || !words('types').includes('deb') || words('uris').length === 0) continue
    const signedBy = fields.get('signed-by')
    sources.push({
      uris: words('uris'),
      suites: words('suites'),
      components: words('components'),
      ...(signedBy && { signedBy }),
    })
  }
  return sources
}

function deb822Fields(paragraph: string): Map<string, string> {
  const fields = new Map<string, string>()
  let current: string | undefined
  for (const line of paragraph.split('\n')) {
    if (line.startsWith('#')) continue
    const field = /^([\w-]+):[ \t]*(.*)$/.exec(line)
    if (field) {
      current = field[1]!.toLowerCase()
      fields.set(current, field[2]!.trim())
    } else if (current && /^[ \t]/.test(line)) {
      fields.set(current, `${fields.get(current)}\n${line.trimEnd()}`)
    }
  }
  return fields
}

/** Reads a one-line-style file (`sources.list`, `*.list`): its entries for binary packages. */
export function parseOneLineSources(text: string): AptSource[] {
  const sources: AptSource[] = []
  for (const line of text.split('\n')) {
    const entry = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)([^#]*)/.exec(line)
    if (!entry) continue
    const [, options = '', uri, suite, components] = entry
    const signedBy = /(?:^|\s)signed-by=(\S+)/.exec(options)?.[1]
    sources.push({
      uris: [uri!],
      suites: [suite!],
      components: components!.split(/\s+/).filter(Boolean),
      ...(signedBy && { signedBy }),
    })
  }
  return sources
}

/** All of this system's sources, in the order in which apt reads them. */
export async function readSystemSources(aptFolder = '/etc/apt'): Promise<AptSource[]> {
  const read = (path: string) => readFile(path, 'utf8').catch(() => '')
  const parts = join(aptFolder, 'sources.list.d')
  const names = (await readdir(parts).catch(() => [])).sort()
  const sources = parseOneLineSources(await read(join(aptFolder, 'sources.list')))
  for (const name of names) {
    if (name.endsWith('.list')) sources.push(...parseOneLineSources(await read(join(parts, name))))
    if (name.endsWith('.sources')) sources.push(...parseDeb822Sources(await read(join(parts, name))))
  }
  return sources
}

/**
 * The sources to read `suite` from: the archive that this system's own suite comes from, and its security
 * archive for a suite that has one.
 */
export function sourcesForSuite(
  suite: string,
  systemSuite: string,
  systemSources: readonly AptSource[],
): AptSource[] {
  const archive = findSource([suite, systemSuite], systemSources)
  if (!archive) {
    throw new LastwordError(
      'NO_APT_SOURCE',
      `No enabled apt source offers '${systemSuite}' with the component 'main', so there is no mirror to take a ` +
        'kernel from; add one below /etc/apt, or give a kernel file and its modules folder',
    )
  }
  const sources = [narrowTo(suite, archive)]
  const security = findSource([`${suite}-security`, `${systemSuite}-security`], systemSources)
  if (security && hasSecurityArchive(suite)) sources.push(narrowTo(`${suite}-security`, security))
  return sources
}

function findSource(suites: readonly string[], sources: readonly AptSource[]): AptSource | undefined {
  for (const suite of suites) {
    const found = sources.find(one => one.suites.includes(suite) && one.components.includes('main'))
    if (found) return found
  }
  return undefined
}

/** Backports and the like, and the moving suites, get their security fixes in place. */
function hasSecurityArchive(suite: string): boolean {
  return !suite.includes('-') && !['sid', 'unstable', 'testing', 'experimental'].includes(suite)
}

function narrowTo(suite: string, source: AptSource): AptSource {
  return { ...source, uris: source.uris.slice(0, 1), suites: [suite], components: ['main'] }
}

/** A deb822 file with these sources. */
export function formatDeb822Sources(sources: readonly AptSource[]): string {
  return sources
    .map(source =>
      [
        'Types: deb',
        `URIs: ${source.uris.join(' ')}`,
        `Suites: ${source.suites.join(' ')}`,
        `Components: ${source.components.join(' ')}`,
        ...(source.signedBy ? [`Signed-By: ${source.signedBy}`] : []),
        '',
      ].join('\n'),
    )
    .join('\n')
}
