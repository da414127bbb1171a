import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseRegisters } from './x86-registers.ts'

describe('the registers in a g packet', () => {
  it('are little-endian, with RIP after the sixteen general ones', () => {
    const bytes = Buffer.alloc(17 * 8 + 4)
    bytes.writeBigUInt64LE(0x1122n, 0)
    bytes.writeBigUInt64LE(0xffffffff81000000n, 16 * 8)
    bytes.writeUInt32LE(0x246, 17 * 8)
    const registers = parseRegisters(`${bytes.toString('hex')}00000000`)
    assert.equal(registers.rax, 0x1122n)
    assert.equal(registers.rip, 0xffffffff81000000n)
    assert.equal(registers.eflags, 0x246n)
  })

  it('that are too few are refused', () => {
    assert.throws(() => parseRegisters('00'.repeat(64)), { code: 'GDB_REFUSED' })
  })
})
