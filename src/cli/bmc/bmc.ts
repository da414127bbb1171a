/** `lastword bmc`: serves a simulated BMC, or many alike, until it is told to stop. */
import { readFileSync } from 'node:fs'
import { Command, InvalidArgumentError } from 'commander'
import { BmcAccounts } from '../../bmc/accounts.ts'
import { type Fault, parseFault } from '../../bmc/faults.ts'
import { hostPortText } from '../../bmc/listen-error.ts'
import type { LockedOut } from '../../bmc/log-ins.ts'
import { BmcService, type HostPort } from '../../bmc/service.ts'
import type { Damage } from '../../bmc/stores/journal.ts'
import { type BmcConfig, bmcConfig, userConfig } from '../../bmc/world/config.ts'
import { userProblems } from '../../bmc/world/config-check.ts'
import { defaultConfig } from '../../bmc/world/default-world.ts'
import { readConfig } from '../../bmc/world/read-config.ts'
import { LastwordError } from '../../protocol/error.ts'
import { printError, printRow } from '../output.ts'
import { bmcCtlCommand } from './ctl.ts'
import { logLimit } from './log-limit.ts'

interface BmcCommandOptions {
  lan?: HostPort
  vm?: HostPort
  config?: string
  state?: string
  count: number
  user?: string
  passwordFile?: string
  fault: Fault[]
  sol?: string
  control?: string
  host?: string
  hook?: string
  json?: boolean
}

const MAX_ERRORS = { lines: 10, periodMs: 10_000 }
/** As many as there are addresses behind 127.0.0.1 that a process may hold sockets for. */
const MAX_BMCS = 100_000

export function bmcCommand(): Command {
  return new Command('bmc')
    .description('serves a simulated BMC')
    .option('--lan <host:port>', 'serve IPMI over LAN there; port 0 picks a free one', hostPort)
    .option('--vm <host:port>', "where QEMU's ipmi-bmc-extern connects to; port 0 picks a free one", hostPort)
    .option('--config <file>', 'the machine, in YAML; without it a 1U server with 40 sensors')
    .option(
      '--state <dir>',
      'keep the SEL and the settings here; without it they go with the process',
      directory,
    )
    .option('--count <n>', 'so many BMCs, each on the next loopback address', count, 1)
    .option(
      '--host <command>',
      'a virtual machine that the first BMC starts and ends with the power',
      command,
    )
    .option('--hook <command>', 'run with each action on a host, whose name is in $LASTWORD_ACTION', command)
    .option(
      '--user <name>',
      'an administrator of this name in place of the configured users, at each start',
      userName,
    )
    .option('--password-file <file>', 'the password of --user; without it one is drawn and shown once')
    .option(
      '--fault <fault>',
      'what it does wrong, such as late=200 or lossy=0.3; may be repeated',
      fault,
      [],
    )
    .option('--sol <end>', 'where serial over LAN leads to: echo, exec:COMMAND, tcp:HOST:PORT or unix:PATH')
    .option('--control <socket>', 'a Unix socket to change it while it runs: lastword bmc ctl')
    .option('--json', 'say on standard output, as one JSON object, when it is ready')
    .addCommand(bmcCtlCommand())
    .action(serve)
}

function hostPort(text: string): HostPort {
  const match = /^(?:(.+):)?(\d+)$/.exec(text)
  const port = Number(match?.[2])
  if (match === null || port > 65535) throw new InvalidArgumentError('It takes HOST:PORT or PORT.')
  return { host: (match[1] ?? '127.0.0.1').replace(/^\[(.*)\]$/, '$1'), port }
}

function directory(text: string): string {
  if (text === '') throw new InvalidArgumentError('It takes a directory.')
  return text
}

function command(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It takes a command for a shell.')
  return text
}

/** As `users` of the configuration takes it; an empty one is the null user. */
function userName(name: string): string {
  const checked = userConfig.safeParse({ name })
  const [problem] = checked.success ? userProblems([checked.data]) : checked.error.issues
  if (problem !== undefined) throw new InvalidArgumentError(problem.message)
  return name
}

function count(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1 || number > MAX_BMCS)
    throw new InvalidArgumentError(`It takes a whole number from 1 to ${MAX_BMCS}.`)
  return number
}

function fault(text: string, before: Fault[]): Fault[] {
  try {
    return [...before, parseFault(text)]
  } catch (error) {
    if (!(error instanceof LastwordError)) throw error
    throw new InvalidArgumentError(`${error.message}. ${error.hint}`)
  }
}

function say(line: string): void {
  process.stderr.write(`lastword: ${line}\n`)
}

