/** A BMC on a LAN port of its own, for tests and benches against real programs. */
import { Bmc } from '../../bmc/bmc.ts'
import { LanServer, type LanServerOptions } from '../../bmc/lan-server.ts'
import type { Bmc as Client } from '../../client/bmc.ts'
import { connect } from '../../client/connect.ts'
import type { ConnectOptions } from '../../client/lan-url.ts'
import { defaultSuites, MemoryAccounts, type MemoryAccountsOptions } from '../../lan/accounts.ts'
import { Privilege } from '../../protocol/command.ts'
import { type ProgramResult, runProgram } from '../kernel/run-program.ts'

export const user = { name: 'admin', password: 'secret123' } as const
export const operator = { name: 'oper', password: 'operpass' } as const

/** With suite 0, which a BMC offers only when it is told to. */
export const allSuites = new Map([...defaultSuites, [0, Privilege.Admin] as const])

export class LanRig implements AsyncDisposable {
  readonly bmc: Bmc
  readonly server: LanServer

  private constructor(bmc: Bmc, server: LanServer) {
    this.bmc = bmc
    this.server = server
  }

  static async start(
    accounts: Partial<MemoryAccountsOptions> = {},
    options: Partial<LanServerOptions> = {},
  ): Promise<LanRig> {
    const bmc = new Bmc()
    const users = [user, { ...operator, privilege: Privilege.Operator }]
    const server = await LanServer.listen(bmc, {
      port: 0,
      accounts: new MemoryAccounts({ users, ...accounts }),
      ...options,
    })
    return new LanRig(bmc, server)
  }

  get port(): number {
    return this.server.port
  }

  /** Logs in with our own client. */
  connect(options: ConnectOptions & { scheme?: 'lan' | 'lanplus' } = {}): Promise<Client> {
    const { scheme = 'lanplus', ...rest } = options
    const host = this.server.host.includes(':') ? `[${this.server.host}]` : this.server.host
    return connect(`${scheme}://${user.name}@${host}:${this.port}`, { password: user.password, ...rest })
  }

  /** Runs ipmitool with these arguments behind those of the connection. */
  ipmitool(
    args: readonly string[],
    how: { interface?: 'lan' | 'lanplus'; user?: { name: string; password: string } } = {},
  ): Promise<ProgramResult> {
    const { name, password } = how.user ?? user
    const address = ['-I', how.interface ?? 'lanplus', '-H', this.server.host, '-p', String(this.port)]
    return runProgram('ipmitool', [...address, '-U', name, '-P', password, ...args])
  }

  /** Runs one of FreeIPMI's programs. */
  freeipmi(program: string, args: readonly string[]): Promise<ProgramResult> {
    const login = ['-h', `${this.server.host}:${this.port}`, '-u', user.name, '-p', user.password]
    return runProgram(program, [...login, ...args])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close()
    this.bmc.close()
  }
}
