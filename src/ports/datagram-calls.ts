/** Many datagrams of an IPv4 socket with one system call, which Node's dgram lacks. udp(7), recvmmsg(2), sendmmsg(2). */
import { getSystemErrorName } from 'node:util'
import { cutBytes } from '../machine/slab.ts'
import { type Foreign, type ForeignCall, loadForeign } from './foreign.ts'

/** Where datagrams come from and go to: an IPv4 address in decimal. */
export interface UdpPeer {
  readonly address: string
  readonly port: number
}

export interface Outgoing {
  readonly to: UdpPeer
  readonly datagram: Uint8Array
}

export interface DatagramCalls {
  /** A socket's descriptor, which the caller closes. Throws an error with the code that Node's own would have. */
  bind(peer: UdpPeer): number
  /** Gives what has arrived, at most `BATCH`; returns how many it was. */
  receive(fd: number, take: (datagram: Uint8Array, from: UdpPeer) => void): number
  /** Sends the first `BATCH` of them; returns how many the system took. */
  send(fd: number, datagrams: readonly Outgoing[]): number
}

/** The most that one call takes or gives. */
export const BATCH = 32

const DATAGRAM_BYTES = 1 << 16
const AF_INET = 2
/** SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC */
const SOCKET_TYPE = 2 | 0x800 | 0x80000
const MSG_DONTWAIT = 0x40
const SOCKADDR_BYTES = 16
const IOVEC_BYTES = 16
/** struct mmsghdr: a msghdr of 56 bytes, the length of the datagram, padding. */
const HEADER_BYTES = 64
const LENGTH_AT = 56

/** The datagrams of one call, and where each came from or goes to. */
class Batch {
  /** Of the first struct mmsghdr. */
  readonly address: bigint
  readonly #headers: DataView
  readonly #vectors: DataView
  readonly #names: DataView
  readonly #data: Uint8Array

