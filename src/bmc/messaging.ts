/** Between BMC and host software: global enables, message flags, the receive queue and the event buffer. Section 22. */
import type { Saveable, Tape } from '../machine/tape.ts'
import { MessageFlag } from '../protocol/commands/messaging.ts'

/** Bits of the global enables. Section 22.1. */
const EVENT_MESSAGE_BUFFER = 0x04
const SYSTEM_EVENT_LOGGING = 0x08
const AFTER_RESET = SYSTEM_EVENT_LOGGING

/** Messages that wait for the host at the most; more are lost, as on hardware. */
const MAX_WAITING = 16
const EVENT_BYTES = 16

export class Messaging implements Saveable {
  #enables = AFTER_RESET
  #flags = 0
  /** Channels, one bit each, whose messages the host does not want. */
  #deafTo = 0
  readonly #received: Uint8Array[] = []
  readonly #event = new Uint8Array(EVENT_BYTES)
  readonly #onAttention: (state: 'on' | 'off') => void

  constructor(onAttention: (state: 'on' | 'off') => void) {
    this.#onAttention = onAttention
  }

  get enables(): number {
    return this.#enables
  }

  set enables(value: number) {
    this.#enables = value
  }

  get flags(): number {
    return this.#flags
  }

  get isEventLoggingOn(): boolean {
    return (this.#enables & SYSTEM_EVENT_LOGGING) !== 0
  }

  clearFlags(flags: number): void {
    if ((flags & MessageFlag.ReceiveMessageAvailable) !== 0) this.#received.length = 0
    this.#setFlags(this.#flags & ~flags)
  }

  /** Keeps an event for the host, if it asked for that and there is none yet. */
  bufferEvent(record: Uint8Array): void {
    if (
      (this.#enables & EVENT_MESSAGE_BUFFER) === 0 ||
      (this.#flags & MessageFlag.EventMessageBufferFull) !== 0
    )
      return
    this.#event.set(record.subarray(0, EVENT_BYTES))
    this.#setFlags(this.#flags | MessageFlag.EventMessageBufferFull)
  }

  takeEvent(): Uint8Array | null {
    if ((this.#flags & MessageFlag.EventMessageBufferFull) === 0) return null
    this.#setFlags(this.#flags & ~MessageFlag.EventMessageBufferFull)
    return this.#event.slice()
  }

  receivesFrom(channel: number): boolean {
    return (this.#deafTo & (1 << channel)) === 0
  }

  setReceivesFrom(channel: number, enabled: boolean): void {
    this.#deafTo = enabled ? this.#deafTo & ~(1 << channel) : this.#deafTo | (1 << channel)
  }

  /** A message for the host: its channel and the frame without our own address. */
  putMessage(channel: number, frame: Uint8Array): void {
    if (this.#received.length >= MAX_WAITING || !this.receivesFrom(channel)) return
    const message = new Uint8Array(1 + frame.length)
    message[0] = channel
    message.set(frame, 1)
    this.#received.push(message)
    this.#setFlags(this.#flags | MessageFlag.ReceiveMessageAvailable)
  }

  takeMessage(): Uint8Array | null {
    const message = this.#received.shift()
    if (this.#received.length === 0) this.#setFlags(this.#flags & ~MessageFlag.ReceiveMessageAvailable)
    return message ?? null
  }

  raiseWatchdogPreTimeout(): void {
    this.#setFlags(this.#flags | MessageFlag.WatchdogPreTimeout)
  }

  reset(): void {
    this.#enables = AFTER_RESET
    this.#deafTo = 0
    this.#received.length = 0
    this.#setFlags(0)
  }

  #setFlags(flags: number): void {
    const before = this.#flags !== 0
    this.#flags = flags
    if (before !== (flags !== 0)) this.#onAttention(flags !== 0 ? 'on' : 'off')
  }

  save(tape: Tape): void {
    tape.put(this.#enables | (this.#flags << 8) | (this.#received.length << 16))
    tape.put(this.#deafTo)
    if ((this.#flags & MessageFlag.EventMessageBufferFull) !== 0) tape.putBytes(this.#event, EVENT_BYTES)
    for (const message of this.#received) {
      tape.put(message.length)
      tape.putBytes(message, message.length)
    }
  }

  load(tape: Tape): void {
    const word = tape.take()
    this.#enables = word & 0xff
    this.#flags = (word >> 8) & 0xff
    const count = word >> 16
    this.#deafTo = tape.take()
    if ((this.#flags & MessageFlag.EventMessageBufferFull) !== 0) tape.takeBytes(this.#event, EVENT_BYTES)
    this.#received.length = 0
    for (let i = 0; i < count; i++) {
      const message = new Uint8Array(tape.take())
      tape.takeBytes(message, message.length)
      this.#received.push(message)
    }
  }
}
