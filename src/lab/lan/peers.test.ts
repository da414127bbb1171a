import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { AuthType } from '../../protocol/commands/session.ts'
import { quiet } from '../bmc/client-rig.ts'
import { describeNeeds, needs } from '../kernel/needs-programs.ts'
import { requireProgram, runProgram } from '../kernel/run-program.ts'
import { allSuites, LanRig, operator, user } from './rig.ts'

// ipmitool 1.8.19 ends with a failed assertion of its own on MD5-128.
const ipmitoolSuites = [0, 1, 2, 3, 6, 7, 8, 15, 16, 17]

describeNeeds('ipmitool')('ipmitool on our LAN channel', () => {
  it('logs in with each cipher suite that it knows', async () => {
    await using rig = await LanRig.start({ suites: allSuites })
    for (const suite of ipmitoolSuites) {
      assert.match(quiet(await rig.ipmitool(['-C', String(suite), 'mc', 'info'])), /^Device ID +: 32\n/)
    }
  })

  it('chooses a suite of its own, and lists those that there are', async () => {
    await using rig = await LanRig.start()
    assert.match(quiet(await rig.ipmitool(['mc', 'info'])), /IPMI Version +: 2\.0/)
    const ciphers = quiet(await rig.ipmitool(['channel', 'getciphers', 'ipmi', '1']))
    const ids = Array.from(ciphers.matchAll(/^(\d+) /gm), match => Number(match[1]))
    assert.deepEqual(ids, [1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17])
  })

  it('logs in with each way of IPMI 1.5 when that is on, and with none when it is not', async () => {
    await using rig = await LanRig.start({ authTypes: [AuthType.None, AuthType.Md5, AuthType.Password] })
    for (const type of ['NONE', 'MD5', 'PASSWORD']) {
      const result = await rig.ipmitool(['-A', type, 'raw', '6', '1'], { interface: 'lan' })
      assert.match(quiet(result), /^ 20 01/)
    }
    await using off = await LanRig.start()
    assert.notEqual((await off.ipmitool(['raw', '6', '1'], { interface: 'lan' })).exitCode, 0)
  })

  it('is refused with a wrong password, an unknown name, a level above its limit, and suite 0', async () => {
    await using rig = await LanRig.start()
    const refused = [
      await rig.ipmitool(['raw', '6', '1'], { user: { name: user.name, password: 'wrong' } }),
      await rig.ipmitool(['raw', '6', '1'], { user: { name: 'nobody', password: user.password } }),
      await rig.ipmitool(['raw', '6', '1'], { user: operator }),
      await rig.ipmitool(['-C', '0', 'raw', '6', '1']),
    ]
    assert.deepEqual(
      refused.map(result => result.exitCode),
      [1, 1, 1, 1],
    )
    assert.equal(rig.server.machine.sessions.size, 0)
  })

  it('may do what its level allows and no more', async () => {
    await using rig = await LanRig.start()
    const asOperator = (...raw: string[]) =>
      rig.ipmitool(['-L', 'OPERATOR', 'raw', ...raw], { user: operator })
    assert.match(quiet(await asOperator('0x0a', '0x42')), /^ 01 00/)
    assert.match((await asOperator('6', '2')).stderr, /rsp=0xd4/)
    assert.match((await asOperator('6', '0x3b', '4')).stderr, /rsp=0x81/)
  })

  it('needs the second key where one is set', async () => {
    await using rig = await LanRig.start({ kg: 'the second key' })
    assert.notEqual((await rig.ipmitool(['raw', '6', '1'])).exitCode, 0)
    assert.match(quiet(await rig.ipmitool(['-k', 'the second key', 'raw', '6', '1'])), /^ 20 01/)
  })

  it('logs in as the user without a name, and with a password of 20 bytes', async () => {
    const nobody = { name: '', password: 'nullpassword' }
    const longest = { name: 'longest', password: '12345678901234567890' }
    await using rig = await LanRig.start({ users: [nobody, longest] })
    for (const who of [nobody, longest])
      assert.match(quiet(await rig.ipmitool(['raw', '6', '1'], { user: who })), /^ 20 01/)
  })

  it('is told of its session, and leaves none behind', async () => {
    await using rig = await LanRig.start()
    const info = quiet(await rig.ipmitool(['session', 'info', 'active']))
    assert.match(info, /active sessions +: 1/)
    assert.match(info, /user id +: 2/)
    assert.match(info, /privilege level +: ADMINISTRATOR/)
    assert.match(info, /session type +: IPMIv2\/RMCP\+/)
    assert.match(info, /console ip +: 127\.0\.0\.1/)
    assert.equal(rig.server.machine.sessions.size, 0)
  })

  it('sees the channel as a LAN', async () => {
    await using rig = await LanRig.start()
    const info = quiet(await rig.ipmitool(['raw', '6', '0x42', '0x0e']))
    assert.match(info, /^ 01 04 01 81/)
  })
})

