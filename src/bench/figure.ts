/** One line of the benchmark's report. */
export interface Figure {
  name: string
  value: string
  /** What the value is held against: the goal, or what was measured beside it. */
  against: string
}

/** Seconds that a function takes, the median of several runs after a warm-up. */
export function medianSeconds(run: () => void, runs = 5): number {
  run()
  const times: number[] = []
  for (let i = 0; i < runs; i++) {
    const begin = process.hrtime.bigint()
    run()
    times.push(Number(process.hrtime.bigint() - begin) / 1e9)
  }
  return times.sort((a, b) => a - b)[runs >> 1]!
}

/** Seconds of two functions, run in turn so that a drift of the machine's speed meets both; medians. */
export function pairedSeconds(
  a: () => void,
  b: () => void,
  runs = 7,
): { a: number; b: number; ratio: number } {
  a()
  b()
  const pairs: { a: number; b: number }[] = []
  for (let i = 0; i < runs; i++) pairs.push({ a: once(a), b: once(b) })
  const ratios = pairs.map(pair => pair.a / pair.b).sort((x, y) => x - y)
  const middle = runs >> 1
  return {
    a: pairs.map(pair => pair.a).sort((x, y) => x - y)[middle]!,
    b: pairs.map(pair => pair.b).sort((x, y) => x - y)[middle]!,
    ratio: ratios[middle]!,
  }
}

function once(run: () => void): number {
  const begin = process.hrtime.bigint()
  run()
  return Number(process.hrtime.bigint() - begin) / 1e9
}

export function perSecond(count: number, seconds: number): string {
  return `${Math.round(count / seconds).toLocaleString('en')}/s`
}
