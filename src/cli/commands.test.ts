/** The command line as a user sees it: words in, text and exit status out, on a simulated BMC inside the process. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { exitStatus } from './output.ts'

const main = fileURLToPath(new URL('./main.js', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'lastword-cli-'))
after(() => rmSync(dir, { recursive: true }))

/** Without a password that the one who runs the tests may have set. */
const { IPMITOOL_PASSWORD: _1, IPMI_PASSWORD: _2, ...environment } = process.env

function lastwordWith(env: Record<string, string>, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    env: { ...environment, LASTWORD_HOSTS: join(dir, 'none.yaml'), ...env },
  })
  return { status, stdout, stderr }
}

function lastword(...args: string[]) {
  return lastwordWith({}, ...args)
}

describe('output', () => {
  it('gives the same data in every format', () => {
    assert.match(lastword('-H', 'sim://', 'mc', 'info').stdout, /^IPMI version +2\.0$/m)
    const json = JSON.parse(lastword('-H', 'sim://', 'mc', 'info', '--json').stdout) as Record<
      string,
      unknown
    >
    assert.equal(json.ipmiVersion, '2.0')
    const row = lastword('-H', 'sim://', '--ndjson', 'mc', 'info').stdout
    assert.deepEqual(JSON.parse(row), json)
    assert.match(lastword('-H', 'sim://', 'mc', 'info', '--yaml').stdout, /^ipmiVersion: "2\.0"$/m)
    const [head, values] = lastword('-H', 'sim://', 'mc', 'info', '-c').stdout.split('\n')
    assert.match(head!, /^device ID,device revision,/)
    assert.match(values!, /"[^"]*SEL, [^"]*"/)
  })

  it('shows every time in one way: to the second, null where there is none or it is after the start only', () => {
    const lines = [
      'sdr info',
      'pef status',
      'event 1',
      'sel info',
      'pef status',
      'sel list',
      'sel time get',
      'fru print 0',
      'dcmi power reading',
      'chassis bootparam get 6',
      'sel time set 1970-01-02',
      'sel clear',
      'sel info',
    ]
    const file = join(dir, 'times')
    writeFileSync(file, lines.join('\n'))
    const { stdout } = lastword('-H', 'sim://', '--json', 'exec', file)
    const times = [...stdout.matchAll(/"(?:time|last\w+ed|\w+Made)": (.*?),?\n/g)].map(([, time]) => time!)
    for (const time of times) assert.match(time, /^(null|"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")$/)
    const told = times.map(time => (time === 'null' ? '-' : '+')).join('')
    assert.equal(told, '+--+-+++++--+-')
    assert.match(stdout, /"lastErasedSecondsSinceStart": 86400/)
    const shown = lastword('-H', 'sim://', 'exec', file).stdout
    assert.match(shown, /^last SEL addition +none$/m)
    assert.match(shown, /^last addition +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/m)
    assert.match(shown, /^last erasure +86400 s after the start$/m)
  })

  it('prints raw bytes as ipmitool does', () => {
    assert.match(lastword('-H', 'sim://', 'raw', '0x06', '1').stdout, /^ 20( [0-9a-f]{2}){10,14}\n$/)
  })
})

describe('a URL in place of a command', () => {
  it('says where it goes to; flags stand before or behind it', () => {
    const { stdout } = lastword('-H', 'sim://', '--json', 'mc', 'info')
    for (const words of [
      ['sim://', '--json', 'mc', 'info'],
      ['--json', 'sim://', 'mc', 'info'],
      ['sim://', 'mc', 'info', '--json'],
    ])
      assert.equal(lastword(...words).stdout, stdout)
  })
})

