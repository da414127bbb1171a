/** The completion scripts in the shells themselves, and the manual page. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { needs } from '../../lab/kernel/needs-programs.ts'

const main = fileURLToPath(new URL('../main.js', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'lastword-completion-'))
after(() => rmSync(dir, { recursive: true }))

describe('the manual page', () => {
  const page = () => spawnSync(process.execPath, [main, 'man'], { encoding: 'utf8' }).stdout

  it('has nothing that mandoc complains about', needs('mandoc'), () => {
    const { stdout } = spawnSync('mandoc', ['-Tlint', '-Wstyle'], { input: page(), encoding: 'utf8' })
    // Whether other pages are installed is not this page's business.
    const complaints = stdout.split('\n').filter(line => line !== '' && !line.includes('mandoc.db'))
    assert.deepEqual(complaints, [])
  })

  it('has nothing that groff complains about, either', needs('groff'), () => {
    const { stderr } = spawnSync('groff', ['-mandoc', '-Tutf8', '-ww'], { input: page(), encoding: 'utf8' })
    assert.equal(stderr, '')
  })

  it('shows each flag as it is typed, in lines of a terminal', needs('mandoc'), () => {
    const { stdout } = spawnSync('mandoc', ['-Tascii'], { input: page(), encoding: 'utf8' })
    // A letter in bold comes twice, with a step back between.
    const lines = stdout.replaceAll(new RegExp('.\b', 'g'), '').split('\n')
    for (const flag of ['-H, --host HOST', '--url URL', '-E, --password-env', '--json', '-c, --csv'])
      assert.ok(
        lines.some(line => new RegExp(`^ {5}${flag}( {2}|$)`).test(line)),
        flag,
      )
    for (const line of lines) assert.ok(line.length <= 80 && !/(^|\s)---/.test(line), line)
    assert.match(lines.join(' '), /mc getsysinfo\s+<system_fw_version \| primary_os_name \|.* delloem_url>/)
  })
})

/** A shell that finds `lastword` in its path. */
function inShell(shell: string, script: string) {
  const bin = join(dir, 'lastword')
  writeFileSync(bin, `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`)
  chmodSync(bin, 0o755)
  const hosts = join(dir, 'complete.yaml')
  writeFileSync(hosts, 'hosts:\n  rack7:\n    host: x\n')
  const args =
    shell === 'zsh'
      ? ['-f', '-c', script]
      : shell === 'fish'
        ? ['--no-config', '-c', script]
        : ['--norc', '-c', script]
  const { stdout, stderr } = spawnSync(shell, args, {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${dir}:${process.env.PATH}`, LASTWORD_HOSTS: hosts, HOME: dir },
  })
  assert.equal(stderr, '')
  return stdout.split('\n').filter(line => line !== '')
}

describe('completion', () => {
  const lines: readonly [words: readonly string[], expected: readonly string[]][] = [
    [['m'], ['man', 'mc']],
    [
      ['-H', 'sim://', 'mc', 'watchdog', ''],
      ['get', 'off', 'reset', 'set'],
    ],
    [
      ['mc', 'reset', ''],
      ['cold', 'warm'],
    ],
    [
      ['mc', 'setenables', 'oem0=on', 'oem1='],
      ['oem1=off', 'oem1=on'],
    ],
    [['mc', 'watchdog', 'set', 'p'], ['pretimeout=']],
    [
      ['event', 'Fan', 'lcr', ''],
      ['assert', 'deassert'],
    ],
    [['sdr', 'type', ''], ['list']],
    [['-H', ''], ['rack7']],
    [['--format', 'js'], ['json']],
    [['mc', 'info', '--ya'], ['--yaml']],
  ]

  it('works in bash', needs('bash'), () => {
    for (const [words, expected] of lines) {
      const all = ['lastword', ...words]
      const script = `source <(lastword completion bash); COMP_WORDS=(${all.map(word => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _lastword; printf '%s\\n' "\${COMPREPLY[@]}"`
      assert.deepEqual(inShell('bash', script).sort(), [...expected].sort())
    }
  })

  it('completes NAME=VALUE where = breaks words, as bash breaks them', needs('bash'), () => {
    const script = (...words: string[]) =>
      `source <(lastword completion bash); COMP_WORDS=(lastword mc watchdog set ${words.join(' ')}); COMP_CWORD=${words.length + 3}; _lastword; printf '%s\\n' "\${COMPREPLY[@]}"`
    assert.deepEqual(inShell('bash', script('timeout=5', 'int', '=')), ['smi', 'nmi', 'msg'])
    assert.deepEqual(inShell('bash', script('int', '=', 'm')), ['msg'])
  })

  it('works in fish', needs('fish'), () => {
    for (const [words, expected] of lines) {
      const script = `lastword completion fish | source; complete -C 'lastword ${words.join(' ')}'`
      const found = inShell('fish', script).map(line => line.split('\t')[0]!)
      assert.deepEqual([...new Set(found)].sort(), [...expected].sort())
    }
  })

  it('works in zsh', needs('zsh'), () => {
    for (const [words, expected] of lines) {
      // The script is run as zsh runs a completer; what it would add is printed.
      const script = `
        compdef() { : }
        compadd() { [[ $1 == -a ]] && shift; for name in "$@"; do for word in \${(P)name}; do [[ $word == "$words[CURRENT]"* ]] && print -r -- $word; done; done }
        _describe() { for word in \${(P)2}; do [[ $word == "$words[CURRENT]"* ]] && print -r -- \${word%%:*}; done }
        _files() { : }
        source <(lastword completion zsh)
        words=(lastword ${words.map(word => `'${word}'`).join(' ')}); CURRENT=${words.length + 1}
        _lastword`
      assert.deepEqual(inShell('zsh', script).sort(), [...expected].sort())
    }
  })
})
