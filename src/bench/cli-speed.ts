/** The command line against ipmitool and FreeIPMI on the same BMC: start, a far BMC, a near one, a long exec. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '../lab/kernel/run-program.ts'
import { CliBmc, login, program, SEL_ENTRIES, SENSORS } from './cli-bmc.ts'
import { DelayProxy, type Traffic } from './delay-proxy.ts'
import { type Figure, pairedSeconds } from './figure.ts'

const ROUND_TRIP_MS = 20
const RUNS = 3

interface Tool {
  readonly name: 'lastword' | 'ipmitool' | 'FreeIPMI'
  readonly command: string
  /** The words of the command for a BMC at this port. */
  args(port: number, what: 'mc info' | 'sdr elist' | 'sel elist', dir: string): string[]
}

const lastword: Tool = {
  name: 'lastword',
  command: process.execPath,
  args: (port, what) => [program, ...address(port), '--format', 'ipmitool', ...what.split(' ')],
}

const ipmitool: Tool = {
  name: 'ipmitool',
  command: 'ipmitool',
  args: (port, what) => ['-I', 'lanplus', ...address(port), '-C', '17', ...what.split(' ')],
}

const freeIpmiPrograms = {
  'mc info': 'bmc-info',
  'sdr elist': 'ipmi-sensors',
  'sel elist': 'ipmi-sel',
} as const

const freeIpmi: Tool = {
  name: 'FreeIPMI',
  command: 'sh',
  args: (port, what, dir) => {
    const cache =
      what === 'mc info' ? '' : ` --sdr-cache-directory=${mkdtempSync(join(dir, 'freeipmi-'))} --quiet-cache`
    const options = `-h 127.0.0.1:${port} -u ${login.user} -p ${login.password} -l ADMIN -I 17`
    return ['-c', `exec ${freeIpmiPrograms[what]} -D LAN_2_0 ${options}${cache}`]
  },
}

function address(port: number): string[] {
  return ['-H', '127.0.0.1', '-p', String(port), '-U', login.user, '-E']
}

/** Nothing is kept from the run before. */
function environment(dir: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    IPMITOOL_PASSWORD: login.password,
    XDG_CACHE_HOME: mkdtempSync(join(dir, 'cache-')),
  }
}

/** Runs it to its end, while this process goes on. */
async function seconds(tool: Tool, args: string[], dir: string, env = environment(dir)): Promise<number> {
  const begin = process.hrtime.bigint()
  const child = spawn(tool.command, args, { stdio: ['ignore', 'ignore', 'inherit'], env })
  const [status] = (await once(child, 'exit')) as [number | null]
  if (status !== 0) throw new Error(`${tool.name} ${args.at(-2)} ${args.at(-1)} ended with status ${status}`)
  return Number(process.hrtime.bigint() - begin) / 1e9
}

async function medianOf(run: () => Promise<number>, runs = RUNS): Promise<number> {
  const times: number[] = []
  for (let index = 0; index < runs; index++) times.push(await run())
  return times.sort((a, b) => a - b)[runs >> 1]!
}

function tools(): Tool[] {
  const programs: readonly [Tool, string][] = [
    [ipmitool, 'ipmitool'],
    [freeIpmi, 'ipmi-sensors'],
  ]
  return programs.filter(([, name]) => findProgram(name) !== undefined).map(([tool]) => tool)
}

export async function cliSpeed(): Promise<Figure[]> {
  await using bmc = await CliBmc.start()
  return [...coldStart(bmc), ...(await farAway(bmc)), ...(await nearby(bmc)), ...longExec(bmc)]
}

