/** The BMC's side of serial over LAN: which session has the line, and what is at the line's other end. IPMI 2.0 rev 1.1, sections 15 and 24.1. */
import type { RequestOf, ResponseOf } from '../protocol/command.ts'
import { type ActivatePayload, PayloadType } from '../protocol/commands/payload.ts'
import { CompletionCode } from '../protocol/completion-code.ts'
import type { ServerSession } from './server-session.ts'
import { type Opened, PlusLink } from './session-link.ts'
import { SolEnd } from './sol-end.ts'
import { SOL_HEADER_BYTES, SolOperation, SolStatus } from './sol-packet.ts'

/** The line while a console has it. */
export interface SolLine {
  /** Returns how many characters it took; the rest comes again. */
  write(characters: Uint8Array): number
  sendBreak(): void
  /** There is room again after `onCharacters` has said that there is none. */
  resume?(): void
  close(): void
}

/** What the line leads to: a serial port, a program, an echo. */
export interface SolFarEnd {
  /**
   * A console has come; `onCharacters` gets what the far end says, until the line is closed. When it returns false the far
   * end is to wait for `resume`; of what it says all the same a little is kept, the rest is lost.
   */
  open(onCharacters: (characters: Uint8Array) => boolean): SolLine
  /** For good; no console comes any more. */
  close?(): void
}

/** As the SOL configuration parameters say it; read anew for each activation. Section 26.3. */
export interface SolSettings {
  isEnabled: boolean
  privilege: number
  forcesEncryption: boolean
  accumulateMs: number
  threshold: number
  retryMs: number
  retries: number
}

export const defaultSolSettings: SolSettings = {
  isEnabled: true,
  privilege: 2,
  forcesEncryption: false,
  accumulateMs: 10,
  threshold: 96,
  retryMs: 500,
  retries: 7,
}

export interface SolServerOptions {
  farEnd: SolFarEnd
  settings(): SolSettings
  /** The far end has said something: `tick` is wanted. */
  onWake(): void
}

const ALREADY_ACTIVE = 0x80
const DISABLED = 0x81
const NO_ENCRYPTION = 0x83
const ONLY_ENCRYPTED = 0x84
const ALREADY_INACTIVE = 0x80
const INSTANCE = 1
/** A payload's bytes, the header included. */
const PAYLOAD_BYTES = 255
const NO_VLAN = 0xffff
/** What the console has not acknowledged: when the far end is to wait, when it may go on, and when what it says is lost. */
const HIGH_WATER = 1 << 16
const LOW_WATER = HIGH_WATER / 2
const MAX_PENDING = 2 * HIGH_WATER

interface Active {
  session: ServerSession
  end: SolEnd
  /** Null while it is being opened. */
  line: SolLine | null
  /** What the far end said since the last tick. */
  heard: Uint8Array[]
  heardBytes: number
  isFarEndWaiting: boolean
}

export class SolServer {
  readonly #options: SolServerOptions
  #active: Active | null = null
  /** What a console is told after it lost the line. */
  #farewell: { session: ServerSession; payload: Uint8Array }[] = []

  constructor(options: SolServerOptions) {
    this.#options = options
  }

  /** The session that has the line. */
  get session(): ServerSession | null {
    return this.#active?.session ?? null
  }