describeNeeds('bmc-info')('FreeIPMI on our LAN channel', () => {
  it('logs in with each cipher suite, without a workaround', async () => {
    await using rig = await LanRig.start({ suites: allSuites })
    for (const suite of [0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17]) {
      const args = ['-D', 'LAN_2_0', '-I', String(suite), '-l', 'ADMIN', '--get-device-id']
      assert.match(quiet(await rig.freeipmi('bmc-info', args)), /^Device ID +: 32\n/)
    }
  })

  it('logs in with each way of IPMI 1.5', async () => {
    await using rig = await LanRig.start({ authTypes: [AuthType.None, AuthType.Md5, AuthType.Password] })
    for (const type of ['NONE', 'MD5', 'STRAIGHT_PASSWORD_KEY']) {
      const args = ['-D', 'LAN', '-a', type, '--get-device-id']
      assert.match(quiet(await rig.freeipmi('bmc-info', args)), /^Device ID +: 32\n/)
    }
  })

  it('reads all that bmc-info asks for', async () => {
    await using rig = await LanRig.start()
    const info = quiet(await rig.freeipmi('bmc-info', ['-D', 'LAN_2_0']))
    assert.match(info, /Medium Type +: 802\.3 LAN/)
    assert.match(info, /Session Support +: multi-session/)
  })
})

/** Programs that only know port 623, which takes root. */
const wellKnownPort = process.getuid?.() === 0 ? needs('rmcpping') : { skip: 'port 623 is for root only' }

describe('discovery on port 623', wellKnownPort, () => {
  it('answers presence pings and pings by Get Channel Authentication Capabilities', async () => {
    await using _rig = await LanRig.start({}, { host: '127.6.2.3', port: 623 })
    for (const program of ['rmcpping', 'ipmiping']) {
      const said = quiet(await runProgram(program, ['-c', '2', '-i', '1', '127.6.2.3']))
      assert.match(said, /2 (requests|pings) (transmitted|sent), 2 (responses|pongs) received/i)
    }
  })
})

async function freeTcpPort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

describeNeeds('ipmidetect', 'ipmidetectd')('ipmidetect', () => {
  it('finds our LAN channel, and nobody where nobody is', async () => {
    await using rig = await LanRig.start({}, { host: '127.6.2.5', port: 6235 })
    const dir = mkdtempSync(join(tmpdir(), 'lastword-ipmidetect-'))
    const file = join(dir, 'hosts')
    const port = await freeTcpPort()
    const settings = ['ipmiping_period 200', `ipmidetectd_server_port ${port}`]
    const hosts = [`host 127.6.2.5:${rig.port}`, 'host 127.6.2.6:6236']
    writeFileSync(file, [...settings, ...hosts, ''].join('\n'))
    const daemon = spawn(requireProgram('ipmidetectd'), ['-d', '-c', file], { stdio: 'ignore' })
    const ask = (which: string) =>
      runProgram('ipmidetect', ['-h', '127.0.0.1', '-p', String(port), which, '--newline'])
    try {
      // It is not there at once, and knows nothing before its first round.
      let said = ''
      while (!said.includes('127.6.2.5')) {
        assert.equal(daemon.exitCode, null)
        said = (await ask('--detected')).stdout.toString()
        await new Promise(next => setTimeout(next, 50))
      }
      assert.equal(said, '127.6.2.5\n')
      // Its status tells whether all were found.
      const { stdout, exitCode } = await ask('--undetected')
      assert.deepEqual([stdout.toString(), exitCode], ['127.6.2.6\n', 1])
    } finally {
      daemon.kill()
      rmSync(dir, { recursive: true })
    }
  })
})
