import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import {
  collectModules,
  moduleDependencies,
  moduleInfo,
  moduleName,
  modulesInLoadOrder,
  scanModules,
} from './kernel-modules.ts'

/** The bytes around a module's `.modinfo`, which is all that is read of it. */
function moduleImage(depends: string): Buffer {
  const info = `\0license=GPL\0depends=${depends}\0vermagic=6.1.0-56-amd64 SMP mod_unload \0`
  return Buffer.from(`\x7fELF${info}`, 'latin1')
}

describe('a kernel module', () => {
  it('has its name whatever it is packed with', () => {
    for (const file of ['i2c-smbus.ko', 'i2c-smbus.ko.xz', 'a/b/i2c-smbus.ko.zst', 'i2c-smbus.ko.gz']) {
      assert.equal(moduleName(file), 'i2c-smbus')
    }
    assert.equal(moduleName('modules.dep'), undefined)
  })

  it('says what it depends on and which kernel it is for', () => {
    const image = moduleImage('i2c-smbus,ipmi_msghandler')
    assert.deepEqual(moduleDependencies(image), ['i2c-smbus', 'ipmi_msghandler'])
    assert.equal(moduleInfo(image, 'vermagic'), '6.1.0-56-amd64 SMP mod_unload ')
    assert.equal(moduleInfo(image, 'firmware'), undefined)
    assert.deepEqual(moduleDependencies(moduleImage('')), [])
  })
})

describe('the modules of a kernel', () => {
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lastword-test-'))
    const dependencies: Record<string, string> = {
      ipmi_msghandler: '',
      ipmi_devintf: 'ipmi_msghandler',
      ipmi_si: 'ipmi_msghandler',
      'i2c-smbus': '',
      'i2c-i801': 'i2c_smbus',
      orphan: 'nowhere',
      ext4: '',
    }
    for (const [name, depends] of Object.entries(dependencies)) {
      await writeFile(join(folder, `${name}.ko`), moduleImage(depends))
    }
    await rm(join(folder, 'ipmi_si.ko'))
    await writeFile(join(folder, 'ipmi_si.ko.gz'), gzipSync(moduleImage('ipmi_msghandler')))
  })
  after(() => rm(folder, { recursive: true }))

  it('are loaded after what they depend on, each once', async () => {
    const modules = await scanModules(folder)
    const ordered = await modulesInLoadOrder(['ipmi_devintf', 'i2c-i801', 'ipmi_msghandler'], modules)
    const files = ordered.map(path => basename(path))
    assert.deepEqual(files, ['ipmi_msghandler.ko', 'ipmi_devintf.ko', 'i2c-smbus.ko', 'i2c-i801.ko'])
  })

  it('that miss one are refused, with the module that needs it', async () => {
    const modules = await scanModules(folder)
    await assert.rejects(modulesInLoadOrder(['orphan'], modules), {
      code: 'MODULE_MISSING',
      message: /no module nowhere, which orphan depends on/,
    })
  })

  it('are reduced to those of the bench, unpacked', async () => {
    const into = await mkdtemp(join(tmpdir(), 'lastword-test-'))
    try {
      const collected = await collectModules(await scanModules(folder), into)
      const names = ['i2c-i801', 'i2c-smbus', 'ipmi_devintf', 'ipmi_msghandler', 'ipmi_si']
      assert.deepEqual(Object.keys(collected).sort(), names)
      assert.deepEqual(Object.keys(await scanModules(into)).sort(), names)
    } finally {
      await rm(into, { recursive: true })
    }
  })

  it('without the IPMI drivers are refused', async () => {
    await assert.rejects(collectModules({}, folder), { code: 'MODULE_MISSING' })
  })

  it('cannot be scanned where there is no folder', async () => {
    await assert.rejects(scanModules(join(folder, 'nowhere')), { code: 'MODULE_MISSING' })
  })
})
