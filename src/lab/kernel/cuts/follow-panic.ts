/** Follows a kernel from its panic to its reset, or to the proof that it will never come: by turns of its wait, not by time. */
import { LastwordError } from '../../../protocol/error.ts'
import type { GdbRemote } from '../gdb-remote.ts'
import type { SymbolTable } from '../symbols.ts'
import { type CutInterface, stateMachines } from './kernel-steps.ts'

/**
 * A hang: so many turns of the kernel's wait in a row without a request to the BMC, its state machine idle at the
 * last. Then nothing is queued in the driver, and every turn is the same as the one before.
 */
export const HANG_TURNS = 100

/** Or so many looks in a row that find it spinning for a lock: its holder is what was interrupted, and never goes on. */
export const HANG_SPINS = 8

/** Without a request or an end for so long the kernel is stuck elsewhere; its drivers' own time-outs are 5 s. */
export const STUCK_MS = 60_000

/** First time without a request after which one looks closer; it doubles. Only when to look, never the verdict. */
const FIRST_LOOK_MS = 30
const LONGEST_LOOK_MS = 2000
/** `SI_SM_IDLE` in Linux's `enum si_sm_result`. */
const SM_IDLE = 4n
/** 64-bit words of the stack that are searched for callers. */
const STACK_WORDS = 96
const PAGE_BYTES = 4096

export interface PanicEnd {
  came: 'through' | 'never'
  /** Where the processor sat at the end: `emergency_restart`, or the chain of callers of the wait. */
  sat: string
  /** Turns of the wait that were counted for the verdict. */
  turns: number
}

export interface Panicking {
  gdb: GdbRemote
  symbols: SymbolTable
  interface: CutInterface
  /** Requests that the BMC has received. */
  requests(): number
  /** The only processor that goes on; all of them by default. */
  onlyThread?: string
  signal?: AbortSignal
}

/** The machine stands with an NMI pending and a breakpoint on `emergency_restart`. */
export async function followPanic(panicking: Panicking): Promise<PanicEnd> {
  const { gdb, symbols, requests } = panicking
  const end = symbols.resolve('emergency_restart')
  let lookMs = FIRST_LOOK_MS
  let requestsSeen = requests()
  let movedAtMs = performance.now()
  let spins = 0
  for (;;) {
    resume(panicking)
    const stopped = await stopWithin(gdb, lookMs, panicking.signal)
    if (stopped && (await gdb.readRegisters()).rip === end) return through
    if (requests() !== requestsSeen) {
      requestsSeen = requests()
      movedAtMs = performance.now()
      lookMs = FIRST_LOOK_MS
      spins = 0
      continue
    }
    spins = (await isSpinning(gdb, symbols)) ? spins + 1 : 0
    if (spins === HANG_SPINS) return { came: 'never', sat: await callers(gdb, symbols), turns: 0 }
    if (spins > 0) continue
    const look = await countTurns(panicking)
    if (look.kind === 'end') return through
    if (look.kind === 'idle') return { came: 'never', sat: await callers(gdb, symbols), turns: look.turns }
    if (performance.now() - movedAtMs > STUCK_MS) {
      return { came: 'never', sat: await callers(gdb, symbols), turns: 0 }
    }
    lookMs = Math.min(2 * lookMs, LONGEST_LOOK_MS)
  }
}

const through: PanicEnd = { came: 'through', sat: 'emergency_restart', turns: 0 }

type Look = { kind: 'idle'; turns: number } | { kind: 'end' | 'moving' | 'no-turn' }

