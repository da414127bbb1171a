/** One BMC, whatever the way to it: runs commands of the catalogue. */
import { once } from 'node:events'
import type { ResponseOf } from '../protocol/command.ts'
import { type Command, decodeResponse, encodeRequest } from '../protocol/command.ts'
import { GetDeviceId } from '../protocol/commands/device.ts'
import { CompletionCode, CompletionCodeError } from '../protocol/completion-code.ts'
import { LastwordError } from '../protocol/error.ts'
import { Channels } from './channels.ts'
import { Chassis } from './chassis.ts'
import type { CommandRunner } from './command-runner.ts'
import { Dcmi } from './dcmi.ts'
import { Device } from './device.ts'
import { Fru } from './fru.ts'
import { pause } from './pause.ts'
import { Pef } from './pef.ts'
import { Sdr, type SdrCache } from './sdr.ts'
import { Sel } from './sel.ts'
import { Sensors } from './sensors.ts'
import type { SolOptions, SolStream } from './sol.ts'
import { DEFAULT_WINDOW, type RequestOptions, type Transport } from './transport.ts'
import { Users } from './users.ts'
import { WatchdogTimer } from './watchdog.ts'

/** A BMC that starts up, is being updated or has just been reset answers so; it may answer well a little later. */
const NOT_YET: readonly number[] = [
  CompletionCode.NodeBusy,
  CompletionCode.InitInProgress,
  CompletionCode.FirmwareUpdateMode,
  CompletionCode.NotSupportedInState,
  CompletionCode.Unspecified,
]
const IDENTIFY_TRIES = 6
const IDENTIFY_PAUSE_MS = 500
/** So long closing waits for the BMC to take its serial ports back; they come free with the session at the latest. */
const HANG_UP_MS = 1000

export type DeviceId = ResponseOf<typeof GetDeviceId>

export interface BmcOptions {
  /** Keeps sensor data records between runs; without it they are read each time. */
  sdrCache?: SdrCache
}

export class Bmc implements AsyncDisposable, CommandRunner {
  /** Where it is, for errors: a URL without its password. */
  readonly url: string
  readonly device: Device
  readonly chassis: Chassis
  readonly sel: Sel
  readonly sdr: Sdr
  readonly sensors: Sensors
  readonly fru: Fru
  readonly users: Users
  readonly channels: Channels
  readonly pef: Pef
  readonly watchdog: WatchdogTimer
  readonly dcmi: Dcmi
  readonly #transport: Transport
  /** Serial ports that are open. */
  readonly #lines = new Set<SolStream>()

  constructor(transport: Transport, url: string, options: BmcOptions = {}) {
    this.#transport = transport
    this.url = url
    this.device = new Device(this)
    this.chassis = new Chassis(this)
    this.sel = new Sel(this)
    this.sdr = new Sdr(this, options.sdrCache)
    this.sensors = new Sensors(this, this.sdr)
    this.fru = new Fru(this, this.sdr)
    this.users = new Users(this)
    this.channels = new Channels(this)
    this.pef = new Pef(this)
    this.watchdog = new WatchdogTimer(this)
    this.dcmi = new Dcmi(this)
  }

  get window(): number {
    return this.#transport.window ?? DEFAULT_WINDOW
  }

  /**
   * Runs a command. Rejects with CompletionCodeError when the BMC refuses, and with LastwordError when there is no
   * answer or when the answer is not this command's.
   */
  async run<Q, R>(command: Command<Q, R>, request: Q, options?: RequestOptions): Promise<R> {
    try {
      const data = encodeRequest(command, request)
      return this.read(command, await this.raw(command.netFn, command.cmd, data, options))
    } catch (error) {
      throw this.#placed(error)
    }
  }

  /** What an answer of `raw` says, completion code and data. Throws what `run` rejects with. */
  read<R>(command: Command<unknown, R>, answer: Uint8Array): R {
    try {
      return decodeResponse(command, answer)
    } catch (error) {
      throw this.#placed(error)
    }
  }

  /** Bytes in, bytes out, without the completion code. Rejects with CompletionCodeError when the BMC refuses. */
  async rawData(netFn: number, cmd: number, data: Uint8Array, options?: RequestOptions): Promise<Uint8Array> {
    const answer = await this.raw(netFn, cmd, data, options)
    const code = answer[0] ?? CompletionCode.Unspecified
    if (code === CompletionCode.Ok) return answer.subarray(1)
    const { findCommand } = await import('../protocol/catalogue.ts')
    const command = findCommand(netFn, cmd, data)
    const hex = (byte: number) => `0x${byte.toString(16)}`
    const name = command?.name ?? `netFn ${hex(netFn)} command ${hex(cmd)}`
    throw this.#placed(new CompletionCodeError(name, code, command))
  }

  /** Bytes in, bytes out: completion code and data, whatever the code is. */
  async raw(netFn: number, cmd: number, data: Uint8Array, options?: RequestOptions): Promise<Uint8Array> {
    try {
      return await this.#transport.request(netFn, cmd, data, options)
    } catch (error) {
      throw this.#placed(error)
    }
  }

  /**
   * Serial over LAN; ends with the stream. Rejects with LastwordError SOL_UNAVAILABLE or SOL_ACTIVE, or as the BMC
   * refuses; the stream ends with SOL_LOST when the line is lost, and without an error when this `Bmc` is closed.
   */
  async sol(options: SolOptions = {}): Promise<SolStream> {
    const { openSol } = await import('./sol.ts')
    const line = await openSol(this, this.#transport, options)
    this.#lines.add(line)
    line.once('close', () => this.#lines.delete(line))
    return line
  }

  /** The one place where an error learns which BMC it is about. */
  #placed(error: unknown): unknown {
    return error instanceof LastwordError ? error.at(this.url) : error
  }

  /** Get Device ID, patient with a BMC that is starting up. */
  async identify(options: { pauseMs?: number; signal?: AbortSignal } = {}): Promise<DeviceId> {
    const { pauseMs = IDENTIFY_PAUSE_MS, signal } = options
    for (let tries = 1; ; tries++) {
      try {
        return await this.run(GetDeviceId, {}, signal === undefined ? {} : { signal })
      } catch (error) {
        const isPassing = error instanceof CompletionCodeError && NOT_YET.includes(error.completionCode)
        if (!isPassing || tries === IDENTIFY_TRIES) throw error
        await pause(pauseMs, signal)
      }
    }
  }

  /** Gives open serial ports back, then ends the session; what is under way rejects. */
  async close(): Promise<void> {
    if (this.#lines.size > 0) await this.#hangUp()
    await this.#transport.close()
  }

  async #hangUp(): Promise<void> {
    const patience = { signal: AbortSignal.timeout(HANG_UP_MS) }
    const closed = [...this.#lines].map(line => once(line, 'close', patience))
    for (const line of this.#lines) line.hangUp()
    await Promise.allSettled(closed)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