async function serve(options: BmcCommandOptions): Promise<void> {
  if (options.lan === undefined && options.vm === undefined)
    throw new LastwordError('USAGE', 'a BMC has to be reached by somebody', {
      hint: 'Give --lan HOST:PORT, --vm HOST:PORT, or both.',
    })
  if (options.passwordFile !== undefined && options.user === undefined)
    throw new LastwordError('USAGE', '--password-file is of no user', {
      hint: 'Give --user NAME with it; users of a --config have their passwords there.',
    })
  const config = configOf(options)
  const limit = { ...MAX_ERRORS, onLeftOut: (left: number) => say(`… and ${left} lines more`) }
  const [mayPrint, mayTellVm, mayTellLockOut] = [logLimit(limit), logLimit(limit), logLimit(limit)]
  const service = await BmcService.start({
    config,
    count: options.count,
    ...(options.lan && { lan: options.lan }),
    ...(options.vm && { vm: options.vm }),
    ...(options.state !== undefined && { stateDir: options.state }),
    ...(options.control !== undefined && { control: options.control }),
    ...(options.sol !== undefined && { sol: options.sol }),
    ...(options.host !== undefined && { hostCommand: options.host }),
    ...(options.user !== undefined && { insistOnUsers: { passwords: options.passwordFile !== undefined } }),
    ...(options.hook !== undefined && { hook: options.hook }),
    faults: options.fault,
    onError: error => {
      if (mayPrint()) printError(error, 'short')
    },
    onDamage: tellDamage,
    onVm: state => {
      if (mayTellVm()) say(`the VM ${state === 'connected' ? 'has connected' : 'is gone'}`)
    },
    onLockOut: lockedOut => {
      if (mayTellLockOut()) tellLockOut(lockedOut)
    },
  })
  const stop = () => void service.close()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  tellReady(service, options)
  tellIfNobodyIsLetIn(service)
}

function configOf(options: BmcCommandOptions): BmcConfig {
  const config = options.config === undefined ? bmcConfig.parse(defaultConfig) : readConfig(options.config)
  if (options.user === undefined) return config
  const password = options.passwordFile === undefined ? {} : { password: passwordIn(options.passwordFile) }
  const user = { name: options.user, privilege: 'admin', enabled: true, sol: true, ...password } as const
  return { ...config, users: [user] }
}

/** The file's first line. */
function passwordIn(file: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new LastwordError('PASSWORD_FILE', `${file}: ${(cause as Error).message}`, { cause })
  }
  const [password = ''] = text.split(/\r?\n/)
  if (password === '' || Buffer.byteLength(password) > 20)
    throw new LastwordError('PASSWORD_FILE', `${file}: its first line is to be a password of 1 to 20 bytes`)
  return password
}

function tellDamage({ file, entriesKept, bytesSetAside, setAsideAs }: Damage): void {
  say(
    `${file} was damaged: ${entriesKept} entries are kept, ${bytesSetAside} bytes cannot be read; ` +
      `the file as it was is now ${setAsideAs}`,
  )
}

/** Users may come by the host, or with the state: it is no error. */
function tellIfNobodyIsLetIn({ lanServers, bmcs }: BmcService): void {
  const users = [...new BmcAccounts(bmcs[0]!).users()]
  if (lanServers.length > 0 && users.length === 0)
    say('no user is enabled, nobody can log in over LAN: give --user NAME, or users in --config')
}

function tellLockOut({ userName, count, lockoutMs, from, host, port }: LockedOut): void {
  const until = lockoutMs === 0 ? 'until it is unlocked' : `for ${lockoutMs / 1000} s`
  say(
    `user '${userName.replace(/\p{Cc}/gu, '?')}' of the BMC on ${hostPortText(host, port)} is locked out ${until}: ` +
      `${count} failed log-ins, the last from ${from.address}`,
  )
}

function tellReady(service: BmcService, options: BmcCommandOptions): void {
  const [first] = service.lanServers
  const lan = first && hostPortText(first.host, first.port)
  const last = service.lanServers.at(-1)
  const vm = service.vmServer && options.vm && hostPortText(options.vm.host, service.vmServer.port)
  if (options.json === true) {
    printRow({
      kind: 'ready',
      ...(lan && { lan }),
      ...(vm && { vm }),
      ...(options.control !== undefined && { control: options.control }),
      ...(options.count > 1 && last && { count: options.count, lastLan: hostPortText(last.host, last.port) }),
      ...(service.drawn.length > 0 && { passwords: service.drawn }),
    })
    return
  }
  if (lan !== undefined && last !== first && last !== undefined)
    say(`${options.count} BMCs serve IPMI over LAN on ${lan} to ${hostPortText(last.host, last.port)}`)
  else if (lan !== undefined) say(`a BMC serves IPMI over LAN on ${lan}`)
  if (vm) say(`a BMC serves the VM serial protocol on ${vm}`)
  for (const { user, password } of service.drawn)
    say(`the password of user '${user}' is ${password} (it is not shown again)`)
}
