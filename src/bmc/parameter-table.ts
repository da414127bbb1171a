/** Numbered configuration parameters as a BMC holds them: LAN, PEF, boot options, system information, DCMI. */
import { z } from 'zod'
import { CodecError } from '../protocol/bytes.ts'
import { CompletionCode } from '../protocol/completion-code.ts'
import {
  type AnyParameter,
  decodeParameter,
  encodeParameter,
  findParameter,
  type Parameter,
} from '../protocol/parameter.ts'
import type { Controller } from './controller.ts'
import { settingFamily } from './stores/settings.ts'

const NOT_SUPPORTED = 0x80
const SET_IN_PROGRESS = 0x81
const READ_ONLY = 0x82
/** What "set in progress" is in every table. */
const IN_PROGRESS = 1

const parameterFamily = settingFamily('parameter', z.string())

export interface ParameterTableOptions {
  /** Part of the name under which the parameters are kept. */
  name: string
  table: Readonly<Record<string, AnyParameter>>
  /** What a parameter is until it is set; undefined: it (or this set of it) does not exist. */
  initial(bmc: Controller, parameter: AnyParameter, set: number, block: number): Uint8Array | undefined
  /** The block that data which are set belong to; 0 unless said otherwise. */
  blockOf?(parameter: AnyParameter, data: Uint8Array): number
  /** Whether the data may be set; a completion code if not. */
  check?(bmc: Controller, parameter: AnyParameter, data: Uint8Array): number
}

/** A parameter's initial value, written with its own codec. */
export function initially<T>(parameter: Parameter<T>, value: T): [AnyParameter, Uint8Array] {
  return [parameter as AnyParameter, encodeParameter(parameter, value)]
}

export class ParameterTable {
  readonly #options: ParameterTableOptions
  readonly #inProgress = new WeakMap<Controller, number>()

  constructor(options: ParameterTableOptions) {
    this.#options = options
  }

  /** The parameter's data, or a completion code. */
  get(bmc: Controller, selector: number, set: number, block: number): Uint8Array | number {
    const parameter = findParameter(this.#options.table, selector)
    if (parameter === undefined || parameter.access === 'writeOnly') return NOT_SUPPORTED
    if (selector === 0) return Uint8Array.of(this.#inProgress.get(bmc) ?? 0)
    return this.#raw(bmc, parameter, set, block) ?? this.#missing(bmc, parameter)
  }

  /** Either there is no such set of the parameter, or the parameter as a whole is not supported. */
  #missing(bmc: Controller, parameter: AnyParameter): number {
    const first = [0, 1].some(set => this.#raw(bmc, parameter, set, 0) !== undefined)
    return first ? CompletionCode.ParameterOutOfRange : NOT_SUPPORTED
  }

  /** Returns a completion code, 0 when it was set. */
  set(bmc: Controller, selector: number, data: Uint8Array): number {
    const { table, check, blockOf } = this.#options
    const parameter = findParameter(table, selector)
    if (parameter === undefined) return NOT_SUPPORTED
    if (parameter.access === 'readOnly') return READ_ONLY
    const wrong = problemOf(parameter, data)
    if (wrong !== 0) return wrong
    if (selector === 0) return this.#setInProgress(bmc, data[0]!)
    const set = parameter.isSet ? setOf(data) : 0
    const block = blockOf?.(parameter, data) ?? 0
    if (this.#raw(bmc, parameter, set, block) === undefined) return this.#missing(bmc, parameter)
    const refusal = check?.(bmc, parameter, data) ?? 0
    if (refusal !== 0) return refusal
    bmc.settings.set(parameterFamily, this.#key(parameter, set, block), Buffer.from(data).toString('hex'))
    return 0
  }

  /** A parameter as typed values, for the BMC's own use. Undefined: this set of it does not exist. */
  value<T>(bmc: Controller, parameter: Parameter<T>, set = 0, block = 0): T | undefined {
    const raw = this.#raw(bmc, parameter as AnyParameter, set, block)
    return raw && decodeParameter(parameter, raw)
  }

  /** Sets a parameter by its typed value; what it says of itself is not checked. */
  put<T>(bmc: Controller, parameter: Parameter<T>, value: T, set = 0, block = 0): void {
    const hex = Buffer.from(encodeParameter(parameter, value)).toString('hex')
    bmc.settings.set(parameterFamily, this.#key(parameter as AnyParameter, set, block), hex)
  }

  #setInProgress(bmc: Controller, state: number): number {
    if (state === IN_PROGRESS && this.#inProgress.get(bmc) === IN_PROGRESS) return SET_IN_PROGRESS
    this.#inProgress.set(bmc, state === IN_PROGRESS ? IN_PROGRESS : 0)
    return 0
  }

  #raw(bmc: Controller, parameter: AnyParameter, set: number, block: number): Uint8Array | undefined {
    const kept = bmc.settings.get(parameterFamily, this.#key(parameter, set, block))
    if (kept !== undefined) return Uint8Array.from(Buffer.from(kept, 'hex'))
    return this.#options.initial(bmc, parameter, set, block)
  }

  #key({ selector, isSet }: AnyParameter, set: number, block: number): string {
    return `${this.#options.name}.${selector}.${isSet ? set : 0}.${block}`
  }
}

/** A set selector has at most seven bits; what is above belongs to nothing. */
function setOf(data: Uint8Array): number {
  return data[0]! & 0x7f
}

function problemOf(parameter: AnyParameter, data: Uint8Array): number {
  try {
    decodeParameter(parameter, data)
    return 0
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    return error.code === 'BAD_VALUE' ? CompletionCode.InvalidDataField : CompletionCode.RequestLengthInvalid
  }
}
