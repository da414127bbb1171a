/** What a BMC refuses: an error with address, command, completion code and what to do; what it refuses in part is left out. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { connect } from '../client/connect.ts'
import { runProgram } from '../lab/kernel/run-program.ts'
import { AnsweringRig } from '../lab/lan/answering-rig.ts'
import { user } from '../lab/lan/rig.ts'
import {
  DCMI_GROUP,
  GetDcmiCapabilitiesInfo,
  GetDcmiConfigurationParameters,
  GetPowerLimit,
  GetPowerReading,
  SetPowerLimit,
} from '../protocol/commands/dcmi.ts'
import { GetLanConfigurationParameters } from '../protocol/commands/lan.ts'
import { GetPefConfigurationParameters } from '../protocol/commands/pef.ts'
import { GetSolConfigurationParameters } from '../protocol/commands/sol.ts'
import { CompletionCode, CompletionCodeError } from '../protocol/completion-code.ts'
import { exitStatus } from './output.ts'

const main = fileURLToPath(new URL('./main.js', import.meta.url))
const cache = mkdtempSync(join(tmpdir(), 'lastword-refused-'))
after(() => rmSync(cache, { recursive: true }))

async function run({ port }: AnsweringRig, line: string) {
  const words = ['-H', '127.0.0.1', '-p', String(port), '-U', user.name, ...line.split(' ')]
  const { exitCode, stdout, stderr } = await runProgram(process.execPath, [main, ...words], {
    env: { LASTWORD_HOSTS: '/nowhere.yaml', XDG_CACHE_HOME: cache, IPMITOOL_PASSWORD: user.password },
  })
  return { status: exitCode, stdout: stdout.toString(), stderr }
}

describe('a refusal', () => {
  it('is told with address, command, code and what to do, also of raw and over a bridge', async () => {
    await using rig = await AnsweringRig.start()
    const at = `lanplus://127\\.0\\.0\\.1:${rig.port}`
    const lines: readonly (readonly [line: string, says: string, hint: RegExp])[] = [
      ['raw 6 0x77', 'netFn 0x6 command 0x77: the BMC answered 0xC1, ', /does not implement/],
      ['raw 6 0x52', 'Master Write-Read: the BMC answered 0xC7, ', /more or fewer bytes/],
      [
        'raw 0x2c 0x03 0xdc 0 0',
        'Get Power Limit: the BMC answered 0x80, no active power limit',
        /dcmi power/,
      ],
      ['channel info 9', 'Get Channel Info: the BMC answered 0xCC, ', /may lack what they name/],
      ['sel get 0x999', 'Get SEL Entry: the BMC answered 0xCB, ', /list what there is/],
      [
        '-t 0x21 mc guid',
        'Send Message: the BMC answered 0x83, NAK on write',
        /No controller is at that address/,
      ],
    ]
    for (const [line, says, hint] of lines) {
      const { status, stderr } = await run(rig, line)
      assert.match(stderr, new RegExp(`^lastword: ${at}: ${says}.*\\[COMPLETION_CODE\\]\\n`), line)
      assert.match(stderr.split('\n')[1]!, hint, line)
      assert.equal(status, exitStatus.refused)
    }
  })

  it('of bytes that a program sends is the same error', async () => {
    await using rig = await AnsweringRig.start()
    const url = `lanplus://${user.name}@127.0.0.1:${rig.port}`
    await using bmc = await connect(url, { password: user.password })
    assert.deepEqual([...(await bmc.raw(6, 0x77, new Uint8Array()))], [CompletionCode.InvalidCommand])
    assert.equal((await bmc.rawData(6, 1, new Uint8Array()))[0], 0x20)
    const refused = (check: () => Promise<unknown>) =>
      assert.rejects(check, (error: unknown) => {
        assert.ok(error instanceof CompletionCodeError)
        assert.equal(error.address, `lanplus://127.0.0.1:${rig.port}`)
        assert.match(error.message, /^lanplus:\/\/.*: .*: the BMC answered 0x/)
        assert.notEqual(error.hint, undefined)
        return true
      })
    await refused(() => bmc.rawData(6, 0x77, new Uint8Array()))
    await refused(async () => bmc.read(GetPowerLimit, Uint8Array.of(CompletionCode.InvalidCommand)))
  })
})

describe('a command that asks for many things', () => {
  const tables: readonly (readonly [line: string, command: { netFn: number; cmd: number }])[] = [
    ['sol info', GetSolConfigurationParameters],
    ['lan print', GetLanConfigurationParameters],
    ['pef filter list', GetPefConfigurationParameters],
    ['pef policy list', GetPefConfigurationParameters],
    ['dcmi discover', GetDcmiCapabilitiesInfo],
    ['dcmi get_conf_param', GetDcmiConfigurationParameters],
  ]

  it('ends with the error where the BMC refuses all of them', async () => {
    await using rig = await AnsweringRig.start()
    for (const code of [CompletionCode.InvalidDataField, CompletionCode.InvalidCommand]) {
      for (const [line, { netFn, cmd }] of tables) {
        rig.raw(netFn, cmd, () => Uint8Array.of(code))
        for (const format of ['', ' --json']) {
          const { status, stdout, stderr } = await run(rig, line + format)
          assert.deepEqual([status, stdout], [exitStatus.refused, ''], line)
          assert.match(
            stderr,
            new RegExp(`0x${code.toString(16).toUpperCase()}, .*\\[COMPLETION_CODE\\]\\n {2}`),
          )
        }
      }
    }
  })

  it('leaves out what the BMC refuses where it tells something', async () => {
    await using rig = await AnsweringRig.start()
    rig.on(GetSolConfigurationParameters, ({ parameter }) =>
      parameter === 1 ? { revision: 0x11, data: Uint8Array.of(1) } : 0x80,
    )
    assert.deepEqual(JSON.parse((await run(rig, 'sol info --json')).stdout), { enabled: true })
    rig.on(GetLanConfigurationParameters, ({ selector }) =>
      selector === 3 ? { revision: 0x11, data: Uint8Array.of(10, 1, 2, 3) } : CompletionCode.InvalidDataField,
    )
    assert.deepEqual(JSON.parse((await run(rig, 'lan print --json')).stdout), { ipAddress: '10.1.2.3' })
  })
})

describe('dcmi power get_limit', () => {
  it('tells that no limit is active, with the one that is set where the BMC tells it, and ends with 0', async () => {
    await using rig = await AnsweringRig.start()
    const { netFn, cmd } = GetPowerLimit
    const set = [DCMI_GROUP, 0, 0, 0x11, 250, 0, 100, 0, 0, 0, 0, 0, 5, 0]
    const answers: readonly (readonly [bytes: readonly number[], data: object])[] = [
      [[0x80], { isActive: false }],
      [[0x80, DCMI_GROUP], { isActive: false }],
      [[0x80, ...set], { isActive: false, limitWatts: 250 }],
      [[0, ...set], { isActive: true, limitWatts: 250 }],
    ]
    for (const [bytes, data] of answers) {
      rig.raw(netFn, cmd, () => Uint8Array.from(bytes))
      const { status, stdout, stderr } = await run(rig, 'dcmi power get_limit --json')
      assert.deepEqual([status, stderr], [exitStatus.ok, ''])
      const { isActive, limitWatts } = JSON.parse(stdout) as { isActive: boolean; limitWatts?: number }
      assert.deepEqual({ isActive, ...(limitWatts === undefined ? {} : { limitWatts }) }, data)
    }
    rig.raw(netFn, cmd, () => Uint8Array.of(0x80))
    assert.equal((await run(rig, 'dcmi power get_limit')).stdout, 'active  no\n')
    rig.raw(netFn, cmd, () => Uint8Array.of(CompletionCode.InvalidCommand))
    assert.match((await run(rig, 'dcmi power get_limit')).stderr, /^lastword: lanplus:.*0xC1/)
  })
})

describe('dcmi power reading', () => {
  it('asks for the enhanced statistics over the time that is named, as ipmitool does', async () => {
    await using rig = await AnsweringRig.start()
    const sent: string[] = []
    rig.raw(GetPowerReading.netFn, GetPowerReading.cmd, data => {
      sent.push(Buffer.from(data).toString('hex'))
      return Uint8Array.of(0, DCMI_GROUP, 90, 0, 80, 0, 99, 0, 85, 0, 0, 0, 0, 0x60, 0x88, 0x13, 0, 0, 0x40)
    })
    for (const word of ['', ' 5_sec', ' 30_sec', ' 7_min', ' 1_hour'])
      assert.match((await run(rig, `dcmi power reading${word}`)).stdout, /now +90 W[\s\S]*period +5 s/)
    assert.deepEqual(sent, ['dc010000', 'dc020500', 'dc021e00', 'dc024700', 'dc028100'])
    rig.raw(GetPowerReading.netFn, GetPowerReading.cmd, () =>
      Uint8Array.of(0, DCMI_GROUP, 90, 0, 80, 0, 99, 0, 85, 0, 0, 0, 0, 0x60, 0x47, 0, 0, 0, 0x40),
    )
    assert.match((await run(rig, 'dcmi power reading 7_min')).stdout, /period +420 s/)
  })
})

describe('dcmi power set_limit', () => {
  it('is one request for all that is named; what is not named is read before and stays', async () => {
    await using rig = await AnsweringRig.start()
    const sent: string[] = []
    const answer =
      (name: string, ...bytes: readonly number[]) =>
      (data: Uint8Array) => {
        sent.push(`${name} ${Buffer.from(data).toString('hex')}`)
        return Uint8Array.of(0, DCMI_GROUP, ...bytes)
      }
    rig.raw(GetPowerLimit.netFn, GetPowerLimit.cmd, answer('get', 0, 0, 1, 9, 0, 8, 0, 0, 0, 0, 0, 7, 0))
    rig.raw(SetPowerLimit.netFn, SetPowerLimit.cmd, answer('set'))
    await run(rig, 'dcmi power set_limit action sel_logging limit 250 correction 500 sample 3')
    assert.deepEqual(sent.splice(0), ['set dc00000011fa00f401000000000300'])
    await run(rig, 'dcmi power set_limit correction 500 limit 250')
    assert.deepEqual(sent, ['get dc0000', 'set dc00000001fa00f401000000000700'])
  })
})
