/** The completion scripts in the shells themselves, and the manual page. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { itNeeds, needs } from '../../lab/kernel/needs-programs.ts'
import { expectText } from '../../lab/lan/terminal.ts'
import { complete } from './complete.ts'

const main = fileURLToPath(new URL('../main.js', import.meta.url))
const bin = fileURLToPath(new URL('../../bin/lastword.cjs', import.meta.url))
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
    const lines = stdout.replaceAll(/.[\b]/g, '').split('\n')
    for (const flag of ['-H, --host HOST', '--url URL', '-E, --password-env', '--json', '-c, --csv'])
      assert.ok(
        lines.some(line => new RegExp(`^ {5}${flag}( {2}|$)`).test(line)),
        flag,
      )
    for (const line of lines) assert.ok(line.length <= 80 && !/(^|\s)---/.test(line), line)
    assert.match(lines.join(' '), /mc getsysinfo\s+<system_fw_version \| primary_os_name \|.* delloem_url>/)
  })
})

/** What is typed behind the program's name, and what its last word may become. */
const lines: readonly [typed: string, expected: readonly string[] | 'files'][] = [
  ['m', ['man', 'mc']],
  ['lanplus://admin@x mc watchdog s', ['set']],
  ['mc watchdog ', ['get', 'off', 'reset', 'set']],
  ['mc reset ', ['cold', 'warm']],
  ['mc reset cold ', []],
  ['mc setenables oem0=on oem1=', ['oem1=off', 'oem1=on']],
  ['event Fan lcr ', ['assert', 'deassert']],
  ['sdr type ', ['list']],
  ['sel add ', 'files'],
  ['mc info --ya', ['--yaml']],
  ['exec --st', ['--stop']],
  // Values of options, also of the last one of several letters.
  ['-H ', ['rack7']],
  ['-H nobody sel la', ['lastwords']],
  ['-vH ', ['rack7']],
  ['-vH nobody sel l', ['lastwords', 'list']],
  ['-vHnobody sel la', ['lastwords']],
  ['-L ', ['administrator', 'callback', 'operator', 'user']],
  ['mc info --privilege o', ['operator']],
  ['--format js', ['json']],
  ['--format=js', ['--format=json']],
  ['--host=', ['--host=rack7']],
  ['--host=nobody sel la', ['lastwords']],
  ['-S ', 'files'],
  ['--sdr-file=', 'files'],
  ['-P m', []],
  // Commands with options of their own, and the words of mc behind bmc.
  ['bmc in', ['info']],
  ['bmc watchdog s', ['set']],
  ['bmc info --ya', ['--yaml']],
  ['bmc c', ['ctl']],
  ['bmc --s', ['--sol', '--state']],
  ['bmc --l', ['--lan']],
  ['bmc --host ', []],
  ['bmc --config ', 'files'],
  ['bmc ctl --b', ['--bmc']],
  ['bmc ctl ', 'files'],
  ['lab ', ['kernel']],
  ['lab --p', ['--policy']],
  ['lab --policy d', ['drop']],
  ['lab kernel --interface ', ['bt', 'kcs']],
  ['lab kernel --cut dead-bmc late-answer no', ['no-answer']],
  ['lab kernel --cut dead-bmc --traffic s', ['slow']],
  ['lab kernel --svg ', 'files'],
  ['demo -', ['--help', '--json', '-h']],
]

/** The same where a shell has its own ways: how it breaks words, and file names, of which there is one. */
const shellLines: readonly [typed: string, expected: readonly string[]][] = [
  ['m', ['man', 'mc']],
  ['-vH sim:// mc watchdog ', ['get', 'off', 'reset', 'set']],
  ['lanplus://admin@x mc watchdog s', ['set']],
  ['mc setenables oem0=on oem1=of', ['oem1=off']],
  ['mc watchdog set p', ['pretimeout=']],
  ['mc info ', []],
  ['-L ', ['administrator', 'callback', 'operator', 'user']],
  ['--host=ra', ['--host=rack7']],
  ['bmc in', ['info']],
  ['lab --p', ['--policy']],
  ['sel add two', ['two.sel']],
  ['--sdr-file=two', ['--sdr-file=two.sel']],
]

