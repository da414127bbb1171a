/** One end of a serial line over LAN, console or BMC: one packet is under way each way until it is acknowledged. IPMI 2.0 rev 1.1, section 15.11. */
import { decodeSol, encodeSol, type SolPacket } from './sol-packet.ts'

export interface SolEndOptions {
  /** Characters in one packet at the most. */
  maxCharacters: number
  retryMs: number
  /** How often a packet is sent again. */
  retries: number
  /** How long characters are gathered before they are sent, unless there are `threshold` of them. */
  accumulateMs: number
  threshold: number
  /** Takes characters in order, each once; returns how many it took, the rest comes again. */
  onCharacters(characters: Uint8Array): number
  /** The operation or status of a new packet; its NACK bit is dealt with here. */
  onFlags(flags: number): void
  /** A packet was not acknowledged, however often it was sent. */
  onLost(): void
}

const NACK = 0x40
const LAST_SEQUENCE = 15
const nothing = new Uint8Array(0)

interface Outstanding {
  sequence: number
  characters: Uint8Array
  flags: number
  sendings: number
  dueMs: number
}

export class SolEnd {
  readonly #options: SolEndOptions
  #gathered: Uint8Array[] = []
  #gatheredBytes = 0
  #gatheredSinceMs = 0
  /** Flags that the next packet carries. */
  #flags = 0
  #sequence = 0
  #outstanding: Outstanding | null = null
  /** The last packet of the other end, and how much of it was taken. */
  #lastSequence = 0
  #lastTaken = 0
  readonly #payloads: Uint8Array[] = []

  constructor(options: SolEndOptions) {
    this.#options = options
  }

  /** Characters that are not acknowledged yet. */
  get pendingCharacters(): number {
    return this.#gatheredBytes + (this.#outstanding?.characters.length ?? 0)
  }

  write(characters: Uint8Array, nowMs: number): void {
    if (characters.length === 0) return
    if (this.#gatheredBytes === 0) this.#gatheredSinceMs = nowMs
    this.#gathered.push(characters)
    this.#gatheredBytes += characters.length
    this.#advance(nowMs)
  }

  /** Sends flags, such as a break, with the next packet, which goes at once. */
  signal(flags: number, nowMs: number): void {
    this.#flags |= flags
    this.#advance(nowMs)
  }

  /** Drops what was gathered and is not under way. */
  flush(): void {
    this.#gathered = []
    this.#gatheredBytes = 0
  }

  handle(payload: Uint8Array, nowMs: number): void {
    const packet = decodeSol(payload)
    if (packet === null) return
    this.#takeAcknowledgement(packet, nowMs)
    if (packet.sequence !== 0) this.#takeCharacters(packet)
    else if ((packet.flags & ~NACK) !== 0) this.#options.onFlags(packet.flags & ~NACK)
    this.#advance(nowMs)
  }

  /** The payload of the next packet that is to go out. */
  pollPayload(): Uint8Array | null {
    return this.#payloads.shift() ?? null
  }

  pollTimeout(): number | null {
    if (this.#outstanding !== null) return this.#outstanding.dueMs
    return this.#gatheredBytes > 0 ? this.#gatheredSinceMs + this.#options.accumulateMs : null
  }

  tick(nowMs: number): void {
    const outstanding = this.#outstanding
    if (outstanding !== null && nowMs >= outstanding.dueMs) {
      if (outstanding.sendings > this.#options.retries) {
        this.#outstanding = null
        this.#options.onLost()
      } else this.#transmit(outstanding, nowMs)
    }
    this.#advance(nowMs)
  }

  #takeAcknowledgement({ acknowledged, acceptedCount, flags }: SolPacket, nowMs: number): void {
    const outstanding = this.#outstanding
    if (outstanding === null || acknowledged !== outstanding.sequence) return
    const taken = Math.min(acceptedCount, outstanding.characters.length)
    const rest = outstanding.characters.subarray(taken)
    const isRefused = (flags & NACK) !== 0
    if (rest.length === 0 && (!isRefused || outstanding.characters.length > 0)) {
      this.#outstanding = null
      return
    }
    // Not all fitted: the rest goes again a little later, as a packet of its own.
    this.#sequence = nextSequence(this.#sequence)
    const { retryMs } = this.#options
    this.#outstanding = {
      sequence: this.#sequence,
      characters: rest,
      flags: 0,
      sendings: 0,
      dueMs: nowMs + retryMs,
    }
  }

  #takeCharacters({ sequence, flags, data }: SolPacket): void {
    const isRepeated = sequence === this.#lastSequence
    const known = isRepeated ? this.#lastTaken : 0
    const fresh = data.subarray(known)
    const taken = known + (fresh.length > 0 ? this.#options.onCharacters(fresh) : 0)
    this.#lastSequence = sequence
    this.#lastTaken = taken
    if (!isRepeated && (flags & ~NACK) !== 0) this.#options.onFlags(flags & ~NACK)
    this.#payloads.push(
      encodeSol({
        sequence: 0,
        acknowledged: sequence,
        acceptedCount: Math.min(taken, data.length),
        flags: taken < data.length ? NACK : 0,
        data: nothing,
      }),
    )
  }

  /** Begins a new packet when there is something to send and none is under way. */
  #advance(nowMs: number): void {
    if (this.#outstanding !== null) return
    const { accumulateMs, threshold } = this.#options
    const isDue = this.#gatheredBytes >= threshold || nowMs >= this.#gatheredSinceMs + accumulateMs
    if (this.#flags === 0 && (this.#gatheredBytes === 0 || !isDue)) return
    this.#sequence = nextSequence(this.#sequence)
    const outstanding = {
      sequence: this.#sequence,
      characters: this.#takeGathered(nowMs),
      flags: this.#flags,
      sendings: 0,
      dueMs: 0,
    }
    this.#flags = 0
    this.#outstanding = outstanding
    this.#transmit(outstanding, nowMs)
  }

  #takeGathered(nowMs: number): Uint8Array {
    const all = this.#gathered.length === 1 ? this.#gathered[0]! : Buffer.concat(this.#gathered)
    const { maxCharacters } = this.#options
    const taken = all.subarray(0, maxCharacters)
    const rest = all.subarray(maxCharacters)
    this.#gathered = rest.length > 0 ? [rest] : []
    this.#gatheredBytes = rest.length
    this.#gatheredSinceMs = nowMs
    return taken
  }

  #transmit(outstanding: Outstanding, nowMs: number): void {
    outstanding.sendings++
    outstanding.dueMs = nowMs + this.#options.retryMs
    const { sequence, characters, flags } = outstanding
    this.#payloads.push(encodeSol({ sequence, acknowledged: 0, acceptedCount: 0, flags, data: characters }))
  }
}

function nextSequence(sequence: number): number {
  return sequence === LAST_SEQUENCE ? 1 : sequence + 1
}
