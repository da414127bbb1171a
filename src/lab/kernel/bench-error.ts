/** The error of the kernel bench: a stable code for programs, and one line for people that says what to do next. */
export class BenchError extends Error {
  override readonly name = 'BenchError'
  readonly code: string

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
