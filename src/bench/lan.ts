/** Our LAN channel and OpenIPMI's simulator, each a process of its own, under the same client in the same run. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Bmc } from '../client/bmc.ts'
import { connect } from '../client/connect.ts'
import { findProgram, runProgram } from '../lab/kernel/run-program.ts'
import { IpmiSim } from '../lab/lan/ipmi-sim.ts'
import { user } from '../lab/lan/rig.ts'
import { GetDeviceId } from '../protocol/commands/device.ts'
import { type Figure, perSecond } from './figure.ts'

/** The strongest that both have. */
const SUITE = 3
const ROUNDS = 5
const REQUESTS = 3000
const SET_UPS = 60
const SESSIONS_AT_ONCE = 2
const WINDOW = 32

interface Subject {
  name: string
  port: number
}

/** Times of two subjects, taken in turn so that a drift of the machine's speed meets both; medians. */
async function inTurn(
  subjects: readonly Subject[],
  run: (subject: Subject) => Promise<unknown>,
): Promise<number[]> {
  const times = subjects.map((): number[] => [])
  for (const subject of subjects) await run(subject)
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, subject] of subjects.entries()) {
      const begin = process.hrtime.bigint()
      await run(subject)
      times[index]!.push(Number(process.hrtime.bigint() - begin) / 1e9)
    }
  }
  return times.map(list => list.sort((a, b) => a - b)[ROUNDS >> 1]!)
}

function open({ port }: Subject): Promise<Bmc> {
  const url = `lanplus://${user.name}@127.0.0.1:${port}?cipher=${SUITE}&window=${WINDOW}`
  return connect(url, { password: user.password })
}

function figure(name: string, count: number, [ours, theirs]: readonly number[]): Figure {
  if (theirs === undefined)
    return { name, value: perSecond(count, ours!), against: 'no ipmi_sim to compare with' }
  const ratio = (theirs / ours!).toFixed(2)
  return {
    name,
    value: perSecond(count, ours!),
    against: `${perSecond(count, theirs)} of ipmi_sim: ${ratio} times`,
  }
}

export async function lanSpeed(): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), 'lastword-bench-'))
  const child = await startOurs(dir)
  const sim = findProgram('ipmi_sim') === undefined ? null : await IpmiSim.start()
  try {
    const subjects: Subject[] = [{ name: 'lastword', port: child.port }]
    if (sim !== null) subjects.push({ name: 'ipmi_sim', port: sim.port })
    return [...(await requests(subjects)), ...(await setUps(subjects)), ...(await byIpmitool(subjects, dir))]
  } finally {
    await sim?.[Symbol.asyncDispose]()
    child.process.kill()
    await once(child.process, 'exit')
    rmSync(dir, { recursive: true })
  }
}

async function requests(subjects: readonly Subject[]): Promise<Figure[]> {
  const sessions = new Map<Subject, Bmc[]>()
  for (const subject of subjects)
    sessions.set(subject, await Promise.all(Array.from({ length: SESSIONS_AT_ONCE }, () => open(subject))))
  const one = await inTurn(subjects, async subject => {
    const [bmc] = sessions.get(subject)!
    for (let i = 0; i < REQUESTS; i++) await bmc!.run(GetDeviceId, {})
  })
  const many = await inTurn(subjects, subject =>
    Promise.all(
      sessions
        .get(subject)!
        .flatMap(bmc => Array.from({ length: REQUESTS / SESSIONS_AT_ONCE }, () => bmc.run(GetDeviceId, {}))),
    ),
  )
  for (const list of sessions.values()) await Promise.all(list.map(bmc => bmc.close()))
  return [
    figure('requests, 1 in flight (our client, suite 3)', REQUESTS, one),
    figure('requests, 64 in flight (our client, two sessions, suite 3)', REQUESTS, many),
  ]
}

async function setUps(subjects: readonly Subject[]): Promise<Figure[]> {
  const times = await inTurn(subjects, async subject => {
    for (let i = 0; i < SET_UPS; i++) await (await open(subject)).close()
  })
  return [figure('session set-ups, log-in and close one after the other', SET_UPS, times)]
}

/** A client that is nobody's own. */
async function byIpmitool(subjects: readonly Subject[], dir: string): Promise<Figure[]> {
  if (findProgram('ipmitool') === undefined) return []
  const script = join(dir, 'exec')
  writeFileSync(script, 'raw 6 1\n'.repeat(REQUESTS))
  const times = await inTurn(subjects, ({ port }) => {
    const login = ['-I', 'lanplus', '-C', String(SUITE), '-H', '127.0.0.1', '-p', String(port)]
    return runProgram('ipmitool', [...login, '-U', user.name, '-P', user.password, 'exec', script])
  })
  return [figure('requests, 1 in flight (ipmitool exec, suite 3)', REQUESTS, times)]
}

async function startOurs(dir: string): Promise<{ process: ChildProcess; port: number }> {
  const passwordFile = join(dir, 'password')
  writeFileSync(passwordFile, user.password, { mode: 0o600 })
  const main = fileURLToPath(new URL('../bin/lastword.cjs', import.meta.url))
  const args = ['bmc', '--lan', '127.0.0.1:0', '--user', user.name, '--password-file', passwordFile, '--json']
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(line)?.[1])
  return { process: child, port }
}
