/** What reads from a BMC needs of it: to run commands, several at a time. */
import type { Command } from '../protocol/command.ts'
import { CompletionCodeError } from '../protocol/completion-code.ts'
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
 * Calls `action` for each item, up to `window` at a time; the results stand in the items' order.
 * The first failure ends it: what has not begun is not begun.
 */
export async function inParallel<T, R>(
  items: readonly T[],
  window: number,
  action: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length)
  let next = 0
  let hasFailed = false
  const worker = async () => {
    while (next < items.length && !hasFailed) {
      const index = next++
      try {
        results[index] = await action(items[index]!, index)
      } catch (error) {
        hasFailed = true
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(window, items.length) }, worker))
  return results
}
