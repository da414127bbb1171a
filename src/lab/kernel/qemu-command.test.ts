import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { kernelCommandLine, parseQemuVersion, qemuArguments } from './qemu-command.ts'

const machine = { kernel: '/k', initrd: '/i', append: 'quiet' }
const files = { qmp: '/tmp/x/qmp', secondSerial: '/tmp/x/second' }
const at = { host: '127.0.0.1', port: 9002 }
const line = (
  bmc: Parameters<typeof qemuArguments>[0]['bmc'],
  more: Partial<Parameters<typeof qemuArguments>[1]> = {},
  qemu = { major: 7, minor: 2 },
) => qemuArguments({ ...machine, bmc }, { ...files, ...more }, qemu).join(' ')

describe("QEMU's command line", () => {
  it('has the device of each interface', () => {
    assert.match(
      line({ interface: 'kcs', at: 'internal' }),
      /ipmi-bmc-sim,id=bmc0 -device isa-ipmi-kcs,bmc=bmc0/,
    )
    assert.match(line({ interface: 'bt', at: 'internal' }), /isa-ipmi-bt,bmc=bmc0/)
    assert.match(line({ interface: 'ssif', at: 'internal' }), /smbus-ipmi,bmc=bmc0,address=0x20/)
  })

  it('reaches a BMC outside, and reconnects to it under the name that this QEMU knows', () => {
    const bmc = { interface: 'kcs', at } as const
    assert.match(line(bmc), /socket,id=bmc,host=127\.0\.0\.1,port=9002,reconnect=1 -device ipmi-bmc-extern/)
    assert.match(line(bmc, {}, { major: 10, minor: 0 }), /reconnect-ms=1000/)
    assert.match(line({ interface: 'kcs', at: { path: '/bmc' } }), /socket,id=bmc,path=\/bmc,/)
  })

  it('has a GDB server and a snapshot drive only when they are wanted', () => {
    const bmc = { interface: 'kcs', at: 'internal' } as const
    assert.doesNotMatch(line(bmc), /gdb|qcow2/)
    assert.match(
      line(bmc, { gdb: { path: '/tmp/x/gdb' } }),
      /path=\/tmp\/x\/gdb,server=on,wait=off -gdb chardev:gdb/,
    )
    assert.match(line(bmc, { gdb: { host: '127.0.0.1', port: 1 } }), /port=1,nodelay=on/)
    assert.match(
      line(bmc, { snapshotDrive: '/tmp/x/s' }),
      /if=none,id=snapshots,format=qcow2,cache=unsafe,file=\/tmp\/x\/s/,
    )
  })

  it("follows QEMU's version", () => {
    assert.deepEqual(parseQemuVersion('QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)'), {
      major: 7,
      minor: 2,
    })
    assert.deepEqual(parseQemuVersion('?'), { major: 0, minor: 0 })
  })
})

describe("the kernel's command line", () => {
  it('resets as long after a panic as it is told', () => {
    assert.match(kernelCommandLine(), /panic=1$/)
    assert.match(kernelCommandLine({ resetAfterPanic: 'at-once' }), /panic=-1$/)
    assert.match(kernelCommandLine({ resetAfterPanic: 'never' }), /panic=0$/)
    assert.match(kernelCommandLine({ extra: ['quiet'] }), /unknown_nmi_panic=1 panic=1 quiet$/)
  })
})
