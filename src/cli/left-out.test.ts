/** What is refused, and what help there is: by reason, with the exit status, on the right stream. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { leftOut } from './left-out.ts'
import { exitStatus } from './output.ts'

const main = fileURLToPath(new URL('./main.js', import.meta.url))

function lastword(input: string, ...args: string[]) {
  const options = { encoding: 'utf8' as const, input, env: { ...process.env, LASTWORD_HOSTS: '/nowhere' } }
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], options)
  return { status, stdout, stderr }
}

describe('what ipmitool has and this program has not', () => {
  const lines: readonly (readonly string[])[] = [
    ['i2c', 'bus=0', '0xa0'],
    ['fru', 'get', '0', 'oem'],
    ['fru', 'edit', '0', 'oem', 'iana'],
    ['sol', 'activate', 'nokeepalive'],
    ['dcmi', 'oob_discover'],
    ['-O', 'file', 'mc', 'info'],
    ['-I', 'imb', 'mc', 'info'],
    ['-H', 'bmc.example', '-A', 'MD2', 'mc', 'info'],
  ]
  for (const line of lines) {
    it(`${line.join(' ')} is refused with its reason`, () => {
      const { status, stdout, stderr } = lastword('', ...line)
      assert.equal(status, exitStatus.usage)
      assert.equal(stdout, '')
      const [, words = ''] = /^lastword: (.*), which ipmitool has, is left out \[USAGE\]$/m.exec(stderr) ?? []
      const { why } = leftOut.find(entry => entry.words.includes(words))!
      assert.ok(stderr.toLowerCase().includes(why.toLowerCase()), stderr)
      assert.equal(stderr.trimEnd().split('\n').length, 2)
    })
  }
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
