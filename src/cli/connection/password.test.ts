/** Passwords from the keyring and from a terminal, each tried for real: a program on PATH, and a terminal that `script` makes. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { itNeeds } from '../../lab/kernel/needs-programs.ts'
import { runProgram } from '../../lab/kernel/run-program.ts'
import { LanRig, user } from '../../lab/lan/rig.ts'
import { exitStatus } from '../output.ts'

const main = fileURLToPath(new URL('../main.js', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'lastword-password-'))
after(() => rmSync(dir, { recursive: true }))

const { IPMITOOL_PASSWORD: _1, IPMI_PASSWORD: _2, ...environment } = process.env
const env = { ...environment, LASTWORD_HOSTS: join(dir, 'hosts.yaml'), XDG_CACHE_HOME: dir }
const itTypes = itNeeds('script', 'stty')

/** A terminal on which a line for the shell runs; `type` is called with what to do once the question is there. */
async function onTerminal(line: string, typed: string): Promise<string> {
  const child = spawn('script', ['-qefc', line, '/dev/null'], {
    env: { ...env, PATH: `${dir}:${process.env.PATH}` },
  })
  let shown = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    const wasAsked = shown.includes('assword')
    shown += text
    if (!wasAsked && shown.includes('assword')) child.stdin.write(typed)
  })
  await once(child, 'close')
  return shown
}

/** What the terminal is set to after the command, and how that ended. */
const afterwards = 'echo "status $?"; stty -a'

function guid(port: number, flags = ''): string {
  return `${process.execPath} ${main} -H 127.0.0.1 -p ${port} -U ${user.name} ${flags} mc guid; ${afterwards}`
}

function assertRestored(shown: string): void {
  for (const word of ['isig', 'icanon', 'echo']) assert.match(shown, new RegExp(`[ ;\n]${word} `), shown)
}

describe('the prompt for a password', () => {
  itTypes(
    'shows nothing of what is typed, mends mistakes, and gives the terminal back as it was',
    async () => {
      await using rig = await LanRig.start()
      const { password } = user
      for (const typed of [`${password}\r`, `${password}XX\x7f\x7f\r`, `wrong\x15${password}\n`]) {
        // Standard input is not the terminal.
        const shown = await onTerminal(`${guid(rig.port, '-a').replace(';', ' < /dev/null;')}`, typed)
        assert.match(shown, new RegExp(`Password for ${user.name} on 127\\.0\\.0\\.1: `))
        assert.match(shown, /GUID[\s\S]*status 0/)
        assert.ok(!shown.includes(password.slice(0, 4)), shown)
        assertRestored(shown)
      }
    },
  )

  itTypes('ends with 130 on Ctrl-C and on SIGTERM, with 4 on Ctrl-D and without a password', async () => {
    await using rig = await LanRig.start()
    const cases: readonly [typed: string, status: number, line: RegExp][] = [
      ['pA55\x03', exitStatus.interrupted, /\[ABORTED\]/],
      ['\x04', exitStatus.loginRefused, /\[NO_PASSWORD\]/],
      ['\r', exitStatus.loginRefused, /\[BAD_PASSWORD\]/],
    ]
    for (const [typed, status, line] of cases) {
      const shown = await onTerminal(guid(rig.port), typed)
      assert.match(shown, line)
      assert.match(shown, new RegExp(`status ${status}`))
      assert.doesNotMatch(shown, /pA55|\n\s+at /)
      assertRestored(shown)
    }
    const told = await onTerminal(`timeout --foreground 2 ${guid(rig.port)}`, '')
    assert.match(told, /interrupted/)
    assertRestored(told)
  })

  itTypes('says which password it is for', async () => {
    const commands = [
      ['user set password 2', 'New password: '],
      ['user test 2 16', 'Password to test: '],
    ]
    for (const [command, question] of commands)
      assert.match(
        await onTerminal(`${process.execPath} ${main} -H sim:// ${command}`, 'x\r'),
        new RegExp(`^${question}`),
      )
  })

  it('is not waited for where there is no terminal, and how else to give what is asked for is told', async () => {
    const cases: readonly [line: string, hint: RegExp][] = [
      ['-H x -a mc guid', /Set IPMITOOL_PASSWORD, give -f FILE or -a/],
      ['-H x -Y mc guid', /Give it with -k, -y or -K\./],
      ['-H sim:// user set password 3', /Give it as a word of the command/],
      ['-H sim:// user test 2 20', /Give it as a word of the command/],
    ]
    for (const [line, hint] of cases) {
      const { exitCode, stderr } = await runProgram(
        'setsid',
        ['-w', process.execPath, main, ...line.split(' ')],
        { env: { ...env, PATH: dir } },
      )
      assert.equal(exitCode, exitStatus.loginRefused)
      assert.match(stderr, /no terminal to ask on \[NO_PASSWORD\]/)
      assert.match(stderr, hint)
    }
  })
})

