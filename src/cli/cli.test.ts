import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Bmc } from '../bmc/bmc.ts'
import { checksum } from '../protocol/ipmb.ts'

const main = fileURLToPath(new URL('./main.js', import.meta.url))

function lastword(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

describe('lastword demo', () => {
  it('prints one row a cut and the sentences of the SEL as JSON, and nothing else', () => {
    const { status, stdout } = lastword('demo', '--json')
    assert.equal(status, 0)
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, unknown>)
    const cuts = rows.filter(row => row.kind === 'cut')
    assert.equal(cuts.length, 24)
    for (const cut of cuts) {
      assert.deepEqual(Object.keys(cut), [
        'kind',
        'policy',
        'interface',
        'step',
        'hang',
        'lost',
        'doubled',
        'lastWords',
      ])
      assert.equal(cut.interface, 'kcs')
      if (cut.policy === 'resend')
        assert.deepEqual([cut.hang, cut.lost, cut.doubled, cut.lastWords], [false, 0, 0, true])
      if (cut.policy === 'drop') assert.deepEqual([cut.hang, cut.doubled, cut.lastWords], [false, 0, true])
    }
    const hangs = cuts.filter(cut => cut.policy === 'none' && cut.hang).map(cut => cut.step)
    assert.deepEqual(hangs, ['before-2', 'before-4', 'done', 'between'])
    const sentences = rows.filter(row => row.kind === 'sel')
    assert.ok(sentences.length >= 20)
    assert.match(String(sentences.at(-1)?.text), /its last words: "Fatal exception in interrupt"/)
  })

  it('tells a person the same in a table, and ends with three commands to try next', () => {
    const { status, stdout } = lastword('demo')
    assert.equal(status, 0)
    assert.match(stdout, /before 2 .*HANGS/)
    assert.match(stdout, /the host stopped in a panic; its last words: "Fatal exception in interrupt"/)
    assert.equal(stdout.slice(stdout.indexOf('Try next:')).match(/npx lastword/g)?.length, 3)
  })
})

describe('lastword lab', () => {
  it('prints its rows and a summary as JSON', () => {
    const { status, stdout } = lastword(
      'lab',
      '--json',
      '--messages',
      '1',
      '--events',
      '0',
      '--aborts',
      '0',
      '--destroys',
      '0',
    )
    assert.equal(status, 0)
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, unknown>)
    const summary = rows.pop()!
    assert.equal(summary.kind, 'summary')
    const { resend, drop, none } = summary.violations as Record<string, number>
    assert.deepEqual([resend, drop], [0, 0])
    assert.ok(none! > 0)
    assert.ok((summary.states as number) > 300 && (summary.cuts as number) > 900)
    assert.equal(new Set(rows.map(row => row.step)).size, 8)
  })
})

describe('an error of the command line', () => {
  it('is one line and exit status 2 when the words are wrong', () => {
    const { status, stderr } = lastword('lab', '--messages', 'many')
    assert.equal(status, 2)
    assert.match(stderr, /--messages <n>.*It takes a whole number/)
    assert.doesNotMatch(stderr, /\n\s+at /)
    assert.equal(lastword('bmc', '--vm', 'nowhere').status, 2)
    assert.equal(lastword('lab', 'kernel', '--cpus', '3').status, 2)
    assert.equal(lastword('lab', '--messages', '9').status, 2)
    assert.equal(lastword('lab', '--messages', '').status, 2)
    assert.equal(lastword('nonsense').status, 2)
  })

  it('says what is in the way and what to do when a port is taken', async () => {
    const { child, port } = await startBmc()
    const { status, stderr } = lastword('bmc', '--vm', `127.0.0.1:${port}`)
    child.kill()
    assert.equal(status, 1)
    assert.match(stderr, /cannot listen on 127\.0\.0\.1:\d+: .*\[LISTEN\]\n {2}Choose another port/)
    assert.doesNotMatch(stderr, /\n\s+at /)
  })
})