function coldStart({ port, dir }: CliBmc): Figure[] {
  const env = environment(dir)
  const run = (command: string, args: string[]) => () => {
    const { status } = spawnSync(command, args, { env, stdio: 'ignore' })
    if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with status ${status}`)
  }
  const pair = pairedSeconds(
    run(process.execPath, lastword.args(port, 'mc info', dir)),
    run(process.execPath, ['-e', '0']),
    15,
  )
  return [
    {
      name: 'mc info over LAN, cold, with the start of the process',
      value: `${(pair.a * 1000).toFixed(0)} ms`,
      against: `${pair.ratio.toFixed(2)} times node -e 0, ${(pair.b * 1000).toFixed(0)} ms (goal: at most 1.8)`,
    },
  ]
}

/** rqSeq has six bits: so many requests can wait for their answers. */
const MOST_IN_FLIGHT = 64
/** Capabilities, Open Session, RAKP 1 and 3, privilege level; then the state of what is read. */
const LOG_IN_AND_STATE = 6

const fewest = {
  /** Records, then readings. */
  'sdr elist': LOG_IN_AND_STATE + 2 * Math.ceil(SENSORS / MOST_IN_FLIGHT),
  'sel elist': LOG_IN_AND_STATE + Math.ceil((SEL_ENTRIES + SENSORS) / MOST_IN_FLIGHT),
} as const

async function farAway({ port, dir }: CliBmc): Promise<Figure[]> {
  await using proxy = await DelayProxy.start(port, ROUND_TRIP_MS)
  const figures: Figure[] = []
  for (const what of ['sdr elist', 'sel elist'] as const) {
    const measured = async (tool: Tool) => {
      let traffic: Traffic = { datagrams: 0, roundTrips: 0 }
      const time = await medianOf(
        async () => {
          proxy.take()
          const taken = await seconds(tool, tool.args(proxy.port, what, dir), dir)
          traffic = proxy.take()
          return taken
          // Theirs take a minute, of which the round trips are nearly all.
        },
        tool === lastword ? RUNS : 1,
      )
      return { time, traffic }
    }
    const own = await measured(lastword)
    const title = `${what}, ${what === 'sdr elist' ? `${SENSORS} sensors` : `${SEL_ENTRIES} entries`}, ${ROUND_TRIP_MS} ms away`
    figures.push({
      name: title,
      value: `${own.time.toFixed(2)} s`,
      against: `${own.traffic.roundTrips} round trips, ${own.traffic.datagrams} datagrams; the fewest that rqSeq allows: ${fewest[what]}`,
    })
    for (const tool of tools()) {
      const other = await measured(tool)
      figures.push({
        name: `  ${tool.name}`,
        value: `${other.time.toFixed(2)} s`,
        against:
          `${other.traffic.roundTrips} round trips, ${other.traffic.datagrams} datagrams; lastword is ` +
          `${(other.time / own.time).toFixed(1)} times as fast${tool === ipmitool ? ' (goal: at least 8)' : ''}`,
      })
    }
  }
  return figures
}

/** On loopback: the work alone, the start of each program taken off. */
async function nearby({ port, dir }: CliBmc): Promise<Figure[]> {
  const figures: Figure[] = []
  const work = async (tool: Tool, what: 'sdr elist' | 'sel elist') => {
    const whole = await medianOf(() => seconds(tool, tool.args(port, what, dir), dir))
    return whole - (await medianOf(() => seconds(tool, tool.args(port, 'mc info', dir), dir)))
  }
  for (const what of ['sdr elist', 'sel elist'] as const) {
    const own = await work(lastword, what)
    for (const tool of tools()) {
      const other = await work(tool, what)
      figures.push({
        name: `${what} on loopback, less the time of mc info`,
        value: `${(own * 1000).toFixed(0)} ms`,
        against: `${tool.name} ${(other * 1000).toFixed(0)} ms${tool === ipmitool ? ' (goal: not slower)' : ''}`,
      })
    }
  }
  return figures
}

const EXEC_LINES = 3000

/** Processor time, user and system, of a program in seconds. */
function processorSeconds(command: string, args: string[], env: NodeJS.ProcessEnv): number {
  const script = 'TIMEFORMAT="%U %S"; time "$@" > /dev/null'
  const { stderr, status } = spawnSync('bash', ['-c', script, 'bash', command, ...args], {
    env,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${command} ended with status ${status}: ${stderr}`)
  const [user = 0, system = 0] = stderr.trim().split('\n').at(-1)!.split(' ').map(Number)
  return user + system
}

function longExec({ port, dir }: CliBmc): Figure[] {
  const many = join(dir, 'many')
  const one = join(dir, 'one')
  writeFileSync(many, 'raw 6 1\n'.repeat(EXEC_LINES))
  writeFileSync(one, 'raw 6 1\n')
  const env = environment(dir)
  const microseconds = (command: string, args: string[]) => {
    const runs = Array.from({ length: RUNS }, () => {
      const whole = processorSeconds(command, [...args, many], env)
      return whole - processorSeconds(command, [...args, one], env)
    })
    return (runs.sort((a, b) => a - b)[RUNS >> 1]! / (EXEC_LINES - 1)) * 1e6
  }
  const own = microseconds(process.execPath, [program, ...address(port), 'exec'])
  const other = findProgram('ipmitool')
    ? `ipmitool ${microseconds('ipmitool', ['-I', 'lanplus', ...address(port), '-C', '17', 'exec']).toFixed(0)} µs`
    : ''
  return [
    {
      name: `processor time of each request of an exec of ${EXEC_LINES} lines`,
      value: `${own.toFixed(0)} µs`,
      against: other,
    },
  ]
}
