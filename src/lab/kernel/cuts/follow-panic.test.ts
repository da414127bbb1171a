import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { LastwordError } from '../../../protocol/error.ts'
import { SymbolTable } from '../symbols.ts'
import { generalRegisters, type Registers } from '../x86-registers.ts'
import {
  FIRST_LOOK_MS,
  followPanic,
  HANG_BOUND,
  HANG_TURNS,
  LONGEST_LOOK_MS,
  SPIN_TURNS,
  STUCK_MS,
} from './follow-panic.ts'
import type { FollowingGdb } from './panicking.ts'

const symbols = SymbolTable.parse(`ffffffff81100000 T emergency_restart
ffffffff81100040 t native_queued_spin_lock_slowpath
ffffffff81100080 t delay_tsc
ffffffff811000c0 T _etext
ffffffffc0210000 t poll\t[ipmi_si]
ffffffffc0210040 t smi_event_handler\t[ipmi_si]
ffffffffc0210080 t kcs_event\t[ipmi_si]
ffffffffc02100c0 t get_kcs_result\t[ipmi_si]
`)
const at = {
  end: symbols.resolve('emergency_restart'),
  spin: symbols.resolve('native_queued_spin_lock_slowpath+0x10'),
  delay: symbols.resolve('delay_tsc+0x8'),
  poll: symbols.resolve('poll'),
  handler: symbols.resolve('smi_event_handler'),
  event: symbols.resolve('kcs_event'),
  afterEvent: symbols.resolve('smi_event_handler+0x20'),
}
const STACK = 0xffff888000001f00n
const LOCK = 0xffff888000002000n
const [IDLE, BUSY] = [4n, 1n]
const INTERRUPTS_ON = 0x202n

type Instruction = { rip: bigint } & Partial<Registers>

/** A machine whose kernel is a list of instructions, a millisecond each; only what GDB shows of it. */
class ScriptedMachine implements FollowingGdb {
  readonly memory = new Map<bigint, bigint>([[STACK, at.afterEvent]])
  readonly breakpoints = new Set<bigint>()
  cpus = 1
  nowMs = 0
  steps = 0
  readonly #kernel: Iterator<Instruction, void>
  #here: Instruction
  /** With two processors the first one runs the script; where the second is held, it is shown until told otherwise. */
  shown = '02'

  constructor(kernel: (machine: ScriptedMachine) => Iterator<Instruction, void>) {
    this.#kernel = kernel(this)
    this.#here = { rip: at.delay }
  }

  async readRegisters(): Promise<Registers> {
    const plain = Object.fromEntries(generalRegisters.map(name => [name, 0n]))
    const here = this.cpus === 2 && this.shown === '02' ? { rip: at.delay } : this.#here
    return { ...(plain as Registers), eflags: 2n, rsp: STACK, ...here }
  }

  async readMemory(address: bigint, length: number): Promise<Buffer> {
    const bytes = Buffer.alloc(Math.max(length, 8))
    for (let word = 0; word < length; word += 8) {
      bytes.writeBigUInt64LE(this.memory.get(address + BigInt(word)) ?? 0n, word)
    }
    return bytes.subarray(0, length)
  }

  async setBreakpoint(address: bigint): Promise<void> {
    this.breakpoints.add(address)
  }

  async clearBreakpoint(address: bigint): Promise<void> {
    this.breakpoints.delete(address)
  }

  resume(): void {}
  resumeAlone(): void {}

