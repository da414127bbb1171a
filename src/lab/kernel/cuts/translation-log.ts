/** What an instruction can change, as QEMU's own translation of it tells: whether it may write memory, or reach a device. */
import { closeSync, openSync, readSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { QmpClient } from '../qmp.ts'

/** Helpers of QEMU's x86 translation that compute flags, or serve the debugger: they change no state that a panic could see. */
const harmlessHelper = /^(?:lookup_tb_ptr|cc_compute_\w+|debug|rechecking_single_step|single_step)$/
const PAGE_OFFSET_MASK = 0xfffn
const CHUNK_BYTES = 1 << 16

/**
 * Reads the micro operations of one translated block (`-d op`). A store (`qemu_st…`) is told, and so is each helper that is
 * not known to be harmless: port I/O, atomic operations, control registers, flags from the stack. A push, or a call's, is
 * none: it writes where nothing may point to, below the stack's end, and an NMI has a stack of its own.
 */
export function hasEffect(block: string): boolean {
  const operations = block.split('\n').map(line => line.trim().split(/[ ,]/))
  const below = operations.find(operation => isBelowStack(operation))?.[1]
  return operations.some(([operation = '', first = '', address]) => {
    if (operation.startsWith('qemu_st')) return below === undefined || address !== below
    return operation === 'call' && !harmlessHelper.test(first)
  })
}

/** `sub_i64 tmp2,rsp,$0x8`: the address of the word below the stack's end. */
function isBelowStack([operation, , register, constant]: readonly string[]): boolean {
  if (register !== 'rsp') return false
  return (
    (operation === 'sub_i64' && constant === '$0x8') ||
    (operation === 'add_i64' && constant === '$0xfffffffffffffff8')
  )
}

/** The block that begins at this address: newer versions of QEMU print only its place in its page. */
export function blockOf(address: bigint, blocks: readonly string[]): string | undefined {
  return blocks.find(block => {
    const [, printed] = /^ ---- ([0-9a-f]+)/m.exec(block) ?? []
    return (
      printed !== undefined && (BigInt(`0x${printed}`) & PAGE_OFFSET_MASK) === (address & PAGE_OFFSET_MASK)
    )
  })
}

/** While it is open QEMU writes down what it translates; single steps make each instruction a block of its own. */
export class TranslationLog implements AsyncDisposable {
  readonly #qmp: QmpClient
  readonly #path: string
  readonly #file: number
  readonly #effects = new Map<bigint, boolean>()
  readonly #chunk = Buffer.alloc(CHUNK_BYTES)

  private constructor(qmp: QmpClient, path: string) {
    this.#qmp = qmp
    this.#path = path
    this.#file = openSync(path, 'a+')
  }

  static async open(qmp: QmpClient, path: string): Promise<TranslationLog> {
    const log = new TranslationLog(qmp, path)
    await qmp.monitor(`logfile ${path}`)
    await qmp.monitor('log op')
    return log
  }

  /** Of the instruction that was just executed. What QEMU did not write down counts as an effect. */
  effectOf(address: bigint): boolean {
    const blocks = this.#news().split('OP:\n').slice(1)
    const block = blockOf(address, blocks)
    const effect = block === undefined ? (this.#effects.get(address) ?? true) : hasEffect(block)
    this.#effects.set(address, effect)
    return effect
  }

  async [Symbol.asyncDispose](): Promise<void> {
    closeSync(this.#file)
    await this.#qmp.monitor('log none').catch(() => {})
    await rm(this.#path, { force: true })
  }

  #news(): string {
    let text = ''
    for (;;) {
      const length = readSync(this.#file, this.#chunk, 0, CHUNK_BYTES, null)
      if (length === 0) return text
      text += this.#chunk.toString('latin1', 0, length)
    }
  }
}
