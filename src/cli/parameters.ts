/** Reads and writes numbered configuration parameters as typed values. IPMI 2.0 rev 1.1, sections 23, 26, 28 and 30. */
import type { Bmc } from '../client/bmc.ts'
import { CodecError } from '../protocol/bytes.ts'
import { GetLanConfigurationParameters } from '../protocol/commands/lan.ts'
import { CompletionCodeError } from '../protocol/completion-code.ts'
import { encodeParameter, type Parameter } from '../protocol/parameter.ts'
import { UsageError } from './params.ts'

export interface Place {
  bmc: Bmc
  channel: number
  signal: AbortSignal
}

type Whole = Omit<Place, 'channel'>

/** Undefined where the BMC has no such parameter; so do the others. */
export function lanParameter<T>({ bmc, channel, signal }: Place, parameter: Parameter<T>, set = 0) {
  return bmc.channels.lan(channel).get(parameter, { set, signal })
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

/** Throws UsageError for a value that the parameter cannot have. */
export function checkValue<T>(parameter: Parameter<T>, value: T): void {
  try {
    encodeParameter(parameter, value)
  } catch (error) {
    throw error instanceof CodecError ? new UsageError(`${parameter.name}: ${error.message}`) : error
  }
}

export function setLanParameter<T>({ bmc, channel, signal }: Place, parameter: Parameter<T>, value: T) {
  return bmc.channels.lan(channel).set(parameter, value, { signal })
}

export function bootParameter<T>({ bmc, signal }: Whole, parameter: Parameter<T>, set = 0) {
  return bmc.chassis.bootOptions.get(parameter, { set, signal })
}

export function setBootParameter<T>({ bmc, signal }: Whole, parameter: Parameter<T>, value: T) {
  return bmc.chassis.bootOptions.set(parameter, value, { signal })
}

export function pefParameter<T>({ bmc, signal }: Whole, parameter: Parameter<T>, set = 0) {
  return bmc.pef.parameters.get(parameter, { set, signal })
}

export function dcmiCapability<T>({ bmc, signal }: Whole, parameter: Parameter<T>) {
  return bmc.dcmi.capabilities.get(parameter, { signal })
}
