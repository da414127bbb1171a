/**
 * A load on a BMC's LAN port that costs its own side little, so that the BMC is what is measured: packets are signed and
 * encrypted before the clock starts, answers are opened and checked after it has stopped.
 */
import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { decodeIncoming, lanRequest } from '../../lan/client-ask.ts'
import { LoginRunner } from '../../lan/client-login.ts'
import { defaultFirstWaitMs, defaultTimeoutMs, type LanClientOptions } from '../../lan/client-options.ts'
import { loginPlus } from '../../lan/client-plus-login.ts'
import { decodeRmcp } from '../../lan/rmcp.ts'
import type { PlusLink } from '../../lan/session-link.ts'
import { type Command, encodeRequest, Privilege } from '../../protocol/command.ts'
import { PayloadType } from '../../protocol/commands/payload.ts'
import { CloseSession, SetSessionPrivilegeLevel } from '../../protocol/commands/session.ts'
import { CompletionCode } from '../../protocol/completion-code.ts'
import { LastwordError } from '../../protocol/error.ts'
import { decodeIpmb } from '../../protocol/ipmb.ts'

const HOST = '127.0.0.1'
const RQ_SEQS = 64
const RECEIVE_BUFFER_BYTES = 1 << 20
/** Nothing is sent twice: an answer that does not come ends the run. */
const PATIENCE_MS = 10_000

export interface LoadLogin {
  port: number
  user: { name: string; password: string }
  suite: number
}

/** A session on a socket of its own. */
export class LoadSession {
  readonly #socket: Socket
  readonly #link: PlusLink
  #rqSeq = 0

  private constructor(socket: Socket, link: PlusLink) {
    this.#socket = socket
    this.#link = link
  }

  /** Logs in, as an administrator. */
  static async open(login: LoadLogin): Promise<LoadSession> {
    const socket = createSocket('udp4')
    socket.connect(login.port, HOST)
    await once(socket, 'connect')
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES)
    const session = new LoadSession(socket, await logIn(socket, login))
    await session.run([SetSessionPrivilegeLevel, { privilege: Privilege.Admin }], 1, 1)
    return session
  }

  async close(): Promise<void> {
    await this.run([CloseSession, { sessionId: this.#link.remoteId }], 1, 1)
    this.drop()
  }

  /** Leaves without a word. */
  drop(): void {
    this.#socket.close()
  }

  /** Asks the same `count` times, `inFlight` at once; returns the seconds that it took. */
  async run<Q>(request: Request<Q>, count: number, inFlight: number): Promise<number> {
    return await runTogether([this], request, count, inFlight)
  }

  /** Packets for so many requests, in the order in which they have to be sent. */
  prepare<Q>([command, request]: Request<Q>, count: number): Uint8Array[] {
    const data = encodeRequest(command, request)
    return Array.from({ length: count }, () => {
      this.#rqSeq = (this.#rqSeq + 1) % RQ_SEQS
      return this.#link.seal(PayloadType.Ipmi, lanRequest(this.#rqSeq, command.netFn, command.cmd, data))
    })
  }

  /** Sends them, so many at once; the answers, unread. */
  exchange(
    packets: readonly Uint8Array[],
    inFlight: number,
    onAnswer: () => void = () => {},
  ): Promise<Uint8Array[]> {
    const socket = this.#socket
    const answers: Uint8Array[] = []
    let next = 0
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer)
        socket.off('message', take).off('error', fail)
      }
      const fail = (error: Error) => {
        end()
        reject(error)
      }
      const timer = setTimeout(
        () => fail(new Error(`${answers.length} of ${packets.length} requests were answered`)),
        PATIENCE_MS,
      )
      const take = (answer: Uint8Array) => {
        answers.push(answer)
        onAnswer()
        if (next < packets.length) socket.send(packets[next++]!)
        else if (answers.length === packets.length) {
          end()
          resolve(answers)
        }
      }
      socket.on('message', take).on('error', fail)
      while (next < Math.min(inFlight, packets.length)) socket.send(packets[next++]!)
    })
  }

  /** Throws unless each is signed, new, and has the completion code 0. */
  check(answers: readonly Uint8Array[]): void {
    for (const answer of answers) {
      const incoming = decodeIncoming(decodeRmcp(answer)!.data)
      const opened = incoming?.format === 'plus' ? this.#link.open(incoming.packet) : null
      const frame = opened?.freshness === 'new' ? decodeIpmb(opened.payload) : undefined
      if (frame === undefined) throw new Error('an answer is not of this session, or came twice')
      const code = frame.data[0]!
      if (code !== CompletionCode.Ok) throw new Error(`a request was answered with ${code.toString(16)}h`)
    }
  }
}

/** A command and what it asks. */
export type Request<Q> = readonly [command: Command<Q, unknown>, request: Q]

/** Asks the same `count` times over all sessions, `inFlight` at once; returns the seconds that it took. */
export async function runTogether<Q>(
  sessions: readonly LoadSession[],
  request: Request<Q>,
  count: number,
  inFlight: number,
): Promise<number> {
  const share = (whole: number) => Math.ceil(whole / sessions.length)
  const packets = sessions.map(session => session.prepare(request, share(count)))
  const begin = process.hrtime.bigint()
  const answers = await Promise.all(
    sessions.map((session, index) => session.exchange(packets[index]!, share(inFlight))),
  )
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9
  sessions.forEach((session, index) => {
    session.check(answers[index]!)
  })
  return seconds
}

async function logIn(socket: Socket, { user, suite, port }: LoadLogin): Promise<PlusLink> {
  const options: LanClientOptions = {
    name: `${HOST}:${port}`,
    version: '2.0',
    userName: user.name,
    password: new Uint8Array(Buffer.from(user.password)),
    suite,
  }
  const consoleId = randomBytes(4).readUInt32LE()
  const runner = new LoginRunner<PlusLink>(
    {
      start: () => loginPlus({ options, consoleId, random: randomBytes }),
      send: datagram => socket.send(datagram),
      firstWaitMs: defaultFirstWaitMs,
      timeoutMs: defaultTimeoutMs,
      onSilence: ({ what }) => new LastwordError('TIMEOUT', `no answer to ${what}`),
    },
    performance.now(),
  )
  const ticking = setInterval(() => runner.tick(performance.now()), PATIENCE_MS / 100)
  try {
    while (runner.outcome === null) {
      const [answer] = (await once(socket, 'message')) as [Uint8Array]
      const incoming = decodeIncoming(decodeRmcp(answer)!.data)
      if (incoming !== null) runner.handle(incoming, performance.now())
    }
  } finally {
    clearInterval(ticking)
  }
  if (runner.outcome.kind === 'failed') throw runner.outcome.error
  return runner.outcome.value
}
