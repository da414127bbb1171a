/** Kills a BMC under load, again and again, and holds what it kept against what it had answered. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect as connectTcp, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Bmc } from '../../bmc/bmc.ts'
import { parseConfig } from '../../bmc/world/read-config.ts'
import { makeWorld } from '../../bmc/world/world.ts'
import type { Bmc as Client } from '../../client/bmc.ts'
import { connect } from '../../client/connect.ts'
import { type AnyCommand, encodeRequest } from '../../protocol/command.ts'
import { AddSdr } from '../../protocol/commands/sdr.ts'
import { AddSelEntry } from '../../protocol/commands/sel.ts'
import { checksum } from '../../protocol/ipmb.ts'
import { requestBytes } from '../../protocol/message.ts'
import { user } from '../lan/rig.ts'
import { type Changed, changedConfig, changes, type LoadPath } from './kill-changes.ts'

export interface KillReport {
  kills: number
  /** Requests that were answered before a kill, each a change of the state. */
  answered: number
  /** What was answered and is gone; each in words. */
  lost: string[]
  /** Files that were found damaged at a start. */
  damaged: number
  /** Families of settings of which something was kept. */
  families: string[]
}

const IN_FLIGHT = 8
/** Over LAN; a session has so many requests in flight from its start, so that they go out in the order of their numbers. */
const SESSIONS = 3
const IN_FLIGHT_OF_A_SESSION = 4
const RECORD_TYPE = 0xe5
const OEM_SDR = 0xc0
const SDR_VERSION = 0x51
/** Record ID, version, type and length, and the maker's ID; then what is ours. */
const SDR_NUMBER_AT = 8
/** The kill comes after so many answers, another number each time. */
const MAX_ANSWERS = 40
const config = `
sel: { capacity: 65000 }
${changedConfig}
users: [{ name: ${user.name}, password: ${user.password}, privilege: admin }]
`
const main = fileURLToPath(new URL('../../bin/lastword.cjs', import.meta.url))

/** How often a value was asked to change, and which of these was the last to be answered. */
interface Latest {
  readonly changed: Changed
  asked: number
  answered: number
}

/** A request that changes the state, and what to remember when it is answered. */
interface Change {
  command: AnyCommand
  request: unknown
  done: () => void
}

/** Kills so many times; `dir` is empty and becomes the state directory. */
export async function killOverAndOver(
  kills: number,
  dir: string,
  path: LoadPath = 'vm',
  onKill?: (done: number) => void,
): Promise<KillReport> {
  const configFile = join(dir, 'bmc.yaml')
  writeFileSync(configFile, config)
  const run = new KillRun(configFile, join(dir, 'state'), path)
  for (let kill = 1; kill <= kills; kill++) {
    await run.once(1 + ((kill * 7) % MAX_ANSWERS))
    onKill?.(kill)
  }
  return { kills, ...run.judge() }
}

class KillRun {
  readonly #configFile: string
  readonly #stateDir: string
  readonly #path: LoadPath
  /** Numbers of SEL records that were answered. */
  readonly #added: number[] = []
  /** Numbers of SDRs that were answered. */
  readonly #addedSdrs: number[] = []
  readonly #latest: Latest[]
  #next = 1
  #answered = 0
  #damaged = 0

  constructor(configFile: string, stateDir: string, path: LoadPath) {
    this.#configFile = configFile
    this.#stateDir = stateDir
    this.#path = path
    this.#latest = changes
      .filter(changed => (changed.path ?? path) === path)
      .map(changed => ({ changed, asked: 0, answered: 0 }))
  }

