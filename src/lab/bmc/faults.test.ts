import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { askControl } from '../../bmc/control-socket.ts'
import { type FaultKind, faultKinds, parseFault } from '../../bmc/faults.ts'
import { connect } from '../../client/connect.ts'
import { GetDeviceId } from '../../protocol/commands/device.ts'
import { describeNeeds } from '../kernel/needs-programs.ts'
import type { ProgramResult } from '../kernel/run-program.ts'
import { admin, ClientRig, quiet } from './client-rig.ts'

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(resolve => setTimeout(resolve, 10))
}

/** How long ipmitool waits, in seconds, and how often it tries: where no answer is to come, once. */
const patience = (ends: 0 | 1) => ['-N', '1', '-R', ends === 0 ? '6' : '1']

/** ipmitool in a session that is open already, a BMC that then gets a fault over its control socket, and `command`. */
async function inSession(
  { fault, command = 'raw 6 1', ends }: Case,
  look?: (rig: ClientRig) => Promise<void>,
): Promise<ProgramResult> {
  const dir = mkdtempSync(join(tmpdir(), 'lastword-faults-'))
  const socket = join(dir, 'control')
  const file = join(dir, 'commands')
  execFileSync('mkfifo', [file])
  const lines = createWriteStream(file)
  try {
    await using rig = await ClientRig.start({ control: socket })
    const ended = rig.ipmitool('lanplus', ...patience(ends), 'exec', file)
    lines.write('chassis identify force\n')
    await until(() => rig.bmc.chassis.identify === 'indefinite')
    await askControl(socket, { do: 'fault', fault })
    await look?.(rig)
    lines.end(`${command}\n`)
    const result = await ended
    await until(() => rig.bmc.faults?.isDead !== true)
    await askControl(socket, { do: 'clearFault' })
    assert.match(quiet(await rig.ipmitool('lanplus', 'raw', '6', '1')), /^ 20 01/, 'and is itself again')
    return result
  } finally {
    lines.end()
    rmSync(dir, { recursive: true })
  }
}

/** ipmitool's first words to a BMC that has the fault from the start. */
async function atStart(fault: string, ends: 0 | 1, command: string): Promise<ProgramResult> {
  await using rig = await ClientRig.start({ faults: [parseFault(fault)] })
  // The BMC has to be there until it has ended.
  return await rig.ipmitool('lanplus', ...patience(ends), ...command.split(' '))
}

const device = /^ 20 01 01 04 02/m
const noSession = /Unable to establish IPMI v2 \/ RMCP\+ session/
const yesterday = () => new Date(Date.now() - 86_400_000)
const dateOf = (date: Date) =>
  [date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCFullYear() % 100]
    .map(part => String(part).padStart(2, '0'))
    .join('/')

interface Outcome {
  /** `raw 6 1` unless given. */
  command?: string
  says: RegExp | (() => RegExp)
  ends: 0 | 1
}

/** What comes of a command in a session, and of one that begins with a log-in. */
interface Case extends Outcome {
  fault: string
  first?: Outcome | 'byOurClient'
}

const unheard: Outcome = { says: noSession, ends: 1 }
const cutShort: Outcome = { says: /Unable to establish|SIGSEGV|SIGABRT/, ends: 1 }

