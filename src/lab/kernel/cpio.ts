/** Writes a cpio archive in the "newc" format, which Linux unpacks as its initramfs (Documentation: initramfs buffer format). */

export type CpioEntry =
  | { kind: 'file'; path: string; content: Uint8Array; mode?: number }
  | { kind: 'folder'; path: string; mode?: number }
  | { kind: 'link'; path: string; target: string }

const magic = '070701'
const typeFile = 0o100000
const typeFolder = 0o040000
const typeLink = 0o120000
const trailerName = 'TRAILER!!!'

/** An archive of these entries, with the folders that they lie in; the same entries always give the same bytes. */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const chunks = withParentFolders(entries).flatMap((entry, index) => encodeEntry(entry, index + 1))
  chunks.push(header({ inode: 0, mode: 0, size: 0, name: trailerName }))
  return Buffer.concat(chunks)
}

function withParentFolders(entries: readonly CpioEntry[]): CpioEntry[] {
  const complete = new Map<string, CpioEntry>()
  for (const entry of entries) {
    const parts = plainPath(entry.path).split('/')
    for (let depth = 1; depth < parts.length; depth++) {
      const path = parts.slice(0, depth).join('/')
      if (!complete.has(path)) complete.set(path, { kind: 'folder', path })
    }
    complete.set(plainPath(entry.path), { ...entry, path: plainPath(entry.path) })
  }
  return [...complete.values()]
}

function plainPath(path: string): string {
  return path.replace(/^\/+/, '')
}

function encodeEntry(entry: CpioEntry, inode: number): Buffer[] {
  const name = entry.path
  if (entry.kind === 'folder') {
    return [header({ inode, mode: typeFolder | (entry.mode ?? 0o755), size: 0, name })]
  }
  const content = entry.kind === 'link' ? Buffer.from(entry.target) : entry.content
  const mode = entry.kind === 'link' ? typeLink | 0o777 : typeFile | (entry.mode ?? 0o644)
  return [header({ inode, mode, size: content.length, name }), Buffer.from(content), padding(content.length)]
}

/** The thirteen fields of eight hexadecimal digits, then the name, padded to four bytes. */
function header(entry: { inode: number; mode: number; size: number; name: string }): Buffer {
  const name = `${entry.name}\0`
  const links = (entry.mode & typeFolder) === typeFolder ? 2 : 1
  const [uid, gid, mtime, devMajor, devMinor, rdevMajor, rdevMinor, check] = [0, 0, 0, 0, 0, 0, 0, 0]
  const fields = [entry.inode, entry.mode, uid, gid, links, mtime, entry.size]
  fields.push(devMajor, devMinor, rdevMajor, rdevMinor, Buffer.byteLength(name), check)
  const text = Buffer.from(magic + fields.map(one => one.toString(16).padStart(8, '0')).join('') + name)
  return Buffer.concat([text, padding(text.length)])
}

function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4)
}
