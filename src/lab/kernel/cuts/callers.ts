/** Who called whom on a stopped kernel's stack, out to the last function of the IPMI modules. */
import type { GdbRemote } from '../gdb-remote.ts'
import type { KernelSymbol, SymbolTable } from '../symbols.ts'

type Reader = Pick<GdbRemote, 'readRegisters' | 'readMemory'>

/** 64-bit words of the stack that are searched. */
const STACK_WORDS = 256
const PAGE_BYTES = 4096
const LONGEST_CALL_BYTES = 7

/** From the function that is executed out to the last one of the IPMI modules, innermost first. */
export async function callers(gdb: Reader, symbols: SymbolTable): Promise<string> {
  const { rip, rsp } = await gdb.readRegisters()
  // What lies beyond the page may not be the stack's.
  const inPage = PAGE_BYTES - Number(rsp % BigInt(PAGE_BYTES))
  const stack = await gdb.readMemory(rsp, Math.min(STACK_WORDS * 8, inPage))
  const chain = new Chain(gdb, symbols, symbols.locate(rip)?.symbol)
  for (let word = 0; word + 8 <= stack.length; word += 8) await chain.add(stack.readBigUInt64LE(word))
  const all = chain.longest()
  const outermost = all.findLastIndex(one => one.module?.startsWith('ipmi_'))
  const names = all.slice(0, Math.max(outermost, 0) + 1).map(({ name }) => name)
  return names.join(' < ') || `0x${rip.toString(16)}`
}

/** Between a call and the function that it leads to. */
const thunk = /_thunk/

/** A word of the stack that lies behind a call. */
interface Frame {
  caller: KernelSymbol | undefined
  /** The frame that it leads to, and how many there are up to it. */
  callee?: Frame
  depth: number
}

/**
 * A stack holds pointers to functions too, and what returned calls have left there. A word counts when a call stands
 * before it that leads to the frame below, or to where a pointer says; of several chains the longest is the right one.
 */
class Chain {
  readonly #gdb: Reader
  readonly #symbols: SymbolTable
  readonly #frames: Frame[]
  /** By the entry of a function, those that it jumps to. */
  readonly #jumps = new Map<bigint, ReadonlySet<bigint>>()

  constructor(gdb: Reader, symbols: SymbolTable, here: KernelSymbol | undefined) {
    this.#gdb = gdb
    this.#symbols = symbols
    this.#frames = [{ caller: here, depth: 0 }]
  }

  /** The next word of the stack. */
  async add(word: bigint): Promise<void> {
    const at = this.#symbols.locate(word)
    if (at === undefined || at.offset === 0) return
    const before = Math.min(LONGEST_CALL_BYTES, at.offset)
    const call = callAtEnd(await this.#gdb.readMemory(word - BigInt(before), before), word)
    if (call === undefined) return
    const leadsTo = call === 'indirect' ? 'anywhere' : await this.#functionsBehind(call)
    let callee: Frame | undefined
    for (const frame of this.#frames) {
      const isPossible =
        leadsTo === 'anywhere' || (frame.caller !== undefined && leadsTo.has(frame.caller.address))
      if (isPossible && (callee === undefined || frame.depth >= callee.depth)) callee = frame
    }
    if (callee !== undefined) this.#frames.push({ caller: at.symbol, callee, depth: callee.depth + 1 })
  }

  /** Innermost first, the function that is executed at its head. */
  longest(): KernelSymbol[] {
    const last = this.#frames.reduce((longest, frame) => (frame.depth > longest.depth ? frame : longest))
    const callers: KernelSymbol[] = []
    for (let frame: Frame | undefined = last; frame !== undefined; frame = frame.callee) {
      if (frame.caller !== undefined) callers.unshift(frame.caller)
    }
    return callers
  }

  /** The entry that is called, and those to which it jumps at its end. */
  async #functionsBehind(target: bigint): Promise<ReadonlySet<bigint> | 'anywhere'> {
    const called = this.#symbols.locate(target)
    if (called === undefined || called.offset !== 0) return new Set()
    if (thunk.test(called.symbol.name)) return 'anywhere'
    const entry = called.symbol.address
    let jumps = this.#jumps.get(entry)
    if (jumps === undefined) {
      const code = await this.#gdb.readMemory(entry, Number(this.#symbols.endOf(called.symbol) - entry))
      const targets = jumpTargets(code, entry).map(one => this.#symbols.locate(one)?.symbol.address)
      jumps = new Set([entry, ...targets.filter(one => one !== undefined)])
      this.#jumps.set(entry, jumps)
    }
    return jumps
  }
}

/** What the call that ends with these bytes calls; undefined when they end with none. `end` is the address behind it. */
export function callAtEnd(bytes: Uint8Array, end: bigint): bigint | 'indirect' | undefined {
  const code = Buffer.from(bytes)
  if (code.length >= 5 && code[code.length - 5] === 0xe8)
    return end + BigInt(code.readInt32LE(code.length - 4))
  for (let length = 2; length <= code.length; length++) {
    const start = code.length - length
    if (code[start] === 0xff && indirectCallLength(code.subarray(start + 1)) === length) return 'indirect'
  }
  return undefined
}

/** The length of a near call through a register or memory (opcode FF /2), by what follows the opcode; 0 when it is another. */
function indirectCallLength([modRm = 0, sib = 0]: Uint8Array): number {
  const [mod, reg, rm] = [modRm >> 6, (modRm >> 3) & 7, modRm & 7]
  if (reg !== 2) return 0
  if (mod === 3) return 2
  const withSib = rm === 4 ? 1 : 0
  const hasNoBase = mod === 0 && (rm === 5 || (rm === 4 && (sib & 7) === 5))
  return 2 + withSib + (mod === 1 ? 1 : mod === 2 || hasNoBase ? 4 : 0)
}

/** Where jumps with a 32-bit distance lead, wherever the bytes could be one: `jmp` (E9) and `jcc` (0F 8x). */
function jumpTargets(code: Buffer, start: bigint): bigint[] {
  const targets: bigint[] = []
  for (let at = 0; at + 5 <= code.length; at++) {
    const isJump = code[at] === 0xe9 || (at > 0 && code[at - 1] === 0x0f && (code[at]! & 0xf0) === 0x80)
    if (isJump) targets.push(start + BigInt(at + 5 + code.readInt32LE(at + 1)))
  }
  return targets
}
