/**
 * The VM serial protocol, BMC side: how QEMU's `ipmi-bmc-extern` and OpenIPMI's simulator talk to a BMC.
 * Described in OpenIPMI's lanserv/README.vm. A machine: bytes go in, messages and commands come out.
 */
import { LastwordError } from '../protocol/error.ts'
import { checksum } from '../protocol/ipmb.ts'
import { hex, MAX_MSG_LENGTH } from '../protocol/message.ts'

const Frame = { EndOfMessage: 0xa0, EndOfCommand: 0xa1, Escape: 0xaa } as const
const ESCAPE_BIT = 0x10

/** Commands of both directions. */
export const VmCommand = {
  NoAttention: 0x00,
  Attention: 0x01,
  AttentionWithInterrupt: 0x02,
  PowerOff: 0x03,
  Reset: 0x04,
  EnableInterrupt: 0x05,
  DisableInterrupt: 0x06,
  SendNmi: 0x07,
  Capabilities: 0x08,
  GracefulShutdown: 0x09,
  Version: 0xff,
} as const
export type VmCommand = (typeof VmCommand)[keyof typeof VmCommand]

/** Bits of the capabilities command. */
export const VmCapability = {
  Power: 0x01,
  Reset: 0x02,
  Interrupt: 0x04,
  Nmi: 0x08,
  Attention: 0x10,
  GracefulShutdown: 0x20,
} as const

const PROTOCOL_VERSION = 1
/** Sequence, message, checksum. */
const MAX_FRAME_BYTES = MAX_MSG_LENGTH + 2

export interface VmSerialOutputs {
  send(bytes: Uint8Array): void
  /** A request: netFn/LUN, command, data. Answer it with `respond` and the same sequence number. */
  onRequest(sequence: number, request: Uint8Array): void
  /** The machine was reset. */
  onReset(): void
  /** What came was no message of this protocol; it is dropped. */
  onError(error: LastwordError): void
}

export class VmSerial {
  readonly #outputs: VmSerialOutputs
  readonly #frame = new Uint8Array(MAX_FRAME_BYTES)
  #length = 0
  #escaped = false
  /** What is wrong with the frame so far; it is dropped when it ends. */
  #fault: 'VM_TOO_LONG' | 'VM_ESCAPE' | null = null
  /** What the VM can do; undefined until it has said so. */
  capabilities: number | undefined

  constructor(outputs: VmSerialOutputs) {
    this.#outputs = outputs
  }

  /** Greets the VM; call it when the connection is there. */
  begin(): void {
    this.#sendCommand(VmCommand.Version, PROTOCOL_VERSION)
  }

  receive(bytes: Uint8Array): void {
    for (const byte of bytes) this.#take(byte)
  }

  respond(sequence: number, response: Uint8Array): void {
    const frame = new Uint8Array(response.length + 2)
    frame[0] = sequence
    frame.set(response, 1)
    frame[frame.length - 1] = checksum(frame, 0, frame.length - 1)
    this.#outputs.send(framed(frame, Frame.EndOfMessage))
  }

  /** False when the VM has not said that it can do this; then nothing is sent. */
  command(command: VmCommand): boolean {
    const needed = neededCapability(command)
    if (needed !== 0 && ((this.capabilities ?? 0) & needed) === 0) return false
    this.#sendCommand(command)
    return true
  }

