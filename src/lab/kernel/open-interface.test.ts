/** `-I open` inside a real Linux: the command itself runs in the guest, on the kernel's own driver, and our BMC answers. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { describe } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Bmc } from '../../bmc/bmc.ts'
import { VmServer } from '../../bmc/vm-server.ts'
import { buildInitramfs } from './initramfs.ts'
import { itNeeds, kernelOrReason } from './needs-programs.ts'
import { kernelCommandLine } from './qemu-command.ts'
import { VirtualMachine } from './virtual-machine.ts'

const itBoots = itNeeds('qemu-system-x86_64', 'qemu-img', 'busybox', 'ipmitool', 'node')
const root = fileURLToPath(new URL('../../..', import.meta.url))
const modules = ['ipmi_msghandler', 'ipmi_devintf', 'ipmi_si']

const lines = {
  ours: 'node /app/dist/bin/lastword.cjs -I open --format ipmitool mc info',
  theirs: 'ipmitool mc info',
  raw: 'node /app/dist/bin/lastword.cjs open://0 raw 6 1',
  noDevice: 'node /app/dist/bin/lastword.cjs -I open -d 1 mc info 2>&1',
} as const

const script = `#!/bin/sh
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
dmesg -n 1
stty -echo
export HOME=/root
${modules.map(name => `insmod /modules/${name}.ko`).join('\n')}
tenths=0
while [ ! -c /dev/ipmi0 ] && [ $tenths -lt 200 ]; do tenths=$((tenths + 1)); sleep 0.1; done
${Object.entries(lines)
  .map(([name, line]) => `echo '@begin ${name}'\n${line}\necho "@end $?"`)
  .join('\n')}
echo '@done'
while :; do sleep 3600; done
`

/** The built command, as it is installed. */
function installed(): Record<string, Uint8Array> {
  const folders = ['dist/bin', 'node_modules/koffi', 'node_modules/@koromix/koffi-linux-x64']
  const files = folders.flatMap(folder =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => join(entry.parentPath ?? entry.path, entry.name)),
  )
  const all = [...files, join(root, 'package.json')]
  return Object.fromEntries(all.map(path => [`app/${relative(root, path)}`, readFileSync(path)]))
}

/** What the guest printed between the marks of one line, its status last. */
function said(console: readonly string[], name: keyof typeof lines): string[] {
  const from = console.indexOf(`@begin ${name}`)
  const to = console.findIndex((line, at) => at > from && line.startsWith('@end '))
  return console.slice(from + 1, to + 1)
}

describe('the interface open', () => {
  itBoots('asks the BMC through the kernel, and says what ipmitool says', async test => {
    const kernel = await kernelOrReason()
    if (typeof kernel === 'string') return test.skip(kernel)
    const folder = await mkdtemp(join(tmpdir(), 'lastword-open-'))
    const bmc = new Bmc()
    const server = await VmServer.listen(bmc, { port: 0 })
    try {
      const programs = ['ipmitool', 'node']
      const initrd = await buildInitramfs({
        kernel,
        init: { script, modules },
        programs,
        files: installed(),
        folder,
      })
      const machine = await VirtualMachine.start({
        kernel: kernel.vmlinuz,
        initrd: initrd.path,
        append: kernelCommandLine({ resetAfterPanic: 1 }),
        memoryMib: 700,
        bmc: { interface: 'kcs', at: { host: '127.0.0.1', port: server.port } },
      })
      try {
        await machine.console.waitFor('@done', { quietMs: 60_000, limitMs: 300_000 })
        const printed = machine.console.lines.map(line => line.trimEnd())
        assert.match(said(printed, 'theirs').join('\n'), /^Device ID {17}: 32\n[\s\S]*@end 0$/)
        assert.deepEqual(said(printed, 'ours'), said(printed, 'theirs'))
        assert.deepEqual(said(printed, 'raw'), [' 20 01 01 00 02 ff 00 00 00 01 00', '@end 0'])
        assert.match(said(printed, 'noDevice').join('\n'), /ipmi1 cannot be opened: ENOENT[\s\S]*@end 3$/)
      } finally {
        await machine.dispose()
      }
    } finally {
      await server.close()
      bmc.close()
      await rm(folder, { recursive: true })
    }
  })
})
