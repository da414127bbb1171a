/** `lastword bmc` as it is started: a process of its own, with what its options promise and refuse. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { LogIns } from '../../bmc/log-ins.ts'
import { runProgram } from '../../lab/kernel/run-program.ts'

const main = fileURLToPath(new URL('../../bin/lastword.cjs', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'lastword-bmc-'))
after(() => rmSync(dir, { recursive: true }))

/** One that is to end by itself: it refuses what it is asked. */
function refused(...args: string[]) {
  const { status, stderr } = spawnSync(process.execPath, [main, 'bmc', '--lan', '127.0.0.1:0', ...args], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  return { status, stderr }
}

function password(text: string): string {
  const file = join(dir, text)
  writeFileSync(file, `${text}\n`)
  return file
}

/** One that serves until it is told to end, and what our own client is told by it. */
async function started(...args: string[]) {
  const child = spawn(process.execPath, [main, 'bmc', '--lan', '127.0.0.1:0', '--json', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: string[] = []
  createInterface({ input: child.stderr }).on('line', text => said.push(text))
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const { lan } = JSON.parse(line) as { lan: string }
  const ask = (user: string, secret: string, words: readonly string[]) =>
    runProgram(process.execPath, [main, ...words, '-H', `lanplus://${user}@${lan}`], {
      env: { IPMITOOL_PASSWORD: secret, LASTWORD_HOSTS: '/nowhere.yaml' },
    })
  return {
    lan,
    /** What it said on standard error so far. */
    said,
    async run(user: string, secret: string, ...words: string[]) {
      const { exitCode, stderr } = await ask(user, secret, words)
      assert.equal(exitCode, 0, stderr)
    },
    logsIn: async (user: string, secret: string) => (await ask(user, secret, ['mc', 'info'])).exitCode === 0,
    isOn: async (user: string, secret: string) =>
      /power is on/i.test(String((await ask(user, secret, ['power', 'status'])).stdout)),
    async end(how: 'SIGTERM' | 'SIGKILL' = 'SIGTERM') {
      const ended = once(child, 'exit')
      child.kill(how)
      await ended
    },
  }
}

describe('lastword bmc', () => {
  it('says of a state directory that cannot be made what is wrong, and ends', () => {
    for (const folder of ['/proc/none/such', '/proc/none']) {
      const { status, stderr } = refused('--state', folder)
      assert.equal(status, 1)
      assert.match(stderr, /^lastword: \/proc\/none.* \[STATE_DIR\]\n.*--state a directory.*\n$/)
    }
  })

  it('refuses users and passwords that are none, and says why', () => {
    const cases: [string[], RegExp][] = [
      [['--password-file', password('secret')], /--password-file is of no user \[USAGE\]\n.*--user/],
      [['--user', 'a'.repeat(17)], /--user .*Too big/],
      [['--user', 'ä'.repeat(9)], /--user .*more than 16 bytes/],
    ]
    for (const [args, message] of cases) {
      const { status, stderr } = refused(...args)
      assert.equal(status, 2)
      assert.match(stderr, message)
      assert.ok(stderr.trimEnd().split('\n').length <= 2, stderr)
    }
  })

  it('refuses serial over LAN that leads nowhere', () => {
    for (const end of ['exec:', 'exec: ', 'unix:', 'tcp:here:70000']) {
      const { status, stderr } = refused('--sol', end)
      assert.equal(status, 2)
      assert.match(stderr, /is nothing that serial over LAN can lead to \[USAGE\]/)
    }
  })

  it('has the user of --user at each start, whatever was set, and that of --password-file as its password', async () => {
    const state = ['--state', join(dir, 'state')]
    const asGiven = ['--user', 'root', '--password-file', password('given')]
    const first = await started(...state, ...asGiven)
    assert.equal(await first.logsIn('root', 'given'), true)
    await first.run('root', 'given', 'user', 'set', 'name', '2', 'bob')
    await first.run('bob', 'given', 'user', 'set', 'password', '2', 'changed')
    await first.end()
    const again = await started(...state)
    assert.equal(await again.logsIn('bob', 'changed'), true, 'what was set holds where nothing is said')
    await again.end()
    const insisted = await started(...state, ...asGiven)
    assert.equal(await insisted.logsIn('root', 'given'), true)
    assert.equal(await insisted.logsIn('bob', 'changed'), false)
    await insisted.run('root', 'given', 'user', 'set', 'password', '2', 'changed')
    await insisted.end()
    const named = await started(...state, '--user', 'root')
    assert.equal(await named.logsIn('root', 'changed'), true, 'a password that is not given stays')
    await named.end()
  })

  it('turns a host on again after it was killed in the middle of a power cycle', async () => {
    const args = ['--state', join(dir, 'cycle'), '--user', 'root', '--password-file', password('given')]
    const taking = (cycleSeconds: number) => {
      const file = join(dir, `cycle-${cycleSeconds}.yaml`)
      writeFileSync(file, `power: { cycleSeconds: ${cycleSeconds} }\n`)
      return started(...args, '--config', file)
    }
    const first = await taking(255)
    await first.run('root', 'given', 'power', 'cycle')
    assert.equal(await first.isOn('root', 'given'), false)
    await first.end('SIGKILL')
    const again = await taking(1)
    while (!(await again.isOn('root', 'given'))) {}
    await again.end()
  })

  it('without a user says that nobody can log in over LAN, and with an empty configuration has one', async () => {
    for (const [text, says] of [
      ['name: x', /^lastword: no user is enabled.*--user NAME/m],
      ['null', /^lastword: the password of user 'admin' is /m],
    ] as const) {
      const file = join(dir, 'config.yaml')
      writeFileSync(file, text)
      const args = ['bmc', '--lan', '127.0.0.1:0', '--config', file]
      const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
      let said = ''
      for await (const chunk of child.stderr) {
        said += String(chunk)
        if (said.split('\n').length > 2) break
      }
      child.kill()
      assert.match(said, says)
    }
  })

  it('says how many open files many BMCs need', () => {
    const program = `ulimit -n 256; exec "$0" "$@"`
    const args = [main, 'bmc', '--lan', '127.0.0.1:0', '--count', '300']
    const { status, stderr } = spawnSync('/bin/sh', ['-c', program, process.execPath, ...args], {
      encoding: 'utf8',
    })
    assert.equal(status, 1)
    assert.match(stderr, /EMFILE.*\[LISTEN\]\n.* 300 BMCs .*ulimit -n 700\.\n$/)
  })

  it('says once that a user is locked out, and tells and lifts it over the control socket', async () => {
    const config = join(dir, 'lockout.yaml')
    const lockout = { threshold: 2, lockoutSeconds: 600 }
    const users = [
      { name: 'bob', password: 'bobsecret' },
      { name: 'eve', password: 'evesecret' },
    ]
    writeFileSync(config, JSON.stringify({ users, lan: { lockout } }))
    const socket = join(dir, 'control')
    const bmc = await started('--config', config, '--control', socket)
    const ctl = async (...words: string[]) => {
      const args = [main, 'bmc', 'ctl', socket, ...words]
      return JSON.parse((await runProgram(process.execPath, args)).stdout.toString()) as LogIns
    }
    const eve = { channel: 1, id: 3, name: 'eve', failed: 0 }
    const bob = { channel: 1, id: 2, name: 'bob', failed: 0 }
    await bmc.logsIn('bob', 'wrong')
    assert.deepEqual((await ctl('log-ins')).users, [{ ...bob, failed: 1 }, eve])
    await bmc.logsIn('bob', 'wrong')
    assert.equal(await bmc.logsIn('bob', 'bobsecret'), false)
    const { failedLogIns, users: after } = await ctl('log-ins')
    assert.equal(failedLogIns, 2)
    const { lockedUntil, ...counted } = after[0]!
    assert.deepEqual([counted, after[1]], [{ ...bob, failed: 2 }, eve])
    assert.match(lockedUntil!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    const leftMs = Date.parse(lockedUntil!) - Date.now()
    assert.ok(leftMs > 300_000 && leftMs <= 601_000, `${leftMs} ms`)
    assert.deepEqual((await ctl('unlock', 'bob')).users, [bob, eve])
    assert.equal(await bmc.logsIn('bob', 'bobsecret'), true)
    await bmc.end()
    const why = '2 failed log-ins, the last from 127.0.0.1'
    assert.deepEqual(bmc.said, [
      `lastword: user 'bob' of the BMC on ${bmc.lan} is locked out for 600 s: ${why}`,
    ])
  })

  it('refuses a command that is none', () => {
    for (const option of ['--host', '--hook']) {
      const { status, stderr } = refused(option, ' ')
      assert.equal(status, 2)
      assert.match(stderr, new RegExp(`${option}.*It takes a command for a shell`))
    }
  })
})