const cases: readonly Case[] = [
  { fault: 'late=120', says: device, ends: 0, first: { says: device, ends: 0 } },
  { fault: 'silent', says: /Unable to send RAW command/, ends: 1 },
  { fault: 'lossy=1', says: /Unable to send RAW command/, ends: 1 },
  // Whether ipmitool gets through a log-in whose every answer comes twice is chance.
  { fault: 'duplicate=1', says: device, ends: 0, first: 'byOurClient' },
  // It may also end by a fault of its own.
  { fault: 'truncated=1', says: /Unable to send RAW command|SIGSEGV|SIGABRT/, ends: 1, first: cutShort },
  { fault: 'checksum=1', says: /Unable to send RAW command/, ends: 1 },
  { fault: 'busy=1', says: /rsp=0xc0\): Node busy/, ends: 1 },
  { fault: 'timeout=1', says: /rsp=0xc3\): Timeout/, ends: 1 },
  { fault: 'reboot=1', says: /Unable to send RAW command/, ends: 1 },
  {
    fault: 'sel-full',
    command: 'event 1',
    says: /Platform Event Message command failed: Out of space/,
    ends: 1,
    first: { command: 'sel info', says: /Free Space +: 0 bytes/, ends: 0 },
  },
  {
    fault: 'clock=-86400',
    command: 'sel time get',
    says: () => new RegExp(`^${dateOf(yesterday())}`, 'm'),
    ends: 0,
    first: { command: 'sel time get', says: () => new RegExp(`^${dateOf(yesterday())}`), ends: 0 },
  },
  // Who is in stays in.
  { fault: 'sessions', says: device, ends: 0 },
]

function assertSays({ stdout, stderr, exitCode }: ProgramResult, says: Case['says'], ends: number): void {
  const said = `${stdout}${stderr}`
  assert.match(said, typeof says === 'function' ? says() : says)
  assert.equal(exitCode === 0, ends === 0, said)
}

describeNeeds('ipmitool')('ipmitool on a BMC with a fault', () => {
  it('of each kind, from the start on', async () => {
    await Promise.all(
      cases.map(async ({ fault, first = unheard }) => {
        if (first === 'byOurClient') return
        const { says, ends, command = 'raw 6 1' } = first
        assertSays(await atStart(fault, ends, command), says, ends)
      }),
    )
  })

  it('of each kind that begins while it runs, and ends again', async () => {
    await Promise.all(
      cases.map(async wanted => {
        const look = async (rig: ClientRig) => {
          if (wanted.fault === 'sessions')
            assert.match((await rig.ipmitool('lanplus', 'mc', 'info')).stderr, noSession)
        }
        assertSays(await inSession(wanted, look), wanted.says, wanted.ends)
      }),
    )
  })

  it('whose answers come twice from the start on is nothing to our own client', async () => {
    await using rig = await ClientRig.start({ faults: [parseFault('duplicate=1')] })
    const url = `lanplus://${admin.name}@${rig.host}:${rig.port}`
    await using bmc = await connect(url, { password: admin.password })
    assert.equal((await bmc.run(GetDeviceId, {})).deviceId, 0x20)
  })

  it('is every kind that there is', () => {
    const kinds = cases.map(({ fault }) => fault.split('=')[0]!)
    assert.deepEqual(kinds.sort(), (Object.keys(faultKinds) as FaultKind[]).sort())
  })

  it('that reboots in the middle of a request is found without its sessions, and executes what comes later', async () => {
    await using rig = await ClientRig.start({ faults: [parseFault('reboot=8')] })
    const { exitCode } = await rig.ipmitool('lanplus', ...patience(1), 'sdr', 'list')
    assert.equal(exitCode, 1)
    assert.equal(rig.service.lanServers[0]!.machine.sessions.size, 0)
    rig.bmc.clearFaults('reboot')
    await until(() => rig.bmc.faults?.isDead !== true)
    assert.match(quiet(await rig.ipmitool('lanplus', 'sdr', 'list')), /^CPU1 Temp/)
  })
})

describeNeeds('bmc-info')('FreeIPMI on a BMC with a fault', () => {
  for (const [fault, says] of [
    ['silent', /connection timeout/],
    ['sessions', /BMC busy/],
  ] as const)
    it(`${fault} says so`, async () => {
      await using rig = await ClientRig.start({ faults: [parseFault(fault)] })
      const patience = ['--session-timeout=600', '--retransmission-timeout=200']
      const { stderr, exitCode } = await rig.freeipmi('bmc-info', ...patience)
      assert.match(stderr, says)
      assert.equal(exitCode, 1)
    })
})
