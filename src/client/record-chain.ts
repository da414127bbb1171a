/**
 * Reads records that are linked by the ID of the next one, with many requests under way: the IDs are guessed, and what
 * was read by a guess is used only if the chain turns out to lead there.
 */
import { LastwordError } from '../protocol/error.ts'
import { type Abortable, throwIfAborted } from './command-runner.ts'
import { hexId } from './record-reader.ts'

const FIRST = 0x0000
const LAST = 0xffff
/** More records than twice what was announced, and these, are a chain without an end. */
const SLACK = 256
/** Requests under way until the first guess has proved right. */
const FIRST_DEPTH = 8

export interface ChainLink {
  nextRecordId: number
  data: Uint8Array
}

export interface ChainOptions extends Abortable {
  /** Reads one record; null when there is none with this ID. */
  read(recordId: number, options: Abortable): Promise<ChainLink | null>
  /** Requests under way at most. */
  window: number
  /** Records that are to be expected: guesses do not go beyond. */
  expected?: number
  /** The code of the error when the IDs run in a circle: `SDR_LOOP`. */
  loopCode: 'SDR_LOOP' | 'SEL_LOOP'
  /** For errors: what is read, where. */
  what: string
}

type Outcome = { link: ChainLink | null } | { error: unknown }

/** A record's own ID stands in its first two bytes. */
function ownId(data: Uint8Array): number {
  return (data[0] ?? 0) | ((data[1] ?? 0) << 8)
}

/**
 * The records in the chain's order. Throws LastwordError with `loopCode` when the IDs run in a circle or have no end, and
 * RECORD_GONE when a record that the chain leads to is not there any more.
 */
export async function* readChain(options: ChainOptions): AsyncGenerator<Uint8Array, void, void> {
  const ahead = new ReadAhead(options)
  try {
    const seen = new Set<number>()
    const most = (options.expected ?? 0) * 2 + SLACK
    for (let id = FIRST; ; ) {
      if (seen.size > most) throw endless(options, seen.size)
      const link = await ahead.take(id)
      if (link === null) {
        if (id === FIRST) return
        throw new LastwordError('RECORD_GONE', `${options.what}: record ${hexId(id)} is not there any more`)
      }
      seen.add(id === FIRST ? ownId(link.data) : id)
      yield link.data
      const { nextRecordId } = link
      if (nextRecordId === LAST) return
      if (nextRecordId === FIRST || seen.has(nextRecordId)) throw loop(options, nextRecordId)
      id = nextRecordId
    }
  } finally {
    ahead.close()
  }
}

function loop({ loopCode, what }: ChainOptions, id: number): LastwordError {
  return new LastwordError(loopCode, `${what}: record ${hexId(id)} comes twice`, {
    hint: 'The BMC links its records in a circle; what was read so far is right.',
  })
}

function endless({ loopCode, what, expected = 0 }: ChainOptions, count: number): LastwordError {
  return new LastwordError(loopCode, `${what}: ${count} records came of ${expected}, and there is no end`, {
    hint: 'The BMC links records without an end; the first of them may be right.',
  })
}

class ReadAhead {
  readonly #options: ChainOptions
  /** Asked for, and not come to yet. */
  readonly #underWay = new Map<number, Promise<Outcome>>()
  readonly #abort = new AbortController()
  readonly #onAbort = () => this.#abort.abort(this.#options.signal?.reason)
  #depth: number
  #stride = 1
  #lastId = 0
  #taken = 0
  /** Not answered yet. */
  #pending = 0

  constructor(options: ChainOptions) {
    this.#options = options
    this.#depth = Math.min(options.window, FIRST_DEPTH)
    throwIfAborted(options.signal)
    options.signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** The record with this ID, to which the chain leads; asks for what probably follows. */
  async take(id: number): Promise<ChainLink | null> {
    const guessed = this.#underWay.get(id)
    if (id !== FIRST) this.#learn(id, guessed !== undefined)
    const outcome = guessed ?? this.#ask(id)
    this.#underWay.delete(id)
    this.#askAhead(id)
    this.#taken++
    let link = unwrap(await outcome)
    // A guess that was answered with another record, or before the record was there, is asked again.
    if (guessed !== undefined && (link === null || ownId(link.data) !== id))
      link = unwrap(await this.#ask(id))
    if (id === FIRST && link !== null) this.#lastId = ownId(link.data)
    return link
  }

  close(): void {
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#abort.abort()
  }

  /** A right guess lets it reach further, a wrong one makes it careful. */
  #learn(id: number, wasGuessed: boolean): void {
    if (wasGuessed) {
      this.#depth = Math.min(this.#options.window, this.#depth * 2)
    } else {
      this.#depth = 2
      this.#stride = id - this.#lastId
    }
    this.#lastId = id
  }

  #askAhead(id: number): void {
    const { expected = Number.POSITIVE_INFINITY } = this.#options
    // A BMC that has more records than it told is not believed any more.
    const left = this.#taken <= expected ? expected - this.#taken - 1 : Number.POSITIVE_INFINITY
    for (let step = 1; step <= Math.min(this.#depth - 1, left); step++) {
      const guess = id + this.#stride * step
      // Wrong guesses that are still under way count, too.
      if (guess <= FIRST || guess >= LAST || this.#pending >= this.#options.window) return
      if (!this.#underWay.has(guess)) this.#underWay.set(guess, this.#ask(guess))
    }
  }

  async #ask(id: number): Promise<Outcome> {
    this.#pending++
    try {
      return { link: await this.#options.read(id, { signal: this.#abort.signal }) }
    } catch (error) {
      return { error }
    } finally {
      this.#pending--
    }
  }
}

function unwrap(outcome: Outcome): ChainLink | null {
  if ('error' in outcome) throw outcome.error
  return outcome.link
}
