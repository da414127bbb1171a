/** Calls each of several callbacks though one of them throws, until one of them panics the host. */

/** What knows whether the host has panicked. */
export interface PanicMark {
  readonly runToCompletion: boolean
}

/** The first error is thrown when all had their turn. After a panic nobody has a turn: no user code runs (F15). */
export function callAll<T>(items: Iterable<T>, host: PanicMark, call: (item: T) => void): void {
  let thrown: { error: unknown } | null = null
  for (const item of items) {
    if (host.runToCompletion) break
    try {
      call(item)
    } catch (error) {
      thrown ??= { error }
    }
  }
  if (thrown !== null) throw thrown.error
}
