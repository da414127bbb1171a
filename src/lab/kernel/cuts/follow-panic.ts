/** Follows a kernel from its panic to its reset, or to the proof that it will never come: by turns of its wait, not by time. */
import { LastwordError } from '../../../protocol/error.ts'
import type { Registers } from '../x86-registers.ts'
import { callers } from './callers.ts'
import { stateMachines } from './kernel-steps.ts'
import { goOnTo, goOnWithin, type Panicking, stepOff } from './panicking.ts'

/**
 * A hang: so many turns of the kernel's wait in a row without a request to the BMC, its state machine idle at the first
 * and at the last. Then nothing is queued in the driver, and every turn is the same as the one before.
 */
export const HANG_TURNS = 100

/**
 * Or so many turns of a lock's loop in a row, interrupts off, no other processor going on, each with the same registers
 * and the same lock's word: nobody is left who could give it back.
 */
export const SPIN_TURNS = 100

/** Without a request, an end or one of these for so long it is stuck elsewhere, which is an error and no verdict. */
export const STUCK_MS = 60_000

/** How long it goes on before one looks closer; it doubles as long as nothing moves. Only when to look, never the verdict. */
export const FIRST_LOOK_MS = 30
export const LONGEST_LOOK_MS = 2000

/** What a hang is, as every report says it. */
export const HANG_BOUND =
  `A hang: ${HANG_TURNS} turns of the kernel's wait in a row without a request to the BMC, its state machine idle at the ` +
  `first and the last; or ${SPIN_TURNS} turns of a lock's loop in a row, interrupts off, with the same registers and the ` +
  `same lock's word (with two processors, the other one held). ${STUCK_MS / 1000} s without a request, an end or either ` +
  'is an error, KERNEL_STUCK.'

/** `SI_SM_IDLE` in Linux's `enum si_sm_result`. */
const SM_IDLE = 4n
const INTERRUPTS_ON = 0x200n
const LOCK_WORD_BYTES = 4

export interface PanicEnd {
  came: 'through' | 'never'
  /** Where the processor sat at the end: `emergency_restart`, or the chain of callers of the wait. */
  sat: string
  /** Turns of the wait that were counted for the verdict. */
  turns: number
  /** Turns of a lock's loop that were counted for it. */
  spins: number
  /** Requests that the BMC received since the panic. */
  requests: number
}

/** What a closer look found: a verdict, something that moved, or neither (`busy`). */
type Look =
  | { kind: 'end' }
  | { kind: 'moved' }
  | { kind: 'busy'; turns: number }
  | { kind: 'idle'; turns: number }
  | { kind: 'spinning'; spins: number }

/** The machine stands with an NMI pending and a breakpoint on `emergency_restart`. */
export async function followPanic(panicking: Panicking): Promise<PanicEnd> {
  const { gdb, symbols, requests, nowMs = () => performance.now() } = panicking
  const end = symbols.resolve('emergency_restart')
  const requestsBefore = requests()
  const ended = (came: PanicEnd['came'], sat: string, counted: { turns?: number; spins?: number } = {}) => {
    return { came, sat, turns: 0, spins: 0, ...counted, requests: requests() - requestsBefore }
  }
  let lookMs = FIRST_LOOK_MS
  let requestsSeen = requestsBefore
  let movedAtMs = nowMs()
  for (;;) {
    const stopped = await goOnWithin(panicking, lookMs)
    if (stopped && (await gdb.readRegisters()).rip === end) return ended('through', 'emergency_restart')
    const look: Look = requests() === requestsSeen ? await lookCloser(panicking) : { kind: 'moved' }
    if (look.kind === 'end') return ended('through', 'emergency_restart')
    if (look.kind === 'idle') return ended('never', await callers(gdb, symbols), { turns: look.turns })
    if (look.kind === 'spinning') return ended('never', await callers(gdb, symbols), { spins: look.spins })
    if (look.kind === 'moved') {
      requestsSeen = requests()
      movedAtMs = nowMs()
      lookMs = FIRST_LOOK_MS
    } else if (nowMs() - movedAtMs > STUCK_MS) {
      throw stuck(await callers(gdb, symbols), look.turns, requests() - requestsBefore)
    } else {
      lookMs = Math.min(2 * lookMs, LONGEST_LOOK_MS)
    }
  }
}

function stuck(sat: string, turns: number, requests: number): LastwordError {
  return new LastwordError(
    'KERNEL_STUCK',
    `For ${STUCK_MS / 1000} s the panicking kernel sent no request and came to no end, and that it never will is not shown: ` +
      `it sat in ${sat}; counted were ${requests} requests since the panic and ${turns} turns of its wait in the last look`,
    { hint: 'Cut at the same place again, with nothing else to do for the computer; say so if it stays so.' },
  )
}

