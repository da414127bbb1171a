/** One side's end of a session: signs, encrypts and counts what goes out, checks what comes in. IPMI 2.0 rev 1.1, section 6.12. */
import { AuthType } from '../protocol/commands/session.ts'
import type { Protection } from './protection.ts'
import { encodePlus, openPlus, type PlusPacket } from './rmcpplus.ts'
import { nextSequence, SeqWindow } from './seq-window.ts'
import { encodeV15, isAuthentic, V15_PASSWORD_BYTES, type V15Packet } from './session-v15.ts'

/** What came in. A packet that was seen before may only be answered with what it was answered then. */
export interface Opened {
  payloadType: number
  payload: Uint8Array
  /** Orders the packets of its sender. */
  sequence: number
  freshness: 'new' | 'seen'
}

/** A session of IPMI 2.0. */
export class PlusLink {
  readonly protection: Protection
  /** What the other side calls the session. */
  readonly remoteId: number
  /** Payload types that are let through in the clear, though the session encrypts. Section 24.3. */
  readonly clearPayloads = new Set<number>()
  readonly #inbound = new SeqWindow()
  #outbound = 0

  constructor(remoteId: number, protection: Protection) {
    this.remoteId = remoteId
    this.protection = protection
  }

  /** The number of the last packet that went out. */
  get outbound(): number {
    return this.#outbound
  }

  /** The number of the newest packet that came in. */
  get inbound(): number {
    return this.#inbound.newest
  }

  /** Null when it is not of this session's other side. */
  open(packet: PlusPacket): Opened | null {
    const encryption = this.clearPayloads.has(packet.payloadType) ? 'may' : 'must'
    const payload = openPlus(packet, this.protection, encryption)
    if (payload === null) return null
    const { payloadType, sequence } = packet
    const isNew = this.#inbound.accepts(sequence)
    if (isNew) this.#inbound.note(sequence)
    return { payloadType, payload, sequence, freshness: isNew ? 'new' : 'seen' }
  }

  seal(payloadType: number, payload: Uint8Array): Uint8Array {
    this.#outbound = nextSequence(this.#outbound)
    return encodePlus({
      payloadType,
      sessionId: this.remoteId,
      sequence: this.#outbound,
      payload,
      protection: this.protection,
      encryption: this.clearPayloads.has(payloadType) ? 'off' : 'on',
    })
  }
}

/** A session of IPMI 1.5; it carries IPMI messages only. */
export class V15Link {
  readonly authType: number
  /** The session's number, which both sides call it by. */
  readonly remoteId: number
  readonly #password: Uint8Array
  readonly #inbound: SeqWindow
  readonly #pad: 'noPad' | 'legacyPad'
  #outbound: number
  /** That of the last packet that came in. */
  #replyAuthType: number

  /** `inbound` and `outbound` are the numbers of the first packet each way, as this side sees it. */
  constructor(
    authType: number,
    remoteId: number,
    password: Uint8Array,
    first: { inbound: number; outbound: number },
    pad: 'noPad' | 'legacyPad' = 'noPad',
  ) {
    this.#pad = pad
    this.authType = authType
    this.#replyAuthType = authType
    this.remoteId = remoteId
    this.#password = v15Password(password)
    this.#inbound = new SeqWindow((first.inbound - 1) >>> 0)
    this.#outbound = (first.outbound - 1) >>> 0
  }

  get outbound(): number {
    return this.#outbound
  }

  /** Null when it is not of this session's other side. Who does not sign, where that may be, is answered likewise. */
  open(packet: V15Packet, signature: 'must' | 'may' = 'must'): Opened | null {
    const { authType, payload, sequence } = packet
    const isUnsigned = signature === 'may' && authType === AuthType.None
    if (!isUnsigned && (authType !== this.authType || !isAuthentic(packet, this.#password))) return null
    this.#replyAuthType = authType
    const isNew = this.#inbound.accepts(sequence)
    if (isNew) this.#inbound.note(sequence)
    return { payloadType: 0, payload, sequence, freshness: isNew ? 'new' : 'seen' }
  }

  seal(payload: Uint8Array): Uint8Array {
    this.#outbound = nextSequence(this.#outbound)
    const { remoteId: sessionId } = this
    return encodeV15(
      { authType: this.#replyAuthType, sequence: this.#outbound, sessionId, payload },
      this.#password,
      this.#pad,
    )
  }
}

/** A password as IPMI 1.5 signs with it: 16 bytes, filled up with zeros. */
export function v15Password(password: Uint8Array): Uint8Array {
  const field = new Uint8Array(V15_PASSWORD_BYTES)
  field.set(password.subarray(0, V15_PASSWORD_BYTES))
  return field
}