describe('the installed command', () => {
  const bin = fileURLToPath(new URL('../bin', import.meta.url))
  const run = (folder: string, ...args: string[]) =>
    spawnSync(process.execPath, [join(folder, 'lastword.cjs'), ...args], { encoding: 'utf8' })

  it('works with what V8 has kept of it, and without', () => {
    const copy = join(dir, 'package', 'dist', 'bin')
    cpSync(bin, copy, { recursive: true })
    cpSync(join(bin, '../../package.json'), join(dir, 'package', 'package.json'))
    for (const spoil of [() => {}, () => truncateSync(join(copy, 'whole.cache'), 1000)]) {
      spoil()
      assert.match(run(copy, '--version').stdout, /^\d+\.\d+\.\d+\n$/)
      const { status, stdout } = run(copy, '-H', 'sim://', '--json', 'mc', 'info')
      assert.equal(status, 0)
      assert.equal((JSON.parse(stdout) as { ipmiVersion: string }).ipmiVersion, '2.0')
      assert.equal(run(copy, 'nonsense').status, exitStatus.usage)
    }
  })
})

describe('exit statuses', () => {
  const cases: readonly [name: string, status: number, args: readonly string[], line: RegExp][] = [
    ['done', exitStatus.ok, ['-H', 'sim://', 'mc', 'guid'], /^$/],
    ['an unknown command', exitStatus.usage, ['mcc'], /no command "mcc".*\n {2}Did you mean "mc"\?/],
    ['an unknown subcommand', exitStatus.usage, ['mc', 'inof'], /Did you mean "mc info"\?/],
    ['an unknown flag', exitStatus.usage, ['mc', 'info', '--jsno'], /Did you mean --json\?/],
    ['a missing argument', exitStatus.usage, ['mc', 'reset'], /mc reset: kind is missing/],
    ['a wrong argument', exitStatus.usage, ['mc', 'reset', 'hot'], /"hot" is none of cold, warm/],
    [
      'a name that is too long',
      exitStatus.usage,
      ['-H', 'sim://', 'user', 'set', 'name', '3', 'ä'.repeat(9)],
      /name: it has 18 bytes, 16 is the most/,
    ],
    [
      'two formats',
      exitStatus.usage,
      ['-H', 'sim://', 'mc', 'info', '--json', '--yaml'],
      /exclude each other/,
    ],
    ['a wrong URL', exitStatus.usage, ['-H', 'gopher://x', 'mc', 'info'], /gopher/],
    [
      'no port to the registers',
      exitStatus.unreachable,
      ['-H', 'kcs:///nowhere', 'mc', 'info'],
      /cannot be opened/,
    ],
    ['a refused command', exitStatus.refused, ['-H', 'sim://', 'raw', '6', '0x77'], /0xC1, invalid command/],
    [
      'no password',
      exitStatus.loginRefused,
      ['-H', '127.0.0.1', '-E', 'mc', 'info'],
      /no password: IPMITOOL_PASSWORD/,
    ],
  ]
  for (const [name, expected, args, line] of cases) {
    it(`is ${expected} for ${name}, with one clear line`, () => {
      const { status, stderr } = lastword(...args)
      assert.equal(status, expected, stderr)
      assert.match(stderr, line)
      assert.doesNotMatch(stderr, /\n\s+at /)
      assert.ok(stderr.split('\n').length <= 3, stderr)
    })
  }
})

describe('--trace', () => {
  it('tells each request and response in words, and no secret', () => {
    const { stdout, stderr } = lastword('-H', 'sim://', 'mc', 'guid', '--trace', '--json')
    assert.match(
      stderr,
      /^→ #1 App\/Get Device GUID request\n← [\d.]+ ms #1 App\/Get Device GUID response; guid: /,
    )
    assert.ok('guid' in (JSON.parse(stdout) as object))
    const secret = lastword('-H', 'sim://', '-q', 'user', 'set', 'password', '2', 'sEcr3t', '--trace')
    assert.match(secret.stderr, /Set User Password request/)
    assert.doesNotMatch(secret.stderr, /sEcr3t|734563723374/)
  })
})

