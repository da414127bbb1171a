import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SymbolTable } from './symbols.ts'

const kallsyms = `ffffffff81000000 T startup_64
ffffffff81100000 T emergency_restart
ffffffff81100040 t delay_tsc
ffffffff82000000 D panic_timeout
some line of the console
ffffffffc0200000 t smi_send\t[ipmi_msghandler]
ffffffffc0200100 t ipmi_panic_request_and_wait.constprop.0\t[ipmi_msghandler]
ffffffffc0210000 t sender\t[ipmi_si]
ffffffffc0210040 t sender.cold\t[ipmi_si]
ffffffffc0210080 t start_next_msg.part.0\t[ipmi_si]
ffffffffc0220000 t sender\t[ipmi_ssif]
`
const table = SymbolTable.parse(kallsyms)

describe('the kernel’s symbols', () => {
  it('give the address of a name, with or without an offset', () => {
    assert.equal(table.resolve('smi_send'), 0xffffffffc0200000n)
    assert.equal(table.resolve('smi_send+0x10'), 0xffffffffc0200010n)
    assert.equal(table.resolve('smi_send+16'), 0xffffffffc0200010n)
  })

  it('find a function that the compiler renamed by its plain name', () => {
    assert.equal(table.resolve('start_next_msg'), 0xffffffffc0210080n)
    assert.equal(table.resolve('ipmi_panic_request_and_wait'), 0xffffffffc0200100n)
  })

  it('find a renamed function by its full name too, and its cold part only so', () => {
    assert.equal(table.resolve('sender.cold'), 0xffffffffc0210040n)
    assert.equal(table.resolve('ipmi_si:sender'), 0xffffffffc0210000n)
  })

  it('ask which is meant when a name is in two modules', () => {
    assert.throws(() => table.resolve('sender'), {
      code: 'SYMBOL_AMBIGUOUS',
      message: /ipmi_si:sender, ipmi_ssif:sender/,
    })
  })

  it('name the nearest ones when a name is unknown', () => {
    assert.throws(() => table.resolve('smi_sned'), { code: 'SYMBOL_UNKNOWN', message: /smi_send/ })
    assert.throws(() => table.resolve('smi send'), { code: 'SYMBOL_UNKNOWN' })
    assert.equal(table.has('nothing'), false)
    assert.equal(table.has('delay_tsc'), true)
  })

  it('name the function that an address lies in', () => {
    assert.equal(table.locate(0xffffffff81100073n)?.text, 'delay_tsc+0x33')
    assert.equal(table.locate(0xffffffffc0200000n)?.text, 'smi_send [ipmi_msghandler]')
  })

  it('name nothing for an address that is far from any function', () => {
    assert.equal(table.locate(0xffffffff81080000n), undefined)
    assert.equal(table.locate(0x1000n), undefined)
    assert.equal(table.locate(0xffffffff82000000n), undefined)
  })

  it('end where the next one begins, of whatever kind it is', () => {
    const table = SymbolTable.parse(`ffffffff81000000 T panic
ffffffff81000100 T _etext
ffffffffc0200000 t poll\t[ipmi_si]
ffffffffc0200080 r handlers\t[ipmi_si]
`)
    assert.equal(table.locate(0xffffffffc020007fn)?.text, 'poll+0x7f [ipmi_si]')
    assert.equal(table.locate(0xffffffffc0200080n), undefined)
    assert.equal(table.locate(0xffffffff81000100n), undefined)
    assert.equal(table.locate(0xffffffff81000180n), undefined)
  })

  it('end with their module, and without bounds with the page', () => {
    const last = 'ffffffffc0200f00 t poll\t[ipmi_si]\n'
    assert.equal(SymbolTable.parse(last).locate(0xffffffffc0201000n), undefined)
    const next = `${last}ffffffffc0204000 t wdog\t[ipmi_watchdog]\n`
    assert.equal(SymbolTable.parse(next).locate(0xffffffffc0202000n)?.text, 'poll+0x1100 [ipmi_si]')
    const bounded = `${next}ipmi_si 8192 1 - Live 0xffffffffc0200000\n`
    assert.equal(SymbolTable.parse(bounded).locate(0xffffffffc0201fffn)?.text, 'poll+0x10ff [ipmi_si]')
    assert.equal(SymbolTable.parse(bounded).locate(0xffffffffc0202000n), undefined)
  })

  it("are named before the linker's marks at the same address", () => {
    const thunk = 'ffffffff81000000 T __x86_indirect_thunk_rax\n'
    const mark = 'ffffffff81000000 T __static_call_text_end\n'
    for (const text of [thunk + mark, mark + thunk]) {
      assert.equal(SymbolTable.parse(text).locate(0xffffffff81000010n)?.text, '__x86_indirect_thunk_rax+0x10')
    }
  })

  it('refuse an offset that lies in another function, and say in which', () => {
    assert.equal(table.resolve('ipmi_si:sender+0x3f'), 0xffffffffc021003fn)
    assert.throws(() => table.resolve('ipmi_si:sender+0x40'), {
      code: 'OFFSET_BEYOND',
      message: 'sender+0x40 lies beyond sender, which has 0x40 bytes; sender.cold [ipmi_si] is there',
    })
    assert.throws(() => table.resolve('delay_tsc+0x100000'), {
      code: 'OFFSET_BEYOND',
      message: /no function is there/,
    })
  })

  it('that the kernel hides are told with the setting that shows them', () => {
    assert.throws(() => SymbolTable.parse('0000000000000000 T startup_64\n'), {
      code: 'SYMBOLS_HIDDEN',
      message: /kptr_restrict/,
    })
  })
})
