/** The socket over which simulated BMCs are changed while they run: a line with a JSON object in, one out. */
import { chmodSync, lstatSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { LastwordError } from '../protocol/error.ts'
import type { Bmc } from './bmc.ts'
import { type ControlRequest, control, controlError } from './control.ts'

const OWNER_ONLY = 0o600
/** What the kernel has room for, without the zero at the end; of a longer path it would take the beginning. */
const MAX_PATH_BYTES = 107
const MAX_LINE_BYTES = 64 * 1024
const MAX_CONNECTIONS = 32
const NEWLINE = 0x0a

export class ControlServer {
  readonly path: string
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(path: string, bmcs: readonly Bmc[]) {
    this.path = path
    this.#server = createServer(socket => this.#serve(socket, bmcs))
    this.#server.maxConnections = MAX_CONNECTIONS
  }

  /** Listens; only this user may connect. Throws LastwordError LISTEN. */
  static async listen(path: string, bmcs: readonly Bmc[]): Promise<ControlServer> {
    const server = new ControlServer(path, bmcs)
    try {
      checkLength(path)
      await makeWay(path)
      await server.#open()
    } catch (cause) {
      await server.close()
      throw new LastwordError('LISTEN', `cannot listen on ${path}: ${(cause as Error).message}`, {
        cause,
        hint: 'Give --control a short path that this user may write, where nothing is and nobody listens.',
      })
    }
    return server
  }

  async #open(): Promise<void> {
    const mask = process.umask(0o177)
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject)
        this.#server.listen(this.path, () => resolve())
      })
      chmodSync(this.path, OWNER_ONLY)
    } finally {
      process.umask(mask)
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>(resolve => this.#server.close(() => resolve()))
  }

  #serve(socket: Socket, bmcs: readonly Bmc[]): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    // Who asks without reading the answers is not listened to until it does.
    socket.on('drain', () => socket.resume())
    const say = (answer: object) => socket.write(`${JSON.stringify(answer)}\n`)
    onLines(socket, {
      take(line) {
        if (line.trim() !== '' && !say(answerLine(bmcs, line))) socket.pause()
      },
      tooLong() {
        say(refusal(controlError(`a line of more than ${MAX_LINE_BYTES} bytes is no request`)))
        socket.destroySoon()
      },
    })
  }
}

/** Calls back with each line, until one is too long. */
function onLines(socket: Socket, on: { take(line: string): void; tooLong(): void }): void {
  let rest = Buffer.alloc(0)
  const read = (bytes: Buffer) => {
    let from = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      const line = Buffer.concat([rest, bytes.subarray(from, end)])
      rest = Buffer.alloc(0)
      from = end + 1
      if (line.length > MAX_LINE_BYTES) return stop()
      on.take(line.toString())
    }
    rest = Buffer.concat([rest, bytes.subarray(from)])
    if (rest.length > MAX_LINE_BYTES) stop()
  }
  const stop = () => {
    socket.off('data', read)
    on.tooLong()
  }
  socket.on('data', read)
}

function answerLine(bmcs: readonly Bmc[], line: string): object {
  try {
    return { ok: true, ...control(bmcs, JSON.parse(line)) }
  } catch (error) {
    return refusal(error as Error)
  }
}

function refusal(error: Error): object {
  const { code, hint } = error instanceof LastwordError ? error : { code: 'CONTROL' }
  return { ok: false, code, error: error.message, ...(hint !== undefined && { hint }) }
}

function checkLength(path: string): void {
  const bytes = Buffer.byteLength(path)
  if (bytes > MAX_PATH_BYTES)
    throw new Error(`a socket's path has at most ${MAX_PATH_BYTES} bytes, and this one ${bytes}`)
}

/** Removes a socket that was left behind by a process that was killed: nobody listens on it. Anything else stays. */
async function makeWay(path: string): Promise<void> {
  const there = lstatSync(path, { throwIfNoEntry: false })
  if (there === undefined) return
  if (!there.isSocket()) throw new Error('what is there is no socket')
  if (await isDead(path)) rmSync(path, { force: true })
}

function isDead(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const probe = connect(path)
    probe.on('connect', () => {
      probe.destroy()
      resolve(false)
    })
    probe.on('error', error => resolve((error as NodeJS.ErrnoException).code === 'ECONNREFUSED'))
  })
}

/** Sends one request to a control socket; the answer. Throws LastwordError CONTROL. */
export async function askControl(path: string, request: ControlRequest): Promise<Record<string, unknown>> {
  try {
    checkLength(path)
    const answer = JSON.parse(await ask(path, JSON.stringify(request))) as Record<string, unknown>
    if (answer.ok === true) return answer
    const { error, hint } = answer
    throw controlError(String(error), typeof hint === 'string' ? { hint } : {})
  } catch (cause) {
    if (cause instanceof LastwordError) throw cause
    throw controlError(`${path}: ${(cause as Error).message}`, {
      cause,
      hint: 'Give the path that `lastword bmc --control` was given.',
    })
  }
}

/** One line, and the one that comes back. */
async function ask(path: string, line: string): Promise<string> {
  const socket = connect(path)
  try {
    return await new Promise<string>((resolve, reject) => {
      socket.on('error', reject)
      socket.on('close', () => reject(new Error('the connection was closed')))
      onLines(socket, { take: resolve, tooLong: () => reject(new Error('the answer is too long')) })
      socket.write(`${line}\n`)
    })
  } finally {
    socket.destroy()
  }
}
