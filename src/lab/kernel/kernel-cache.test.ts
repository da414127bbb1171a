import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { defaultCacheFolder, KernelCache, keyOfPackages } from './kernel-cache.ts'

const identity = { version: '6.1.192', release: '6.1.0-56-amd64' }
const key = 'linux-image_6.1.192-2'

describe('the kernel cache', () => {
  let folder: string
  let cache: KernelCache

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lastword-test-'))
    cache = new KernelCache(folder)
  })
  afterEach(() => rm(folder, { recursive: true }))

  const store = (under = key) =>
    cache.withScratch(async scratch => {
      const unpacked = join(scratch, 'kernel')
      await mkdir(unpacked)
      await writeFile(join(unpacked, 'vmlinuz'), 'kernel')
      await writeFile(join(unpacked, 'ipmi_si.ko'), 'module')
      return cache.store(under, identity, unpacked)
    })

  it('gives back what was stored', async () => {
    const stored = await store()
    assert.deepEqual(stored, {
      ...identity,
      vmlinuz: join(folder, key, 'vmlinuz'),
      modules: { ipmi_si: join(folder, key, 'ipmi_si.ko') },
    })
    assert.deepEqual(await cache.load(key), stored)
  })

  it('stores the same kernel twice without harm', async () => {
    assert.deepEqual(await store(), await store())
  })

  it('throws away a kernel whose file was changed', async () => {
    const { vmlinuz } = await store()
    await writeFile(vmlinuz, 'tampered')
    assert.equal(await cache.load(key), undefined)
    assert.deepEqual(await readdir(folder), [])
  })

  it('keeps the newest of each suite, and of all others the eight that were used last', async () => {
    const packages = [{ name: 'linux-image', version: '6.1.192-2', sha256: '00', depends: [] }]
    await store()
    await cache.setNewestOf('bookworm', packages)
    await utimes(join(folder, key), 0, 0)
    const own = (build: number) => `own-6.9.3-mine_${build}`
    for (let build = 1; build <= 8; build++) {
      await store(own(build))
      await utimes(join(folder, own(build)), build, build)
    }
    assert.ok(await cache.load(own(1)))
    await store(own(9))
    const kept = (await readdir(folder)).filter(name => !name.startsWith('newest'))
    assert.deepEqual(kept.sort(), [key, ...[1, 3, 4, 5, 6, 7, 8, 9].map(own)].sort())
  })

  it('has nothing under a key that was never stored', async () => {
    assert.equal(await cache.load('other'), undefined)
  })

  it('remembers which packages were the newest of a suite, and since when', async () => {
    const packages = [{ name: 'linux-image', version: '6.1.192-2', sha256: '00', depends: [] }]
    await cache.setNewestOf('bookworm', packages)
    const known = await cache.newestOf('bookworm')
    assert.deepEqual(known?.packages, packages)
    assert.ok(known.ageMs < 60_000)
    assert.equal(await cache.newestOf('trixie'), undefined)
    assert.equal(keyOfPackages(packages), key)
  })

  it('leaves no scratch folder behind, not even that of a process that was killed', async () => {
    const abandoned = join(folder, '.scratch-killed')
    await mkdir(abandoned)
    await utimes(abandoned, 0, 0)
    await assert.rejects(
      cache.withScratch(async () => {
        throw new Error('unpacking failed')
      }),
    )
    assert.deepEqual(await readdir(folder), [])
  })
})

describe('the default cache folder', () => {
  const saved = { ...process.env }
  afterEach(() => {
    process.env = { ...saved }
  })

  it('lies below LASTWORD_CACHE, or else below XDG_CACHE_HOME', () => {
    process.env.XDG_CACHE_HOME = '/xdg'
    delete process.env.LASTWORD_CACHE
    assert.equal(defaultCacheFolder(), '/xdg/lastword/kernels')
    process.env.LASTWORD_CACHE = '/mine'
    assert.equal(defaultCacheFolder(), '/mine/kernels')
  })
})
