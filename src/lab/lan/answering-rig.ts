/** A BMC on a LAN port that answers as a test chooses, and as the simulated BMC does where nothing was chosen. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { Bmc } from '../../bmc/bmc.ts'
import { execute } from '../../bmc/execute.ts'
import { MemoryAccounts } from '../../lan/accounts.ts'
import { type LanCaller, LanServerMachine } from '../../lan/server.ts'
import { type Command, decodeRequest, encodeResponse } from '../../protocol/command.ts'
import { AuthType } from '../../protocol/commands/session.ts'
import { CompletionCode } from '../../protocol/completion-code.ts'
import { netFnOf, responseByte } from '../../protocol/message.ts'
import { type ProgramResult, runProgram } from '../kernel/run-program.ts'
import { user } from './rig.ts'

/** From the bytes of a request to those of its response, completion code first. */
export type Answer = (data: Uint8Array) => Uint8Array

const HOST = '127.0.0.1'

export class AnsweringRig implements AsyncDisposable {
  readonly bmc = new Bmc()
  readonly #machine: LanServerMachine
  readonly #socket: Socket
  readonly #answers = new Map<number, Answer>()

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#machine = new LanServerMachine({
      accounts: new MemoryAccounts({ users: [user], authTypes: [AuthType.Md5] }),
      guid: this.bmc.identity.guid,
      execute: (request, caller, respond) => respond(this.#execute(request, caller)),
    })
    this.bmc.lanServers.set(this.#machine.channel, this.#machine)
    socket.on('message', (datagram, { address, port }) => {
      this.#machine.handle(datagram, { address, port }, performance.now())
      for (let out = this.#machine.pollTransmit(); out !== null; out = this.#machine.pollTransmit())
        socket.send(out.datagram, out.to.port, out.to.address)
    })
  }

  static async start(): Promise<AnsweringRig> {
    const socket = createSocket('udp4')
    socket.bind(0, HOST)
    await once(socket, 'listening')
    return new AnsweringRig(socket)
  }

  get port(): number {
    return this.#socket.address().port
  }

  /** Answers a command with what the handler returns: a response, or a completion code. */
  on<Q, R>(command: Command<Q, R>, handler: (request: Q) => R | number): this {
    return this.raw(command.netFn, command.cmd, data => {
      const response = handler(decodeRequest(command, data))
      return typeof response === 'number' ? Uint8Array.of(response) : encodeResponse(command, response)
    })
  }

  /** Answers with these bytes, however wrong they are. */
  raw(netFn: number, cmd: number, answer: Answer): this {
    this.#answers.set((netFn << 8) | cmd, answer)
    return this
  }

  /** Runs the real ipmitool on this BMC; its output comes in Latin 1, a character a byte. */
  async ipmitool(args: readonly string[], how: { env?: Record<string, string> } = {}): Promise<string> {
    const login = ['-I', 'lan', '-H', HOST, '-p', String(this.port), '-U', user.name, '-P', user.password]
    const result: ProgramResult = await runProgram('ipmitool', [...login, ...args], how)
    return result.stdout.toString('latin1')
  }

  #execute(request: Uint8Array, lan: LanCaller): Uint8Array {
    const first = request[0] ?? 0
    const cmd = request[1] ?? 0
    const answer = this.#answers.get((netFnOf(first) << 8) | cmd)
    const { channel, privilege } = lan
    if (answer === undefined) return execute(this.bmc, request, { channel, privilege, lan })
    return Uint8Array.of(responseByte(first), cmd, ...safely(answer, request.subarray(2)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>(resolve => this.#socket.close(() => resolve()))
    this.bmc.close()
  }
}

/** A handler that cannot read the request refuses it, as a BMC does. */
function safely(answer: Answer, data: Uint8Array): Uint8Array {
  try {
    return answer(data)
  } catch {
    return Uint8Array.of(CompletionCode.InvalidDataField)
  }
}
