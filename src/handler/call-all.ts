/** Calls each of several callbacks though one of them throws; the first error is thrown when all had their turn. */
export function callAll<T>(items: Iterable<T>, call: (item: T) => void): void {
  let thrown: { error: unknown } | null = null
  for (const item of items) {
    try {
      call(item)
    } catch (error) {
      thrown ??= { error }
    }
  }
  if (thrown !== null) throw thrown.error
}
