/** One UDP socket of each family for all sessions of the process: what comes in goes to the sessions with its sender. */
import { createSocket, type Socket } from 'node:dgram'

/** Gets the datagrams of one BMC. */
export interface LanReceiver {
  readonly address: string
  readonly port: number
  /** False: it is not of this receiver's session. */
  onDatagram(datagram: Uint8Array): boolean
  /** A datagram could not be sent. */
  onSendError(error: NodeJS.ErrnoException): void
}

const RECEIVE_BUFFER_BYTES = 4 << 20

export class LanSocket {
  readonly #socket: Socket
  readonly #family: 4 | 6
  readonly #byPeer = new Map<string, LanReceiver[]>()
  #users = 0

  private constructor(family: 4 | 6) {
    this.#family = family
    this.#socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      // Names were looked up before.
      lookup: (address, _, done) => done(null, address, family),
    })
    this.#socket.on('message', (datagram, { address, port }) => this.#deliver(datagram, address, port))
    // Errors of sending go to the callback; others, such as a full queue, cost a datagram, which is sent again.
    this.#socket.on('error', () => {})
  }

  /** The process's socket of this family; it ends when the last receiver has left. */
  static join(receiver: LanReceiver, family: 4 | 6): LanSocket {
    const shared = sockets.get(family) ?? new LanSocket(family)
    sockets.set(family, shared)
    shared.#add(receiver)
    return shared
  }

  send(datagram: Uint8Array, receiver: LanReceiver, onSent: (error: Error | null) => void): void {
    this.#socket.send(datagram, receiver.port, receiver.address, onSent)
  }

  leave(receiver: LanReceiver): void {
    const key = peerKey(receiver.address, receiver.port)
    const rest = (this.#byPeer.get(key) ?? []).filter(other => other !== receiver)
    if (rest.length > 0) this.#byPeer.set(key, rest)
    else this.#byPeer.delete(key)
    if (--this.#users > 0) return
    sockets.delete(this.#family)
    this.#socket.close()
  }

  #add(receiver: LanReceiver): void {
    if (this.#users++ === 0) {
      this.#socket.bind(0, () => {
        try {
          this.#socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES)
        } catch {
          // The system's limit stands.
        }
      })
    }
    const key = peerKey(receiver.address, receiver.port)
    this.#byPeer.set(key, [...(this.#byPeer.get(key) ?? []), receiver])
  }

  #deliver(datagram: Uint8Array, address: string, port: number): void {
    const receivers = this.#byPeer.get(peerKey(address, port))
    if (receivers === undefined) return
    for (const receiver of receivers) if (receiver.onDatagram(datagram)) return
  }
}

const sockets = new Map<4 | 6, LanSocket>()

function peerKey(address: string, port: number): string {
  return `${address} ${port}`
}
