import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { identifyKernel, identifySetupHeader } from './kernel-image.ts'

/** A setup header as the boot protocol lays it out, with this version string. */
function setupHeader(version: string): Buffer {
  const setup = Buffer.alloc(0x1000)
  setup.write('HdrS', 0x202, 'latin1')
  setup.writeUInt16LE(0x600, 0x20e)
  setup.write(`${version}\0`, 0x800, 'latin1')
  return setup
}

describe('a kernel image', () => {
  it("tells Debian's release and the upstream version apart", () => {
    const text = '6.1.0-56-amd64 (kernel@team.test) #1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-11-16)'
    assert.deepEqual(identifySetupHeader(setupHeader(text), 'vmlinuz'), {
      release: '6.1.0-56-amd64',
      version: '6.1.192',
    })
  })

  it('of nobody in particular has its version in its release', () => {
    assert.deepEqual(identifySetupHeader(setupHeader('6.9.3-mine (me@here) #7 SMP'), 'vmlinuz'), {
      release: '6.9.3-mine',
      version: '6.9.3',
    })
  })

  it('that is none is refused by its name', () => {
    assert.throws(() => identifySetupHeader(Buffer.alloc(0x1000), 'notes.txt'), {
      code: 'NOT_A_KERNEL',
      message: /notes\.txt/,
    })
  })

  it('that is not there is refused', async () => {
    await assert.rejects(identifyKernel('/nowhere/vmlinuz'), { code: 'NOT_A_KERNEL' })
  })
})