  constructor(foreign: Foreign) {
    const headers = foreign.allocate(HEADER_BYTES * BATCH)
    const vectors = foreign.allocate(IOVEC_BYTES * BATCH)
    const names = foreign.allocate(SOCKADDR_BYTES * BATCH)
    const data = foreign.allocate(DATAGRAM_BYTES * BATCH)
    this.address = headers.address
    this.#headers = new DataView(headers.bytes.buffer)
    this.#vectors = new DataView(vectors.bytes.buffer)
    this.#names = new DataView(names.bytes.buffer)
    this.#data = data.bytes
    const pointTo = (view: DataView, at: number, { address }: { address: bigint }, offset: number) =>
      view.setBigUint64(at, address + BigInt(offset), true)
    for (let i = 0; i < BATCH; i++) {
      const header = HEADER_BYTES * i
      pointTo(this.#headers, header, names, SOCKADDR_BYTES * i)
      this.#headers.setUint32(header + 8, SOCKADDR_BYTES, true)
      pointTo(this.#headers, header + 16, vectors, IOVEC_BYTES * i)
      this.#headers.setUint32(header + 24, 1, true)
      pointTo(this.#vectors, IOVEC_BYTES * i, data, DATAGRAM_BYTES * i)
      this.#vectors.setUint32(IOVEC_BYTES * i + 8, DATAGRAM_BYTES, true)
    }
  }

  /** A copy of a datagram that came. */
  datagram(index: number): Uint8Array {
    const length = this.#headers.getUint32(HEADER_BYTES * index + LENGTH_AT, true)
    const bytes = cutBytes(length)
    const from = DATAGRAM_BYTES * index
    for (let i = 0; i < length; i++) bytes[i] = this.#data[from + i]!
    return bytes
  }

  sender(index: number): UdpPeer {
    const at = SOCKADDR_BYTES * index
    return { address: textOf(this.#names.getUint32(at + 4)), port: this.#names.getUint16(at + 2) }
  }

  put(index: number, { to, datagram }: Outgoing): void {
    putAddress(this.#names, SOCKADDR_BYTES * index, to)
    this.#data.set(datagram, DATAGRAM_BYTES * index)
    this.#vectors.setUint32(IOVEC_BYTES * index + 8, datagram.length, true)
  }
}

/** A struct sockaddr_in. */
function putAddress(view: DataView, at: number, { address, port }: UdpPeer): void {
  view.setUint16(at, AF_INET, true)
  view.setUint16(at + 2, port)
  view.setUint32(at + 4, numberOf(address))
}

/** Strangers cannot make it grow: when it is full it begins anew. */
const KNOWN_ADDRESSES = 1024
const numbers = new Map<string, number>()
const texts = new Map<number, string>()

function numberOf(address: string): number {
  let number = numbers.get(address)
  if (number === undefined) {
    number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
    if (numbers.size >= KNOWN_ADDRESSES) numbers.clear()
    numbers.set(address, number)
  }
  return number
}

function textOf(number: number): string {
  let text = texts.get(number)
  if (text === undefined) {
    text = [24, 16, 8, 0].map(shift => (number >>> shift) & 0xff).join('.')
    if (texts.size >= KNOWN_ADDRESSES) texts.clear()
    texts.set(number, text)
  }
  return text
}

class ForeignDatagramCalls implements DatagramCalls {
  readonly #foreign: Foreign
  readonly #socket: ForeignCall
  readonly #bind: ForeignCall
  readonly #close: ForeignCall
  readonly #recvmmsg: ForeignCall
  readonly #sendmmsg: ForeignCall
  readonly #incoming: Batch
  readonly #outgoing: Batch

  constructor(foreign: Foreign) {
    this.#foreign = foreign
    this.#socket = foreign.func('socket', 'int', ['int', 'int', 'int'])
    this.#bind = foreign.func('bind', 'int', ['int', 'void *', 'unsigned int'])
    this.#close = foreign.func('close', 'int', ['int'])
    this.#recvmmsg = foreign.func('recvmmsg', 'int', ['int', 'void *', 'unsigned int', 'int', 'void *'])
    this.#sendmmsg = foreign.func('sendmmsg', 'int', ['int', 'void *', 'unsigned int', 'int'])
    this.#incoming = new Batch(foreign)
    this.#outgoing = new Batch(foreign)
  }

  bind(peer: UdpPeer): number {
    const fd = Number(this.#socket(AF_INET, SOCKET_TYPE, 0))
    if (fd < 0) throw this.#error('socket', peer)
    const name = this.#foreign.allocate(SOCKADDR_BYTES)
    putAddress(new DataView(name.bytes.buffer), 0, peer)
    if (this.#bind(fd, name.address, SOCKADDR_BYTES) === 0) return fd
    const error = this.#error('bind', peer)
    this.#close(fd)
    throw error
  }

  receive(fd: number, take: (datagram: Uint8Array, from: UdpPeer) => void): number {
    const result = this.#recvmmsg(fd, this.#incoming.address, BATCH, MSG_DONTWAIT, null)
    const count = Math.max(0, Number(result))
    for (let i = 0; i < count; i++) take(this.#incoming.datagram(i), this.#incoming.sender(i))
    return count
  }

  send(fd: number, datagrams: readonly Outgoing[]): number {
    const count = Math.min(datagrams.length, BATCH)
    for (let i = 0; i < count; i++) this.#outgoing.put(i, datagrams[i]!)
    return Math.max(0, Number(this.#sendmmsg(fd, this.#outgoing.address, count, MSG_DONTWAIT)))
  }

  #error(call: string, { address, port }: UdpPeer): Error {
    const errno = this.#foreign.errno()
    const code = getSystemErrorName(-errno)
    return Object.assign(new Error(`${call} ${code} ${address}:${port}`), {
      code,
      errno: -errno,
      syscall: call,
    })
  }
}

let loaded: Promise<DatagramCalls | null> | null = null

/** Null where there is no way to call them; all sockets of the process share them. */
export function loadDatagramCalls(): Promise<DatagramCalls | null> {
  loaded ??= loadForeign().then(
    foreign => new ForeignDatagramCalls(foreign),
    () => null,
  )
  return loaded
}