/** Counts turns of the kernel's wait, each of which polls the driver once. */
async function countTurns(panicking: Panicking): Promise<Look> {
  const { gdb, symbols, interface: way, requests, signal } = panicking
  const poll = symbols.resolve('ipmi_si:poll')
  const end = symbols.resolve('emergency_restart')
  const requestsBefore = requests()
  await gdb.setBreakpoint(poll)
  try {
    for (let turns = 0; turns < HANG_TURNS; turns++) {
      resume(panicking)
      if (!(await stopWithin(gdb, LONGEST_LOOK_MS, signal))) return { kind: 'no-turn' }
      if ((await gdb.readRegisters()).rip === end) return { kind: 'end' }
      if (requests() !== requestsBefore) return { kind: 'moving' }
      await stepOff(panicking)
    }
  } finally {
    await gdb.clearBreakpoint(poll)
  }
  const isIdle =
    (await resultOf(panicking, symbols.resolve(`ipmi_si:${stateMachines[way].event}`))) === SM_IDLE
  if (requests() !== requestsBefore || !isIdle) return { kind: 'moving' }
  return { kind: 'idle', turns: HANG_TURNS }
}

function resume({ gdb, onlyThread }: Panicking): void {
  if (onlyThread === undefined) gdb.resume()
  else gdb.resumeAlone(onlyThread)
}

/** A machine that goes on from a breakpoint would stop there at once; a step passes it. */
async function stepOff({ gdb, onlyThread }: Panicking): Promise<void> {
  if (onlyThread === undefined) await gdb.step()
  else await gdb.stepAlone(onlyThread)
}

/** The slow path of a lock is entered only while somebody else holds it. */
async function isSpinning(gdb: GdbRemote, symbols: SymbolTable): Promise<boolean> {
  const name = symbols.locate((await gdb.readRegisters()).rip)?.symbol.name ?? ''
  return /spin_lock_slowpath|osq_lock|queued_(?:read|write)_lock_slowpath/.test(name)
}

/** What the next call of a function returns. */
async function resultOf(panicking: Panicking, entry: bigint): Promise<bigint> {
  const { gdb } = panicking
  await stopAt(panicking, entry)
  const { rsp } = await gdb.readRegisters()
  const callersAddress = (await gdb.readMemory(rsp, 8)).readBigUInt64LE()
  await stopAt(panicking, callersAddress)
  return (await gdb.readRegisters()).rax & 0xffffffffn
}

async function stopAt(panicking: Panicking, address: bigint): Promise<void> {
  const { gdb, signal } = panicking
  await gdb.setBreakpoint(address)
  try {
    resume(panicking)
    await gdb.waitForStop(signal === undefined ? {} : { signal })
  } finally {
    await gdb.clearBreakpoint(address)
  }
}

/** True when the machine stopped by itself; otherwise it is stopped here. */
async function stopWithin(gdb: GdbRemote, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
  try {
    await gdb.waitForStop(signal === undefined ? { timeoutMs } : { timeoutMs, signal })
    return true
  } catch (error) {
    if (!(error instanceof LastwordError) || error.code !== 'GDB_TIMEOUT') throw error
    await gdb.interrupt()
    return false
  }
}

/** The functions of the IPMI modules on the stack, innermost first. */
async function callers(gdb: GdbRemote, symbols: SymbolTable): Promise<string> {
  const { rip, rsp } = await gdb.readRegisters()
  // What lies beyond the page may not be the stack's.
  const inPage = PAGE_BYTES - Number(rsp % BigInt(PAGE_BYTES))
  const stack = await gdb.readMemory(rsp, Math.min(STACK_WORDS * 8, inPage))
  const names: string[] = []
  const here = symbols.locate(rip)?.symbol.name
  if (here !== undefined) names.push(here)
  for (let word = 0; word + 8 <= stack.length; word += 8) {
    const at = symbols.locate(stack.readBigUInt64LE(word))
    // An address to return to is never a function's entry; a pointer to a function is.
    if (at === undefined || at.offset === 0 || !at.symbol.module?.startsWith('ipmi_')) continue
    if (!names.includes(at.symbol.name)) names.push(at.symbol.name)
  }
  return names.join(' < ') || `0x${rip.toString(16)}`
}
