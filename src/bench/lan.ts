/** Our LAN channel and OpenIPMI's simulator, each a process of its own, under the same load in the same run. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { findProgram, runProgram } from '../lab/kernel/run-program.ts'
import { IpmiSim } from '../lab/lan/ipmi-sim.ts'
import { LoadSession, runTogether } from '../lab/lan/load-session.ts'
import { user } from '../lab/lan/rig.ts'
import { GetDeviceId } from '../protocol/commands/device.ts'
import { AddSelEntry } from '../protocol/commands/sel.ts'
import { type Figure, perSecond } from './figure.ts'
import { processorSeconds } from './processor-time.ts'

/** The strongest that both have. */
const SUITE = 3
const ROUNDS = 7
const REQUESTS = 10_000
const SET_UPS = 300
const WRITES = 500
const EXECS = 3000
/** A BMC of ours compiles itself while it works; the same rounds, uncounted, go before for both. */
const WARM_UPS = 3

interface Subject {
  name: string
  port: number
  pid: number
}

/** What one round took: the clock, and the processor time of the subject. */
interface Round {
  seconds: number
  processorSeconds: number
}

/** Rounds of all subjects, taken in turn so that a drift of the machine's speed meets both. */
async function inTurn(
  subjects: readonly Subject[],
  run: (subject: Subject) => Promise<number>,
): Promise<Round[][]> {
  const rounds = subjects.map((): Round[] => [])
  for (let round = -WARM_UPS; round < ROUNDS; round++) {
    for (const [index, subject] of subjects.entries()) {
      const before = processorSeconds(subject.pid)
      const seconds = await run(subject)
      const after = processorSeconds(subject.pid)
      if (round >= 0) rounds[index]!.push({ seconds, processorSeconds: after - before })
    }
  }
  return rounds
}

async function clocked(run: () => Promise<unknown>): Promise<number> {
  const begin = process.hrtime.bigint()
  await run()
  return Number(process.hrtime.bigint() - begin) / 1e9
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}

/** The ratio is the median of the rounds' own. */
function figures(name: string, count: number, [ours, theirs]: readonly Round[][]): Figure[] {
  const rate = (rounds: Round[]) => perSecond(count, median(rounds.map(({ seconds }) => seconds)))
  const cost = (rounds: Round[]) => micros(median(rounds.map(round => round.processorSeconds)) / count)
  const costName = `  processor time of the BMC for each`
  if (theirs === undefined) {
    const against = 'no ipmi_sim to compare with'
    return [
      { name, value: rate(ours!), against },
      { name: costName, value: cost(ours!), against },
    ]
  }
  const ratio = median(ours!.map((round, i) => theirs[i]!.seconds / round.seconds)).toFixed(2)
  const share = median(ours!.map((round, i) => round.processorSeconds / theirs[i]!.processorSeconds)).toFixed(
    2,
  )
  return [
    { name, value: rate(ours!), against: `${rate(theirs)} of ipmi_sim: ${ratio} times` },
    { name: costName, value: cost(ours!), against: `${cost(theirs)} of ipmi_sim: ${share} times` },
  ]
}

function micros(seconds: number): string {
  return `${(seconds * 1e6).toFixed(1)} µs`
}

export async function lanSpeed(): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), 'lastword-bench-'))
  const ours = await startOurs(dir)
  const sim = findProgram('ipmi_sim') === undefined ? null : await IpmiSim.start()
  try {
    const subjects: Subject[] = [ours]
    if (sim !== null) subjects.push({ name: 'ipmi_sim', port: sim.port, pid: sim.pid })
    return [
      ...(await requests(subjects, 1, 1)),
      ...(await requests(subjects, 2, 64)),
      ...(await setUps(subjects)),
      ...(await byIpmitool(subjects, dir)),
      ...(await writes(dir)),
    ]
  } finally {
    await sim?.[Symbol.asyncDispose]()
    await ours.end()
    rmSync(dir, { recursive: true })
  }
}

function open({ port }: Subject): Promise<LoadSession> {
  return LoadSession.open({ port, user, suite: SUITE })
}

function openMany(subject: Subject, count: number): Promise<LoadSession[]> {
  return Promise.all(Array.from({ length: count }, () => open(subject)))
}

async function closeAll(sessions: readonly LoadSession[]): Promise<void> {
  for (const session of sessions) await session.close()
}

