import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SymbolTable } from '../symbols.ts'
import { generalRegisters, type Registers } from '../x86-registers.ts'
import { callAtEnd, callers } from './callers.ts'

const symbols = SymbolTable.parse(`ffffffff81000000 T panic
ffffffff81000100 T atomic_notifier_call_chain
ffffffff81000200 T timer_delete
ffffffff81000300 T __x86_indirect_thunk_rax
ffffffff81000320 T _etext
ffffffffc0200000 t panic_event\t[ipmi_msghandler]
ffffffffc0200100 t ipmi_poll_interface\t[ipmi_msghandler]
ffffffffc0200200 t handle_new_recv_msgs\t[ipmi_msghandler]
ffffffffc0200300 r handlers\t[ipmi_msghandler]
ffffffffc0210000 t poll\t[ipmi_si]
ffffffffc0210100 t smi_event_handler\t[ipmi_si]
ffffffffc0210200 t set_run_to_completion\t[ipmi_si]
`)
const STACK = 0xfffffe000000d000n

/** A stopped machine: where it is, its stack, and the calls and jumps in its code. */
function machine(rip: string, stack: readonly bigint[], code: Readonly<Record<string, Buffer>>) {
  const bytes = new Map<bigint, number>()
  const put = (address: bigint, data: Buffer) => {
    for (const [index, byte] of data.entries()) bytes.set(address + BigInt(index), byte)
  }
  for (const [place, data] of Object.entries(code)) put(symbols.resolve(place), data)
  for (const [index, word] of stack.entries()) {
    const data = Buffer.alloc(8)
    data.writeBigUInt64LE(word)
    put(STACK + BigInt(8 * index), data)
  }
  return {
    async readRegisters() {
      const plain = Object.fromEntries(generalRegisters.map(name => [name, 0n])) as Registers
      return { ...plain, eflags: 2n, rip: symbols.resolve(rip), rsp: STACK }
    },
    async readMemory(address: bigint, length: number) {
      return Buffer.from(Array.from({ length }, (_, at) => bytes.get(address + BigInt(at)) ?? 0))
    },
  }
}

/** `call` or `jmp` with a 32-bit distance, standing at a place. */
function near(opcode: number, at: string, to: string): Buffer {
  const data = Buffer.from([opcode, 0, 0, 0, 0])
  data.writeInt32LE(Number(symbols.resolve(to) - symbols.resolve(at) - 5n), 1)
  return data
}

const [CALL, JUMP] = [0xe8, 0xe9]
const behind = (place: string, bytes = 5) => symbols.resolve(place) + BigInt(bytes)

describe('the callers on a stack', () => {
  it('are the functions whose calls lead to each other, out to the last of the IPMI modules', async () => {
    const code = {
      'smi_event_handler+0x20': near(CALL, 'smi_event_handler+0x20', 'timer_delete'),
      'ipmi_poll_interface+0x20': near(CALL, 'ipmi_poll_interface+0x20', 'smi_event_handler'),
      'panic_event+0x10': Buffer.from([0xff, 0x53, 0x08]),
      'panic+0x10': near(CALL, 'panic+0x10', 'panic_event'),
    }
    const stack = [
      behind('smi_event_handler+0x20'),
      0n,
      behind('ipmi_poll_interface+0x20'),
      behind('panic_event+0x10', 3),
      behind('panic+0x10'),
    ]
    assert.equal(
      await callers(machine('timer_delete+0x9', stack, code), symbols),
      'timer_delete < smi_event_handler < ipmi_poll_interface < panic_event',
    )
  })

  it('are not what a pointer into a function, or to its entry, names', async () => {
    const stack = [symbols.resolve('handle_new_recv_msgs'), symbols.resolve('handle_new_recv_msgs+0x40')]
    assert.equal(await callers(machine('smi_event_handler+0x8', stack, {}), symbols), 'smi_event_handler')
  })

  it('are not those of a call that has returned', async () => {
    const code = {
      'handle_new_recv_msgs+0x20': near(CALL, 'handle_new_recv_msgs+0x20', 'timer_delete'),
      'ipmi_poll_interface+0x20': near(CALL, 'ipmi_poll_interface+0x20', '__x86_indirect_thunk_rax'),
      'set_run_to_completion+0x20': near(CALL, 'set_run_to_completion+0x20', 'smi_event_handler'),
      'panic_event+0x20': near(CALL, 'panic_event+0x20', 'ipmi_poll_interface'),
    }
    const stack = Object.keys(code).map(place => behind(place))
    assert.equal(
      await callers(machine('smi_event_handler+0x8', stack, code), symbols),
      'smi_event_handler < ipmi_poll_interface < panic_event',
    )
  })

  it('are there too when what they called ended in a jump', async () => {
    const code = {
      'ipmi_poll_interface+0x20': near(CALL, 'ipmi_poll_interface+0x20', 'poll'),
      'poll+0x30': near(JUMP, 'poll+0x30', 'smi_event_handler'),
    }
    const stack = [behind('ipmi_poll_interface+0x20')]
    assert.equal(
      await callers(machine('smi_event_handler+0x8', stack, code), symbols),
      'smi_event_handler < ipmi_poll_interface',
    )
  })

  it('are an address where the processor is in no function', async () => {
    assert.equal(await callers(machine('_etext', [], {}), symbols), '0xffffffff81000320')
  })
})

describe('the end of a piece of code', () => {
  const end = 0xffffffffc0200050n
  const cases: readonly (readonly [
    name: string,
    bytes: readonly number[],
    call: bigint | 'indirect' | undefined,
  ])[] = [
    ['call +0x10', [0x90, 0x90, 0xe8, 0x10, 0, 0, 0], end + 0x10n],
    ['call -0x20', [0xe8, 0xe0, 0xff, 0xff, 0xff], end - 0x20n],
    ['call *%rax', [0x90, 0xff, 0xd0], 'indirect'],
    ['call *%r11', [0x41, 0xff, 0xd3], 'indirect'],
    ['call *(%rax)', [0xff, 0x10], 'indirect'],
    ['call *0x38(%rax)', [0xff, 0x50, 0x38], 'indirect'],
    ['call *0x138(%rax)', [0xff, 0x90, 0x38, 1, 0, 0], 'indirect'],
    ['call *0x10(%rip)', [0xff, 0x15, 0x10, 0, 0, 0], 'indirect'],
    ['call *0x8(%rsp)', [0xff, 0x54, 0x24, 8], 'indirect'],
    ['call *array(,%rax,8)', [0xff, 0x14, 0xc5, 0, 0, 0, 0x81], 'indirect'],
    ['jmp *%rax', [0x90, 0xff, 0xe0], undefined],
    ['push 0x38(%rax)', [0xff, 0x70, 0x38], undefined],
    ['mov %rax,%rbx', [0x48, 0x89, 0xc3], undefined],
    ['jmp +0x10', [0xe9, 0x10, 0, 0, 0], undefined],
  ]
  for (const [name, bytes, call] of cases) {
    it(`${name} is ${call === undefined ? 'no call' : call === 'indirect' ? 'a call by a pointer' : 'a call'}`, () => {
      assert.equal(callAtEnd(Uint8Array.from(bytes), end), call)
    })
  }
})
