/** OpenIPMI's simulator as a process, for tests and benches. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { requireProgram } from '../kernel/run-program.ts'
import { user } from './rig.ts'

const auths = 'none md2 md5 straight'

/** It may not listen yet when its process is there. */
const START_TRIES = 100
const START_PAUSE_MS = 50

export class IpmiSim implements AsyncDisposable {
  readonly port: number
  readonly pid: number
  readonly #child: ChildProcess
  readonly #dir: string

  private constructor(port: number, child: ChildProcess, dir: string) {
    this.port = port
    this.#child = child
    this.pid = child.pid!
    this.#dir = dir
  }

  /** `more`: lines of its emulation language, before the BMC is turned on. */
  static async start(more = ''): Promise<IpmiSim> {
    const dir = mkdtempSync(join(tmpdir(), 'lastword-ipmi-sim-'))
    const port = await freePort()
    writeFileSync(join(dir, 'lan.conf'), lanConf(port))
    writeFileSync(join(dir, 'sim.emu'), emulation(more))
    const args = ['-c', join(dir, 'lan.conf'), '-f', join(dir, 'sim.emu'), '-s', dir, '-n']
    const child = spawn(requireProgram('ipmi_sim'), args, { stdio: 'ignore' })
    const sim = new IpmiSim(port, child, dir)
    await sim.#answers()
    return sim
  }

  get url(): string {
    return `//${user.name}:${user.password}@127.0.0.1:${this.port}`
  }

  /** Waits until it answers a presence ping. */
  async #answers(): Promise<void> {
    const socket = createSocket('udp4')
    const answered = new Promise<void>(resolve => socket.once('message', () => resolve()))
    const ping = Uint8Array.of(6, 0, 0xff, 6, 0, 0, 0x11, 0xbe, 0x80, 1, 0, 0)
    let isUp = false
    void answered.then(() => {
      isUp = true
    })
    for (let tries = 0; !isUp && tries < START_TRIES; tries++) {
      socket.send(ping, this.port, '127.0.0.1')
      await Promise.race([answered, new Promise(resolve => setTimeout(resolve, START_PAUSE_MS))])
    }
    socket.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = new Promise(resolve => this.#child.once('exit', resolve))
    this.#child.kill('SIGKILL')
    await gone
    rmSync(this.#dir, { recursive: true })
  }
}

function lanConf(port: number): string {
  return `name "sim"
set_working_mc 0x20
startlan 1
addr 127.0.0.1 ${port}
priv_limit admin
allowed_auths_callback ${auths}
allowed_auths_user ${auths}
allowed_auths_operator ${auths}
allowed_auths_admin ${auths}
guid a123456789abcdefa123456789abcdef
endlan
user 2 true "${user.name}" "${user.password}" admin 10 ${auths}
`
}

/** A BMC with a SEL, and a satellite controller at 30h. */
const emulation = (more: string) => `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
${more}
mc_enable 0x20
mc_add 0x30 1 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf03 persist_sdr
mc_enable 0x30
`

async function freePort(): Promise<number> {
  const socket = createSocket('udp4')
  await new Promise<void>(resolve => socket.bind(0, '127.0.0.1', resolve))
  const { port } = socket.address()
  await new Promise<void>(resolve => socket.close(() => resolve()))
  return port
}
