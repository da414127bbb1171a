/** `lastword shell` as somebody at a terminal meets it, and as a program that writes lines into it. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { itNeeds } from '../lab/kernel/needs-programs.ts'
import { type Step, transcript } from '../lab/lan/terminal.ts'
import { exitStatus } from './output.ts'

const main = fileURLToPath(new URL('./main.js', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'lastword-shell-'))
after(() => rmSync(dir, { recursive: true }))
const env = { ...process.env, LASTWORD_HOSTS: join(dir, 'none.yaml'), XDG_STATE_HOME: dir }

describe('lastword shell', () => {
  it('runs each line over one connection, tells what is wrong and goes on, and ends with exit', async () => {
    const child = spawn(process.execPath, [main, '-H', 'sim://', 'shell'], { env })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', text => (stdout += String(text)))
    child.stderr.on('data', text => (stderr += String(text)))
    child.stdin.end(
      [
        'user set name 5 "anna o"',
        'mc nothing',
        'raw 6 0x77',
        "mc 'guid",
        'dance',
        'sol activate --take-over',
        'exec -',
        'shell',
        '',
        '# a remark',
        'user list 1 --json',
        'exit',
        'mc info',
      ].join('\n'),
    )
    const [status] = (await once(child, 'close')) as [number]
    assert.equal(status, 0)
    // What one line sets the next one sees: it is one BMC.
    assert.match(stdout, /"name": "anna o"/)
    assert.doesNotMatch(stdout, /lastword>|IPMI version/)
    assert.match(
      stderr,
      /no "nothing"[\s\S]*0xC1[\s\S]*a ' is left open[\s\S]*no command "dance"[\s\S]*sol activate reads standard input, which shell has[\s\S]*exec reads[\s\S]*shell reads/,
    )
    assert.doesNotMatch(stderr, /\n\s+at /)
  })

  it('ends with the one error before the first line where the BMC that is named cannot be reached', async () => {
    const child = spawn(process.execPath, [main, '-H', 'no-such-host.invalid', 'shell'], {
      env: { ...env, IPMITOOL_PASSWORD: 'x' },
    })
    child.stdin.on('error', () => {}).end('mc guid\nmc guid\n')
    let stderr = ''
    child.stderr.on('data', text => (stderr += String(text)))
    const [status] = (await once(child, 'close')) as [number]
    assert.equal(status, exitStatus.unreachable)
    assert.equal(stderr.match(/HOST_UNKNOWN/g)?.length, 1)
  })

  it('tries each line anew until there is a connection where no BMC is named', () => {
    const input = [
      'mc guid',
      'set hostname no-such-host.invalid',
      'mc guid',
      'set hostname sim://',
      'mc guid',
    ]
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, '-P', 'x', 'shell'], {
      env,
      input: input.join('\n'),
      encoding: 'utf8',
    })
    assert.match(stderr, /which BMC\?[\s\S]*HOST_UNKNOWN/)
    assert.match(stdout, /^GUID {2}/m)
    assert.equal(status, exitStatus.ok)
  })
})

const itTypes = itNeeds('script', 'stty')

const PROMPT = 'lastword> '

function session(...steps: readonly Step[]): Promise<string> {
  return transcript(`${process.execPath} ${main} -H sim:// shell; echo "status $?"; stty -a`, steps, env)
}

describe('lastword shell on a terminal', () => {
  itTypes('completes with Tab, empties the line with Ctrl-C, and ends with Ctrl-D', async () => {
    const shown = await session(
      [PROMPT, 'raw 6 0x77'],
      ['0x77', '\x03'],
      [PROMPT, 'mc gu'],
      ['gu', '\t'],
      ['id', '\r'],
      [PROMPT, '\x04'],
    )
    assert.match(shown, /order of bytes/)
    assert.doesNotMatch(shown, /0xC1/)
    assert.match(shown, /status 0/)
    assert.match(shown, / echo /)
  })

  itTypes('asks for no secret, whose letters would be taken for the next line', async () => {
    const shown = await session(
      [PROMPT, 'user set password 5\r'],
      ['cannot be asked for while shell reads the keys', 'raw 6 1\r'],
      ['20 01', '\x04'],
    )
    assert.match(shown, /\[USAGE\][\s\S]*status 0/)
  })

  itTypes('brings back what was typed in an earlier run, and never a password', async () => {
    const up = '\x1b[A'
    const secret = 'user set password 5 hunter22\r'
    const first = await session(
      [PROMPT, 'raw 6 1\r'],
      [PROMPT, secret],
      [PROMPT, 'usr set password 5 hunter22\r'],
      [PROMPT, 'exit\r'],
    )
    assert.match(first, /has a new password[\s\S]*no command "usr"/)
    const file = join(dir, 'lastword', 'history')
    assert.equal(statSync(file).mode & 0o777, 0o600)
    const kept = readFileSync(file, 'utf8')
    assert.match(kept, /^raw 6 1$/m)
    assert.doesNotMatch(kept, /hunter22/)
    const second = await session([PROMPT, up], ['raw 6 1', '\r'], [PROMPT, 'exit\r'])
    assert.match(second, / 20 01 01/)
    // Nor within one run: the line before it comes back.
    const third = await session([PROMPT, secret], [PROMPT, up], ['raw 6 1', '\r'], [PROMPT, 'exit\r'])
    assert.equal(third.match(/has a new password/g)?.length, 1)
    assert.match(third, / 20 01 01/)
  })
})
