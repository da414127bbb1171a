/** What serial over LAN can lead to: an echo, a program, or the serial port of a VM behind a socket. */
import { spawn } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import type { SolFarEnd } from '../lan/sol-server.ts'
import { LastwordError } from '../protocol/error.ts'

/** Characters that a far end has not taken; more are refused and come again. */
const MAX_WAITING = 1 << 16
const MAX_PORT = 65_535
const RECONNECT_MS = 500
/** What a VM said while no console was there. */
const BACKLOG_BYTES = 4096

/** Says again whatever it is told; a break is shown as such. */
export function echoFarEnd(): SolFarEnd {
  return {
    open(onCharacters) {
      let hasRoom = true
      const say = (characters: Uint8Array) => {
        hasRoom = onCharacters(characters)
      }
      return {
        write(characters) {
          if (!hasRoom) return 0
          say(characters.slice())
          return characters.length
        },
        sendBreak: () => say(new Uint8Array(Buffer.from('[break]'))),
        resume() {
          hasRoom = true
        },
        close: () => {},
      }
    },
  }
}

/** A shell's command, started when a console comes and ended when it goes; a break interrupts it. */
export function commandFarEnd(command: string): SolFarEnd {
  return {
    open(onCharacters) {
      const child = spawn('/bin/sh', ['-c', command], { stdio: 'pipe', detached: true })
      const say = (text: string) => onCharacters(new Uint8Array(Buffer.from(text)))
      const outputs = [child.stdout, child.stderr]
      const resume = () => {
        for (const output of outputs) output.resume()
      }
      for (const output of outputs) {
        output.on('data', (characters: Uint8Array) => {
          if (!onCharacters(characters)) for (const each of outputs) each.pause()
        })
      }
      // A command that ends early takes no more.
      child.stdin.on('error', () => {})
      child.on('error', error => say(`\r\n[${error.message}]\r\n`))
      child.on('close', (status, signal) => say(`\r\n[ended with ${signal ?? `status ${status}`}]\r\n`))
      const kill = (signal: NodeJS.Signals) => {
        if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
        try {
          process.kill(-child.pid, signal)
        } catch {
          // It ended by itself in between.
        }
      }
      return {
        write(characters) {
          if (child.stdin.writableLength > MAX_WAITING) return 0
          child.stdin.write(characters.slice())
          return characters.length
        },
        sendBreak: () => kill('SIGINT'),
        resume,
        close() {
          kill('SIGHUP')
          // What it still says is heard by nobody.
          resume()
        },
      }
    },
  }
}

/** Where the serial port listens. */
export type SocketFarEndOptions = { host: string; port: number } | { path: string }

/** A serial port behind a socket, such as QEMU's `-serial unix:PATH,server=on`; it is kept connected. */
export class SocketFarEnd implements SolFarEnd {
  readonly #options: SocketFarEndOptions
  #socket: Socket | null = null
  #timer: NodeJS.Timeout | null = null
  #isClosed = false
  #onCharacters: ((characters: Uint8Array) => boolean) | null = null
  /** The end of what was said while nobody listened. */
  #backlog: Uint8Array = new Uint8Array(0)

  constructor(options: SocketFarEndOptions) {
    this.#options = options
    this.#connect()
  }

  open(onCharacters: (characters: Uint8Array) => boolean) {
    this.#onCharacters = onCharacters
    const backlog = this.#backlog
    this.#backlog = new Uint8Array(0)
    if (backlog.length > 0) onCharacters(backlog)
    const resume = () => this.#socket?.resume()
    return {
      write: (characters: Uint8Array) => {
        if (this.#socket === null || this.#socket.writableLength > MAX_WAITING) return 0
        this.#socket.write(characters.slice())
        return characters.length
      },
      // A socket knows no break.
      sendBreak: () => {},
      resume,
      close: () => {
        this.#onCharacters = null
        resume()
      },
    }
  }

  close(): void {
    this.#isClosed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#socket?.destroy()
  }

  #connect(): void {
    const socket = connect(this.#options)
    socket.setNoDelay(true)
    socket.unref()
    socket.on('connect', () => {
      this.#socket = socket
    })
    socket.on('data', bytes => {
      if (!this.#hear(bytes)) socket.pause()
    })
    // It is tried again, as long as it takes.
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#socket = null
      if (this.#isClosed) return
      this.#timer = setTimeout(() => this.#connect(), RECONNECT_MS)
      this.#timer.unref()
    })
  }

  /** False when the serial port is to wait. */
  #hear(bytes: Uint8Array): boolean {
    if (this.#onCharacters !== null) return this.#onCharacters(bytes)
    this.#backlog = Buffer.concat([this.#backlog, bytes]).subarray(-BACKLOG_BYTES)
    return true
  }
}

/** `echo`, a shell's command behind `exec:`, `tcp:HOST:PORT` or `unix:PATH`. Throws LastwordError USAGE. */
export function farEndOf(text: string): SolFarEnd {
  if (text === 'echo') return echoFarEnd()
  const exec = /^exec:(?=.*\S)(.+)$/s.exec(text)
  if (exec !== null) return commandFarEnd(exec[1]!)
  const tcp = /^tcp:(.+):(\d+)$/.exec(text)
  if (tcp !== null && Number(tcp[2]) <= MAX_PORT)
    return new SocketFarEnd({ host: tcp[1]!, port: Number(tcp[2]) })
  const unix = /^unix:(.+)$/.exec(text)
  if (unix !== null) return new SocketFarEnd({ path: unix[1]! })
  throw new LastwordError('USAGE', `"${text}" is nothing that serial over LAN can lead to`, {
    hint: 'It is echo, exec:COMMAND, tcp:HOST:PORT or unix:PATH.',
  })
}
