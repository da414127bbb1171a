/** The kernel's side of `/dev/ipmi0` as the header file lays it out, in this process: it reads and writes memory by address. */
import type { DeviceCalls } from '../ports/device-calls.ts'

const EAGAIN = 11
const ENOTTY = 25

export interface Sent {
  addr: number[]
  msgid: number
  netFn: number
  cmd: number
  data: number[]
}

interface Answer {
  recvType: number
  msgid: number
  netFn: number
  cmd: number
  data: readonly number[]
}

export class FakeKernel implements DeviceCalls {
  readonly sent: Sent[] = []
  readonly answers: Answer[] = []
  /** Every later call fails with it. */
  errno = 0
  #memory = new Uint8Array(0)
  readonly #base = 0x7fff_1234_5678n

  allocate(bytes: number) {
    this.#memory = new Uint8Array(bytes).fill(0xee)
    return { bytes: this.#memory, address: this.#base }
  }

  ioctl(_fd: number, request: number, argument: bigint): number {
    if (this.errno !== 0) return this.errno
    const at = Number(argument - this.#base)
    if (request === 0x8028690d) return this.#send(at)
    if (request === 0xc030690b) return this.#receive(at)
    return ENOTTY
  }

  async readable(): Promise<void> {
    await new Promise(resolve => setImmediate(resolve))
  }

  #pointer(at: number): number {
    return Number(this.#view.getBigUint64(at, true) - this.#base)
  }

  get #view(): DataView {
    return new DataView(this.#memory.buffer)
  }

  #send(at: number): number {
    const view = this.#view
    const addr = this.#pointer(at)
    const data = this.#pointer(at + 32)
    this.sent.push({
      addr: [...this.#memory.subarray(addr, addr + view.getUint32(at + 8, true))],
      msgid: Number(view.getBigInt64(at + 16, true)),
      netFn: view.getUint8(at + 24),
      cmd: view.getUint8(at + 25),
      data: [...this.#memory.subarray(data, data + view.getUint16(at + 26, true))],
    })
    return 0
  }

  #receive(at: number): number {
    const answer = this.answers.shift()
    if (answer === undefined) return EAGAIN
    const view = this.#view
    const room = view.getUint16(at + 34, true)
    view.setInt32(at, answer.recvType, true)
    view.setBigInt64(at + 24, BigInt(answer.msgid), true)
    view.setUint8(at + 32, answer.netFn)
    view.setUint8(at + 33, answer.cmd)
    view.setUint16(at + 34, Math.min(room, answer.data.length), true)
    this.#memory.set(answer.data.slice(0, room), this.#pointer(at + 40))
    return room < answer.data.length ? 90 : 0
  }
}