  #sendCommand(...bytes: number[]): void {
    this.#outputs.send(framed(Uint8Array.from(bytes), Frame.EndOfCommand))
  }

  #take(byte: number): void {
    switch (byte) {
      case Frame.EndOfMessage:
        this.#end(frame => this.#message(frame))
        break
      case Frame.EndOfCommand:
        this.#end(frame => this.#command(frame))
        break
      case Frame.Escape:
        if (this.#escaped) this.#spoil('VM_ESCAPE')
        this.#escaped = true
        break
      default:
        if (this.#length === this.#frame.length) return this.#spoil('VM_TOO_LONG')
        if (this.#escaped && !isEscaped(byte)) this.#spoil('VM_ESCAPE')
        this.#frame[this.#length++] = this.#escaped ? byte & ~ESCAPE_BIT : byte
        this.#escaped = false
    }
  }

  /** Told at once, for its end may never come. */
  #spoil(fault: 'VM_TOO_LONG' | 'VM_ESCAPE'): void {
    if (this.#fault !== null) return
    this.#fault = fault
    const what =
      fault === 'VM_TOO_LONG'
        ? `has more than ${MAX_FRAME_BYTES} bytes`
        : 'escapes a byte that cannot be escaped'
    this.#refuse(fault, what, this.#frame.slice(0, this.#length))
  }

  #end(handle: (frame: Uint8Array) => void): void {
    const frame = this.#frame.slice(0, this.#length)
    const isSpoilt = this.#fault !== null
    const isCut = this.#escaped
    this.#length = 0
    this.#fault = null
    this.#escaped = false
    if (isSpoilt) return
    if (isCut) this.#refuse('VM_ESCAPE', 'ends in the middle of an escaped byte', frame)
    else handle(frame)
  }

  #message(frame: Uint8Array): void {
    if (frame.length < 4) return this.#refuse('VM_TOO_SHORT', 'has fewer than four bytes', frame)
    if (checksum(frame) !== 0) return this.#refuse('VM_CHECKSUM', 'has a wrong checksum', frame)
    this.#outputs.onRequest(frame[0]!, frame.slice(1, -1))
  }

  #command(frame: Uint8Array): void {
    switch (frame[0]) {
      case VmCommand.Version:
        if ((frame[1] ?? 0) < PROTOCOL_VERSION)
          this.#refuse('VM_VERSION', 'is of an unknown protocol version', frame)
        break
      case VmCommand.Capabilities:
        if (frame.length < 2) return this.#refuse('VM_TOO_SHORT', 'lacks the capabilities', frame)
        this.capabilities = frame[1]!
        break
      case VmCommand.Reset:
        this.#outputs.onReset()
        break
      case undefined:
        break
      default:
        this.#refuse('VM_COMMAND', 'is an unknown command', frame)
    }
  }

  #refuse(code: string, what: string, frame: Uint8Array): void {
    const start = hex(frame.subarray(0, 16))
    this.#outputs.onError(
      new LastwordError(code, `VM serial: what begins with "${start}" ${what}; it is dropped`),
    )
  }
}

/** The three bytes that have to be escaped, with the escape bit. */
function isEscaped(byte: number): boolean {
  const plain = byte & ~ESCAPE_BIT
  return (
    (byte & ESCAPE_BIT) !== 0 &&
    (plain === Frame.EndOfMessage || plain === Frame.EndOfCommand || plain === Frame.Escape)
  )
}

function neededCapability(command: VmCommand): number {
  switch (command) {
    case VmCommand.PowerOff:
      return VmCapability.Power
    case VmCommand.Reset:
      return VmCapability.Reset
    case VmCommand.EnableInterrupt:
    case VmCommand.DisableInterrupt:
      return VmCapability.Interrupt
    case VmCommand.SendNmi:
      return VmCapability.Nmi
    case VmCommand.Attention:
    case VmCommand.AttentionWithInterrupt:
    case VmCommand.NoAttention:
      return VmCapability.Attention
    case VmCommand.GracefulShutdown:
      return VmCapability.GracefulShutdown
    default:
      return 0
  }
}

/** Escapes what would end or escape a frame, and ends it. */
function framed(content: Uint8Array, end: number): Uint8Array {
  const bytes: number[] = []
  for (const byte of content) {
    if (byte === Frame.EndOfMessage || byte === Frame.EndOfCommand || byte === Frame.Escape) {
      bytes.push(Frame.Escape, byte | ESCAPE_BIT)
    } else {
      bytes.push(byte)
    }
  }
  return Uint8Array.from([...bytes, end])
}
