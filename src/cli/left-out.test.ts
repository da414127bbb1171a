/** What is refused, and what help there is: by reason, with the exit status, on the right stream. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { leftOut } from './left-out.ts'
import { exitStatus } from './output.ts'
import { UsageError } from './params.ts'
import { Session } from './session.ts'

const main = fileURLToPath(new URL('./main.js', import.meta.url))

function lastword(input: string, ...args: string[]) {
  const options = { encoding: 'utf8' as const, input, env: { ...process.env, LASTWORD_HOSTS: '/nowhere' } }
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], options)
  return { status, stdout, stderr }
}

describe('what ipmitool has and this program has not', () => {
  /** In a line of `exec`, for each word of the list. */
  const session = new Session(new Map(), {
    env: {},
    signal: new AbortController().signal,
    print: async () => {},
    warn: () => {},
    report: () => {},
  })
  for (const { words: all, why } of leftOut) {
    it(`${all.join(', ')}: is refused with its reason`, async () => {
      for (const words of all) {
        const line = words.startsWith('-') ? `mc info ${words}` : `${words.replace('ID', '0')} x`
        const error: unknown = await session.run(line.split(' '), 'lines').catch(thrown => thrown)
        assert.ok(error instanceof UsageError, line)
        assert.equal(error.message, `${words}, which ipmitool has, is left out`)
        assert.equal(error.hint?.toLowerCase(), `${why.toLowerCase()}.`)
      }
    })
  }

  it('is told on the command line in two lines, with exit status 2', () => {
    for (const line of [
      ['i2c', 'bus=0', '0xa0'],
      ['-O', 'file', 'mc', 'info'],
    ]) {
      const { status, stdout, stderr } = lastword('', ...line)
      assert.deepEqual([status, stdout], [exitStatus.usage, ''])
      assert.match(stderr, /^lastword: (i2c|-O), which ipmitool has, is left out \[USAGE\]\n {2}[A-Z].*\.\n$/)
    }
  })
})

describe('help', () => {
  it('of a group that stands alone is an error, and told as one', () => {
    for (const line of [['lan'], ['mc', 'watchdog'], ['user', '--json']]) {
      const { status, stdout, stderr } = lastword('', ...line)
      assert.deepEqual([status, stdout], [exitStatus.usage, ''])
      assert.match(stderr, /^lastword: .*: a word is missing \[USAGE\]\n {2}usage: lastword /)
    }
  })

  it('is what is asked for in any of its ways', () => {
    const ways: readonly (readonly [args: readonly string[], shows: RegExp])[] = [
      [['help'], /^ {2}chassis /m],
      [['help', 'lan', 'set'], /^usage: .* lan set <CHANNEL>/m],
      [['lan', 'set', 'help'], /^usage: .* lan set <CHANNEL>/m],
      [['lan', 'help'], /^usage: .* lan <command>/m],
      [['mc', 'watchdog', 'set', '-h'], /^ {4}action=reset\|poweroff\|cycle\|none +\S/m],
      [['chassis', 'bootdev', 'pxe', 'options=help'], /^ {4}options=valid\|/m],
      [['help', 'lab'], /^Usage: lastword lab /m],
      [['bmc', 'guid', 'help'], /^usage: .* mc guid /m],
    ]
    for (const [args, shows] of ways) {
      const { status, stdout, stderr } = lastword('', ...args)
      assert.deepEqual([status, stderr], [exitStatus.ok, ''], args.join(' '))
      assert.match(stdout, shows)
    }
  })
})

describe('set', () => {
  it('gives flags to the lines that follow, and those of the connection only before it is made', () => {
    const input =
      'set hostname sim://\nset csv\nmc info\nset csv 0\nmc guid\nset verbose\nmc guid\nset port 7\n'
    const { status, stdout, stderr } = lastword(input, 'exec')
    assert.match(stdout, /^device ID,device revision,[\s\S]*^GUID {2}/m)
    assert.equal(stderr.match(/mc guid: one request/g)?.length, 1)
    assert.match(stderr, /the connection is made already/)
    assert.equal(status, exitStatus.usage)
  })

  it('echo prints its words, help too', () => {
    assert.equal(lastword('', 'echo', 'help').stdout, 'help\n')
  })
})
