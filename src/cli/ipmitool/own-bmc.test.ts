/** `--format ipmitool` beside ipmitool on `lastword bmc --lan`, a process of its own: the same bytes and the same exit status. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { describeNeeds } from '../../lab/kernel/needs-programs.ts'
import { runProgram } from '../../lab/kernel/run-program.ts'

const lastword = fileURLToPath(new URL('../../bin/lastword.cjs', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'lastword-format-'))
after(() => rmSync(dir, { recursive: true }))

/** Nothing in it changes by itself, for ipmitool and Lastword look one after the other. */
const config = `
sensors:
  - { kind: analog, name: Temp 1, type: Temperature, unit: degrees C, value: 25, thresholds: { upperCritical: 90 } }
  - { kind: analog, name: Fan 1, type: Fan, unit: RPM, resolution: 100, value: 7000, thresholds: { lowerCritical: 1000 } }
  - { kind: discrete, name: PSU 1, type: Power Supply, states: [0, 1] }
frus:
  - { id: 0, name: Server, product: { manufacturer: Example, name: Node } }
  - { id: 3, name: Riser, product: { manufacturer: Example, name: Riser } }
`

const commands = [
  ...['mc info', 'chassis status', 'sdr list', 'sdr elist', 'sdr elist all', 'sensor list', '-c sensor list'],
  ...[
    'sel info',
    'sel list',
    'sel elist',
    '-c sel elist',
    'sel list 1',
    'fru print',
    'fru print 0',
    'fru print 3',
  ],
  ...['lan print', 'lan print 1', 'user list', 'user list 1', '-c user list'],
  // What is not there, and what is wrong.
  ...['fru print 7', 'fru print 300', 'user list 9', '-c user list 9', 'lan print 5', 'sdr list foo'],
]

describeNeeds('ipmitool')('lastword --format ipmitool on lastword bmc', () => {
  let bmc: ChildProcess
  let port: string
  const password = 'secret123'
  const env = {
    TZ: 'Europe/Berlin',
    IPMITOOL_PASSWORD: password,
    IPMI_PASSWORD: password,
    XDG_CACHE_HOME: dir,
  }
  const login = () => ['-I', 'lanplus', '-H', '127.0.0.1', '-p', port, '-U', 'admin', '-E']
  const ours = (...words: string[]) =>
    runProgram(process.execPath, [lastword, ...login(), '--format', 'ipmitool', ...words], { env })
  const theirs = (...words: string[]) => runProgram('ipmitool', [...login(), ...words], { env })

  before(async () => {
    writeFileSync(join(dir, 'bmc.yaml'), config)
    writeFileSync(join(dir, 'password'), password, { mode: 0o600 })
    const files = ['--config', join(dir, 'bmc.yaml'), '--password-file', join(dir, 'password')]
    const args = ['bmc', '--lan', '127.0.0.1:0', '--user', 'admin', ...files, '--json']
    bmc = spawn(process.execPath, [lastword, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(createInterface({ input: bmc.stdout! }), 'line')) as [string]
    port = (JSON.parse(line) as { lan: string }).lan.split(':')[1]!
    for (const event of ['1', '2', '3']) await theirs('event', event)
  })
  after(() => bmc.kill())

  for (const command of commands) {
    it(`${command} is what ipmitool prints, and ends as it does`, async () => {
      const words = command.split(' ')
      const [our, their] = await Promise.all([ours(...words), theirs(...words)])
      assert.equal(our.stdout.toString('latin1'), their.stdout.toString('latin1'))
      assert.equal(our.exitCode, their.exitCode, our.stderr)
      assert.doesNotMatch(our.stderr, /\n\s+at /)
    })
  }

  it('-v is refused, and what has no such format is not run', async () => {
    for (const words of [
      ['-v', 'sdr', 'list'],
      ['sel', 'list', '-v'],
      ['power', 'off'],
    ]) {
      const { exitCode, stdout, stderr } = await ours(...words)
      assert.deepEqual([exitCode, stdout.length], [1, 0])
      assert.match(stderr, /--format ipmitool.*\[USAGE\]/)
    }
    assert.match((await theirs('power', 'status')).stdout.toString(), /is on/)
  })
})
