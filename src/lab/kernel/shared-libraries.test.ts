import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseLdd } from './shared-libraries.ts'

describe('the shared libraries of a program', () => {
  it('are the paths that ldd prints, the loader included', () => {
    const printed = `\tlinux-vdso.so.1 (0x00007f68c710c000)
\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f68c6920000)
\t/lib64/ld-linux-x86-64.so.2 (0x00007f68c710e000)
`
    assert.deepEqual(parseLdd(printed, 'ipmitool'), [
      '/lib/x86_64-linux-gnu/libm.so.6',
      '/lib64/ld-linux-x86-64.so.2',
    ])
  })

  it('are none for a static program', () => {
    assert.deepEqual(parseLdd('\tnot a dynamic executable\n', 'busybox'), [])
  })

  it('that miss one are refused by its name', () => {
    assert.throws(() => parseLdd('\tlibfreeipmi.so.17 => not found\n', 'ipmitool'), {
      code: 'LIBRARY_MISSING',
      message: /libfreeipmi\.so\.17/,
    })
  })
})
