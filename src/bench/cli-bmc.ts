/** The BMC that command lines are measured on: 200 sensors and 2,000 SEL entries, in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { connect } from '../client/connect.ts'
import { decodeSelRecord } from '../protocol/sel-record.ts'

export const login = { user: 'admin', password: 'secret123' } as const
export const SENSORS = 200
export const SEL_ENTRIES = 2000
const IN_FLIGHT = 32

export const program = fileURLToPath(new URL('../bin/lastword.cjs', import.meta.url))

export class CliBmc implements AsyncDisposable {
  readonly port: number
  /** For files of the measurement. */
  readonly dir: string
  readonly #child: ChildProcess

  private constructor(port: number, dir: string, child: ChildProcess) {
    this.port = port
    this.dir = dir
    this.#child = child
  }

  static async start(): Promise<CliBmc> {
    const dir = mkdtempSync(join(tmpdir(), 'lastword-bench-'))
    const config = join(dir, 'bmc.yaml')
    const password = join(dir, 'password')
    writeFileSync(config, configText())
    writeFileSync(password, login.password, { mode: 0o600 })
    const args = ['bmc', '--lan', '127.0.0.1:0', '--config', config, '--user', login.user]
    const child = spawn(process.execPath, [program, ...args, '--password-file', password, '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string]
    const port = Number(/:(\d+)"/.exec(line)?.[1])
    await fillSel(port)
    return new CliBmc(port, dir, child)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.kill()
    await ended
    rmSync(this.dir, { recursive: true })
  }
}

function configText(): string {
  const sensors = Array.from(
    { length: SENSORS },
    (_, index) =>
      `  - { kind: analog, name: "Temp ${index + 1}", type: Temperature, unit: degrees C, value: ${20 + (index % 40)},` +
      ` entity: { id: processor, instance: ${(index % 90) + 1} }, thresholds: { upperCritical: 90 } }`,
  )
  return `name: bench\nsel: { capacity: 4000 }\nsensors:\n${sensors.join('\n')}\n`
}

async function fillSel(port: number): Promise<void> {
  await using bmc = await connect(`lanplus://127.0.0.1:${port}`, {
    userName: login.user,
    password: login.password,
  })
  for (let begin = 0; begin < SEL_ENTRIES; begin += IN_FLIGHT) {
    const count = Math.min(IN_FLIGHT, SEL_ENTRIES - begin)
    await Promise.all(Array.from({ length: count }, (_, index) => bmc.sel.add(event(begin + index))))
  }
}

function event(number: number) {
  const sensor = (number % SENSORS) + 1
  return decodeSelRecord(
    Uint8Array.of(
      0,
      0,
      2,
      0,
      0,
      0,
      0,
      0x20,
      0,
      4,
      0x01,
      sensor & 0xff,
      number % 2 ? 0x81 : 0x01,
      0x59,
      0x50,
      0x5a,
    ),
  )
}