  /** Starts, loads, kills after so many answers. */
  async once(answers: number): Promise<void> {
    const listen = this.#path === 'vm' ? ['--vm', '0'] : ['--lan', '127.0.0.1:0']
    const args = ['bmc', ...listen, '--state', this.#stateDir, '--config', this.#configFile, '--json']
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stderr.on('data', (text: Buffer) => {
      if (text.includes('damaged')) this.#damaged++
    })
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
    const exited = once(child, 'exit')
    const port = Number((JSON.parse(line) as Record<LoadPath, string>)[this.#path].split(':')[1])
    if (this.#path === 'vm') await this.#loadVm(port, child, answers)
    else await this.#loadLan(port, child, answers)
    await exited
  }

  async #loadLan(port: number, child: ChildProcess, answers: number): Promise<void> {
    const url = `lanplus://${user.name}@127.0.0.1:${port}`
    const sessions = await Promise.all(
      Array.from({ length: SESSIONS }, () => connect(url, { password: user.password })),
    )
    let count = 0
    const dead = new AbortController()
    const ask = async (bmc: Client): Promise<void> => {
      while (!dead.signal.aborted) {
        const { command, request, done } = this.#change()
        await bmc.run(command, request, { signal: dead.signal })
        if (dead.signal.aborted) return
        done()
        this.#answered++
        if (++count < answers) continue
        child.kill('SIGKILL')
        dead.abort()
      }
    }
    const all = sessions.flatMap(bmc => Array.from({ length: IN_FLIGHT_OF_A_SESSION }, () => ask(bmc)))
    const ends = await Promise.allSettled(all)
    for (const bmc of sessions) void bmc.close()
    if (dead.signal.aborted) return
    child.kill('SIGKILL')
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }

  async #loadVm(port: number, child: ChildProcess, answers: number): Promise<void> {
    const socket: Socket = connectTcp(port, '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    const waiting = new Map<number, () => void>()
    let sequence = 0
    let count = 0
    const ask = () => {
      sequence = (sequence + 1) & 0x7f
      const { command, request, done } = this.#change()
      waiting.set(sequence, done)
      const bytes = requestBytes(command.netFn, command.cmd, encodeRequest(command, request))
      socket.write(framed(sequence, bytes))
    }
    for (let i = 0; i < IN_FLIGHT; i++) ask()
    const take = frameReader(frame => {
      const done = waiting.get(frame[0]!)
      // Netfn, command, completion code behind the sequence number.
      if (done === undefined) return
      if (frame[3] !== 0) throw new Error(`command ${frame[2]} was refused with ${frame[3]}`)
      waiting.delete(frame[0]!)
      done()
      this.#answered++
      if (++count === answers) child.kill('SIGKILL')
      ask()
    })
    socket.on('data', take)
    await new Promise<void>(resolve => socket.on('close', () => resolve()))
  }

  /** The next change of the state: every other one is an entry of the SEL. */
  #change(): Change {
    const number = this.#next++
    if (number % 2 === 1) return this.#addEntry(number)
    const latest = this.#latest[(number / 2) % (this.#latest.length + 1)]
    if (latest === undefined) return this.#addSdr(number)
    const turn = ++latest.asked
    const { command, request, values } = latest.changed
    const done = () => {
      latest.answered = Math.max(latest.answered, turn)
    }
    return { command, request: request(turn % values), done }
  }

  #addEntry(number: number): Change {
    const data = Buffer.alloc(13)
    data.writeUInt32LE(number)
    const record = { kind: 'oem' as const, recordId: 0, recordType: RECORD_TYPE, data }
    return { command: AddSelEntry, request: { record }, done: () => this.#added.push(number) }
  }

  #addSdr(number: number): Change {
    const record = Buffer.from([0, 0, SDR_VERSION, OEM_SDR, 7, 0, 0, 0, 0, 0, 0, 0])
    record.writeUInt32LE(number, SDR_NUMBER_AT)
    return { command: AddSdr, request: { record }, done: () => this.#addedSdrs.push(number) }
  }

  judge(): Omit<KillReport, 'kills'> {
    const world = makeWorld(parseConfig(config, 'config'))
    const onDamage = () => void this.#damaged++
    const bmc = new Bmc({ world, stateDir: this.#stateDir, onDamage })
    const entries = new Set(bmc.sel.records.map(raw => Buffer.from(raw).readUInt32LE(3)))
    const oemSdrs = bmc.sdrs.records().filter(({ raw }) => raw[3] === OEM_SDR)
    const sdrs = new Set(oemSdrs.map(({ raw }) => Buffer.from(raw).readUInt32LE(SDR_NUMBER_AT)))
    const lost = [
      ...this.#added.filter(number => !entries.has(number)).map(number => `SEL record ${number}`),
      ...this.#addedSdrs.filter(number => !sdrs.has(number)).map(number => `SDR ${number}`),
      ...this.#latest.flatMap(latest => problemOf(latest, latest.changed.read(bmc))),
    ]
    const families = [...new Set([...(bmc.settings.snapshot()?.keys() ?? [])].map(key => key.split('.')[0]!))]
    bmc.close()
    return { answered: this.#answered, lost, damaged: this.#damaged, families }
  }
}

/** The value is that of the last answer, or of a request behind it that was not answered any more. */
function problemOf({ changed, asked, answered }: Latest, value: number): string[] {
  if (answered === 0) return []
  for (let turn = answered; turn <= asked; turn++) if (turn % changed.values === value) return []
  return [`${changed.what}: ${value}, ${answered % changed.values} was answered`]
}

/** A message of the VM serial protocol. */
function framed(sequence: number, request: Uint8Array): Uint8Array {
  const bytes = [sequence, ...request]
  bytes.push(checksum(Uint8Array.from(bytes)))
  const escaped = bytes.flatMap(byte => ([0xa0, 0xa1, 0xaa].includes(byte) ? [0xaa, byte | 0x10] : [byte]))
  return Uint8Array.from([...escaped, 0xa0])
}

/** Calls back with each whole message, without escapes. */
function frameReader(onFrame: (frame: number[]) => void): (bytes: Uint8Array) => void {
  let frame: number[] = []
  let escaped = false
  return bytes => {
    for (const byte of bytes) {
      if (byte === 0xa0) onFrame(frame)
      if (byte === 0xa0 || byte === 0xa1) frame = []
      else if (byte === 0xaa) escaped = true
      else {
        frame.push(escaped ? byte & ~0x10 : byte)
        escaped = false
      }
    }
  }
}
