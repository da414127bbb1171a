/** What a bzImage says of itself in its setup header (Linux x86 boot protocol, `kernel_version`). */
import { open } from 'node:fs/promises'
import { LastwordError } from '../../protocol/error.ts'
import { messageOf } from './message-of.ts'

export interface KernelIdentity {
  /** As `uname -r` will print it, such as `6.1.0-56-amd64`. */
  release: string
  /** The upstream version, such as `6.1.192`. */
  version: string
}

const setupBytes = 32 * 1024
const magicAt = 0x202
const versionPointerAt = 0x20e

export async function identifyKernel(path: string): Promise<KernelIdentity> {
  const file = await open(path).catch(cause => unreadable(path, cause))
  try {
    // A folder can be opened, and fails only as it is read.
    const read = file.read(Buffer.alloc(setupBytes), 0, setupBytes, 0)
    const { buffer, bytesRead } = await read.catch(cause => unreadable(path, cause))
    return identifySetupHeader(buffer.subarray(0, bytesRead), path)
  } finally {
    await file.close()
  }
}

function unreadable(path: string, cause: unknown): never {
  const message = `The kernel file ${path} cannot be read: ${messageOf(cause)}`
  throw new LastwordError('NOT_A_KERNEL', message, { cause })
}

export function identifySetupHeader(setup: Buffer, path: string): KernelIdentity {
  const isKernel = setup.length > 0x300 && setup.toString('latin1', magicAt, magicAt + 4) === 'HdrS'
  if (!isKernel) {
    throw new LastwordError(
      'NOT_A_KERNEL',
      `${path} is no x86 Linux kernel (a bzImage, usually named vmlinuz-RELEASE)`,
    )
  }
  const start = setup.readUInt16LE(versionPointerAt) + 0x200
  const text = setup.toString('latin1', start, setup.indexOf(0, start))
  const release = text.split(' ')[0]!
  // Debian's release names the ABI; the upstream version stands at the end, as in `… #1 SMP Debian 6.1.192-2 (…)`.
  const version = /Debian (\d+(?:\.\d+)*)/.exec(text)?.[1] ?? /^\d+(?:\.\d+)*/.exec(release)?.[0] ?? release
  return { release, version }
}
