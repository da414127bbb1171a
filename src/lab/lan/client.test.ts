import assert from 'node:assert/strict'
import dns from 'node:dns/promises'
import { syncBuiltinESMExports } from 'node:module'
import { describe, it } from 'node:test'
import { connect } from '../../client/connect.ts'
import { cipherSuites } from '../../lan/cipher-suites.ts'
import { PlusLink } from '../../lan/session-link.ts'
import { Privilege } from '../../protocol/command.ts'
import { ColdReset, GetDeviceId } from '../../protocol/commands/device.ts'
import { AddSelEntry, GetSelInfo } from '../../protocol/commands/sel.ts'
import { AuthType, GetSessionInfo } from '../../protocol/commands/session.ts'
import { CompletionCodeError } from '../../protocol/completion-code.ts'
import type { LastwordError } from '../../protocol/error.ts'
import { decodeSelRecord } from '../../protocol/sel-record.ts'
import { describeNeeds } from '../kernel/needs-programs.ts'
import { IpmiSim } from './ipmi-sim.ts'
import { allSuites, LanRig, operator, user } from './rig.ts'

const record = decodeSelRecord(Uint8Array.of(0, 0, 0xf0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13))

describe('our client on our LAN channel', () => {
  it('logs in with each cipher suite, warns of suite 0, and leaves no session behind', async () => {
    await using rig = await LanRig.start({ suites: allSuites })
    for (const { id } of cipherSuites) {
      const warnings: string[] = []
      await using bmc = await rig.connect({ cipher: id, onWarning: ({ code }) => warnings.push(code) })
      assert.equal((await bmc.run(GetDeviceId, {})).deviceId, 0x20)
      assert.deepEqual(warnings, id === 0 ? ['SUITE_ZERO'] : [])
      await bmc.close()
      assert.equal(rig.server.machine.sessions.size, 0)
    }
  })

  it('takes the strongest suite that is offered, and never 0 of itself', async () => {
    const offers: [number[], codeBytes: number, isEncrypting: boolean][] = [
      [[0, 1, 2, 3, 17], 16, true],
      [[0, 1, 2, 3], 12, true],
      [[0, 1, 2], 12, false],
    ]
    for (const [ids, codeBytes, isEncrypting] of offers) {
      await using rig = await LanRig.start({ suites: new Map(ids.map(id => [id, Privilege.Admin] as const)) })
      await using bmc = await rig.connect()
      const link = rig.server.machine.sessions.all()[0]!.link
      assert.ok(link instanceof PlusLink)
      assert.deepEqual([link.protection.codeBytes, link.protection.isEncrypting], [codeBytes, isEncrypting])
      await bmc.close()
    }
    await using rig = await LanRig.start({ suites: new Map([[0, Privilege.Admin]]) })
    await assert.rejects(rig.connect(), { code: 'SUITE_REFUSED' })
  })

  it('logs in by each way of IPMI 1.5', async () => {
    for (const authType of [AuthType.Md5, AuthType.Password]) {
      await using rig = await LanRig.start({ authTypes: [authType] })
      await using bmc = await rig.connect({ scheme: 'lan' })
      assert.equal((await bmc.run(GetDeviceId, {})).deviceId, 0x20)
    }
    await using open = await LanRig.start({ authTypes: [AuthType.None], users: [{ ...user, password: '' }] })
    await using bmc = await open.connect({ scheme: 'lan', password: '' })
    assert.equal((await bmc.run(GetDeviceId, {})).deviceId, 0x20)
    // A password is not sent where none is wanted, but only when that is said.
    await assert.rejects(open.connect({ scheme: 'lan' }), { code: 'NO_IPMI15', message: /offers only none/ })
    await using asked = await open.connect({ scheme: 'lan', authType: 'none' })
    assert.equal((await asked.run(GetDeviceId, {})).deviceId, 0x20)
    await assert.rejects(open.connect({ scheme: 'lan', authType: 'md5' }), { code: 'NO_IPMI15' })
  })

  it('speaks IPv6', async () => {
    await using rig = await LanRig.start({}, { host: '::1' })
    await using bmc = await rig.connect()
    assert.equal((await bmc.run(GetDeviceId, {})).deviceId, 0x20)
  })

  it('gives many requests at once each its own answer, in the order in which they were sent', async () => {
    await using rig = await LanRig.start()
    await using bmc = await rig.connect()
    const added = await Promise.all(Array.from({ length: 300 }, () => bmc.run(AddSelEntry, { record })))
    assert.deepEqual(
      added.map(({ recordId }) => recordId),
      Array.from({ length: 300 }, (_, index) => index + 1),
    )
    assert.equal((await bmc.run(GetSelInfo, {})).entries, 300)
  })

  it('serves hundreds of sessions over one socket', async () => {
    const rigs = await Promise.all(Array.from({ length: 8 }, () => LanRig.start({}, { maxSessions: 40 })))
    const clients = await Promise.all(
      rigs.flatMap(rig => Array.from({ length: 30 }, () => rig.connect({ cipher: 3 }))),
    )
    const ports = new Set(
      rigs.flatMap(rig => rig.server.machine.sessions.all().map(session => session.peer.port)),
    )
    assert.equal(ports.size, 1)
    const ids = await Promise.all(clients.map(client => client.run(GetDeviceId, {})))
    assert.ok(ids.every(id => id.deviceId === 0x20))
    await Promise.all(clients.map(client => client.close()))
    assert.ok(rigs.every(rig => rig.server.machine.sessions.size === 0))
    await Promise.all(rigs.map(rig => rig[Symbol.asyncDispose]()))
  })

  it('logs in anew when the BMC has forgotten the session', async () => {
    await using rig = await LanRig.start()
    await using bmc = await rig.connect({ timeoutMs: 1500, firstWaitMs: 100 })
    const before = (await bmc.run(GetSessionInfo, { session: { by: 'own' } })).handle
    rig.server.machine.reset()
    assert.equal((await bmc.run(GetDeviceId, {})).deviceId, 0x20)
    assert.equal(before, 1)
    assert.equal(rig.server.machine.sessions.size, 1)
    await bmc.run(ColdReset, {})
    assert.equal((await bmc.run(GetDeviceId, {})).deviceId, 0x20)
  })

  it('raises the level that was asked for, and is told when it may not do something', async () => {
    await using rig = await LanRig.start()
    await using bmc = await rig.connect({
      userName: operator.name,
      password: operator.password,
      privilege: 'operator',
    })
    assert.equal((await bmc.run(AddSelEntry, { record })).recordId, 1)
    await assert.rejects(
      bmc.run(ColdReset, {}),
      (error: unknown) => error instanceof CompletionCodeError && error.completionCode === 0xd4,
    )
  })

  it('lets a caller give up, before and while it waits', async () => {
    await using rig = await LanRig.start()
    await using bmc = await rig.connect({ timeoutMs: 5000 })
    await assert.rejects(bmc.run(GetDeviceId, {}, { signal: AbortSignal.abort() }), { code: 'ABORTED' })
    rig.server.machine.reset()
    await assert.rejects(bmc.run(ColdReset, {}, { signal: AbortSignal.timeout(20) }), { code: 'ABORTED' })
  })

  it('lets a caller give up while a name is looked up', async context => {
    let found = (_: { address: string }) => {}
    let isAsked = 0
    context.mock.method(dns, 'lookup', () => {
      isAsked++
      return new Promise(resolve => {
        found = resolve
      })
    })
    syncBuiltinESMExports()
    try {
      const controller = new AbortController()
      const connecting = connect('lanplus://admin@bmc.example.test', {
        password: 'x',
        signal: controller.signal,
      })
      setImmediate(() => controller.abort())
      await assert.rejects(connecting, ({ code, hint }) => code === 'ABORTED' && hint === undefined)
      found({ address: '127.0.0.1' })
      assert.equal(isAsked, 1)
      await assert.rejects(
        connect('lanplus://admin@bmc.example.test', { password: 'x', signal: AbortSignal.abort() }),
        { code: 'ABORTED' },
      )
      assert.equal(isAsked, 1)
    } finally {
      context.mock.restoreAll()
      syncBuiltinESMExports()
    }
  })

  it('ends what is under way when it is closed, and refuses what comes then', async () => {
    await using rig = await LanRig.start()
    const bmc = await rig.connect()
    const waiting = assert.rejects(bmc.run(GetDeviceId, {}), { code: 'SESSION_CLOSED' })
    await bmc.close()
    await waiting
    await assert.rejects(bmc.run(GetDeviceId, {}), { code: 'SESSION_CLOSED' })
    assert.equal(rig.server.machine.sessions.size, 0)
  })
})