describe('completion', () => {
  const hosts = join(dir, 'hosts.yaml')
  const env = { ...process.env, LASTWORD_HOSTS: hosts, PATH: `${dir}:${process.env.PATH}`, TERM: 'dumb' }

  before(() => {
    const script = `#!/bin/sh\nexec "${process.execPath}" "${bin}" "$@"\n`
    writeFileSync(join(dir, 'lastword'), script, { mode: 0o755 })
    writeFileSync(hosts, 'hosts:\n  rack7:\n    host: x\n')
    writeFileSync(join(dir, 'two.sel'), '')
  })

  for (const [typed, expected] of lines)
    it(`behind "lastword ${typed}" offers ${expected === 'files' ? expected : expected.join(', ') || 'nothing'}`, async () => {
      const found = await complete(typed.split(' '), env)
      const words = found.kind === 'files' ? found.kind : found.words.map(({ word }) => word).sort()
      assert.deepEqual(words, expected)
    })

  /** A shell on a terminal, where each line is typed and then a key that puts all that may follow into it. */
  async function typedInto(shell: string, setUp: string, insertAll: string): Promise<string[][]> {
    const child = spawn('script', ['-qefc', shell, '/dev/null'], { cwd: dir, env })
    const shows = `show() { printf 'SHO''WN'; printf ' <%s>' "$@"; printf '\\n'; }`
    const found: string[][] = []
    try {
      child.stdin.write(`${setUp}; ${shows}; PS1='REA''DY '\n`)
      await expectText(child.stdout, 'READY ')
      for (const [typed] of shellLines) {
        child.stdin.write(`lastword ${typed}${insertAll}${START_OF_LINE}show \r`)
        const shown = await expectText(child.stdout, /SHOWN[\s\S]*READY /)
        const words = /SHOWN(.*)/.exec(shown)?.[1] ?? ''
        found.push([...words.matchAll(/<([^>]*)>/g)].map(([, word]) => word!))
      }
    } finally {
      child.kill()
    }
    return found
  }

  /** The line as it is with all that may stand in place of its last word. */
  const expected = shellLines.map(([typed, words]) => {
    const before = typed.split(' ').slice(0, -1)
    const last = words.length === 0 ? typed.split(' ').slice(-1) : [...words]
    return ['lastword', ...before, ...last.filter(word => word !== '')]
  })

  itNeeds('bash', 'script')('works in bash', async () => {
    const setUp = 'source <(lastword completion bash)'
    assert.deepEqual(await typedInto('bash --norc -i', setUp, ALT_STAR), expected)
  })

  itNeeds('zsh', 'script')('works in zsh', async () => {
    const setUp = [
      'autoload -U compinit; compinit -u -D; source <(lastword completion zsh)',
      "bindkey -e; zle -C all complete-word _generic; bindkey '^[*' all",
      "zstyle ':completion:all:*' completer _all_matches _complete; zstyle ':completion:all:*' insert true",
    ].join('; ')
    const found = await typedInto('zsh -f -i', setUp, ALT_STAR)
    assert.deepEqual(found.map(sortedBehind), expected.map(sortedBehind))
  })

  itNeeds('fish')('works in fish', () => {
    const script = shellLines.map(([typed]) => `echo "> ${typed}"; complete -C 'lastword ${typed}'`)
    const { stdout, stderr } = spawnSync(
      'fish',
      ['--no-config', '-c', `lastword completion fish | source; ${script.join('; ')}`],
      { cwd: dir, env, encoding: 'utf8' },
    )
    assert.equal(stderr, '')
    const found = stdout.split(/^> .*\n/m).slice(1)
    assert.deepEqual(
      found.map(text =>
        text
          .split('\n')
          .map(line => line.split('\t')[0]!)
          .filter(word => word !== '')
          .sort(),
      ),
      shellLines.map(([, words]) => words),
    )
  })

  it('has no names of hosts, and no complaint, where their file is wrong', async () => {
    const wrong = { ...env, LASTWORD_HOSTS: join(dir, 'lastword') }
    assert.deepEqual(await complete(['-H', ''], wrong), { kind: 'words', words: [] })
  })
})

const ALT_STAR = '\x1b*'
const START_OF_LINE = '\x01'

/** zsh puts the first match behind the others. */
function sortedBehind(words: readonly string[]): string[] {
  return [...words].sort()
}
