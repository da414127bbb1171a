/** What is asked for and is not there, or cannot be, is an error on standard error; a wrong word is told before anything is connected to. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runProgram } from '../lab/kernel/run-program.ts'
import { LanRig, user } from '../lab/lan/rig.ts'
import { exitStatus } from './output.ts'

const main = fileURLToPath(new URL('./main.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'lastword-not-there-'))
after(() => rmSync(folder, { recursive: true }))

async function run(line: string, host = 'sim://', env: Record<string, string> = {}) {
  const { exitCode, stdout, stderr } = await runProgram(
    process.execPath,
    [main, '-H', host, ...line.split(' ')],
    {
      env: { LASTWORD_HOSTS: '/nowhere.yaml', XDG_CACHE_HOME: folder, IPMITOOL_PASSWORD: 'secret', ...env },
    },
  )
  return { status: exitCode, stdout: stdout.toString(), stderr }
}

describe('what is not there', () => {
  const cases: readonly [line: string, status: number, told: RegExp][] = [
    ['fru print 99', exitStatus.refused, /\[COMPLETION_CODE\]/],
    ['sdr get Foo', exitStatus.failed, /no sensor is called "Foo" \[NO_SENSOR\]\n {2}sdr list all names/],
    ['sensor get Foo', exitStatus.failed, /no sensor is called "Foo" \[NO_SENSOR\]\n {2}sensor list names/],
    ['sdr entity foo', exitStatus.usage, /there is no entity "foo" \[USAGE\]/],
    ['sdr entity 300', exitStatus.usage, /not within 0 and 255 \[USAGE\]/],
    ['sdr type Bogus', exitStatus.usage, /there is no type "Bogus" \[USAGE\]\n {2}There are: Temperature, /],
    ['--format ipmitool sdr type temp', exitStatus.failed, /there is no type "temp"/],
    ['--format ipmitool channel info', exitStatus.failed, /"channel info" has no --format ipmitool/],
    ['-T 0x24 -t 0x72 raw 6 1', exitStatus.failed, /is reached over LAN only \[REQUEST_BAD\]/],
  ]
  for (const [line, status, told] of cases) {
    it(`is an error of ${line}, and nothing goes to standard output`, async () => {
      const outcome = await run(line)
      assert.match(outcome.stderr, told)
      assert.deepEqual([outcome.status, outcome.stdout], [status, ''])
    })
  }

  it('is a user behind the last one, and how many there are is said', async () => {
    await using rig = await LanRig.start()
    for (const line of ['user disable 63', 'user enable 63', 'user set password 63 x']) {
      const { status, stderr } = await run(`-p ${rig.port} -U ${user.name} ${line}`, '127.0.0.1', {
        IPMITOOL_PASSWORD: user.password,
      })
      assert.match(stderr, /\[COMPLETION_CODE\]\n {2}The BMC has \d+ users/)
      assert.equal(status, exitStatus.refused)
    }
  })

  it('is no error where nothing has the type or entity that there is', async () => {
    for (const line of ['sdr type Chassis', 'sdr type 0xc5', 'sdr entity 99.1', 'sdr entity processor.77']) {
      const { status, stderr } = await run(line)
      assert.deepEqual([status, stderr], [exitStatus.ok, ''])
    }
  })

  it('is told by ipmitool’s words and status with --format ipmitool fru print', async () => {
    const { status, stdout } = await run('--format ipmitool fru print 99')
    assert.match(stdout, /Device not present/)
    assert.equal(status, exitStatus.failed)
  })
})

describe('sdr entity and sdr type', () => {
  it('take a name with an instance, and a number', async () => {
    const byName = await run('sdr entity processor.1')
    assert.match(byName.stdout, /3\.1 processor/)
    assert.equal((await run('sdr entity 3.1')).stdout, byName.stdout)
    assert.equal((await run('sdr type 0x01')).stdout, (await run('sdr type temperature')).stdout)
  })
})

describe('a wrong word', () => {
  const password = 'p'.repeat(28)
  const cases: readonly [line: string, told: RegExp][] = [
    [`user set password 4 ${password}`, /28 bytes, 20 are the most \[USAGE\]/],
    [`user set password 4 ${password.slice(11)} 16`, /17 bytes, 16 are the most \[USAGE\]/],
    [`lan set 1 password ${password}`, /28 bytes, 20 are the most \[USAGE\]/],
    ['lan set 1 ipaddr 10.0.0.300', /IP Address: "10\.0\.0\.300" is no IPv4 address \[USAGE\]/],
    ['lan set 1 defgw macaddr 12:34', /\[USAGE\]/],
    [
      'sel time set 02/30/2024 03:04:05',
      /"02\/30\/2024 03:04:05" is neither now nor a date that there is \[USAGE\]/,
    ],
    ['sel time set 02/20/2024 25:04:05', /neither now nor a date/],
    ['sel time set 13/20/2024 05:04:05', /neither now nor a date/],
    ['sel time set 2023-02-29T00:00:00Z', /neither now nor a date/],
    [
      'sel time set 2110-01-02T03:04:05Z',
      /is not within 1970-01-01T00:00:00Z and 2106-02-07T06:28:14Z \[USAGE\]/,
    ],
    ['sel time set 01/02/1969 03:04:05', /is not within 1970-01-01T00:00:00Z and/],
    ['session info handle 300', /handle: 300 is not within 1 and 255 \[USAGE\]/],
    ['session info id x', /id: "x" is no whole number \[USAGE\]/],
    ['lan set 1 cipher_privs X', /15 letters, not 1 \[USAGE\]/],
    ['lan set 1 bad_pass_thresh 3 1 70000 60', /reset: 70000 is not within 0 and 65535 \[USAGE\]/],
    [
      'sensor thresh X upper 90 80 70',
      /unc, ucr, unr from the lowest to the highest, not 90 80 70 \[USAGE\]/,
    ],
    ['sensor thresh X lower 1 3 2', /lnr, lcr, lnc from the lowest to the highest, not 1 3 2 \[USAGE\]/],
  ]
  for (const [line, told] of cases) {
    it(`is told before there is a connection: ${line}`, async () => {
      const { status, stderr } = await run(line, 'no-such-host.invalid')
      assert.match(stderr, told)
      assert.equal(status, exitStatus.usage)
    })
  }

  it('of the file of named hosts is told with the page that tells of it', async () => {
    const hosts = join(folder, 'hosts.yaml')
    writeFileSync(hosts, 'hosts:\n  a:\n    hots: b\n')
    const { status, stderr } = await run('mc info', 'a', { LASTWORD_HOSTS: hosts })
    assert.match(stderr, /hosts\.yaml:3: .*\n {2}docs\/cli\.md tells what may stand there\.\n/s)
    assert.equal(status, exitStatus.usage)
  })
})
