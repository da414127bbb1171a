/** Faults that a simulated BMC has on request: late, silent, lossy, wrong, busy, rebooting, full, exhausted, out of time. */
import { LastwordError } from '../protocol/error.ts'

/** What each fault's number means; those without one are on or off. */
export const faultKinds = {
  late: 'milliseconds that each answer is held back, at most a day',
  silent: null,
  lossy: 'share of what comes and goes that is lost, 0 to 1',
  duplicate: 'share of answers that are sent twice',
  truncated: 'share of answers that are cut short',
  checksum: 'share of answers with a wrong last byte',
  busy: 'share of requests that are answered with C0h',
  timeout: 'share of requests that are answered with C3h',
  reboot: 'the BMC reboots in the middle of each request with this number',
  'sel-full': null,
  clock: 'seconds that the clock is wrong by',
  sessions: null,
} as const
export type FaultKind = keyof typeof faultKinds

export function isFaultKind(name: string): name is FaultKind {
  return Object.hasOwn(faultKinds, name)
}

/** As `--fault` takes it: `late=200`, `lossy=0.3`, `silent`. */
export interface Fault {
  readonly kind: FaultKind
  readonly value: number
}

const REBOOT_MS = 2000
const MAX_LATE_MS = 24 * 3600 * 1000
const shares: readonly FaultKind[] = ['lossy', 'duplicate', 'truncated', 'checksum', 'busy', 'timeout']

/** Throws LastwordError FAULT when the words are not a fault. */
export function parseFault(text: string): Fault {
  const [name = '', ...rest] = text.split('=')
  if (!isFaultKind(name))
    throw faultError(`'${name}' is no fault`, `The faults are ${Object.keys(faultKinds).join(', ')}.`)
  const meaning = faultKinds[name]
  if (meaning === null) {
    if (rest.length > 0) throw faultError(`'${name}' takes no number`, `Write --fault ${name}.`)
    return { kind: name, value: 1 }
  }
  const value = Number(rest.join('='))
  const isShare = shares.includes(name)
  const isFine =
    rest.length > 0 &&
    Number.isFinite(value) &&
    (name === 'clock' || value > 0) &&
    (name !== 'late' || value <= MAX_LATE_MS) &&
    (!isShare || value <= 1) &&
    (isShare || Number.isInteger(value))
  if (!isFine) throw faultError(`'${text}' has no number that fits`, `${name}=N: ${meaning}.`)
  return { kind: name, value }
}

function faultError(message: string, hint: string): LastwordError {
  return new LastwordError('FAULT', message, { hint })
}

export interface FaultsOptions {
  random?: () => number
  nowMs?: () => number
  /** Runs an action later; a timer unless given. */
  later?: (delayMs: number, action: () => void) => void
}

/** The faults that are on, and what they do to bytes that come and go and to requests. */
export class Faults {
  readonly #random: () => number
  readonly #nowMs: () => number
  readonly #later: (delayMs: number, action: () => void) => void
  readonly #on = new Map<FaultKind, number>()
  #requests = 0
  #deadUntilMs = 0

  constructor(options: FaultsOptions = {}) {
    this.#random = options.random ?? Math.random
    this.#nowMs = options.nowMs ?? Date.now
    this.#later = options.later ?? ((delayMs, action) => void setTimeout(action, delayMs).unref())
  }

  get list(): Fault[] {
    return [...this.#on].map(([kind, value]) => ({ kind, value }))
  }

  set(fault: Fault): void {
    this.#on.set(fault.kind, fault.value)
  }

  clear(kind?: FaultKind): void {
    if (kind === undefined) this.#on.clear()
    else this.#on.delete(kind)
  }

  has(kind: FaultKind): boolean {
    return this.#on.has(kind)
  }

  value(kind: FaultKind): number {
    return this.#on.get(kind) ?? 0
  }

  /** While a BMC reboots it hears and says nothing. */
  get isDead(): boolean {
    return this.#nowMs() < this.#deadUntilMs
  }

  /** What becomes of a request before it is executed. */
  strike(): 'execute' | 'busy' | 'timeout' | 'reboot' {
    this.#requests++
    const everyNth = this.value('reboot')
    if (everyNth > 0 && this.#requests % everyNth === 0) {
      this.#deadUntilMs = this.#nowMs() + REBOOT_MS
      return 'reboot'
    }
    if (this.#happens('busy')) return 'busy'
    return this.#happens('timeout') ? 'timeout' : 'execute'
  }

  /** Bytes that come in. */
  receive(bytes: Uint8Array, deliver: (bytes: Uint8Array) => void): void {
    if (this.isDead || this.#happens('lossy')) return
    deliver(bytes)
  }

  /** Bytes that go out. */
  transmit(bytes: Uint8Array, send: (bytes: Uint8Array) => void): void {
    if (this.isDead || this.has('silent') || this.#happens('lossy')) return
    const damaged = this.#damaged(bytes)
    const copies = this.#happens('duplicate') ? 2 : 1
    const lateMs = this.value('late')
    for (let copy = 0; copy < copies; copy++) {
      if (lateMs === 0) send(damaged)
      else this.#later(lateMs, () => send(damaged))
    }
  }

  #damaged(bytes: Uint8Array): Uint8Array {
    if (this.#happens('truncated')) return bytes.subarray(0, Math.floor(this.#random() * bytes.length))
    if (!this.#happens('checksum')) return bytes
    const wrong = bytes.slice()
    if (wrong.length > 0) wrong[wrong.length - 1]! ^= 0x01
    return wrong
  }

  #happens(kind: FaultKind): boolean {
    const share = this.#on.get(kind)
    return share !== undefined && this.#random() < share
  }
}