describe('what a BMC says', () => {
  it('does not steer the terminal', () => {
    const config = join(dir, 'evil.yaml')
    writeFileSync(
      config,
      'frus:\n  - { id: 0, name: Server, product: { manufacturer: "\\x1b[31mX\\a", name: N } }\n',
    )
    const { status, stdout, stderr } = lastword('-H', `sim://?config=${config}`, 'fru', 'print')
    assert.equal(status, 0, stderr)
    assert.match(stdout, /\\x1b\[31mX\\x07/)
  })

  it('is shown also where a user name is no UTF-8', () => {
    const file = join(dir, 'latin1')
    writeFileSync(file, `raw 6 0x45 3 0x6a 0xfc 0x72${' 0'.repeat(13)}\nuser list 1\n`)
    const { stdout, stderr } = lastword('-H', 'sim://', 'exec', file)
    assert.match(stdout, /^ 3 {2}j\\xfcr/m, stderr)
  })
})

describe('exec', () => {
  it('runs lines over one connection and tells the lines that fail', () => {
    const file = join(dir, 'lines')
    writeFileSync(file, "mc watchdog off # a remark\n\nraw 6 0x77\nmc 'reset' lukewarm\nmc guid --json\n")
    const { status, stdout, stderr } = lastword('-H', 'sim://', 'exec', file)
    assert.equal(status, exitStatus.refused)
    assert.match(stdout, /^The watchdog is off\.\n\{\n {2}"guid"/)
    assert.match(stderr, /0xC1[\s\S]*"lukewarm" is none of cold, warm[\s\S]*2 of 5 lines failed/)
    const stopped = lastword('-H', 'sim://', 'exec', file, '--stop')
    assert.equal(stopped.status, exitStatus.refused)
    assert.doesNotMatch(stopped.stdout, /guid/)
    assert.match(lastword('exec', join(dir, 'nowhere')).stderr, /nowhere cannot be read/)
  })
})

describe('named hosts', () => {
  const file = join(dir, 'hosts.yaml')
  const withHosts = (text: string, ...args: string[]) => {
    writeFileSync(file, text)
    chmodSync(file, 0o600)
    return lastwordWith({ LASTWORD_HOSTS: file }, ...args)
  }

  it('are found by -H and listed', () => {
    const text = 'hosts:\n  here:\n    url: sim://\n  there:\n    host: 10.0.0.7\n    user: root\n'
    assert.match(withHosts(text, '-H', 'here', 'mc', 'info').stdout, /IPMI version/)
    assert.match(withHosts(text, 'hosts').stdout, /here +sim:[\s\S]*there +lanplus:\/\/10\.0\.0\.7 +root/)
  })

  it('tell what is wrong with line and field', () => {
    const wrong: readonly [text: string, line: RegExp][] = [
      ['hosts:\n  a:\n    host: x\n    port: 70000\n', /hosts\.yaml:4: hosts\.a\.port: /],
      ['hosts:\n  a:\n    host: x\n    usr: me\n', /hosts\.yaml:4: hosts\.a\.usr: there is no such field/],
      ['hosts:\n  a:\n    host: x\nhost:\n  b: 1\n', /hosts\.yaml:4: host: there is no such field/],
      ['hosts:\n  a:\n    user: me\n', /hosts\.yaml:2: hosts\.a: a host has either url or host/],
      ['hosts:\n  a:\n    host: x:623\n', /hosts\.yaml:3: hosts\.a\.host: it takes a name or an address; /],
      ['hosts:\n  a: [\n', /hosts\.yaml:\d: /],
    ]
    for (const [text, line] of wrong) {
      const { status, stderr } = withHosts(text, '-H', 'a', 'mc', 'info')
      assert.equal(status, exitStatus.usage)
      assert.match(stderr, line)
    }
  })

  it('refuse a password that others can read', () => {
    writeFileSync(file, 'hosts:\n  a:\n    host: x\n    password: pass-word-1\n')
    chmodSync(file, 0o644)
    const { status, stderr } = lastwordWith({ LASTWORD_HOSTS: file }, '-H', 'a', 'mc', 'info')
    assert.equal(status, exitStatus.usage)
    assert.match(stderr, /others can read the secrets of "a"/)
    assert.doesNotMatch(stderr, /pass-word-1/)
  })
})
