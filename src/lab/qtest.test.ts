/** Our KCS driver on QEMU's own IPMI device, register by register. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import { MsgHandler } from '../handler/handler.ts'
import type { IpmiRequest } from '../handler/user.ts'
import { Trace } from '../machine/trace.ts'
import { QtestPort } from '../ports/qtest-port.ts'
import type { RegisterPort } from '../ports/register-port.ts'
import { SiDriver } from '../si/driver.ts'
import { KcsMachine } from '../si/kcs.ts'
import { hasAll, itNeeds } from './kernel/needs-programs.ts'

const KCS_BASE = 0xca2
const POLL_US = 100
const MAX_TURNS = 10_000

const it = itNeeds('qemu-system-x86_64')

describe("QEMU's isa-ipmi-kcs with ipmi-bmc-sim", () => {
  let qemu: ChildProcess
  let dir: string | undefined
  let port: QtestPort
  let accesses = 0

  before(() => {
    if (!hasAll('qemu-system-x86_64')) return
    dir = mkdtempSync(join(tmpdir(), 'lastword-qtest-'))
    const path = join(dir, 'q')
    spawnSync('mkfifo', [`${path}.in`, `${path}.out`])
    qemu = spawn(
      'qemu-system-x86_64',
      // biome-ignore format: one option a line says more
      ['-machine', 'q35', '-S', '-accel', 'tcg', '-display', 'none', '-nodefaults',
       '-qtest', `pipe:${path}`, '-qtest-log', '/dev/null',
       '-device', 'ipmi-bmc-sim,id=b0', '-device', `isa-ipmi-kcs,bmc=b0,ioport=${KCS_BASE}`],
      { stdio: 'ignore' },
    )
    port = new QtestPort({ path, base: KCS_BASE })
  })

  after(() => {
    port?.close()
    qemu?.kill('SIGKILL')
    if (dir !== undefined) rmSync(dir, { recursive: true, force: true })
  })

  const counted: RegisterPort = {
    inb(offset) {
      accesses++
      return port.inb(offset)
    },
    outb(offset, value) {
      accesses++
      port.outb(offset, value)
    },
  }

  function newHost() {
    const trace = new Trace()
    const machine = new KcsMachine(counted, trace)
    const driver = new SiDriver(machine, trace, { events: 'off' })
    const handler = new MsgHandler(driver, trace)
    const user = handler.createUser()
    const run = (request: IpmiRequest): { error: string | null; body: Uint8Array } => {
      let answer: { error: string | null; body: Uint8Array } | undefined
      user.send(request, reply => {
        answer = { error: reply.error?.code ?? null, body: reply.body.slice() }
      })
      for (let turn = 0; turn < MAX_TURNS && answer === undefined; turn++) {
        driver.poll(POLL_US)
        if (handler.hasWork) handler.work()
      }
      assert.ok(answer !== undefined, `no answer; the machine is ${machine.describe()}`)
      return answer
    }
    return { machine, driver, handler, run }
  }

  it('answers 10,000 messages, each once', () => {
    const { handler, run } = newHost()
    for (let count = 0; count < 10_000; count++) {
      // What one request sets the next one reads: each answer belongs to its own request.
      if (count % 10 !== 0) {
        assert.equal(run({ netFn: 0x06, cmd: 0x01 }).body[1], 0x20)
        continue
      }
      const countdown = [count & 0xff, count >> 8]
      const settings = Uint8Array.of(0x04, 0x00, 0, 0, ...countdown)
      assert.equal(run({ netFn: 0x06, cmd: 0x24, data: settings }).error, null)
      assert.deepEqual([...run({ netFn: 0x06, cmd: 0x25 }).body.subarray(5, 7)], countdown)
    }
    assert.equal(handler.pool.live, 0)
  })

  it('goes on after a transfer was aborted at any of its register writes', () => {
    const { machine, driver, handler, run } = newHost()
    for (let turns = 1; turns < 10; turns++) {
      machine.start(Uint8Array.of(0x18, 0x01), 2)
      for (let turn = 0; turn < turns; turn++) machine.event(0)
      // Somebody else, a BIOS say, aborts behind our back.
      port.outb(1, 0x60)
      for (let turn = 0; turn < 50; turn++) driver.poll(POLL_US)
      const { error, body } = run({ netFn: 0x06, cmd: 0x01 })
      assert.equal(error, null, `aborted after ${turns} turns`)
      assert.equal(body[1], 0x20)
    }
    assert.equal(handler.pool.live, 0)
  })

  it('is not asked for more register accesses than its own output buffer makes necessary', () => {
    const { run } = newHost()
    run({ netFn: 0x06, cmd: 0x01 })
    accesses = 0
    const { body } = run({ netFn: 0x06, cmd: 0x01 })
    const fewest = 2 * 2 + 3 * (2 + body.length) + 6
    // QEMU fills its output buffer after three of the writes; each time it has to be emptied.
    assert.equal(accesses - fewest, 3)
  })
})
