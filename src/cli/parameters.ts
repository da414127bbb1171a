/** Reads and writes numbered configuration parameters as typed values. IPMI 2.0 rev 1.1, sections 23, 26, 28 and 30. */
import type { Bmc } from '../client/bmc.ts'
import { GetSystemBootOptions, SetSystemBootOptions } from '../protocol/commands/chassis.ts'
import { GetDcmiCapabilitiesInfo } from '../protocol/commands/dcmi.ts'
import { GetLanConfigurationParameters, SetLanConfigurationParameters } from '../protocol/commands/lan.ts'
import { GetPefConfigurationParameters } from '../protocol/commands/pef.ts'
import { CompletionCode, CompletionCodeError } from '../protocol/completion-code.ts'
import { LastwordError } from '../protocol/error.ts'
import { decodeParameter, encodeParameter, type Parameter } from '../protocol/parameter.ts'

export interface Place {
  bmc: Bmc
  channel: number
  signal: AbortSignal
}

type Whole = Omit<Place, 'channel'>

/** BMCs say so in several ways. */
const unsupported: readonly number[] = [
  0x80,
  CompletionCode.InvalidCommand,
  CompletionCode.ParameterOutOfRange,
  CompletionCode.NotPresent,
  CompletionCode.InvalidDataField,
]

/** Undefined where the BMC has no such parameter. */
async function read<T>(
  parameter: Parameter<T>,
  answer: Promise<{ data: Uint8Array }>,
): Promise<T | undefined> {
  let data: Uint8Array
  try {
    data = (await answer).data
  } catch (error) {
    if (error instanceof CompletionCodeError && unsupported.includes(error.completionCode)) return undefined
    throw error
  }
  try {
    return decodeParameter(parameter, data)
  } catch (cause) {
    throw new LastwordError('RESPONSE_BAD', `${parameter.name}: ${(cause as Error).message}`, { cause })
  }
}

export function lanParameter<T>({ bmc, channel, signal }: Place, parameter: Parameter<T>, setSelector = 0) {
  const request = {
    from: { channel, revisionOnly: false },
    selector: parameter.selector,
    setSelector,
    blockSelector: 0,
  }
  return read(parameter, bmc.run(GetLanConfigurationParameters, request, { signal }))
}

/** The bytes of a LAN parameter behind its revision, or the completion code of a refusal. */
export type LanAnswer = Uint8Array | number

/** Several LAN parameters as they stand there, asked for at once. */
export async function lanAnswers(
  { bmc, channel, signal }: Place,
  selectors: readonly number[],
): Promise<Map<number, LanAnswer>> {
  const from = { channel, revisionOnly: false }
  const ask = async (selector: number): Promise<[number, LanAnswer]> => {
    try {
      const request = { from, selector, setSelector: 0, blockSelector: 0 }
      return [selector, (await bmc.run(GetLanConfigurationParameters, request, { signal })).data]
    } catch (error) {
      if (error instanceof CompletionCodeError) return [selector, error.completionCode]
      throw error
    }
  }
  return new Map(await Promise.all(selectors.map(ask)))
}

export async function setLanParameter<T>({ bmc, channel, signal }: Place, parameter: Parameter<T>, value: T) {
  const data = encodeParameter(parameter, value)
  await bmc.run(SetLanConfigurationParameters, { channel, selector: parameter.selector, data }, { signal })
}

export function bootParameter<T>({ bmc, signal }: Whole, parameter: Parameter<T>, setSelector = 0) {
  const request = { selector: parameter.selector, setSelector, blockSelector: 0 }
  return read(parameter, bmc.run(GetSystemBootOptions, request, { signal }))
}

export async function setBootParameter<T>({ bmc, signal }: Whole, parameter: Parameter<T>, value: T) {
  const data = encodeParameter(parameter, value)
  const request = { parameter: { selector: parameter.selector, isInvalid: false }, data }
  await bmc.run(SetSystemBootOptions, request, { signal })
}

export function pefParameter<T>({ bmc, signal }: Whole, parameter: Parameter<T>, setSelector = 0) {
  const request = {
    parameter: { selector: parameter.selector, revisionOnly: false },
    setSelector,
    blockSelector: 0,
  }
  return read(parameter, bmc.run(GetPefConfigurationParameters, request, { signal }))
}

export function dcmiCapability<T>({ bmc, signal }: Whole, parameter: Parameter<T>) {
  return read(parameter, bmc.run(GetDcmiCapabilitiesInfo, { selector: parameter.selector }, { signal }))
}
