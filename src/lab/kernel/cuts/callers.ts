/** Who called whom on a stopped kernel's stack, as far as the IPMI modules go: only words that a call left there. */
import type { SymbolTable } from '../symbols.ts'
import type { FollowingGdb } from './panicking.ts'

/** 64-bit words of the stack that are searched. */
const STACK_WORDS = 96
const PAGE_BYTES = 4096

/** The functions of the IPMI modules on the stack, innermost first. */
export async function callers(gdb: FollowingGdb, symbols: SymbolTable): Promise<string> {
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
