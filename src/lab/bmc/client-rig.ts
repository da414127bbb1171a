/** A simulated server on LAN ports of its own, and real clients that ask it; for tests. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bmc } from '../../bmc/bmc.ts'
import { BmcService, type BmcServiceOptions } from '../../bmc/service.ts'
import { type BmcConfig, type BmcConfigInput, bmcConfig } from '../../bmc/world/config.ts'
import { defaultConfig } from '../../bmc/world/default-world.ts'
import { type ProgramResult, runProgram } from '../kernel/run-program.ts'

export const admin = { name: 'admin', password: 'secret123' } as const
export const watcher = { name: 'watch', password: 'onlylook' } as const

/** The default server with values that stand still, so that two clients see the same. */
export function steadyConfig(extra: Partial<BmcConfigInput> = {}): BmcConfig {
  const sensors = (defaultConfig.sensors ?? []).map(sensor =>
    sensor.kind === 'analog' && typeof sensor.value === 'object' && 'walk' in sensor.value
      ? { ...sensor, value: (sensor.value.walk.min + sensor.value.walk.max) / 2 }
      : sensor,
  )
  const users = [
    { ...admin, privilege: 'admin' as const },
    { ...watcher, privilege: 'user' as const },
  ]
  return bmcConfig.parse({
    ...defaultConfig,
    sensors,
    users,
    lan: { ipmi15: ['none', 'md5', 'password'] },
    dcmi: { watts: 180, assetTag: 'rack 1' },
    ...extra,
  })
}

/** Its standard output; nothing may have gone wrong and nothing may have been warned of. */
export function quiet({ exitCode, stdout, stderr }: ProgramResult): string {
  assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' })
  return stdout.toString()
}

export class ClientRig implements AsyncDisposable {
  readonly service: BmcService
  /** For caches of clients; gone with the rig. */
  readonly dir = mkdtempSync(join(tmpdir(), 'lastword-clients-'))

  private constructor(service: BmcService) {
    this.service = service
  }

  static async start(options: Partial<BmcServiceOptions> = {}): Promise<ClientRig> {
    const lan = { host: '127.0.0.1', port: 0 }
    return new ClientRig(await BmcService.start({ config: steadyConfig(), lan, ...options }))
  }

  get bmc(): Bmc {
    return this.service.bmcs[0]!
  }

  get host(): string {
    return this.service.lanServers[0]!.host
  }

  get port(): number {
    return this.service.lanServers[0]!.port
  }

  ipmitool(how: 'lan' | 'lanplus', ...args: string[]): Promise<ProgramResult> {
    const address = ['-I', how, '-H', this.host, '-p', String(this.port)]
    return runProgram('ipmitool', [...address, '-U', admin.name, '-P', admin.password, ...args])
  }

  /** One of FreeIPMI's programs, over IPMI 2.0, with no workaround. */
  freeipmi(program: string, ...args: string[]): Promise<ProgramResult> {
    const login = ['-D', 'LAN_2_0', '-h', `${this.host}:${this.port}`, '-u', admin.name, '-p', admin.password]
    return runProgram(program, [...login, ...args])
  }

  /** A script of the system's Python with its pyipmi; `bmc` is connected. */
  pyipmi(script: string): Promise<ProgramResult> {
    return runProgram('/usr/bin/python3', ['-c', `${pyipmiHead(this.host, this.port)}\n${script}`])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service.close()
    rmSync(this.dir, { recursive: true })
  }
}

function pyipmiHead(host: string, port: number): string {
  return `
import pyipmi, pyipmi.interfaces
interface = pyipmi.interfaces.create_interface('rmcp', slave_address=0x81, host_target_address=0x20, keep_alive_interval=0)
bmc = pyipmi.create_connection(interface)
bmc.target = pyipmi.Target(ipmb_address=0x20)
bmc.session.set_session_type_rmcp('${host}', ${port})
bmc.session.set_auth_type_user('${admin.name}', '${admin.password}')
bmc.session.establish()
`
}
