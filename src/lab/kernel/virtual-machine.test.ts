import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import type { GdbRemote } from './gdb-remote.ts'
import { type BootedGuest, waitForInterface } from './guest-boot.ts'
import { marker } from './init-script.ts'
import { buildInitramfs } from './initramfs.ts'
import { hasAll, itNeeds, kernelOrReason } from './needs-programs.ts'
import { kernelCommandLine } from './qemu-command.ts'
import { VirtualMachine } from './virtual-machine.ts'

const bmc = { interface: 'kcs', at: 'internal' } as const

/** One boot serves all of these, each going on where the last one left the machine. */
const programs = ['qemu-system-x86_64', 'qemu-img', 'busybox', 'ipmitool'] as const
const itBoots = itNeeds(...programs)

describe('a virtual machine with a real kernel', () => {
  let machine: VirtualMachine
  let guest: BootedGuest
  let gdb: GdbRemote
  let folder: string | undefined
  let reason: string | undefined

  before(async () => {
    if (!hasAll(...programs)) return
    folder = await mkdtemp(join(tmpdir(), 'lastword-test-'))
    const kernel = await kernelOrReason()
    if (typeof kernel === 'string') {
      reason = kernel
      return
    }
    const init = {
      interface: 'kcs',
      panicOp: 'string',
      traffic: 'full',
      symbols: 'printed',
      start: 'when-told',
    } as const
    const initrd = await buildInitramfs({ kernel, init, folder, requests: 1000 })
    machine = await VirtualMachine.start({
      kernel: kernel.vmlinuz,
      initrd: initrd.path,
      append: kernelCommandLine({ resetAfterPanic: 'at-once' }),
      bmc,
      gdb: 'socket',
      snapshots: 'kept',
      consoleFile: join(folder, 'console'),
    })
  })
  after(async () => {
    await machine?.dispose()
    if (folder !== undefined) await rm(folder, { recursive: true })
  })

  const step = (name: string, run: () => Promise<void>) =>
    itBoots(name, async test => {
      if (reason) test.skip(reason)
      else await run()
    })

  step('boots it, finds the interface, and reads its symbols', async () => {
    guest = await waitForInterface(machine, { symbols: 'printed' })
    assert.match(guest.release, /^\d+\.\d+/)
    for (const name of ['smi_send', 'sender', 'start_next_msg', 'emergency_restart']) {
      assert.ok(guest.symbols.has(name), name)
    }
    await machine.console.waitFor(marker.waiting)
  })

  step('stops it at the function that accepts a request', async () => {
    gdb = await machine.gdb()
    const address = guest.symbols.resolve('smi_send')
    await gdb.setBreakpoint(address)
    gdb.resume()
    machine.console.tell('go')
    await gdb.waitForStop()
    const { rip } = await gdb.readRegisters()
    assert.equal(guest.symbols.locate(rip)?.text, 'smi_send [ipmi_msghandler]')
    await gdb.clearBreakpoint(address)
    assert.equal((await gdb.readMemory(rip, 16)).length, 16)
  })

  step('steps it on, and sets it back to where it was saved', async () => {
    const start = (await gdb.readRegisters()).rip
    await machine.qmp.savevm('accepted')
    for (let steps = 0; steps < 50; steps++) await gdb.step()
    assert.notEqual((await gdb.readRegisters()).rip, start)
    await machine.qmp.loadvm('accepted')
    assert.equal((await gdb.readRegisters()).rip, start)
  })

  step('panics it there with an NMI, and sees it come through', async () => {
    await gdb.setBreakpoint(guest.symbols.resolve('emergency_restart'))
    await machine.qmp.injectNmi()
    await gdb.continue()
    const { rip } = await gdb.readRegisters()
    assert.equal(guest.symbols.locate(rip)?.text, 'emergency_restart')
    await machine.console.waitFor(/Kernel panic - not syncing: NMI/)
  })

  step('knows when its process is stopped', async () => {
    assert.equal(machine.isStopped(), false)
    process.kill(machine.pid, 'SIGSTOP')
    while (!machine.isStopped()) await new Promise(resolve => setTimeout(resolve, 5))
    process.kill(machine.pid, 'SIGCONT')
    while (machine.isStopped()) await new Promise(resolve => setTimeout(resolve, 5))
  })

  step('knows why it ended, and leaves nothing behind', async () => {
    await gdb.detach()
    const exit = await machine.exited
    assert.equal(exit.reason, 'guest-reset')
    await machine.dispose()
    assert.match(await readFile(join(folder!, 'console'), 'utf8'), /Kernel panic/)
    await assert.rejects(machine.readSecondSerial())
  })
})

describe('a virtual machine that cannot start', () => {
  const it = itNeeds('qemu-system-x86_64')
  const broken = { kernel: '/nowhere/vmlinuz', initrd: '/nowhere/initrd', append: '', bmc }

  it("is reported with QEMU's own complaint", async () => {
    await assert.rejects(VirtualMachine.start(broken), { code: 'QEMU_DIED', message: /\/nowhere\/vmlinuz/ })
  })

  it('for want of a free port says so', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    const address = server.address()
    assert.ok(address && typeof address === 'object')
    try {
      const gdb = { host: '127.0.0.1', port: address.port }
      await assert.rejects(VirtualMachine.start({ ...broken, gdb }), { code: 'PORT_IN_USE' })
    } finally {
      server.close()
    }
  })

  it('for want of QEMU names the package', async () => {
    await assert.rejects(VirtualMachine.start({ ...broken, qemu: 'qemu-system-nowhere' }), {
      code: 'NO_PROGRAM',
    })
  })
})