describe('lastword bmc', () => {
  it('does not let rubbish on the VM port fill the log', async () => {
    const child = spawn(process.execPath, [main, 'bmc', '--vm', '0', '--json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
    let log = ''
    child.stderr.on('data', (bytes: Buffer) => {
      log += bytes.toString()
    })
    const { vm } = JSON.parse(line) as { vm: string }
    const socket = connect(Number(vm.split(':')[1]), '127.0.0.1')
    socket.on('error', () => {})
    socket.write(Buffer.alloc(100_000, Uint8Array.of(0x55, 0xa1)))
    // The answer to a good request says that the rubbish before it has been read.
    socket.write(Uint8Array.of(1, 0x18, 0x01, 0xe6, 0xa0))
    for await (const chunk of socket) if ((chunk as Buffer).includes(0xa0)) break
    child.kill()
    await once(child, 'close')
    assert.equal(log.match(/VM_COMMAND/g)?.length, 10)
  })

  it('says what is wrong with a place for its state, or a host that is none of ours', () => {
    const dir = mkdtempSync(join(tmpdir(), 'lastword-bmc-'))
    writeFileSync(join(dir, 'file'), '')
    const file = lastword('bmc', '--vm', '0', '--state', join(dir, 'file'))
    rmSync(dir, { recursive: true })
    assert.equal(file.status, 1)
    assert.match(file.stderr, /file: cannot be used for the state: .*\[STATE_DIR\]\n {2}Give --state/)
    assert.equal(lastword('bmc', '--vm', '0', '--state', '').status, 2)
    for (const [flag, where] of [
      ['--vm', ''],
      ['--lan', 'UDP '],
    ] as const) {
      const host = lastword('bmc', flag, '192.0.2.1:0')
      assert.equal(host.status, 1)
      const hint = 'Name an address of this machine'
      assert.match(host.stderr, new RegExp(`cannot listen on ${where}192\\.0\\.2\\.1:0: .*\n {2}${hint}`))
    }
  })

  it('is changed while it runs over its control socket', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'lastword-bmc-'))
    const socket = join(dir, 'control')
    try {
      const { child } = await startBmc('--control', socket, '--fault', 'late=5')
      const ctl = (...words: string[]) => lastword('bmc', 'ctl', socket, ...words)
      assert.match(ctl('status').stdout, /"power":"on".*"faults":\["late=5"\]/)
      assert.match(ctl('sensor', 'CPU1 Temp', '95').stdout, /"name":"CPU1 Temp","raw":95/)
      assert.match(ctl('clear').stdout, /"faults":\[\]/)
      assert.equal(ctl('dance').status, 2)
      assert.equal(ctl('sensor', 'Nose', '1').status, 1)
      for (const value of ['9O', 'abc', 'Infinity', '']) {
        const { status, stderr } = ctl('sensor', 'CPU1 Temp', value)
        assert.equal(status, 2)
        assert.match(stderr, /is no value.*\n {2}Give a number in the sensor's unit/)
      }
      for (const states of ['0,x', '', '1,']) assert.equal(ctl('states', 'Drive 1', states).status, 2)
      assert.equal(ctl('--bmc', 'x', 'status').status, 2)
      assert.match(ctl('states', 'Drive 1', '14').stderr, /has no state 14, it has 0, 1/)
      assert.match(ctl('sensor', 'CPU1 Temp', 'auto').stdout, /"ok":true/)
      child.kill()
      await once(child, 'exit')
      assert.equal(lastword('bmc', '--vm', '0', '--fault', 'slow').status, 2)
    } finally {
      rmSync(dir, { recursive: true })
    }
  })

  it('writes an IPv6 address in brackets', async () => {
    const child = spawn(process.execPath, [main, 'bmc', '--vm', '[::1]:0', '--json'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
    child.kill()
    assert.match((JSON.parse(line) as { vm: string }).vm, /^\[::1\]:\d+$/)
  })

  it('still has every Add SEL Entry that it answered when it is killed a moment later', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'lastword-bmc-'))
    try {
      const acknowledged: number[] = []
      for (let round = 0; round < 12; round++) {
        const { child, port } = await startBmc('--state', dir)
        const exited = once(child, 'exit')
        const killAfter = 3 + ((round * 7) % 11)
        await addUntilKilled(port, child, killAfter, round * 100, acknowledged)
        await exited
      }
      const bmc = new Bmc({ stateDir: dir, durability: 'kernel' })
      const kept = bmc.sel.records.map(record => record[5]! | (record[6]! << 8))
      bmc.close()
      for (const number of acknowledged)
        assert.ok(kept.includes(number), `${number} was answered and is gone`)
      assert.ok(acknowledged.length >= 12 * 3)
      assert.equal(new Set(kept).size, kept.length)
    } finally {
      rmSync(dir, { recursive: true })
    }
  })

  it('ends when it is told to, with status 0', async () => {
    const { child } = await startBmc()
    child.kill('SIGTERM')
    const [status] = (await once(child, 'exit')) as [number | null]
    assert.equal(status, 0)
  })
})

async function startBmc(...args: string[]): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, [main, 'bmc', '--vm', '127.0.0.1:0', '--json', ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string]
  const { vm } = JSON.parse(line) as { vm: string }
  return { child, port: Number(vm.split(':')[1]) }
}

/** Adds numbered records, one after each answer, and kills the BMC with the answer to the last still warm. */
async function addUntilKilled(
  port: number,
  child: ChildProcess,
  killAfter: number,
  firstNumber: number,
  acknowledged: number[],
): Promise<void> {
  const socket: Socket = connect(port, '127.0.0.1')
  let number = firstNumber
  const add = () => {
    const record = [0, 0, 0xe1, 0, 0, number & 0x7f, number >> 8, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    record[5] = number & 0xff
    const frame = [1, 0x28, 0x44, ...record]
    frame.push(checksum(Uint8Array.from(frame)))
    socket.write(
      Uint8Array.from([
        ...frame.flatMap(byte => ([0xa0, 0xa1, 0xaa].includes(byte) ? [0xaa, byte | 0x10] : [byte])),
        0xa0,
      ]),
    )
  }
  await once(socket, 'connect')
  socket.on('error', () => {})
  add()
  socket.on('data', bytes => {
    if (!bytes.includes(0xa0)) return
    acknowledged.push(number)
    if (acknowledged.length % killAfter === 0) child.kill('SIGKILL')
    number++
    add()
  })
  await new Promise<void>(resolve => socket.on('close', () => resolve()))
}
