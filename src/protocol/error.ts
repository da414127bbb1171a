/** The one error type: a stable code, and a message for the person who reads it. */

/** What `cause` a failure had is kept; `hint` says what to do next. */
export interface ErrorDetails {
  cause?: unknown
  hint?: string
}

/**
 * Every error that Lastword throws or delivers. `code` never changes between releases;
 * docs/errors.md lists all codes. The message says what failed, on what, and why; `hint`, what to do next.
 */
export class LastwordError extends Error {
  readonly code: string
  hint: string | undefined
  /** The BMC that it is about, where one is: a URL without the login. */
  address: string | undefined

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'LastwordError'
    this.code = code
    this.hint = details.hint
  }

  /** Says what to do, where more is known than the code tells. */
  withHint(hint: string): this {
    this.hint = hint
    return this
  }

  /** Says which BMC it is about, once: the first that knows. A message that names it already stays as it is. */
  at(address: string): this {
    if (this.address !== undefined) return this
    this.address = address
    const [, place = address] = address.split('://', 2)
    if (place !== '' && !this.message.includes(place)) this.message = `${address}: ${this.message}`
    return this
  }
}
