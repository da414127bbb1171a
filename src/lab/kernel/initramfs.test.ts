import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import { buildInitramfs } from './initramfs.ts'
import { itNeeds } from './needs-programs.ts'

const it = itNeeds('busybox', 'ipmitool', 'ldd')

describe('the initramfs', () => {
  let folder: string
  let modules: Record<string, string>

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lastword-test-'))
    modules = {}
    for (const name of ['ipmi_msghandler', 'ipmi_devintf', 'ipmi_si']) {
      modules[name] = join(folder, `${name}.ko`)
      await writeFile(modules[name], '\0depends=\0')
    }
  })
  after(() => rm(folder, { recursive: true }))

  const build = (requests: number) =>
    buildInitramfs({
      kernel: { modules },
      init: { interface: 'kcs', panicOp: 'string', traffic: 'full' },
      requests,
      folder: join(folder, 'kept'),
    })

  it('holds the script, the modules, the traffic, and ipmitool with its libraries', async () => {
    const archive = await readFile((await build(2)).path)
    const held = ['init', 'modules/ipmi_si.ko', 'traffic.ipmitool', 'bin/ipmitool', 'bin/busybox', 'bin/sh']
    for (const path of [...held, 'usr/share/misc/enterprise-numbers.txt'])
      assert.ok(archive.includes(`${path}\0`), path)
    assert.ok(archive.includes('libcrypto.so'))
  })

  it('is kept by its content, and is not written twice', async () => {
    const first = await build(3)
    assert.deepEqual(await build(3), first)
    assert.notEqual((await build(4)).path, first.path)
  })

  it('makes room for others when eight were used after it', async () => {
    const old = await build(5)
    await utimes(old.path, 0, 0)
    for (let requests = 10; requests < 18; requests++) await build(requests)
    const kept = (await readdir(join(folder, 'kept'))).map(name => join(folder, 'kept', name))
    assert.equal(kept.length, 8)
    assert.ok(!kept.includes(old.path))
  })

  it('takes a script and files of one’s own', async () => {
    const { path } = await buildInitramfs({
      kernel: { modules },
      init: { script: '#!/bin/sh\necho mine\n', modules: ['ipmi_si'] },
      files: { 'etc/motd': 'hello there' },
      programs: [],
      folder: join(folder, 'kept'),
    })
    const archive = await readFile(path)
    assert.ok(archive.includes('echo mine') && archive.includes('hello there'))
    assert.ok(!archive.includes('bin/ipmitool'))
  })

  it('refuses a kernel that lacks a module', async () => {
    const init = { interface: 'ssif', panicOp: 'none' } as const
    await assert.rejects(buildInitramfs({ kernel: { modules }, init, folder }), { code: 'MODULE_MISSING' })
  })
})
