/** A panicking machine under GDB, and the ways in which it goes on: to a place, for a while, or by one instruction. */
import { LastwordError } from '../../../protocol/error.ts'
import type { GdbRemote } from '../gdb-remote.ts'
import type { SymbolTable } from '../symbols.ts'
import type { CutInterface } from './kernel-steps.ts'

/** As much of a GDB connection as following a panic takes. */
export type FollowingGdb = Pick<
  GdbRemote,
  | 'readRegisters'
  | 'readMemory'
  | 'setBreakpoint'
  | 'clearBreakpoint'
  | 'resume'
  | 'resumeAlone'
  | 'step'
  | 'stepAlone'
  | 'waitForStop'
  | 'interrupt'
  | 'selectThread'
  | 'threads'
>

export interface Panicking {
  gdb: FollowingGdb
  symbols: SymbolTable
  interface: CutInterface
  /** Requests that the BMC has received. */
  requests(): number
  /** The only processor that goes on; all of them by default. */
  onlyThread?: string
  signal?: AbortSignal
  /** The clock that says when it is stuck; `performance.now` by default. */
  nowMs?(): number
}

/** True when the machine stopped by itself; otherwise it is stopped here. */
export async function goOnWithin(panicking: Panicking, timeoutMs: number): Promise<boolean> {
  const { gdb, onlyThread, signal } = panicking
  if (onlyThread === undefined) gdb.resume()
  else gdb.resumeAlone(onlyThread)
  try {
    await gdb.waitForStop(signal === undefined ? { timeoutMs } : { timeoutMs, signal })
    return true
  } catch (error) {
    if (!(error instanceof LastwordError) || error.code !== 'GDB_TIMEOUT') throw error
    await gdb.interrupt()
    // QEMU goes on showing the processor that it showed last, which may be the one that is held.
    if (onlyThread !== undefined) await gdb.selectThread(onlyThread)
    return false
  }
}

/** True when it stands at the address; it may have stopped elsewhere or been stopped. */
export async function goOnTo(panicking: Panicking, address: bigint, timeoutMs: number): Promise<boolean> {
  const { gdb } = panicking
  await gdb.setBreakpoint(address)
  try {
    return (await goOnWithin(panicking, timeoutMs)) && (await gdb.readRegisters()).rip === address
  } finally {
    await gdb.clearBreakpoint(address)
  }
}

/** A machine that goes on from a breakpoint would stop there at once; a step passes it. */
export async function stepOff({ gdb, onlyThread }: Panicking): Promise<void> {
  if (onlyThread === undefined) await gdb.step()
  else await gdb.stepAlone(onlyThread)
}
