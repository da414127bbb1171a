import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { blockOf, hasEffect } from './translation-log.ts'

/** As QEMU 7.2 prints one instruction's block. */
const block = (address: string, ...operations: string[]) =>
  ` ld_i32 loc9,env,$0xfffffffffffffff0
 brcond_i32 loc9,$0x0,lt,$L0
 st16_i32 loc9,env,$0xfffffffffffffff0

 ---- ${address} 0000000000000000
${operations.map(operation => ` ${operation}\n`).join('')} add_i64 rip,rip,$0x2
 exit_tb $0x0
`

describe("what an instruction can change, by QEMU's translation", () => {
  const cases: readonly (readonly [what: string, operations: string[], effect: boolean])[] = [
    ['a move between registers', ['mov_i64 tmp0,rsi', 'mov_i64 r14,tmp0'], false],
    ['a load', ['add_i64 tmp2,rdi,$0x8', 'qemu_ld_i64 tmp0,tmp2,leq,4', 'mov_i64 rax,tmp0'], false],
    ['a comparison', ['call cc_compute_all,$0x5,$1,cc_src,cc_dst,cc_src,cc_src2,cc_op'], false],
    ['a push', ['sub_i64 tmp2,rsp,$0x8', 'qemu_st_i64 tmp0,tmp2,leq,4', 'mov_i64 rsp,tmp2'], false],
    [
      'a push of what a pointer points to',
      ['qemu_ld_i64 tmp0,tmp2,leq,4', 'sub_i64 tmp2,rsp,$0x8', 'qemu_st_i64 tmp0,tmp2,leq,4'],
      false,
    ],
    ['a store elsewhere in the stack', ['add_i64 tmp2,rsp,$0x8', 'qemu_st_i64 tmp0,tmp2,leq,4'], true],
    ['a store to memory', ['add_i64 tmp2,rdi,$0x8', 'qemu_st_i64 tmp0,tmp2,leq,4'], true],
    ['a store, as QEMU 8 calls it', ['qemu_st_a64_i32 tmp0,tmp2,leul,4'], true],
    ['a write to a port', ['call outb,$0x2,$0,env,tmp2,tmp1'], true],
    ['a read of a port', ['call inb,$0x2,$1,tmp0,env,tmp2'], true],
    ['what nobody knows', ['call frobnicate,$0x0,$0,env'], true],
  ]
  for (const [what, operations, effect] of cases) {
    it(`${what} ${effect ? 'may change' : 'changes'} ${effect ? 'more' : 'nothing'} than registers`, () => {
      assert.equal(hasEffect(block('0000000000000495', ...operations)), effect)
    })
  }

  it('finds the block of an address by its whole address, or by its place in the page', () => {
    const blocks = [block('0000000000000495', 'nop'), block('ffffffffc0001499', 'nop')]
    assert.equal(blockOf(0xffffffffc0001495n, blocks), blocks[0])
    assert.equal(blockOf(0xffffffffc0001499n, blocks), blocks[1])
    assert.equal(blockOf(0xffffffffc000149an, blocks), undefined)
  })
})
