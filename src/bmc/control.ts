/** The run-time control of simulated BMCs: faults, sensors by hand, power. One JSON object a line over a Unix socket. */
import { chmodSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { createInterface, type Interface } from 'node:readline'
import { z } from 'zod'
import { LastwordError } from '../protocol/error.ts'
import type { Bmc } from './bmc.ts'
import { type FaultKind, faultKinds, parseFault } from './faults.ts'

/** `bmc`: which of many, the first unless given. */
const which = { bmc: z.int().min(0).default(0) }
const controlRequest = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('status'), ...which }),
  /** A value in the sensor's unit, or states by their offsets; null gives the sensor back to the world. */
  z.strictObject({
    do: z.literal('sensor'),
    ...which,
    name: z.string(),
    value: z.number().nullable().optional(),
    states: z.array(z.int().min(0).max(14)).nullable().optional(),
  }),
  /** As `--fault` takes it. */
  z.strictObject({ do: z.literal('fault'), ...which, fault: z.string() }),
  z.strictObject({ do: z.literal('clearFault'), ...which, kind: z.string().optional() }),
  z.strictObject({
    do: z.literal('power'),
    ...which,
    action: z.enum([
      'powerUp',
      'powerDown',
      'powerCycle',
      'hardReset',
      'diagnosticInterrupt',
      'softShutdown',
    ]),
  }),
])
export type ControlRequest = z.input<typeof controlRequest>

/** Does what a request says. Throws LastwordError CONTROL or FAULT. */
export function control(bmcs: readonly Bmc[], request: unknown): object {
  const parsed = controlRequest.safeParse(request)
  if (!parsed.success) throw controlError(z.prettifyError(parsed.error).replaceAll('\n', ' '))
  const { data } = parsed
  const bmc = bmcs[data.bmc]
  if (bmc === undefined) throw controlError(`there is no BMC ${data.bmc}, there are ${bmcs.length}`)
  switch (data.do) {
    case 'status':
      return statusOf(bmc)
    case 'sensor':
      return setSensor(bmc, data)
    case 'fault':
      bmc.addFault(parseFault(data.fault))
      return { faults: faultsOf(bmc) }
    case 'clearFault':
      if (data.kind !== undefined && !(data.kind in faultKinds))
        throw controlError(`'${data.kind}' is no fault`)
      bmc.clearFaults(data.kind as FaultKind | undefined)
      return { faults: faultsOf(bmc) }
    case 'power':
      if (!bmc.chassis.control(data.action, 'powerButton', 0)) throw controlError('not while the host is off')
      bmc.flush()
      return statusOf(bmc)
  }
}

function faultsOf(bmc: Bmc): string[] {
  return (bmc.faults?.list ?? []).map(({ kind, value }) =>
    faultKinds[kind] === null ? kind : `${kind}=${value}`,
  )
}

function statusOf(bmc: Bmc): object {
  return {
    power: bmc.chassis.isOn ? 'on' : 'off',
    selEntries: bmc.sel.length,
    faults: faultsOf(bmc),
    ...(bmc.lanAddress && { lan: bmc.lanAddress }),
  }
}

interface SensorRequest {
  name: string
  value?: number | null | undefined
  states?: number[] | null | undefined
}

function setSensor(bmc: Bmc, { name, value, states }: SensorRequest): object {
  const sensor = bmc.sensors.byName(name)
  if (sensor === undefined) throw controlError(`there is no sensor '${name}'`)
  if (sensor.kind === 'analog' && value !== undefined) bmc.sensors.setValue(sensor, value)
  else if (sensor.kind === 'discrete' && states !== undefined)
    bmc.sensors.setStates(sensor, states === null ? null : states.reduce((mask, i) => mask | (1 << i), 0))
  else throw controlError(`sensor '${name}' takes ${sensor.kind === 'analog' ? 'a value' : 'states'}`)
  bmc.flush()
  const { raw, present } = bmc.sensors.read(sensor)
  return { name, raw, present }
}

function controlError(message: string, details = {}): LastwordError {
  return new LastwordError('CONTROL', message, details)
}

const OWNER_ONLY = 0o600

export class ControlServer {
  readonly path: string
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(path: string, bmcs: readonly Bmc[]) {
    this.path = path
    this.#server = createServer(socket => this.#serve(socket, bmcs))
  }

  /** Listens; only this user may connect. Throws LastwordError LISTEN. */
  static async listen(path: string, bmcs: readonly Bmc[]): Promise<ControlServer> {
    await removeStale(path)
    const server = new ControlServer(path, bmcs)
    const mask = process.umask(0o177)
    try {
      await new Promise<void>((resolve, reject) => {
        server.#server.once('error', reject)
        server.#server.listen(path, () => resolve())
      })
      chmodSync(path, OWNER_ONLY)
    } catch (cause) {
      throw new LastwordError('LISTEN', `cannot listen on ${path}: ${(cause as Error).message}`, {
        cause,
        hint: 'Give --control a path that this user may write and that nobody listens on.',
      })
    } finally {
      process.umask(mask)
    }
    return server
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>(resolve => this.#server.close(() => resolve()))
  }

  #serve(socket: Socket, bmcs: readonly Bmc[]): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    linesOf(socket).on('line', line => {
      if (line.trim() !== '' && !socket.destroyed) socket.write(`${JSON.stringify(answerLine(bmcs, line))}\n`)
    })
  }
}

/** The errors of its socket, which it passes on, are told by the socket. */
function linesOf(socket: Socket): Interface {
  return createInterface({ input: socket }).on('error', () => {})
}

function answerLine(bmcs: readonly Bmc[], line: string): object {
  try {
    return { ok: true, ...control(bmcs, JSON.parse(line)) }
  } catch (error) {
    const code = error instanceof LastwordError ? error.code : 'CONTROL'
    return { ok: false, code, error: (error as Error).message }
  }
}

/** A socket that nobody listens on was left behind by a process that was killed. */
async function removeStale(path: string): Promise<void> {
  const isDead = await new Promise<boolean>(resolve => {
    const probe = connect(path)
    probe.on('connect', () => {
      probe.destroy()
      resolve(false)
    })
    probe.on('error', error => resolve((error as NodeJS.ErrnoException).code === 'ECONNREFUSED'))
  })
  if (isDead) rmSync(path, { force: true })
}

/** Sends one request to a control socket; the answer. Throws LastwordError CONTROL. */
export async function askControl(path: string, request: ControlRequest): Promise<Record<string, unknown>> {
  const socket = connect(path)
  try {
    const line = await new Promise<string>((resolve, reject) => {
      socket.on('error', reject)
      socket.on('close', () => reject(new Error('the connection was closed')))
      linesOf(socket).once('line', resolve)
      socket.write(`${JSON.stringify(request)}\n`)
    })
    const answer = JSON.parse(line) as Record<string, unknown>
    if (answer.ok !== true) throw controlError(String(answer.error))
    return answer
  } catch (cause) {
    if (cause instanceof LastwordError) throw cause
    throw controlError(`${path}: ${(cause as Error).message}`, {
      cause,
      hint: 'Give the path that `lastword bmc --control` was given.',
    })
  } finally {
    socket.destroy()
  }
}