describe('a log-in that fails', () => {
  const refusals: [string, Parameters<LanRig['connect']>[0], string][] = [
    ['a wrong password', { password: 'mistaken' }, 'BAD_PASSWORD'],
    ['an unknown name', { userName: 'nobody' }, 'NO_SUCH_USER'],
    [
      'a level above the limit',
      { userName: operator.name, password: operator.password },
      'PRIVILEGE_REFUSED',
    ],
    ['a suite that is not offered', { cipher: 0 }, 'SUITE_REFUSED'],
    ['a suite that nobody knows', { cipher: 99 }, 'SUITE_UNKNOWN'],
    ['a second key that the BMC does not have', { kg: 'key' }, 'BAD_HMAC'],
    ['IPMI 1.5 where it is off', { scheme: 'lan' }, 'NO_IPMI15'],
    ['a password of 21 bytes', { password: '123456789012345678901' }, 'PASSWORD_TOO_LONG'],
    [
      'a password of 17 bytes for IPMI 1.5',
      { scheme: 'lan', password: '12345678901234567' },
      'PASSWORD_TOO_LONG',
    ],
    ['a name of 17 bytes', { userName: '12345678901234567' }, 'NAME_TOO_LONG'],
  ]
  for (const [what, options, code] of refusals) {
    it(`says ${code} of ${what}, with the address and without the secret`, async () => {
      await using rig = await LanRig.start()
      await assert.rejects(rig.connect(options), (error: LastwordError) => {
        assert.equal(error.code, code)
        assert.ok(error.message.startsWith(`127.0.0.1:${rig.port}: `))
        assert.ok(!error.message.includes(options?.password?.toString() ?? user.password))
        return true
      })
      // Without the right key nobody can tell the BMC that its session is of no use.
      assert.equal(rig.server.machine.sessions.size, code === 'BAD_HMAC' ? 1 : 0)
    })
  }

  it('says when the BMC is no BMC, and when there is no such name', async () => {
    await assert.rejects(connect('lanplus://admin:x@127.0.0.1:9', { timeoutMs: 100, firstWaitMs: 50 }), {
      code: 'TIMEOUT',
    })
    await assert.rejects(connect('lanplus://admin:x@no-such-host.invalid'), { code: 'HOST_UNKNOWN' })
  })

  it('says of a URL what is wrong with it', async () => {
    const urls: [string, RegExp][] = [
      ['lanplus://admin:secret@host?privilege=king', /"king" is no privilege level/],
      ['lanplus://admin:secret@host?cipher=x', /"cipher=x" is no number/],
      ['lanplus://admin:secret@host?colour=red', /parameter "colour"/],
      ['lanplus://admin:secret@host?quirk=odd', /quirk "odd"/],
      ['lanplus://admin:secret@host?kghex=xyz', /kghex/],
    ]
    for (const [url, message] of urls) {
      await assert.rejects(connect(url), (error: LastwordError) => {
        assert.equal(error.code, 'BAD_URL')
        assert.match(error.message, message)
        assert.ok(!error.message.includes('secret'))
        return true
      })
    }
  })

  it('counts wrong passwords and locks a user out', async () => {
    await using rig = await LanRig.start({ lockout: { threshold: 3 } })
    for (let i = 0; i < 3; i++)
      await assert.rejects(rig.connect({ password: 'wrong' }), { code: 'BAD_PASSWORD' })
    await assert.rejects(rig.connect(), { code: 'NO_SUCH_USER' })
    assert.equal(rig.server.machine.lockout.failedLogIns, 3)
    rig.server.machine.lockout.lift(2)
    await using bmc = await rig.connect()
    assert.equal((await bmc.run(GetDeviceId, {})).deviceId, 0x20)
  })

  it('says when the BMC has no session left', async () => {
    await using rig = await LanRig.start({}, { maxSessions: 2 })
    await using _first = await rig.connect()
    await using _second = await rig.connect()
    await assert.rejects(rig.connect(), { code: 'NO_SESSION_LEFT' })
  })
})