  async waitForStop({ timeoutMs = 0 }: { timeoutMs?: number } = {}) {
    for (let spent = 0; spent < timeoutMs; spent++) {
      this.#next()
      if (!this.breakpoints.has(this.#here.rip)) continue
      this.shown = '01'
      return stopped
    }
    throw new LastwordError('GDB_TIMEOUT', 'it runs')
  }

  async step() {
    this.steps++
    this.#next()
    return stopped
  }

  stepAlone = () => this.step()
  async selectThread(thread: string): Promise<void> {
    this.shown = thread
  }

  interrupt = async () => stopped
  threads = async () => Array.from({ length: this.cpus }, (_, cpu) => `0${cpu + 1}`)

  #next(): void {
    this.nowMs++
    const { value, done } = this.#kernel.next()
    assert.ok(!done, 'the kernel goes on for ever or ends in emergency_restart')
    this.#here = value as Instruction
  }
}

const stopped = { kind: 'stopped', signal: 5 } as const

/** One turn of the panic's wait: the driver is polled, its state machine is asked, then a delay. */
function* turn(result: bigint): Generator<Instruction, void> {
  yield { rip: at.poll }
  yield { rip: at.handler }
  yield { rip: at.event }
  yield { rip: at.afterEvent, rax: result }
  yield { rip: at.delay }
}

function* restart(): Generator<Instruction, void> {
  for (;;) yield { rip: at.end }
}

function* forEver(instructions: () => Iterable<Instruction>): Generator<Instruction, void> {
  for (;;) yield* instructions()
}

function* spinning(turns: number, more: (turn: number) => Partial<Registers> = () => ({})) {
  for (let spin = 0; spin < turns; spin++) {
    for (const offset of [0n, 2n, 4n]) yield { rip: at.spin + offset, rdi: LOCK, ...more(spin) }
  }
}

interface Setup {
  onlyThread?: string
  cpus?: number
}

function follow(
  kernel: (machine: ScriptedMachine, request: () => void) => Iterator<Instruction, void>,
  { onlyThread, cpus = 1 }: Setup = {},
) {
  let requests = 7
  const machine = new ScriptedMachine(self => kernel(self, () => void requests++))
  machine.breakpoints.add(at.end)
  machine.cpus = cpus
  if (onlyThread === undefined) machine.shown = '01'
  const end = followPanic({
    gdb: machine,
    symbols,
    interface: 'kcs',
    requests: () => requests,
    nowMs: () => machine.nowMs,
    ...(onlyThread !== undefined && { onlyThread }),
  })
  return end.finally(() => assert.deepEqual([...machine.breakpoints], [at.end], 'breakpoints are left'))
}

describe('the bounds of a hang', () => {
  const docs = new URL('../../../../docs/', import.meta.url)

  it('stand in the documentation, in the report and in what is printed, as they are in force', async () => {
    const [turns, spins, stuck] = [
      /\b100 turns of\s.{0,15}wait/s,
      /\b100 (?:times|turns of\s+a lock)/,
      /\b60 s\b/,
    ]
    for (const file of ['lab.md', 'linux-panic-windows.md']) {
      const text = await readFile(new URL(file, docs), 'utf8')
      for (const bound of [turns, spins, stuck]) assert.match(text, bound, file)
    }
    for (const bound of [turns, spins, stuck]) assert.match(HANG_BOUND, bound)
    const manual = await readFile(new URL('lab.md', docs), 'utf8')
    const named = { HANG_TURNS, SPIN_TURNS, FIRST_LOOK_MS, LONGEST_LOOK_MS, STUCK_MS }
    for (const name of Object.keys(named)) assert.ok(manual.includes(`\`${name}\``), name)
    assert.deepEqual(Object.values(named), [100, 100, 30, 2000, 60_000])
  })
})

describe('a panicking kernel that gets through', () => {
  it('is followed to its restart, its requests counted', async () => {
    const end = await follow(function* (_, request) {
      for (let message = 0; message < 3; message++) {
        for (let turns = 0; turns < 20; turns++) yield* turn(BUSY)
        request()
      }
      yield* restart()
    })
    assert.deepEqual(end, { came: 'through', sat: 'emergency_restart', turns: 0, spins: 0, requests: 3 })
  })

  it('slowly, a request in 50 s, has not hung', async () => {
    const end = await follow(function* (_, request) {
      for (let message = 0; message < 5; message++) {
        for (let spent = 0; spent < 50_000; spent += 5) yield* turn(BUSY)
        request()
      }
      yield* restart()
    })
    assert.deepEqual([end.came, end.requests], ['through', 5])
  })

  it(`after ${HANG_TURNS - 1} idle turns has not hung, again and again`, async () => {
    const end = await follow(function* (_, request) {
      for (let message = 0; message < 20; message++) {
        for (let turns = 0; turns < HANG_TURNS - 1; turns++) yield* turn(IDLE)
        request()
      }
      yield* restart()
    })
    assert.deepEqual([end.came, end.requests], ['through', 20])
  })

  it('while its state machine waits for the BMC, for any number of turns, has not hung', async () => {
    let steps = 0
    const end = await follow(function* (machine) {
      for (let turns = 0; turns < 100 * HANG_TURNS; turns++) yield* turn(BUSY)
      steps = machine.steps
      yield* restart()
    })
    assert.equal(end.came, 'through')
    // Each look takes one turn, and leaves it to go on.
    assert.ok(steps < HANG_TURNS, `${steps}`)
  })

  it('whose state machine is idle at the first turn, and no longer at the last, has not hung', async () => {
    const end = await follow(function* () {
      for (let spent = 0; spent < 30; spent++) yield { rip: at.delay }
      for (let turns = 0; turns < 3; turns++) yield* turn(IDLE)
      for (let turns = 0; turns < 2 * HANG_TURNS; turns++) yield* turn(BUSY)
      yield* restart()
    })
    assert.equal(end.came, 'through')
  })

  it('after a lock that was given back, however long it spun, has not hung', async () => {
    const end = await follow(function* (machine) {
      machine.memory.set(LOCK, 1n)
      yield* spinning(SPIN_TURNS - 1)
      machine.memory.set(LOCK, 0n)
      yield* restart()
    })
    assert.equal(end.came, 'through')
  })

  it('after a lock that passed from one to the next, has not hung', async () => {
    const end = await follow(function* (machine) {
      for (let owner = 1n; owner < 20n; owner++) {
        machine.memory.set(LOCK, owner)
        yield* spinning(SPIN_TURNS - 1)
      }
      yield* restart()
    })
    assert.equal(end.came, 'through')
  })

  it('in a loop that counts in a register, has not hung', async () => {
    const end = await follow(function* (machine) {
      machine.memory.set(LOCK, 1n)
      yield* spinning(8000, spin => ({ rax: BigInt(spin) }))
      yield* restart()
    })
    assert.equal(end.came, 'through')
  })
})

describe('a panicking kernel that hangs', () => {
  it(`has taken ${HANG_TURNS} turns without a request, idle at the first and the last`, async () => {
    const end = await follow(function* (_, request) {
      yield* turn(BUSY)
      request()
      yield* forEver(() => turn(IDLE))
    })
    assert.deepEqual([end.came, end.turns, end.spins, end.requests], ['never', HANG_TURNS, 0, 1])
    assert.match(end.sat, /^(poll|smi_event_handler|delay_tsc|kcs_event)/)
  })

  it(`has taken ${SPIN_TURNS} turns of a lock's loop in which nothing changed`, async () => {
    const end = await follow(machine => {
      machine.memory.set(LOCK, 1n)
      return forEver(() => spinning(1))
    })
    const sat = 'native_queued_spin_lock_slowpath'
    assert.deepEqual(end, { came: 'never', sat, turns: 0, spins: SPIN_TURNS, requests: 0 })
  })

  it('has done so with two processors, while the other is held', async () => {
    const kernel = (machine: ScriptedMachine) => {
      machine.memory.set(LOCK, 1n)
      return forEver(() => spinning(1))
    }
    const { came, sat, spins } = await follow(kernel, { cpus: 2, onlyThread: '01' })
    assert.deepEqual([came, sat, spins], ['never', 'native_queued_spin_lock_slowpath', SPIN_TURNS])
  })
})

describe('a panicking kernel of which nothing is shown', () => {
  const cases: Readonly<Record<string, [Setup, (machine: ScriptedMachine) => Iterator<Instruction, void>]>> =
    {
      'sits elsewhere': [{}, () => forEver(() => [{ rip: at.delay }])],
      'waits for ever with a state machine that is not idle': [{}, () => forEver(() => turn(BUSY))],
      'spins for a lock with interrupts on': [
        {},
        machine => {
          machine.memory.set(LOCK, 1n)
          return forEver(() => spinning(1, () => ({ eflags: INTERRUPTS_ON })))
        },
      ],
      'spins for a lock that another processor may give back': [
        { cpus: 2 },
        machine => {
          machine.memory.set(LOCK, 1n)
          return forEver(() => spinning(1))
        },
      ],
      'spins for a lock that is free': [{}, () => forEver(() => spinning(1))],
    }
  for (const [name, [setup, kernel]] of Object.entries(cases)) {
    it(`${name}: is an error after ${STUCK_MS / 1000} s, and no verdict`, async () => {
      await assert.rejects(follow(kernel, setup), {
        code: 'KERNEL_STUCK',
        message:
          /^For 60 s .* sat in (?:delay_tsc|poll|kcs_event|smi_event|native_queued).* 0 requests since the panic/,
      })
    })
  }
})