async function requests(
  subjects: readonly Subject[],
  sessionCount: number,
  inFlight: number,
): Promise<Figure[]> {
  const sessions = new Map<Subject, LoadSession[]>()
  for (const subject of subjects) sessions.set(subject, await openMany(subject, sessionCount))
  const rounds = await inTurn(subjects, subject =>
    runTogether(sessions.get(subject)!, [GetDeviceId, {}], REQUESTS, inFlight),
  )
  for (const list of sessions.values()) await closeAll(list)
  return figures(`requests, ${inFlight} in flight (suite ${SUITE})`, REQUESTS, rounds)
}

async function setUps(subjects: readonly Subject[]): Promise<Figure[]> {
  const rounds = await inTurn(subjects, subject =>
    clocked(async () => {
      for (let i = 0; i < SET_UPS; i++) await (await open(subject)).close()
    }),
  )
  return figures('session set-ups, log-in and close one after the other', SET_UPS, rounds)
}

/** A client that is nobody's own. */
async function byIpmitool(subjects: readonly Subject[], dir: string): Promise<Figure[]> {
  if (findProgram('ipmitool') === undefined) return []
  const script = join(dir, 'exec')
  writeFileSync(script, 'raw 6 1\n'.repeat(EXECS))
  const rounds = await inTurn(subjects, ({ port }) => {
    const login = ['-I', 'lanplus', '-C', String(SUITE), '-H', '127.0.0.1', '-p', String(port)]
    return clocked(() =>
      runProgram('ipmitool', [...login, '-U', user.name, '-P', user.password, 'exec', script]),
    )
  })
  return figures('requests, 1 in flight (ipmitool exec)', EXECS, rounds).slice(0, 1)
}

/** Changes that are on disk before they are answered, beside what the disk itself can do. */
async function writes(dir: string): Promise<Figure[]> {
  const configFile = join(dir, 'bmc.yaml')
  writeFileSync(configFile, 'sel: { capacity: 65000 }\n')
  const ours = await startOurs(dir, ['--state', join(dir, 'state'), '--config', configFile])
  const record = { kind: 'oem' as const, recordId: 0, recordType: 0xe0, data: new Uint8Array(13) }
  try {
    const sessions = await openMany(ours, 2)
    const add = (inFlight: number) => {
      const some = inFlight === 1 ? sessions.slice(0, 1) : sessions
      return inTurn([ours], () => runTogether(some, [AddSelEntry, { record }], WRITES, inFlight))
    }
    const disk = perSecond(WRITES, median(Array.from({ length: ROUNDS }, () => syncSeconds(dir))))
    const figure = (inFlight: number, [rounds]: readonly Round[][]): Figure => ({
      name: `Add SEL Entry with --state, ${inFlight} in flight`,
      value: perSecond(WRITES, median(rounds!.map(({ seconds }) => seconds))),
      against: `${disk}: fdatasync after each append to a file of its own`,
    })
    const results = [figure(1, await add(1)), figure(64, await add(64))]
    await closeAll(sessions)
    return results
  } finally {
    await ours.end()
  }
}

function syncSeconds(dir: string): number {
  const fd = openSync(join(dir, 'appended'), 'a')
  const begin = process.hrtime.bigint()
  for (let i = 0; i < WRITES; i++) {
    writeSync(fd, new Uint8Array(24))
    fdatasyncSync(fd)
  }
  closeSync(fd)
  return Number(process.hrtime.bigint() - begin) / 1e9
}

async function startOurs(
  dir: string,
  more: readonly string[] = [],
): Promise<Subject & { end(): Promise<void> }> {
  const passwordFile = join(dir, 'password')
  writeFileSync(passwordFile, user.password, { mode: 0o600 })
  const main = fileURLToPath(new URL('../bin/lastword.cjs', import.meta.url))
  const login = ['--user', user.name, '--password-file', passwordFile]
  const args = ['bmc', '--lan', '127.0.0.1:0', ...login, '--json', ...more]
  const child: ChildProcess = spawn(process.execPath, [main, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(createInterface(child.stdout!), 'line')) as [string]
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(line)?.[1])
  const end = async () => {
    child.kill()
    await once(child, 'exit')
  }
  return { name: 'lastword', port, pid: child.pid!, end }
}
