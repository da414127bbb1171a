/** One end of a serial line over LAN, console or BMC: one packet is under way each way until it is acknowledged. IPMI 2.0 rev 1.1, section 15.11. */
import { isAfter } from './seq-window.ts'
import { decodeSol, encodeSol, type SolPacket } from './sol-packet.ts'

export interface SolEndOptions {
  /**
   * How a packet comes again of which nothing was taken: from a console as a new one, since none takes the old number for
   * anything else, from a BMC as it was, since some BMCs take a NACK for no answer. Both ends have to mean the same.
   */
  side: 'console' | 'bmc'
  /** The session's number of the newest packet from before the line was opened: nothing older is of this line. */
  since: number
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

/** The newest packet of the other end, and what became of it. */
interface Heard {
  sequence: number
  /** The session's number of its last transmission. */
  at: number
  offered: number
  taken: number
}

/**
 * Four bits tell a packet from the one before, not from one that the network has kept for a while. The session's numbers
 * do: each transmission has a new one, and a packet is sent no more once the next has been. So what was sent before the
 * newest packet that was heard is old whatever its number, and what was sent after it is fresh if its number is another
 * one. The same holds for acknowledgements, which are only ever of the newest packet, and always say the same of it.
 */
export class SolEnd {
  readonly #options: SolEndOptions
  #gathered: Uint8Array[] = []
  #gatheredBytes = 0
  #gatheredSinceMs = 0
  /** Flags that the next packet carries. */
  #flags = 0
  #sequence = 0
  #outstanding: Outstanding | null = null
  #heard: Heard
  /** The session's number of the newest acknowledgement that counted. */
  #acknowledgedAt: number
  readonly #payloads: Uint8Array[] = []

  constructor(options: SolEndOptions) {
    this.#options = options
    this.#heard = { sequence: 0, at: options.since, offered: 0, taken: 0 }
    this.#acknowledgedAt = options.since
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

  /** `at` is the session's number of the packet. */
  handle(payload: Uint8Array, at: number, nowMs: number): void {
    const packet = decodeSol(payload)
    if (packet === null || !isAfter(at, this.#options.since)) return
    this.#takeAcknowledgement(packet, at, nowMs)
    if (packet.sequence !== 0) this.#takeCharacters(packet, at)
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

  #takeAcknowledgement({ acknowledged, acceptedCount }: SolPacket, at: number, nowMs: number): void {
    const outstanding = this.#outstanding
    if (outstanding === null || acknowledged !== outstanding.sequence) return
    if (!isAfter(at, this.#acknowledgedAt)) return
    this.#acknowledgedAt = at
    const rest = outstanding.characters.subarray(acceptedCount)
    if (rest.length === 0) {
      this.#outstanding = null
      return
    }
    // Not all fitted: the rest goes again a little later.
    outstanding.sendings = 0
    outstanding.dueMs = nowMs + this.#options.retryMs
    if (acceptedCount === 0 && this.#options.side === 'bmc') return
    this.#sequence = nextSequence(this.#sequence)
    this.#outstanding = { ...outstanding, sequence: this.#sequence, characters: rest, flags: 0 }
  }

  #takeCharacters({ sequence, flags, data }: SolPacket, at: number): void {
    if (!isAfter(at, this.#heard.at)) return
    const isRepeated = sequence === this.#heard.sequence
    if (!isRepeated) this.#heard = { sequence, at, offered: 0, taken: 0 }
    const heard = this.#heard
    heard.at = at
    if (!isRepeated || this.#mayTakeMore()) {
      const more = data.subarray(heard.taken)
      heard.offered = data.length
      if (more.length > 0) heard.taken += this.#options.onCharacters(more)
    }
    if (!isRepeated && (flags & ~NACK) !== 0) this.#options.onFlags(flags & ~NACK)
    this.#payloads.push(
      encodeSol({
        sequence: 0,
        acknowledged: sequence,
        acceptedCount: heard.taken,
        // ipmitool forgets what was not accepted of a packet with a NACK.
        flags: heard.taken === 0 && heard.offered > 0 ? NACK : 0,
        data: nothing,
      }),
    )
  }

  /** Of a packet that comes again: a BMC may offer what was refused whole, or add to what was taken whole. */
  #mayTakeMore(): boolean {
    const { taken, offered } = this.#heard
    return this.#options.side === 'console' && (taken === 0 || taken === offered)
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
