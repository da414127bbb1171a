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

/** Where a module lies, as /proc/modules has it. */
interface ModuleBounds {
  start: bigint
  end: bigint
}

const kallsymsLine = /^([0-9a-f]{8,16}) ([a-zA-Z]) (\S+?)(?:\s+\[(\S+)\])?\s*$/

/** Name, size, users, who they are, state, address. */
const modulesLine = /^(\S+) (\d+) \d+ \S+ \w+ 0x([0-9a-f]+)/

/** What a compiler puts behind the name of a function that it changed. */
const compilerSuffix = /\.(?:isra|part|constprop|cold|llvm|lto_priv)(?:\.\d+)*/g

/** No function is longer; beyond it the symbol before an address says nothing about it. */
const maxExtent = 0x10000n

/** The linker's marks: where one stands beside a function, the address is the function's. */
const mark = /_(?:start|end|begin|array)$|^_[se](?:init)?text$/

/** Behind these is no code. */
const endMark = /^_e(?:init)?text$|^__end_/

export class SymbolTable {
  readonly symbols: readonly KernelSymbol[]
  /** What was looked for before: a sweep asks for the same few, among 50,000, at each cut. */
  readonly #known = new Map<string, readonly KernelSymbol[]>()
  /** By address, and of several at one address the one that names it best is the last. */
  readonly #byAddress: readonly KernelSymbol[]
  readonly #modules: ReadonlyMap<string, ModuleBounds>

  constructor(symbols: readonly KernelSymbol[], modules: ReadonlyMap<string, ModuleBounds> = new Map()) {
    this.symbols = symbols
    this.#modules = modules
    const rank = (one: KernelSymbol) => (isCode(one) ? 2 : 0) + (mark.test(one.name) ? 0 : 1)
    this.#byAddress = symbols.toSorted((a, b) =>
      a.address < b.address ? -1 : a.address > b.address ? 1 : rank(a) - rank(b),
    )
  }

  /** Reads lines of /proc/kallsyms and /proc/modules; other lines between them are passed over. */
  static parse(text: string): SymbolTable {
    const symbols: KernelSymbol[] = []
    const modules = new Map<string, ModuleBounds>()
    for (const line of text.split('\n')) {
      const [, loaded, size, base] = modulesLine.exec(line) ?? []
      if (loaded && size && base) {
        const start = BigInt(`0x${base}`)
        modules.set(loaded, { start, end: start + BigInt(size) })
      }
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
    return new SymbolTable(symbols, modules)
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
    const symbol = this.find(name!, module)
    const address = symbol.address + BigInt(offset)
    if (isCode(symbol) && address !== symbol.address && address >= this.endOf(symbol)) {
      throw this.#beyond(symbol, address)
    }
    return address
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

  /** The function that `address` lies in, or undefined when it is in none. */
  locate(address: bigint): Location | undefined {
    const symbol = this.#byAddress[this.#countUpTo(address) - 1]
    if (!symbol || !isCode(symbol) || address >= this.endOf(symbol)) return undefined
    const offset = Number(address - symbol.address)
    const where = symbol.module ? ` [${symbol.module}]` : ''
    return { symbol, offset, text: `${symbol.name}${offset ? `+0x${offset.toString(16)}` : ''}${where}` }
  }

  /** Such as `sender+0x12`; undefined where there is no function. */
  nameAt(address: bigint): string | undefined {
    return this.locate(address)?.text.replace(/ \[.*/, '')
  }

  /** The first address that is no longer of a symbol: the next one's, or its module's end. */
  endOf(symbol: KernelSymbol): bigint {
    if (endMark.test(symbol.name)) return symbol.address
    const next = this.#byAddress[this.#countUpTo(symbol.address)]?.address
    const bounds = symbol.module === undefined ? undefined : this.#modules.get(symbol.module)
    const isWithin = bounds !== undefined && symbol.address >= bounds.start && symbol.address < bounds.end
    const ends = [
      symbol.address + maxExtent,
      // Of the last one nothing more is known than that its page is there.
      next ?? (symbol.address | 0xfffn) + 1n,
      ...(isWithin ? [bounds.end] : []),
    ]
    return ends.toSorted((a, b) => Number(a - b))[0]!
  }

  /** How many symbols lie at an address or before it. */
  #countUpTo(address: bigint): number {
    let low = 0
    let high = this.#byAddress.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#byAddress[middle]!.address <= address) low = middle + 1
      else high = middle
    }
    return low
  }

  #beyond(symbol: KernelSymbol, address: bigint): LastwordError {
    const there = this.locate(address)?.text ?? 'no function'
    const hex = (value: bigint) => `0x${value.toString(16)}`
    return new LastwordError(
      'OFFSET_BEYOND',
      `${symbol.name}+${hex(address - symbol.address)} lies beyond ${symbol.name}, which has ` +
        `${hex(this.endOf(symbol) - symbol.address)} bytes; ${there} is there`,
    )
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

function isCode({ type }: KernelSymbol): boolean {
  return /[tw]/i.test(type)
}
