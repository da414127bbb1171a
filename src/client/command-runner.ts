/** What reads from a BMC needs of it: to run commands, several at a time. */
import type { Command } from '../protocol/command.ts'
import { CompletionCode, CompletionCodeError } from '../protocol/completion-code.ts'
import { LastwordError } from '../protocol/error.ts'
import type { RequestOptions } from './transport.ts'

export interface CommandRunner {
  /** For errors: which BMC. */
  readonly url: string
  /** Requests that are worth having under way at once. */
  readonly window: number
  run<Q, R>(command: Command<Q, R>, request: Q, options?: RequestOptions): Promise<R>
}

/** A call that can be given up. */
export interface Abortable {
  signal?: AbortSignal | undefined
}

/** The options of `run` for a call that may have a signal. */
export function within(options: Abortable): RequestOptions {
  return options.signal === undefined ? {} : { signal: options.signal }
}

/** Whether an error is the BMC's answer with one of these completion codes. */
export function isRefusal(error: unknown, ...codes: number[]): error is CompletionCodeError {
  return error instanceof CompletionCodeError && codes.includes(error.completionCode)
}

/** A BMC that cannot give so many bytes at once says one of these. */
export const tooMuchCodes: readonly number[] = [
  CompletionCode.CannotReturnRequestedBytes,
  CompletionCode.RequestLengthExceeded,
  CompletionCode.RequestLengthInvalid,
  CompletionCode.ParameterOutOfRange,
  CompletionCode.InvalidDataField,
  CompletionCode.Unspecified,
]

/** Undefined where the BMC answers with one of these completion codes. */
export async function unlessRefused<T>(answer: Promise<T>, ...codes: number[]): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (isRefusal(error, ...codes)) return undefined
    throw error
  }
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new LastwordError('ABORTED', 'the caller gave up', { cause: signal.reason })
}

/**
 * Calls `action` for each item, up to `window` at a time; the results come in the items' order. When the reader stops,
 * or an action fails, those under way are given up.
 */
export async function* inOrder<T, R>(
  items: readonly T[],
  window: number,
  options: Abortable,
  action: (item: T, signal: AbortSignal) => Promise<R>,
): AsyncGenerator<R, void, void> {
  const { signal } = options
  throwIfAborted(signal)
  const controller = new AbortController()
  const onAbort = () => controller.abort(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  const underWay: Promise<R>[] = []
  const begin = (item: T) => {
    const result = action(item, controller.signal)
    // Who waits for it hears of a failure; nobody waits when an earlier one has failed.
    result.catch(() => {})
    underWay.push(result)
  }
  try {
    let next = 0
    for (let done = 0; done < items.length; done++) {
      while (next < items.length && next < done + window) begin(items[next++]!)
      yield await underWay.shift()!
    }
  } finally {
    signal?.removeEventListener('abort', onAbort)
    controller.abort()
  }
}

/** The same as an array. */
export async function inParallel<T, R>(
  items: readonly T[],
  window: number,
  options: Abortable,
  action: (item: T, signal: AbortSignal) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  for await (const result of inOrder(items, window, options, action)) results.push(result)
  return results
}
