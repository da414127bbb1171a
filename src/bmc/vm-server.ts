/** The VM side of a BMC over TCP: QEMU connects, its KCS, BT or SSIF device's messages are executed here. */
import { createServer, type Server, type Socket } from 'node:net'
import type { LastwordError } from '../protocol/error.ts'
import type { Bmc } from './bmc.ts'
import type { HostAction } from './chassis.ts'
import { executeDurably } from './execute.ts'
import { hostPortText, listenError } from './listen-error.ts'
import { systemInterface } from './serve.ts'
import { VmCapability, VmCommand, VmSerial } from './vm-serial.ts'

/** Loopback unless the caller names another host. */
export const DEFAULT_HOST = '127.0.0.1'

export interface VmServerOptions {
  host?: string
  /** 0 picks a free one. */
  port: number
  onError?: (error: LastwordError) => void
  /** The VM has connected, or gone. */
  onVm?: (state: 'connected' | 'gone') => void
  /**
   * Sees each request before it is executed, and its answer before it is given. A bench may hold an answer back by
   * returning `false` and calling `respond` later, or never.
   */
  tap?: VmTap
}

export interface VmTap {
  onRequest?(request: Uint8Array): void
  onResponse?(request: Uint8Array, response: Uint8Array, respond: () => void): boolean
  onSent?(request: Uint8Array): void
}

/** A VM that is turned off cannot be turned on over this line: that is up to who starts it. */
const vmCommands: Partial<Record<HostAction, VmCommand>> = {
  powerDown: VmCommand.PowerOff,
  powerCycle: VmCommand.Reset,
  hardReset: VmCommand.Reset,
  nmi: VmCommand.SendNmi,
  softShutdown: VmCommand.GracefulShutdown,
}

export class VmServer {
  readonly #bmc: Bmc
  readonly #server: Server
  readonly #options: VmServerOptions
  #socket: Socket | null = null
  #serial: VmSerial | null = null

  private constructor(bmc: Bmc, options: VmServerOptions) {
    this.#bmc = bmc
    this.#options = options
    this.#server = createServer(socket => this.#connect(socket))
    bmc.listen({
      onAttention: state =>
        this.command(state === 'on' ? VmCommand.AttentionWithInterrupt : VmCommand.NoAttention),
      onHostAction: action => this.#act(action),
      hasHost: () => this.isConnected,
      takesNmi: () => ((this.capabilities ?? 0) & VmCapability.Nmi) !== 0,
    })
  }

  /** Listens. Throws LastwordError LISTEN with the address and the reason. */
  static async listen(bmc: Bmc, options: VmServerOptions): Promise<VmServer> {
    const server = new VmServer(bmc, options)
    const host = options.host ?? DEFAULT_HOST
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', cause => {
        reject(listenError(hostPortText(host, options.port), cause))
      })
      server.#server.listen(options.port, host, () => resolve())
    })
    return server
  }

  /** The port in use. */
  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : this.#options.port
  }

  get isConnected(): boolean {
    return this.#socket !== null
  }

  /** Bits of VmCapability; undefined until the VM has said what it can do. */
  get capabilities(): number | undefined {
    return this.#serial?.capabilities
  }

  /** False when no VM is there or it cannot do this. */
  command(command: VmCommand): boolean {
    return this.#serial?.command(command) ?? false
  }

  async close(): Promise<void> {
    this.#socket?.destroy()
    await new Promise<void>(resolve => this.#server.close(() => resolve()))
  }

  /** Goes deaf and dumb at once, the connection kept: what a dead BMC looks like to the VM. */
  die(): void {
    this.#socket?.removeAllListeners('data')
    this.#serial = null
  }

  #act(action: HostAction): void {
    const command = vmCommands[action]
    if (command !== undefined) this.command(command)
  }

  #connect(socket: Socket): void {
    // A VM that was started anew takes the place of the one before.
    this.#socket?.destroy()
    this.#socket = socket
    socket.setNoDelay(true)
    const serial = new VmSerial({
      send: bytes => {
        const send = (sent: Uint8Array) => {
          if (!socket.destroyed && !socket.write(sent)) socket.pause()
        }
        const { faults } = this.#bmc
        if (faults === null) send(bytes)
        else faults.transmit(bytes, send)
      },
      onRequest: (sequence, request) => this.#execute(serial, sequence, request),
      onReset: () => {},
      onError: error => this.#options.onError?.(error),
    })
    this.#serial = serial
    socket.on('data', bytes => {
      const { faults } = this.#bmc
      if (faults === null) serial.receive(bytes)
      else faults.receive(bytes, heard => serial.receive(heard))
    })
    // A VM that asks without reading the answers is not listened to until it does.
    socket.on('drain', () => socket.resume())
    // A peer that resets the connection is a VM that went away.
    socket.on('error', () => {})
    socket.on('close', () => {
      if (this.#socket !== socket) return
      this.#socket = null
      this.#serial = null
      this.#options.onVm?.('gone')
    })
    serial.begin()
    this.#options.onVm?.('connected')
  }

  #execute(serial: VmSerial, sequence: number, request: Uint8Array): void {
    const tap = this.#options.tap
    tap?.onRequest?.(request)
    const response = executeDurably(this.#bmc, request, systemInterface)
    const respond = () => {
      serial.respond(sequence, response)
      tap?.onSent?.(request)
      this.#bmc.settle()
    }
    if (tap?.onResponse?.(request, response, respond) === false) return
    respond()
  }
}
