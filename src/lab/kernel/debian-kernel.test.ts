import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { findKernel } from './debian-kernel.ts'
import { KernelCache, keyOfPackages } from './kernel-cache.ts'

const release = '6.9.3-mine'

function bzImage(): Buffer {
  const image = Buffer.alloc(0x2000)
  image.write('HdrS', 0x202, 'latin1')
  image.writeUInt16LE(0x600, 0x20e)
  image.write(`${release} (me@here) #7 SMP\0`, 0x800, 'latin1')
  return image
}

describe('a kernel', () => {
  let folder: string
  let cacheFolder: string
  let kernelFile: string
  let modulesDir: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lastword-test-'))
    cacheFolder = join(folder, 'cache')
    kernelFile = join(folder, 'vmlinuz')
    modulesDir = join(folder, 'modules')
    await mkdir(modulesDir)
    await writeFile(kernelFile, bzImage())
    await writeModules(release)
  })
  afterEach(() => rm(folder, { recursive: true }))

  async function writeModules(builtFor: string): Promise<void> {
    for (const name of ['ipmi_msghandler', 'ipmi_devintf', 'ipmi_si']) {
      await writeFile(join(modulesDir, `${name}.ko`), `\0depends=\0vermagic=${builtFor} SMP \0`)
    }
  }

  it("of one's own is kept with its modules, and found again by its content", async () => {
    const kernel = await findKernel({ kernelFile, modulesDir, cacheFolder })
    assert.deepEqual([kernel.version, kernel.release, kernel.suite], ['6.9.3', release, undefined])
    assert.deepEqual(Object.keys(kernel.modules).sort(), ['ipmi_devintf', 'ipmi_msghandler', 'ipmi_si'])
    assert.deepEqual(await readFile(kernel.vmlinuz), bzImage())
    assert.deepEqual(await findKernel({ kernelFile, modulesDir, cacheFolder }), kernel)
  })

  it('with the modules of another release is refused', async () => {
    await writeModules('6.9.2')
    await assert.rejects(findKernel({ kernelFile, modulesDir, cacheFolder }), {
      code: 'MODULE_MISMATCH',
      message: /built for 6\.9\.2, the kernel is 6\.9\.3-mine/,
    })
  })

  it('that is no kernel is refused', async () => {
    await writeFile(kernelFile, 'hello')
    await assert.rejects(findKernel({ kernelFile, modulesDir, cacheFolder }), { code: 'NOT_A_KERNEL' })
    await assert.rejects(findKernel({ kernelFile: folder, modulesDir, cacheFolder }), {
      code: 'NOT_A_KERNEL',
      message: /cannot be read: EISDIR/,
    })
  })

  it('of a suite is taken from the cache without asking anybody', async () => {
    const cache = new KernelCache(cacheFolder)
    const packages = [{ name: 'linux-image', version: '6.9.3-1', sha256: '00', depends: [] }]
    const unpacked = join(folder, 'unpacked')
    await mkdir(unpacked)
    await writeFile(join(unpacked, 'vmlinuz'), bzImage())
    await cache.setNewestOf('nosuch', packages)
    await cache.store(keyOfPackages(packages), { version: '6.9.3', release }, unpacked)
    for (const freshness of ['cached', 'daily'] as const) {
      const kernel = await findKernel({ suite: 'nosuch', freshness, cacheFolder })
      assert.deepEqual([kernel.suite, kernel.release], ['nosuch', release])
    }
  })
})
