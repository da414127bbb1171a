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

/**
 * What was asked at once; undefined where the BMC refused. Rejects with the first refusal where it refused all of it, as
 * then there is nothing to show.
 */
export async function answersOf<const T extends readonly Promise<unknown>[]>(
  questions: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> | undefined }> {
  const refusals: CompletionCodeError[] = []
  const answers = await Promise.all(
    questions.map(async question => {
      try {
        return await question
      } catch (error) {
        if (!(error instanceof CompletionCodeError)) throw error
        refusals.push(error)
        return undefined
      }
    }),
  )
  if (refusals.length === questions.length && refusals[0] !== undefined) throw refusals[0]
  return answers as { -readonly [K in keyof T]: Awaited<T[K]> | undefined }
}

/** For `catch`: undefined where the BMC refused. */
export function unlessRefused(error: unknown): undefined {
  if (error instanceof CompletionCodeError) return undefined
  throw error
}

/** Several LAN parameters as they stand there, asked for at once; the ones refused with their completion codes. */
export async function lanAnswers(
  { bmc, channel, signal }: Place,
  selectors: readonly number[],
  whenAllAreRefused: 'isTold' | 'rejects',
): Promise<Map<number, LanAnswer>> {
  const from = { channel, revisionOnly: false }
  const refusals: CompletionCodeError[] = []
  const ask = async (selector: number): Promise<[number, LanAnswer]> => {
    try {
      const request = { from, selector, setSelector: 0, blockSelector: 0 }
      return [selector, (await bmc.run(GetLanConfigurationParameters, request, { signal })).data]
    } catch (error) {
      if (!(error instanceof CompletionCodeError)) throw error
      refusals.push(error)
      return [selector, error.completionCode]
    }
  }
  const answers = new Map(await Promise.all(selectors.map(ask)))
  const [first] = refusals
  if (whenAllAreRefused === 'rejects' && refusals.length === answers.size && first !== undefined) throw first
  return answers
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