async function lookCloser(panicking: Panicking): Promise<Look> {
  const registers = await panicking.gdb.readRegisters()
  return isInLockLoop(panicking, registers) ? watchLock(panicking, registers) : countTurns(panicking)
}

/** Counts turns of the kernel's wait, each of which polls the driver once. */
async function countTurns(panicking: Panicking): Promise<Look> {
  const { gdb, symbols, requests } = panicking
  const poll = symbols.resolve('ipmi_si:poll')
  const end = symbols.resolve('emergency_restart')
  const requestsBefore = requests()
  await gdb.setBreakpoint(poll)
  try {
    for (let turns = 0; ; turns++) {
      if (!(await goOnWithin(panicking, LONGEST_LOOK_MS))) return { kind: 'busy', turns }
      if ((await gdb.readRegisters()).rip === end) return { kind: 'end' }
      if (requests() !== requestsBefore) return { kind: 'moved' }
      await stepOff(panicking)
      if (turns > 0 && turns < HANG_TURNS) continue
      const isIdle = await isDriverIdle(panicking)
      if (requests() !== requestsBefore) return { kind: 'moved' }
      if (!isIdle || turns === HANG_TURNS) return { kind: isIdle ? 'idle' : 'busy', turns }
    }
  } finally {
    await gdb.clearBreakpoint(poll)
  }
}

/** Whether the driver's state machine says so the next time it is asked. */
async function isDriverIdle(panicking: Panicking): Promise<boolean> {
  const { gdb, symbols } = panicking
  const event = symbols.resolve(`ipmi_si:${stateMachines[panicking.interface].event}`)
  if (!(await goOnTo(panicking, event, LONGEST_LOOK_MS))) return false
  const { rsp } = await gdb.readRegisters()
  const callersAddress = (await gdb.readMemory(rsp, 8)).readBigUInt64LE()
  if (!(await goOnTo(panicking, callersAddress, LONGEST_LOOK_MS))) return false
  return ((await gdb.readRegisters()).rax & 0xffffffffn) === SM_IDLE
}

/** The slow path of a lock is entered only while somebody else holds it. */
function isInLockLoop({ symbols }: Panicking, { rip }: Registers): boolean {
  const name = symbols.locate(rip)?.symbol.name ?? ''
  return /spin_lock_slowpath|osq_lock|queued_(?:read|write)_lock_slowpath/.test(name)
}

/** Counts turns of a lock's loop, as long as nothing in them changes. */
async function watchLock(panicking: Panicking, first: Registers): Promise<Look> {
  const { gdb, symbols } = panicking
  const end = symbols.resolve('emergency_restart')
  if ((first.eflags & INTERRUPTS_ON) !== 0n || !(await isAlone(panicking))) return { kind: 'busy', turns: 0 }
  const word = await lockWord(panicking, first)
  if (word === undefined) return { kind: 'busy', turns: 0 }
  await gdb.setBreakpoint(first.rip)
  try {
    for (let spins = 0; spins < SPIN_TURNS; spins++) {
      await stepOff(panicking)
      if (!(await goOnWithin(panicking, LONGEST_LOOK_MS))) return { kind: 'moved' }
      const registers = await gdb.readRegisters()
      if (registers.rip === end) return { kind: 'end' }
      const isSame = sameRegisters(registers, first) && (await lockWord(panicking, registers)) === word
      if (!isSame) return { kind: 'moved' }
    }
    return { kind: 'spinning', spins: SPIN_TURNS }
  } finally {
    await gdb.clearBreakpoint(first.rip)
  }
}

/** No other processor goes on, or there is none. */
async function isAlone({ gdb, onlyThread }: Panicking): Promise<boolean> {
  return onlyThread !== undefined || (await gdb.threads()).length === 1
}

/** The lock's word, by the first argument, which the loop keeps; undefined when it is free or there is none. */
async function lockWord({ gdb }: Panicking, { rdi }: Registers): Promise<number | undefined> {
  try {
    return (await gdb.readMemory(rdi, LOCK_WORD_BYTES)).readUInt32LE() || undefined
  } catch (error) {
    if (error instanceof LastwordError && error.code === 'GDB_REFUSED') return undefined
    throw error
  }
}

function sameRegisters(a: Registers, b: Registers): boolean {
  return Object.entries(a).every(([name, value]) => b[name as keyof Registers] === value)
}
