/** A log-in as a generator: it yields what to ask and gets what was answered; who runs it sends, waits and asks again. */
import { type Command, decodeResponse, encodeRequest } from '../protocol/command.ts'
import { AuthType } from '../protocol/commands/session.ts'
import { decodeIpmb, encodeIpmb } from '../protocol/ipmb.ts'
import type { LanClientOptions } from './client-options.ts'
import { decodePlus, type PlusPacket } from './rmcpplus.ts'
import { decodeV15, encodeV15, type V15Packet } from './session-v15.ts'

export type Incoming = { format: 'v15'; packet: V15Packet } | { format: 'plus'; packet: PlusPacket }

/** Reads what follows the RMCP header; null when it is no packet. */
export function decodeIncoming(data: Uint8Array): Incoming | null {
  if (data[0] === AuthType.RmcpPlus) {
    const packet = decodePlus(data)
    return packet && { format: 'plus', packet }
  }
  const packet = decodeV15(data)
  return packet && { format: 'v15', packet }
}

/** One question: what is sent for it, and how to know and read the answer. */
export interface Ask<T> {
  /** What is asked, for errors. */
  what: string
  datagrams: readonly Uint8Array[]
  /** Undefined: not the answer to this. `garbled`: it was meant to be, and cannot be read; another may still come. */
  take(incoming: Incoming): T | undefined | typeof garbled
  /** What it counts for when no answer came to so many sendings; undefined: ask on. */
  without?(sendings: number): T | undefined
  /** Not waited for; the generator goes on at once. */
  isOneWay?: true
  /** Once it has arrived the BMC has a session, whether or not the answer comes. */
  opensSession?: true
}

/** What every log-in is given. */
export interface LoginContext {
  options: LanClientOptions
  /** Our name for the session. */
  consoleId: number
  random(bytes: number): Uint8Array
}

/** A part of a log-in: what it asks, and what it comes to. */
export type Steps<T> = Generator<Ask<unknown>, T, unknown>

/** So many sendings without an answer are taken for a refusal where another way is left. */
export const PATIENCE = 2

export const garbled = Symbol('garbled')

/** The generator gets each answer back with its own type. */
export function* ask<T>(question: Ask<T>): Generator<Ask<unknown>, T, unknown> {
  return (yield question) as T
}

/** Asks several things at once. All but the first may go without an answer, which is then null. */
export function together<T>(first: Ask<T>, others: readonly Ask<T>[]): Ask<readonly (T | null)[]> {
  const questions = [first, ...others]
  const answers = questions.map((): T | null => null)
  return {
    what: first.what,
    datagrams: questions.flatMap(question => question.datagrams),
    take(incoming) {
      let isGarbled = false
      questions.forEach((question, index) => {
        const answer = question.take(incoming)
        if (answer === garbled) isGarbled = true
        else if (answer !== undefined) answers[index] = answer
      })
      if (isGarbled) return garbled
      return answers.every(answer => answer !== null) ? answers : undefined
    },
    without: sendings => (sendings >= PATIENCE && answers[0] !== null ? answers : undefined),
  }
}

const BMC_ADDRESS = 0x20
/** The software ID of a remote console. Section 5.5. */
export const CONSOLE_ADDRESS = 0x81

export function lanRequest(
  rqSeq: number,
  netFn: number,
  cmd: number,
  data: Uint8Array,
  rsLun = 0,
): Uint8Array {
  return encodeIpmb({
    rsAddr: BMC_ADDRESS,
    netFn,
    rsLun,
    rqAddr: CONSOLE_ADDRESS,
    rqSeq,
    rqLun: 0,
    cmd,
    data,
  })
}

/** The body of the LAN message that answers this request; undefined when it is another. */
export function bodyOf(
  payload: Uint8Array,
  rqSeq: number,
  netFn: number,
  cmd: number,
): Uint8Array | undefined | typeof garbled {
  const frame = decodeIpmb(payload)
  // Without a completion code it is no answer.
  if (frame === undefined || frame.data.length === 0) return garbled
  const isIt = frame.rqSeq === rqSeq && frame.netFn === (netFn | 1) && frame.cmd === cmd
  return isIt ? frame.data : undefined
}

const noPassword = new Uint8Array(0)

/** A command outside of a session, in IPMI 1.5's format, which every BMC understands. */
export function askOutside<Q, R>(
  command: Command<Q, R>,
  request: Q,
  rqSeq: number,
): Ask<Uint8Array> & {
  read(body: Uint8Array): R
} {
  const { name, netFn, cmd } = command
  const payload = lanRequest(rqSeq, netFn, cmd, encodeRequest(command, request))
  return {
    what: name,
    datagrams: [encodeV15({ authType: AuthType.None, sequence: 0, sessionId: 0, payload }, noPassword)],
    take: incoming =>
      incoming.format === 'v15' && incoming.packet.sessionId === 0
        ? bodyOf(incoming.packet.payload, rqSeq, netFn, cmd)
        : undefined,
    read: body => decodeResponse(command, body),
  }
}
