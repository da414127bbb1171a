/** Keeps a log readable when the same goes wrong thousands of times a second. */

export interface LogLimitOptions {
  /** Lines that are printed in one period. */
  lines: number
  periodMs: number
  nowMs?: () => number
  /** Told once a period how many lines were left out. */
  onLeftOut: (count: number) => void
}

/** Returns whether one more line may be printed now. */
export function logLimit(options: LogLimitOptions): () => boolean {
  const nowMs = options.nowMs ?? Date.now
  let endsAtMs = 0
  let lines = 0
  return () => {
    if (nowMs() >= endsAtMs) {
      if (lines > options.lines) options.onLeftOut(lines - options.lines)
      endsAtMs = nowMs() + options.periodMs
      lines = 0
    }
    lines++
    return lines <= options.lines
  }
}
