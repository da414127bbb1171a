/** Work that is shared out among several machines: each takes the next piece when it is done with its last. */

/** Each piece is worked on by one of the workers; what comes of it is given as it comes. The first failure ends all. */
export async function* sideBySide<Worker, Piece, Result>(
  workers: readonly Worker[],
  pieces: Iterable<Piece>,
  work: (worker: Worker, piece: Piece) => AsyncIterable<Result>,
): AsyncGenerator<Result, void> {
  const left = pieces[Symbol.iterator]()
  const ready: Result[] = []
  let wake = () => {}
  let busy = workers.length
  let failure: { error: unknown } | undefined
  let isOver = false
  const run = async (worker: Worker) => {
    for (let next = left.next(); !next.done && !isOver; next = left.next()) {
      for await (const result of work(worker, next.value)) {
        ready.push(result)
        wake()
        if (isOver) return
      }
    }
  }
  const runs = workers.map(worker =>
    run(worker)
      .catch(error => {
        failure ??= { error }
        isOver = true
      })
      .finally(() => {
        busy--
        wake()
      }),
  )
  try {
    for (;;) {
      for (let result = ready.shift(); result !== undefined; result = ready.shift()) yield result
      if (busy === 0) break
      await new Promise<void>(resolve => {
        wake = resolve
        if (ready.length > 0 || busy === 0) resolve()
      })
    }
  } finally {
    isOver = true
    await Promise.all(runs)
  }
  if (failure !== undefined) throw failure.error
}
