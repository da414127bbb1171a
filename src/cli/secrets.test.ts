/** Passwords, keys and communities: no output, error or process list repeats one, wherever it stands. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { connect } from '../client/connect.ts'
import { readHostsFile } from './connection/hosts-schema.ts'
import { exitStatus } from './output.ts'

const main = fileURLToPath(new URL('./main.js', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'lastword-secrets-'))
after(() => rmSync(dir, { recursive: true }))

const hostsFile = join(dir, 'hosts.yaml')
const { IPMITOOL_PASSWORD: _1, IPMI_PASSWORD: _2, ...environment } = process.env

function lastwordWith(env: Record<string, string>, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    env: { ...environment, LASTWORD_HOSTS: hostsFile, ...env },
  })
  return { status, stdout, stderr }
}

function lastword(...args: string[]) {
  return lastwordWith({}, ...args)
}

function nameHosts(text: string): void {
  writeFileSync(hostsFile, text)
  chmodSync(hostsFile, 0o600)
}

const secret = 'sEcr3t-0f-all'

describe('a password', () => {
  const noRoute = ['-H', '127.0.0.1', '-p', '9', '-N', '1', '-R', '0', '-U', 'admin']

  it('is in no error, whichever way it came', () => {
    const file = join(dir, 'password')
    writeFileSync(file, `${secret}\n`, { mode: 0o600 })
    const ways: readonly [env: Record<string, string>, flags: readonly string[]][] = [
      [{}, [...noRoute, '-P', secret]],
      [{ IPMITOOL_PASSWORD: secret }, [...noRoute, '-E']],
      [{ IPMI_PASSWORD: secret }, noRoute],
      [{}, [...noRoute, '-f', file]],
      [{}, ['-H', `lanplus://admin:${secret}@127.0.0.1:9`, '-N', '1', '-R', '0']],
      [{}, ['-H', `lanplus://admin:${secret}@bad host`]],
    ]
    for (const [env, flags] of ways) {
      const { status, stdout, stderr } = lastwordWith(env, '--debug', '-v', ...flags, 'mc', 'info')
      assert.notEqual(status, 0)
      assert.ok(!(stdout + stderr).includes(secret), stderr)
    }
  })

  it('in a URL is not repeated, wherever the URL stands and whatever is wrong with it', () => {
    const urls = [`lanplus://admin:${secret}@h`, `lanplus://admin:${secret}%zz@h`, `gopher://a:${secret}/@x`]
    for (const url of urls) {
      for (const args of [
        [url, 'mc', 'nothing'],
        ['--url', url, 'mc', 'info', '--nothing'],
        ['-H', url, 'mc', 'info', '-N', '1', '-R', '0'],
        ['mc', url],
      ]) {
        const { status, stdout, stderr } = lastword(...args)
        assert.notEqual(status, 0)
        assert.ok(!(stdout + stderr).includes(secret), stderr)
        assert.doesNotMatch(stderr, /fault in Lastword/)
      }
    }
    assert.match(lastword('sim://', 'mc', 'guid').stdout, /GUID/)
  })
})

describe('a secret on the command line', () => {
  const password = { IPMITOOL_PASSWORD: 'x' }
  const cases: readonly (readonly [words: readonly string[], remark: RegExp | undefined])[] = [
    [['-P', secret, 'mc', 'guid'], /a password .* prefer -E, -f or -a/],
    [['mc', 'guid', `-vP${secret}`], /a password .* prefer -E, -f or -a/],
    [['mc', 'guid', `--password=${secret}`], /a password .* prefer -E, -f or -a/],
    [['-k', secret, 'mc', 'guid'], /a key Kg .* prefer -K or -Y/],
    [['mc', 'guid', '--kg-hex=00', '-k', secret], /a key Kg .* prefer -K or -Y/],
    [['-y', Buffer.from(secret).toString('hex'), 'mc', 'guid'], /a key Kg .* prefer -K or -Y/],
    [['user', 'set', 'password', '2', secret], /a password .* leave it out to be asked/],
    [['user', 'test', '2', '16', secret], /a password .* leave it out to be asked/],
    [['lan', 'set', '1', 'snmp', secret], /a community .* give it in a line of exec/],
    [['lan', 'set', '1', 'password', secret], /a password .* leave it out to be asked/],
    [
      ['raw', '6', '0x47', '2', '2', ...Array.from(Buffer.from(secret), String)],
      /a secret .* a line of exec/,
    ],
    [['-H', 'URL', 'mc', 'guid'], /a password .* prefer -E, -f or -a/],
    [['--url', 'KG', 'mc', 'guid'], undefined],
  ]

  it('is warned of, and hidden from the process list while the command waits', async () => {
    await using silent = createSocket('udp4')
    silent.bind(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address()
    const urls: Record<string, string> = {
      URL: `lanplus://admin:${secret}@127.0.0.1:${port}`,
      KG: `lanplus://admin@127.0.0.1:${port}?kg=${secret}`,
    }
    for (const [words, remark] of cases) {
      const given = words.map(word => urls[word] ?? word)
      const hasUrl = words.some(word => word in urls)
      const where = hasUrl ? [] : ['-H', '127.0.0.1', '-p', String(port), '-U', 'admin']
      const child = spawn(process.execPath, [main, ...where, ...given], {
        env: { ...environment, ...password },
      })
      let told = ''
      child.stderr.on('data', text => (told += String(text)))
      await once(silent, 'message')
      const listed = readFileSync(`/proc/${child.pid}/cmdline`, 'latin1')
      child.kill()
      await once(child, 'close')
      assert.match(listed, /^lastword\0*$/, words.join(' '))
      if (remark !== undefined) assert.match(told, remark, words.join(' '))
    }
  })

  it('is not repeated by the command that sets it', () => {
    for (const setting of ['snmp', 'password'])
      for (const format of ['table', 'json'])
        assert.doesNotMatch(
          lastword('-H', 'sim://', 'lan', 'set', '1', setting, 'hush-hush', '--format', format).stdout,
          /hush/,
        )
  })
})

describe('a secret in a wrong place', () => {
  const lines: readonly (readonly string[])[] = [
    ['--url', `admin:${secret}@127.0.0.1`, 'mc', 'guid'],
    ['--url', `admin:a ${secret}@127.0.0.1`, 'mc', 'guid'],
    ['--url', `:${secret}@127.0.0.1`, 'mc', 'guid'],
    ['--url', `lanplus://admin:a ${secret} b@bad host`, 'mc', 'guid'],
    ['-H', `admin:${secret}@127.0.0.1`, 'mc', 'guid'],
    ['-H', `${secret}@127.0.0.1:623`, 'mc', 'guid'],
    ['-H', `lanplus://127.0.0.1?kg=${secret}`, '-I', 'open', 'mc', 'guid'],
    ['-H', `lanplus://127.0.0.1?kghex=${secret}`, 'mc', 'guid'],
    [`admin:${secret}@127.0.0.1`, 'mc', 'guid'],
    ['mc', `admin:${secret}@127.0.0.1`],
    ['mc', `lanplus://admin:a ${secret}@127.0.0.1`],
    ['sdr', 'list', `lanplus://127.0.0.1?kg=${secret}`],
    ['-p', secret, 'mc', 'guid'],
    [`-p${secret}`, 'mc', 'guid'],
    ['-E', secret, 'mc', 'guid'],
    ['-H', 'h', '-a', secret, 'mc', 'guid'],
    ['-K', secret, 'mc', 'guid'],
    ['-Y', secret, 'mc', 'guid'],
    [`--pasword=${secret}`, 'mc', 'guid'],
    ['-y', secret, '-H', '127.0.0.1', 'mc', 'guid'],
    ['-k', secret.repeat(2), '-H', '127.0.0.1', 'mc', 'guid'],
    ['user', 'set', 'password', secret],
    ['user', 'set', 'password', '2', '17', secret],
    ['-H', 'sim://', 'user', 'test', '2', secret],
    ['-H', 'sim://', 'lan', 'set', '1', 'snmp', secret, secret],
    ['-H', 'sim://', 'lan', 'set', '1', 'snmp', secret.repeat(2)],
    ['-H', 'sim://', 'lan', 'set', '1', 'password', secret, secret],
    ['-H', 'sim://', 'lan', 'set', '1', 'password', secret.repeat(2)],
    ['-H', 'sim://', 'raw', '6', '0x47', '2', '2', secret],
  ]

  it('of the command line is in no error, trace or stack', () => {
    nameHosts('hosts: {}\n')
    for (const line of lines) {
      const { status, stdout, stderr } = lastword('--debug', '--trace', ...line)
      assert.notEqual(status, 0, line.join(' '))
      assert.ok(!(stdout + stderr).includes(secret), `${line.join(' ')}\n${stderr}`)
      assert.match(stderr, /^lastword: /m)
      assert.doesNotMatch(stderr, /fault in Lastword/)
    }
  })

  it('of the command line is told with what to write in its place', () => {
    for (const flag of ['--url', '-H'])
      assert.match(
        lastword(flag, `admin:${secret}@h`, 'mc', 'guid').stderr,
        /\n {2}.*lanplus:\/\/USER@HOST\n/,
      )
    assert.match(lastword('-p', secret, 'mc', 'guid').stderr, /--port takes a number/)
    assert.match(lastword('-E', secret).stderr, /-E takes no value/)
  })

  const fields: readonly string[] = [
    `password: *${secret}`,
    `password: !${secret}`,
    `password: !${secret} x`,
    `password: !a!${secret} x`,
    `password: |${secret}`,
    `password: >${secret}`,
    `password: "\\x${secret}"`,
    `password: "${secret}`,
    `password: @${secret}`,
    `password: ${secret}: x`,
    `password: [${secret}]`,
    `password: {${secret}}`,
    `password:${secret}`,
    `password: ,${secret}`,
    `? ${secret}`,
    `pass word ${secret}: x`,
    `privilege: ${secret}`,
    `port: ${secret}`,
    `host: admin:${secret}@h`,
    `kg: *${secret}`,
    `url: admin:${secret}@h`,
    `url: lanplus://admin:${secret}%zz@h`,
    `url: lanplus://admin:a ${secret}@bad host`,
  ]

  it('of hosts.yaml is in no error, its cause or its stack, which tells the line', () => {
    for (const field of fields) {
      for (const text of [`hosts:\n  a:\n    ${field}\n`, `hosts:\n  a:\n    { ${field} }\n`]) {
        nameHosts(text)
        assert.throws(
          () => readHostsFile(hostsFile),
          (error: Error) => {
            assert.ok(!inspect(error, { depth: 9 }).includes(secret), inspect(error))
            assert.match(error.message, /hosts\.yaml:\d: /)
            return true
          },
          text,
        )
      }
    }
  })

  it('of a URL is in no error of the library, nor in its cause', async () => {
    for (const url of [`admin:${secret}@h`, `gopher://a:${secret}@h`, `lanplus://a:${secret}@bad host`])
      await assert.rejects(connect(url), (error: Error) => {
        assert.ok(!inspect(error).includes(secret), inspect(error))
        return true
      })
  })
})

describe('hosts list', () => {
  const text = `hosts:
  b: { url: "lanplus://admin:${secret}@127.0.0.1:22001?kg=${secret}&kghex=00" }
  c: { host: bmc.example, passwordEnv: C }
`

  it('shows neither password nor key of a URL, and where the password comes from', () => {
    nameHosts(text)
    for (const format of ['table', 'json', 'ndjson', 'csv', 'yaml']) {
      const { status, stdout, stderr } = lastword('hosts', 'list', '--format', format)
      assert.equal(status, exitStatus.ok, stderr)
      assert.ok(!stdout.includes(secret), stdout)
    }
    const hosts = JSON.parse(lastword('hosts', '--json').stdout) as Record<string, unknown>[]
    assert.deepEqual(
      hosts.map(({ user, passwordFrom }) => [user, passwordFrom]),
      [
        ['admin', 'url'],
        [undefined, 'environment'],
      ],
    )
    assert.match(String(hosts[0]!.url), /^lanplus:\/\/127\.0\.0\.1:22001\?kg=…/)
  })

  it('refuses a URL with a password or a key that others can read', () => {
    for (const url of [`lanplus://admin:${secret}@h`, `lanplus://h?kg=${secret}`]) {
      nameHosts(`hosts:\n  b: { url: "${url}" }\n`)
      chmodSync(hostsFile, 0o644)
      const { status, stderr } = lastword('hosts')
      assert.equal(status, exitStatus.usage)
      assert.match(stderr, /others can read the secrets of "b"/)
    }
  })
})