describeNeeds('ipmi_sim')("our client on OpenIPMI's simulator", () => {
  it('logs in by IPMI 2.0 and 1.5, and runs many requests at once', async () => {
    await using sim = await IpmiSim.start()
    for (const scheme of ['lanplus:', 'lan:']) {
      await using bmc = await connect(`${scheme}${sim.url}`)
      const ids = await Promise.all(Array.from({ length: 200 }, () => bmc.run(GetDeviceId, {})))
      assert.ok(ids.every(id => id.productId === 0x0f02))
      const added = await Promise.all(Array.from({ length: 50 }, () => bmc.run(AddSelEntry, { record })))
      assert.equal(new Set(added.map(({ recordId }) => recordId)).size, 50)
    }
  })

  it('reaches the controller behind it, and is told when there is none', async () => {
    await using sim = await IpmiSim.start()
    await using bmc = await connect(`lanplus:${sim.url}`)
    const at = (slaveAddr: number) => ({ addr: { kind: 'ipmb', channel: 0, slaveAddr } as const })
    const ids = await Promise.all(Array.from({ length: 20 }, () => bmc.run(GetDeviceId, {}, at(0x30))))
    assert.ok(ids.every(id => id.productId === 0x0f03))
    await assert.rejects(bmc.run(GetDeviceId, {}, at(0x44)), /Send Message: .*NAK on write/)
  })

  it('says why it is not let in', async () => {
    await using sim = await IpmiSim.start()
    await assert.rejects(connect(`lanplus:${sim.url}?cipher=17`), {
      code: 'SUITE_REFUSED',
      message: /it offers .*3/,
    })
    const url = `lanplus:${sim.url}`
    await assert.rejects(connect(url, { password: 'wrong' }), { code: 'BAD_PASSWORD' })
    await assert.rejects(connect(url, { userName: 'nobody' }), { code: 'NO_SUCH_USER' })
    await assert.rejects(connect(`lan:${sim.url}`, { userName: 'nobody' }), { code: 'NO_SUCH_USER' })
  })
})
