/** The kernel's symbols as /proc/kallsyms prints them: from a name to its address, and from an address to a name. */
import { LastwordError } from '../../protocol/error.ts'
import { nearestNames } from './nearest-names.ts'

export interface KernelSymbol {
  name: string
  address: bigint
  /** nm's letter: `t` and `T` are code. */
  type: string
  /** Absent for the kernel itself. */
  module?: string
}

export interface Location {
  symbol: KernelSymbol
  offset: number
  /** Such as `sender+0x12 [ipmi_si]`. */
  text: string
}

const kallsymsLine = /^([0-9a-f]{8,16}) ([a-zA-Z]) (\S+?)(?:\s+\[(\S+)\])?\s*$/

/** What a compiler puts behind the name of a function that it changed. */
const compilerSuffix = /\.(?:isra|part|constprop|cold|llvm|lto_priv)(?:\.\d+)*/g

/** Beyond this distance the symbol before an address says nothing about it. */
const maxOffset = 0x10000n

export class SymbolTable {
  readonly symbols: readonly KernelSymbol[]
  /** What was looked for before: a sweep asks for the same few, among 50,000, at each cut. */
  readonly #known = new Map<string, readonly KernelSymbol[]>()
  readonly #code: readonly KernelSymbol[]

  constructor(symbols: readonly KernelSymbol[]) {
    this.symbols = symbols
    this.#code = symbols
      .filter(one => /[tw]/i.test(one.type))
      .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0))
  }

  /** Reads lines of /proc/kallsyms; other lines between them are passed over. */
  static parse(text: string): SymbolTable {
    const symbols: KernelSymbol[] = []
    for (const line of text.split('\n')) {
      const [, address, type, name, module] = kallsymsLine.exec(line.trim()) ?? []
      if (!address || !type || !name) continue
      symbols.push({ name, type, address: BigInt(`0x${address}`), ...(module && { module }) })
    }
    if (symbols.length > 0 && symbols.every(one => one.address === 0n)) {
      throw new LastwordError(
        'SYMBOLS_HIDDEN',
        'The kernel hides its addresses: set /proc/sys/kernel/kptr_restrict to 0 before /proc/kallsyms is read',
      )
    }
    return new SymbolTable(symbols)
  }

  /**
   * The address of `SYMBOL`, `SYMBOL+OFFSET` or `MODULE:SYMBOL+OFFSET`. A function that the compiler renamed
   * (`sender.isra.0`) is found by its plain name too.
   */
  resolve(expression: string): bigint {
    const parsed = /^(?:(\w+):)?([^\s+]+)(?:\+(0x[0-9a-f]+|\d+))?$/i.exec(expression.trim())
    if (!parsed) {
      throw new LastwordError('SYMBOL_UNKNOWN', `'${expression}' is not of the form [MODULE:]SYMBOL[+OFFSET]`)
    }
    const [, module, name, offset = '0'] = parsed
    return this.find(name!, module).address + BigInt(offset)
  }

  has(name: string, module?: string): boolean {
    return this.#candidates(name, module).length > 0
  }

  find(name: string, module?: string): KernelSymbol {
    const candidates = this.#candidates(name, module)
    const [first] = candidates
    if (!first) throw this.#unknown(name, module)
    const others = candidates.filter(one => one.address !== first.address)
    if (others.length === 0) return first
    const choices = candidates.map(one => (one.module ? `${one.module}:${one.name}` : one.name))
    throw new LastwordError(
      'SYMBOL_AMBIGUOUS',
      `'${name}' is the name of several: say which of ${choices.join(', ')}`,
    )
  }

  /** The function that `address` lies in, or undefined when no symbol is near before it. */
  locate(address: bigint): Location | undefined {
    const symbol = this.#lastAtOrBefore(address)
    if (!symbol || address - symbol.address > maxOffset) return undefined
    const offset = Number(address - symbol.address)
    const where = symbol.module ? ` [${symbol.module}]` : ''
    return { symbol, offset, text: `${symbol.name}${offset ? `+0x${offset.toString(16)}` : ''}${where}` }
  }

  #lastAtOrBefore(address: bigint): KernelSymbol | undefined {
    let low = 0
    let high = this.#code.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#code[middle]!.address <= address) low = middle + 1
      else high = middle
    }
    return this.#code[low - 1]
  }

  /** Exact names before renamed ones, and whole functions before the cold parts that were cut out of them. */
  #candidates(name: string, module?: string): readonly KernelSymbol[] {
    const key = `${module ?? ''}:${name}`
    const known = this.#known.get(key) ?? this.#search(name, module)
    this.#known.set(key, known)
    return known
  }

  #search(name: string, module?: string): readonly KernelSymbol[] {
    const inModule = this.symbols.filter(one => module === undefined || one.module === module)
    const exact = inModule.filter(one => one.name === name)
    if (exact.length > 0) return exact
    const renamed = inModule.filter(one => one.name.replace(compilerSuffix, '') === name)
    const whole = renamed.filter(one => !one.name.includes('.cold'))
    return whole.length > 0 ? whole : renamed
  }

  #unknown(name: string, module?: string): LastwordError {
    const names = new Set(this.symbols.map(one => one.name))
    const nearest = nearestNames(name, names)
    return new LastwordError(
      'SYMBOL_UNKNOWN',
      `This kernel has no symbol '${name}'${module ? ` in ${module}` : ''}; ` +
        (nearest.length > 0
          ? `the nearest are ${nearest.join(', ')}`
          : `of ${names.size} known none is near`),
    )
  }
}