  activate(
    { instance, options }: RequestOf<typeof ActivatePayload>,
    session: ServerSession,
    port: number,
  ): ResponseOf<typeof ActivatePayload> | number {
    const settings = this.#options.settings()
    const { link } = session
    if (!settings.isEnabled) return DISABLED
    if (instance !== INSTANCE) return CompletionCode.ParameterOutOfRange
    if (session.privilege < settings.privilege || session.account.mayUseSol === false)
      return CompletionCode.InsufficientPrivilege
    if (!(link instanceof PlusLink)) return DISABLED
    if (this.#active !== null) return ALREADY_ACTIVE
    if (options.encrypted && !link.protection.isEncrypting) return NO_ENCRYPTION
    if (!options.encrypted && settings.forcesEncryption) return ONLY_ENCRYPTED
    if (!options.encrypted) link.clearPayloads.add(PayloadType.Sol)
    this.#begin(session, link, settings)
    return {
      options: { testMode: false },
      inboundBytes: PAYLOAD_BYTES,
      outboundBytes: PAYLOAD_BYTES,
      port,
      vlan: NO_VLAN,
    }
  }

  /** Takes the line away; the console that has it is told, if it is another's. */
  deactivate(by: ServerSession | null, nowMs: number): number {
    const active = this.#active
    if (active === null) return ALREADY_INACTIVE
    if (active.session !== by) active.end.signal(SolStatus.Deactivating, nowMs)
    this.#farewell = this.#drain(active)
    this.#finish()
    return CompletionCode.Ok
  }

  /** A session has ended. */
  sessionClosed(session: ServerSession): void {
    if (this.#active?.session === session) this.#finish()
  }

  handle(session: ServerSession, { payload, sequence }: Opened, nowMs: number): boolean {
    if (this.#active?.session !== session) return false
    this.#active.end.handle(payload, sequence, nowMs)
    this.#giveRoom()
    return true
  }

  pollPayload(): { session: ServerSession; payload: Uint8Array } | null {
    const last = this.#farewell.shift()
    if (last !== undefined) return last
    const payload = this.#active?.end.pollPayload() ?? null
    return payload === null ? null : { session: this.#active!.session, payload }
  }

  pollTimeout(): number | null {
    const active = this.#active
    if (active === null) return null
    // What was said as the line was opened goes out as soon as the answer is.
    return active.heard.length > 0 ? 0 : active.end.pollTimeout()
  }

  tick(nowMs: number): void {
    const active = this.#active
    if (active === null) return
    active.heardBytes = 0
    for (const characters of active.heard.splice(0)) active.end.write(characters, nowMs)
    active.end.tick(nowMs)
    this.#giveRoom()
  }

  #drain({ session, end }: Active): { session: ServerSession; payload: Uint8Array }[] {
    const payloads: { session: ServerSession; payload: Uint8Array }[] = []
    for (let payload = end.pollPayload(); payload !== null; payload = end.pollPayload())
      payloads.push({ session, payload })
    return payloads
  }

  #begin(session: ServerSession, link: PlusLink, settings: SolSettings): void {
    const { accumulateMs, threshold, retryMs, retries } = settings
    const end = new SolEnd({
      side: 'bmc',
      since: link.inbound,
      maxCharacters: PAYLOAD_BYTES - SOL_HEADER_BYTES,
      accumulateMs,
      threshold,
      retryMs,
      retries,
      onCharacters: characters => this.#active?.line?.write(characters) ?? 0,
      onFlags: flags => this.#operate(flags),
      // A console that does not acknowledge loses what it was told; its session ends by its own time-out.
      onLost: () => {},
    })
    const active: Active = { session, end, line: null, heard: [], heardBytes: 0, isFarEndWaiting: false }
    this.#active = active
    active.line = this.#options.farEnd.open(characters => this.#hear(active, characters))
  }

  /** What the far end says; false when it is to wait. */
  #hear(active: Active, characters: Uint8Array): boolean {
    if (active !== this.#active) return true
    if (pendingOf(active) < MAX_PENDING) {
      active.heard.push(characters)
      active.heardBytes += characters.length
    }
    if (pendingOf(active) >= HIGH_WATER) active.isFarEndWaiting = true
    // The answer that the line is open goes out before anything that is said on it.
    if (active.line !== null) this.#options.onWake()
    return !active.isFarEndWaiting
  }

  #giveRoom(): void {
    const active = this.#active
    if (active === null || !active.isFarEndWaiting || pendingOf(active) > LOW_WATER) return
    active.isFarEndWaiting = false
    active.line?.resume?.()
  }

  #operate(flags: number): void {
    if ((flags & SolOperation.Break) !== 0) this.#active?.line?.sendBreak()
    if ((flags & SolOperation.FlushOutbound) !== 0) this.#active?.end.flush()
  }

  #finish(): void {
    const active = this.#active
    if (active === null) return
    this.#active = null
    if (active.session.link instanceof PlusLink) active.session.link.clearPayloads.delete(PayloadType.Sol)
    active.line?.close()
  }
}

function pendingOf({ end, heardBytes }: Active): number {
  return end.pendingCharacters + heardBytes
}
