/** `exec` for programs to read: one document of all lines, or a line of JSON each, and no secret of a line in it. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { itNeeds } from '../lab/kernel/needs-programs.ts'
import { runProgram } from '../lab/kernel/run-program.ts'
import { LanRig, user } from '../lab/lan/rig.ts'
import { transcript } from '../lab/lan/terminal.ts'
import { exitStatus } from './output.ts'

const main = fileURLToPath(new URL('./main.js', import.meta.url))

interface Entry {
  line: number
  command: string
  result?: unknown
  output?: string
  error?: { code: string; message: string; completionCode?: number }
}

async function exec(lines: readonly string[], ...flags: string[]) {
  const child = spawn(process.execPath, [main, '-H', 'sim://', ...flags, 'exec'], { stdio: 'pipe' })
  child.stdin.end(lines.map(line => `${line}\n`).join(''))
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { status: child.exitCode ?? ((await once(child, 'exit')) as [number])[0], stdout, stderr }
}

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  let all = ''
  for await (const chunk of stream) all += String(chunk)
  return all
}

const lines = ['mc guid', '# a remark', '', 'raw 6 0x77 # none', 'sdr list', 'mc --help', 'mc "x', 'raw 6 1']

describe('exec', () => {
  it('is one JSON array: each line with its number, its words, and its result or error', async () => {
    const { status, stdout, stderr } = await exec(lines, '--json')
    const entries = JSON.parse(stdout) as Entry[]
    assert.equal(status, exitStatus.refused)
    assert.match(stderr, /2 of 8 lines failed/)
    assert.deepEqual(
      entries.map(({ line, command }) => [line, command]),
      [
        [1, 'mc guid'],
        [4, 'raw 6 0x77'],
        [5, 'sdr list'],
        [6, 'mc --help'],
        [7, '…'],
        [8, 'raw 6 1'],
      ],
    )
    const [guid, refused, sensors, help, open, raw] = entries
    assert.ok('guid' in (guid!.result as object))
    assert.deepEqual([refused!.error!.code, refused!.error!.completionCode], ['COMPLETION_CODE', 0xc1])
    assert.ok((sensors!.result as unknown[]).length > 30)
    assert.match(help!.output!, /usage: lastword/)
    assert.equal(open!.error!.code, 'USAGE')
    assert.match(raw!.result as string, /^20/)
    for (const entry of entries) assert.equal('error' in entry, !('result' in entry || 'output' in entry))
  })

  it('is the same as YAML, and one object a line as NDJSON', async () => {
    const steady = lines.filter(line => line !== 'mc guid')
    const json = JSON.parse((await exec(steady, '--json')).stdout) as Entry[]
    assert.deepEqual(parse((await exec(steady, '--yaml')).stdout), json)
    const rows = (await exec(steady, '--ndjson')).stdout.trimEnd().split('\n')
    assert.deepEqual(
      rows.map(row => JSON.parse(row) as Entry),
      json,
    )
    for (const format of ['--json', '--yaml']) assert.equal((await exec([], format)).stdout, '[]\n')
  })

  it('is whole JSON also when it is stopped in the middle', async () => {
    const stopped = spawn(process.execPath, [main, '-H', 'sim://', '--json', 'exec', '--stop'])
    stopped.stdin.end('raw 6 0x77\nmc guid\n')
    assert.equal((JSON.parse(await text(stopped.stdout)) as Entry[]).length, 1)
    const cut = spawn(process.execPath, [main, '-H', 'sim://', '--json', 'exec'])
    cut.stdin.write('raw 6 1\n')
    const output = text(cut.stdout)
    await once(cut.stdout, 'data')
    cut.kill('SIGINT')
    assert.equal((JSON.parse(await output) as Entry[]).length, 1)
  })
})

describe('exec --json', () => {
  it('ends its line with each result, so that an error on the same terminal stands on its own', async () => {
    const { stdout } = await exec(['raw 6 1', 'raw 6 0x77', 'raw 6 1'], '--json')
    const child = spawn(process.execPath, [main, '-H', 'sim://', '--json', 'exec'])
    let begun = ''
    child.stdout.on('data', bytes => (begun += String(bytes)))
    child.stdin.write('raw 6 0x77\n')
    await once(child.stderr, 'data')
    const first = begun
    child.stdin.end('raw 6 1\n')
    await once(child, 'close')
    assert.match(first, /\}\n$/)
    assert.equal((JSON.parse(begun) as Entry[]).length, 2)
    assert.match(stdout, /^\[\n {2}\{\n.*\n {2}\}\n, \{\n.*\n {2}\}\n\]\n$/s)
  })
})

describe('exec without a connection', () => {
  for (const format of ['--format=table', '--json'])
    it(`ends with one error at the first line that needs one (${format})`, async () => {
      const child = spawn(process.execPath, [main, '-H', 'no-such-host.invalid', format, 'exec'], {
        stdio: 'pipe',
        env: { ...process.env, IPMITOOL_PASSWORD: 'x' },
      })
      child.stdin.end('echo begun\nmc guid\nmc guid\nmc guid\n')
      const closed = once(child, 'close')
      const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
      const [status] = (await closed) as [number]
      assert.equal(status, exitStatus.unreachable)
      assert.deepEqual(stderr.match(/^lastword: .*$/gm)?.length, 1, stderr)
      assert.match(stderr, /\[HOST_UNKNOWN\]/)
      if (format === '--json')
        assert.deepEqual(
          (JSON.parse(stdout) as Entry[]).map(({ line, error }) => [line, error?.code]),
          [
            [1, undefined],
            [2, 'HOST_UNKNOWN'],
          ],
        )
      else assert.equal(stdout, 'begun\n')
    })
})

const secret = 'hunter22'
const bytes = [...Buffer.from(secret.padEnd(16, '\0'))]
const secretLines = [
  `user set password 5 ${secret}`,
  `user test 5 16 ${secret}`,
  `user set password 5 16 ${secret} ${secret}`,
  `user set password --wrong ${secret}`,
  `user set password 5 "${secret}`,
  `raw 6 0x47 5 2 ${bytes.join(' ')}`,
  `sdr info -P ${secret}`,
  `mc info lanplus://admin:${secret}@host`,
]

describe('a line that would read standard input', () => {
  const greedy = ['shell', 'exec', 'exec -', 'sol activate']

  it('is refused where exec reads it itself, and the other lines are run', async () => {
    for (const line of greedy) {
      const { status, stdout, stderr } = await exec([line, 'raw 6 1'], '--json')
      const [refused, next] = JSON.parse(stdout) as Entry[]
      assert.equal(refused!.error!.code, 'USAGE')
      assert.match(next!.result as string, /^20/, line)
      assert.match(stderr, /reads standard input, which exec has in this run/)
      assert.equal(status, exitStatus.usage)
    }
  })

  it('has it once where the lines are in a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lastword-exec-'))
    const file = join(folder, 'lines')
    writeFileSync(file, 'exec -\nshell\nsol activate\nexec -\necho end\n')
    const child = spawn(process.execPath, [main, '-H', 'sim://', 'exec', file], { stdio: 'pipe' })
    child.stdin.end('echo typed\n')
    const closed = once(child, 'close')
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
    assert.deepEqual(await closed, [exitStatus.usage, null])
    assert.equal(stdout, 'typed\nend\n')
    assert.equal(stderr.match(/reads standard input/g)?.length, 3, stderr)
    rmSync(folder, { recursive: true })
  })
})

describe('exec at a terminal', () => {
  itNeeds('script', 'stty')('asks for the password before it reads the first line', async () => {
    await using rig = await LanRig.start()
    const { IPMITOOL_PASSWORD: _1, IPMI_PASSWORD: _2, ...env } = process.env
    const login = `-H 127.0.0.1 -p ${rig.port} -U ${user.name} -a`
    const shown = await transcript(
      `${process.execPath} ${main} ${login} exec; echo "status $?"`,
      [
        ['Password for', `${user.password}\r`],
        ['\n', 'raw 6 1\r'],
        ['20 01', 'user set password 5\r'],
        ['cannot be asked for while exec reads the keys', '\x04'],
      ],
      env,
    )
    assert.match(shown, /status 2/)
  })
})

describe('what a line holds in secret', () => {
  it('is neither in the results of exec nor in its errors, nor in its trace', async () => {
    for (const format of ['--json', '--ndjson', '--yaml', '--csv', '--format=table']) {
      const { stdout, stderr } = await exec(['mc guid', ...secretLines], '--trace', '-vv', format)
      assert.doesNotMatch(stdout + stderr, new RegExp(`${secret}|${Buffer.from(secret).toString('hex')}`))
    }
    const { stdout } = await exec(secretLines, '--json')
    const commands = (JSON.parse(stdout) as Entry[]).map(({ command }) => command)
    assert.equal(commands[0], 'user set password …')
    assert.equal(commands.length, secretLines.length)
  })
})

describe('--trace', () => {
  it('keeps the community, the keys of a channel, and what is bridged to itself', async () => {
    const community = [...Buffer.from('hush-hush'.padEnd(18, '\0'))]
    const inner = [0x24, 0x18, 0xc4, 0x20, 0x04, 0x47, 5, 2, ...bytes]
    const check = -inner.slice(3).reduce((sum, byte) => sum + byte, 0) & 0xff
    const { stderr } = await exec(
      [
        'lan set 1 snmp hush-hush',
        'lan print 1',
        `raw 12 1 1 16 ${community.join(' ')}`,
        'raw 12 2 1 16 0 0',
        `raw 6 0x56 1 0x41 1 ${bytes.join(' ')} 0 0 0 0`,
        `raw 6 0x34 0 ${[...inner, check].join(' ')}`,
      ],
      '--trace',
      '--format=json',
    )
    assert.match(stderr, /Set LAN Configuration Parameters request; …/)
    assert.match(stderr, /Set Channel Security Keys request; …/)
    assert.match(stderr, /Send Message request; …/)
    const hidden = ['hush-hush', secret].flatMap(word => [word, Buffer.from(word).toString('hex')])
    for (const word of hidden) assert.ok(!stderr.replaceAll(' ', '').includes(word), word)
  })
})

describe('a simulated BMC', () => {
  it('says nothing of the passwords that it has, is given, or is tried with', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lastword-secrets-'))
    const file = join(folder, 'password')
    writeFileSync(file, 'first-pass1', { mode: 0o600 })
    const args = ['bmc', '--lan', '127.0.0.1:0', '--user', 'admin', '--password-file', file, '--json']
    const bmc = spawn(process.execPath, [main, ...args], { stdio: 'pipe' })
    let said = ''
    for (const stream of [bmc.stdout, bmc.stderr]) stream.on('data', bytes => (said += String(bytes)))
    await once(bmc.stdout, 'data')
    const port = /:(\d+)"/.exec(said)![1]!
    const client = (password: string, ...words: string[]) =>
      runProgram(
        process.execPath,
        [main, '-H', '127.0.0.1', '-p', port, '-U', 'admin', '--trace', ...words],
        {
          env: { IPMITOOL_PASSWORD: password, XDG_CACHE_HOME: folder },
        },
      )
    const set = await client('first-pass1', '-vv', 'user', 'set', 'password', '5', secret)
    assert.equal(set.exitCode, 0, set.stderr)
    const wrong = await client('wrong-pass1', '-vv', 'mc', 'info')
    assert.equal(wrong.exitCode, exitStatus.loginRefused)
    bmc.kill()
    await once(bmc, 'close')
    rmSync(folder, { recursive: true })
    const everything = said + set.stdout + set.stderr + wrong.stdout + wrong.stderr
    for (const word of ['first-pass1', 'wrong-pass1', secret])
      assert.ok(!everything.includes(word) && !everything.includes(Buffer.from(word).toString('hex')), word)
  })
})

describe('the command line', () => {
  it('tells a line that it cannot read without repeating a secret of it', async () => {
    const { exitCode, stderr } = await runProgram(
      process.execPath,
      [main, '-H', 'sim://', 'user', 'test', '5', '16', 'x', secret],
      {},
    )
    assert.equal(exitCode, exitStatus.usage)
    assert.ok(!stderr.includes(secret), stderr)
  })
})
