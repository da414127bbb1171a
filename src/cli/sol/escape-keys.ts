/** The escape keys of a SOL terminal, as ipmitool and ssh have them: a tilde at the beginning of a line, then a letter. */

export type Typed =
  | { kind: 'send'; bytes: Uint8Array }
  | { kind: 'break' | 'disconnect' | 'suspend' | 'suspendRaw' | 'help' }

const CARRIAGE_RETURN = 0x0d
const LINE_FEED = 0x0a
const CONTROL_X = 0x18
const CONTROL_Z = 0x1a

const actions: Readonly<Record<number, Exclude<Typed['kind'], 'send'>>> = {
  46: 'disconnect', // .
  66: 'break', // B
  63: 'help', // ?
  [CONTROL_Z]: 'suspend',
  [CONTROL_X]: 'suspendRaw',
}

export class EscapeKeys {
  readonly #escape: number
  #isLineStart = true
  #isEscaped = false

  /** `key` is one character. */
  constructor(key = '~') {
    this.#escape = key.charCodeAt(0)
  }

  /** What the typed bytes ask for, in their order. */
  type(bytes: Uint8Array): Typed[] {
    const typed: Typed[] = []
    let plain: number[] = []
    const flush = () => {
      if (plain.length > 0) typed.push({ kind: 'send', bytes: Uint8Array.from(plain) })
      plain = []
    }
    for (const byte of bytes) {
      const kind = this.#isEscaped ? actions[byte] : undefined
      if (kind !== undefined) {
        flush()
        typed.push({ kind })
        this.#isEscaped = false
        this.#isLineStart = true
      } else if (this.#isEscaped) {
        // The escape character typed twice is sent once; before another letter it was meant as it is.
        plain.push(...(byte === this.#escape ? [byte] : [this.#escape, byte]))
        this.#isEscaped = false
        this.#isLineStart = isLineEnd(byte)
      } else if (this.#isLineStart && byte === this.#escape) {
        this.#isEscaped = true
      } else {
        plain.push(byte)
        this.#isLineStart = isLineEnd(byte)
      }
    }
    flush()
    return typed
  }

  help(): string {
    const key = String.fromCharCode(this.#escape)
    return [
      'Supported escape sequences:',
      `${key}.  ends the connection`,
      `${key}^Z suspends lastword`,
      `${key}^X suspends lastword and leaves the terminal as it is`,
      `${key}B  sends a break`,
      `${key}?  this message`,
      `${key}${key}  sends the escape character`,
      '(They are known only at the beginning of a line.)',
      '',
    ].join('\r\n')
  }
}

function isLineEnd(byte: number): boolean {
  return byte === CARRIAGE_RETURN || byte === LINE_FEED
}
