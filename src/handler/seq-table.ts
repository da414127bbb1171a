/** The sequence table: which bridged request an answer from another controller belongs to. IPMI 2.0 rev 1.1, section 6.12. */
import type { Saveable, Tape } from '../machine/tape.ts'
import { Stage } from '../si/smi-msg.ts'
import type { HandlerMsg } from './handler-msg.ts'

/** `rqSeq` has six bits. */
export const SEQ_TABLE_SIZE = 64

export class SeqTable implements Saveable {
  readonly #entries: (HandlerMsg | null)[] = new Array<HandlerMsg | null>(SEQ_TABLE_SIZE).fill(null)
  #next = 0
  #used = 0

  get used(): number {
    return this.#used
  }

  /** Gives the message a sequence number; -1 when all 64 are in use. */
  add(msg: HandlerMsg): number {
    for (let tried = 0; tried < SEQ_TABLE_SIZE; tried++) {
      const rqSeq = this.#next
      this.#next = (this.#next + 1) % SEQ_TABLE_SIZE
      if (this.#entries[rqSeq] !== null) continue
      this.#entries[rqSeq] = msg
      this.#used++
      return rqSeq
    }
    return -1
  }

  at(rqSeq: number): HandlerMsg | null {
    return this.#entries[rqSeq] ?? null
  }

  remove(msg: HandlerMsg): void {
    if (this.#entries[msg.rqSeq] !== msg) return
    this.#entries[msg.rqSeq] = null
    this.#used--
  }

  /** Lets time pass; `onTimeout` is called for each entry whose time is up. It may remove the entry. */
  tick(elapsedMs: number, onTimeout: (msg: HandlerMsg) => void): void {
    if (this.#used === 0) return
    for (const msg of this.#entries) {
      // Only a request that has left for the bus waits for the bus.
      if (msg === null || msg.stage !== Stage.Bridged) continue
      msg.leftMs -= elapsedMs
      if (msg.leftMs <= 0) onTimeout(msg)
    }
  }

  save(tape: Tape): void {
    tape.put(this.#next | (this.#used << 8))
    if (this.#used === 0) return
    for (const msg of this.#entries) {
      tape.put(msg === null ? -1 : msg.index)
      tape.putRef(msg)
    }
  }

  load(tape: Tape): void {
    const word = tape.take()
    const wasUsed = this.#used > 0
    this.#next = word & 0xff
    this.#used = word >> 8
    if (this.#used === 0) {
      if (wasUsed) this.#entries.fill(null)
      return
    }
    for (let i = 0; i < SEQ_TABLE_SIZE; i++) {
      tape.take()
      this.#entries[i] = tape.takeRef() as HandlerMsg | null
    }
  }
}