describe('the environment', () => {
  const { password } = user
  const cases: readonly [set: NodeJS.ProcessEnv, isRight: boolean][] = [
    [{ IPMITOOL_PASSWORD: password, IPMI_PASSWORD: 'wrong' }, true],
    [{ IPMITOOL_PASSWORD: 'wrong', IPMI_PASSWORD: password }, false],
    [{ IPMITOOL_PASSWORD: '', IPMI_PASSWORD: password }, false],
    [{ IPMI_PASSWORD: password }, true],
  ]

  /** What becomes of each case with a program that is given these words. */
  async function outcomes(program: string, words: readonly string[]): Promise<boolean[]> {
    await using rig = await LanRig.start()
    const where = ['-H', '127.0.0.1', '-p', String(rig.port), '-U', user.name]
    const found: boolean[] = []
    for (const [set] of cases) {
      const { exitCode } = await runProgram(program, [...words, ...where, 'mc', 'guid'], {
        env: { ...env, ...set },
      })
      found.push(exitCode === 0)
    }
    return found
  }

  const expected = cases.map(([, isRight]) => isRight)

  it('has IPMITOOL_PASSWORD before IPMI_PASSWORD, with and without -E', async () => {
    assert.deepEqual(await outcomes(process.execPath, [main, '-E']), expected)
    assert.deepEqual(await outcomes(process.execPath, [main]), expected)
  })

  it("comes behind a named host's own password, and with -E before it", async () => {
    await using rig = await LanRig.start()
    const url = `lanplus://127.0.0.1:${rig.port}`
    writeFileSync(
      join(dir, 'hosts.yaml'),
      `hosts:\n  own:\n    url: ${url}\n    user: ${user.name}\n    passwordEnv: OWN\n`,
    )
    const status = async (own: string, set: string, ...flags: string[]) => {
      const words = [main, '-H', 'own', ...flags, 'mc', 'guid']
      const passwords = { OWN: own, IPMITOOL_PASSWORD: set }
      return (await runProgram(process.execPath, words, { env: { ...env, ...passwords } })).exitCode
    }
    assert.equal(await status(password, 'wrong'), exitStatus.ok)
    assert.equal(await status(password, 'wrong', '-E'), exitStatus.loginRefused)
    assert.equal(await status('wrong', password, '-E'), exitStatus.ok)
  })

  it('that is named and not set is an error that names it, and no other way is tried', async () => {
    const host = '{ host: 127.0.0.1, user: admin'
    const hosts = `hosts:\n  byName: ${host}, passwordEnv: OWN }\n  own: ${host}, password: own }\n`
    writeFileSync(join(dir, 'hosts.yaml'), hosts, { mode: 0o600 })
    chmodSync(join(dir, 'hosts.yaml'), 0o600)
    const cases: readonly [flags: string[], hint: RegExp][] = [
      [['-H', 'byName'], /OWN: not set \[NO_PASSWORD\]\n {2}Set OWN, /],
      [['-H', 'own', '-E'], /: not set \[NO_PASSWORD\]\n {2}Set IPMITOOL_PASSWORD, /],
    ]
    for (const [flags, hint] of cases) {
      const { exitCode, stderr } = await runProgram(process.execPath, [main, ...flags, 'mc', 'guid'], { env })
      assert.equal(exitCode, exitStatus.loginRefused)
      assert.match(stderr, hint)
    }
  })

  itNeeds('ipmitool')('has them in the order of ipmitool', async () => {
    assert.deepEqual(await outcomes('ipmitool', ['-I', 'lanplus', '-N', '1', '-R', '1', '-E']), expected)
  })
})

/** Stands in for libsecret's program: notes what it is asked, and answers with the password. */
function standIn(answer: string): void {
  const script = `#!/bin/sh\necho "$@" >> ${dir}/asked\n[ "$1" = lookup ] || exit 0\n${answer}\n`
  writeFileSync(join(dir, 'secret-tool'), script, { mode: 0o755 })
}

describe('the keyring', () => {
  const guidWith = (path: string, ...args: string[]) =>
    runProgram('setsid', ['-w', process.execPath, main, ...args, 'mc', 'guid'], {
      env: { ...env, PATH: path },
    })

  it('is asked for host and user, and its password logs in', async () => {
    await using rig = await LanRig.start()
    standIn(`printf %s '${user.password}'`)
    const path = `${dir}:${process.env.PATH}`
    const found = await guidWith(path, '-H', '127.0.0.1', '-p', String(rig.port), '-U', user.name)
    assert.deepEqual([found.exitCode, found.stderr], [0, ''])
    assert.equal(
      readFileSync(join(dir, 'asked'), 'utf8'),
      `lookup service lastword host 127.0.0.1 user ${user.name}\n`,
    )
    const hosts = `hosts:\n  here:\n    url: lanplus://127.0.0.1:${rig.port}\n    user: ${user.name}\n    keyring: true\n`
    writeFileSync(join(dir, 'hosts.yaml'), hosts)
    assert.equal((await guidWith(path, '-H', 'here')).exitCode, 0)
    standIn('exit 1')
    const none = await guidWith(path, '-H', 'here')
    assert.equal(none.exitCode, exitStatus.loginRefused)
    assert.match(none.stderr, /the keyring has none for .* on 127\.0\.0\.1 \[NO_PASSWORD\]/)
    rmSync(join(dir, 'secret-tool'))
    const without = await guidWith('/nowhere', '-H', 'here')
    assert.match(without.stderr, /secret-tool, which reads the keyring, cannot be started/)
  })
})
