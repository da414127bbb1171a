/** Numbered configuration parameters of a BMC as typed values, read many at a time. IPMI 2.0 rev 1.1, sections 22, 23, 28 and 30. */
import { CodecError, fitted } from '../protocol/bytes.ts'
import { CompletionCode, type CompletionCodeError } from '../protocol/completion-code.ts'
import { LastwordError } from '../protocol/error.ts'
import {
  type AnyParameter,
  decodeParameter,
  encodeParameter,
  type Parameter,
  type ParameterValue,
} from '../protocol/parameter.ts'
import { type Abortable, inParallel, isRefusal, unlessRefused } from './command-runner.ts'

/** BMCs say so in several ways. */
const UNSUPPORTED: readonly number[] = [
  0x80,
  CompletionCode.InvalidCommand,
  CompletionCode.ParameterOutOfRange,
  CompletionCode.NotPresent,
  CompletionCode.InvalidDataField,
]
/** Another one is setting parameters, or the BMC has no such lock. */
const NO_LOCK: readonly number[] = [...UNSUPPORTED, 0x82]

/** An element of an array parameter, and of that a block. */
export interface ParameterPlace extends Abortable {
  set?: number
  block?: number
}

/** How the parameters of one table go over the wire. */
export interface ParameterAccess {
  /** For errors: which BMC, which parameters. */
  readonly what: string
  readonly window: number
  read(selector: number, set: number, block: number, options: Abortable): Promise<Uint8Array>
  /** Missing where nothing can be written. */
  write?(selector: number, data: Uint8Array, options: Abortable): Promise<void>
}

export type ParameterTable = Readonly<Record<string, AnyParameter>>

/** All parameters of a table that the BMC has. */
export type ParameterValues<T extends ParameterTable> = { -readonly [K in keyof T]?: ParameterValue<T[K]> }

export class Parameters<T extends ParameterTable> {
  readonly table: T
  readonly #access: ParameterAccess

  constructor(table: T, access: ParameterAccess) {
    this.table = table
    this.#access = access
  }

  /** Undefined when the BMC has no such parameter. Rejects with LastwordError RESPONSE_BAD when its data are not this one's. */
  async get<V>(parameter: Parameter<V>, place: ParameterPlace = {}): Promise<V | undefined> {
    return unlessRefused(this.demand(parameter, place), ...UNSUPPORTED)
  }

  /** As `get`, but rejects with CompletionCodeError when the BMC has no such parameter. */
  async demand<V>(parameter: Parameter<V>, place: ParameterPlace = {}): Promise<V> {
    const { set = 0, block = 0 } = place
    const data = await this.#access.read(parameter.selector, set, block, place)
    try {
      return decodeParameter(parameter, data)
    } catch (cause) {
      if (!(cause instanceof CodecError)) throw cause
      throw new LastwordError('RESPONSE_BAD', `${this.#access.what}: ${parameter.name}: ${cause.message}`, {
        cause,
      })
    }
  }

  /** Rejects with LastwordError READ_ONLY for a parameter that cannot be set. */
  async set<V>(parameter: Parameter<V>, value: V, options: Abortable = {}): Promise<void> {
    const { write, what } = this.#access
    if (write === undefined || parameter.access === 'readOnly')
      throw new LastwordError('READ_ONLY', `${what}: ${parameter.name} cannot be set`)
    await write(parameter.selector, this.#encode(parameter, value), options)
  }

  /**
   * All that are not arrays; those that the BMC has not, or gives in a way of its own, are missing. Rejects with
   * CompletionCodeError when it has none of them.
   */
  async all(options: Abortable = {}): Promise<ParameterValues<T>> {
    const names = Object.keys(this.table).filter(name => {
      const { isSet, access } = this.table[name]!
      return !isSet && access !== 'writeOnly'
    })
    const values: Record<string, unknown> = {}
    const refusals: CompletionCodeError[] = []
    await inParallel(names, this.#access.window, options, async (name, signal) => {
      try {
        values[name] = await this.demand(this.table[name]!, { signal })
      } catch (error) {
        if (isRefusal(error, ...UNSUPPORTED)) refusals.push(error)
        else if (!(error instanceof LastwordError && error.code === 'RESPONSE_BAD')) throw error
      }
    })
    if (refusals.length === names.length && refusals[0] !== undefined) throw refusals[0]
    return values as ParameterValues<T>
  }

  /** The elements `first` to `last` of an array. */
  list<V>(
    parameter: Parameter<V>,
    first: number,
    last: number,
    options: Abortable = {},
  ): Promise<(V | undefined)[]> {
    const sets = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index)
    return inParallel(sets, this.#access.window, options, (set, signal) =>
      this.get(parameter, { set, signal }),
    )
  }

  /** Sets several as one: "set in progress" is on meanwhile, where the BMC has it. */
  async change(values: ParameterValues<T>, options: Abortable = {}): Promise<void> {
    const changes = Object.entries(values).map(([name, value]): [AnyParameter, unknown] => [
      this.table[name]!,
      value,
    ])
    // What cannot be written is found before anything is.
    for (const [parameter, value] of changes) this.#encode(parameter, value)
    const { setInProgress } = this.table
    const lock = async (state: string) => {
      if (setInProgress !== undefined)
        await unlessRefused(this.set(setInProgress, state, options), ...NO_LOCK)
    }
    await lock('inProgress')
    try {
      for (const [parameter, value] of changes) await this.set(parameter, value, options)
    } finally {
      await lock('complete')
    }
  }

  #encode<V>(parameter: Parameter<V>, value: V): Uint8Array {
    return fitted(`${this.#access.what}: ${parameter.name}`, () => encodeParameter(parameter, value))
  }
}
