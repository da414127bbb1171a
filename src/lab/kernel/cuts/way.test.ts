import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Instruction, isNews } from './way.ts'

const kernel: Instruction = {
  address: 0xffffffff81000010n,
  after: 'smi_send',
  count: 5,
  stores: { handlerCurrMsg: 'none', driverWaitingMsg: 'none', driverCurrMsg: 'none', siState: 0 },
  step: 'before-1',
  symbol: 'schedule+0x10',
  effect: false,
}
const user: Instruction = { ...kernel, address: 0x401000n, symbol: '0x401000' }

describe('a panic', () => {
  const cases: readonly (readonly [what: string, before: Instruction, here: Instruction, news: boolean])[] = [
    ['behind an instruction without effect', kernel, kernel, false],
    ['behind one in user mode without effect', user, user, false],
    ['behind one that may have stored', { ...kernel, effect: true }, kernel, true],
    ['where the count begins anew', kernel, { ...kernel, after: 'get_kcs_result' }, true],
    ['at an entry of the kernel', kernel, { ...kernel, symbol: 'asm_sysvec_apic_timer_interrupt' }, true],
    ['within such an entry', kernel, { ...kernel, symbol: 'asm_sysvec_apic_timer_interrupt+0x4' }, false],
    ['on the way into the kernel', user, kernel, true],
    ['on the way out of it', kernel, user, true],
  ]
  for (const [what, before, here, news] of cases) {
    it(`${what} ${news ? 'may find another state than before' : 'finds the same state'}`, () => {
      assert.equal(isNews([before, here], 1), news)
    })
  }

  it('at the first instruction of a way finds a state of its own', () => {
    assert.equal(isNews([kernel], 0), true)
  })
})
