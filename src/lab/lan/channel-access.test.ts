/** What Set Channel Access and the LAN parameters say of IPMI 1.5, told and held to. IPMI 2.0 rev 1.1, sections 22.13, 22.22 and 23.2. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { BmcService } from '../../bmc/service.ts'
import { bmcConfig } from '../../bmc/world/config.ts'
import type { Bmc as Client } from '../../client/bmc.ts'
import { connect } from '../../client/connect.ts'
import { MemoryAccounts } from '../../lan/accounts.ts'
import { decodeRmcp } from '../../lan/rmcp.ts'
import type { LanServerMachine } from '../../lan/server.ts'
import { v15Password } from '../../lan/session-link.ts'
import { decodeV15, encodeV15 } from '../../lan/session-v15.ts'
import { Privilege } from '../../protocol/command.ts'
import { GetChannelAccess, SetChannelAccess } from '../../protocol/commands/channel.ts'
import { GetDeviceId } from '../../protocol/commands/device.ts'
import { GetLanConfigurationParameters, SetLanConfigurationParameters } from '../../protocol/commands/lan.ts'
import { AuthType, GetChannelAuthenticationCapabilities } from '../../protocol/commands/session.ts'
import { CompletionCodeError } from '../../protocol/completion-code.ts'
import { NetFn } from '../../protocol/net-fn.ts'
import { encodeParameter, type Parameter } from '../../protocol/parameter.ts'
import { LanParameter } from '../../protocol/parameters/lan.ts'
import { decodeSelRecord } from '../../protocol/sel-record.ts'
import { quiet } from '../bmc/client-rig.ts'
import { needs } from '../kernel/needs-programs.ts'
import { type ProgramResult, runProgram } from '../kernel/run-program.ts'
import { user } from './rig.ts'
import { consolePeer, fairWeather, VirtualLan } from './virtual-lan.ts'

const { password } = user
const config = bmcConfig.parse({
  users: [
    { name: 'admin', password, privilege: 'admin' },
    { name: 'bob', password: 'bobsecret', privilege: 'admin' },
  ],
  lan: { ipmi15: ['none', 'md5', 'password'] },
})

let service: BmcService
let admin: Client

const portOf = () => service.lanServers[0]!.port

function logIn(
  name: string,
  secret: string,
  scheme: 'lan' | 'lanplus',
  privilege = 'admin',
): Promise<Client> {
  return connect(`${scheme}://${name}@127.0.0.1:${portOf()}?privilege=${privilege}`, { password: secret })
}

function ipmitool(...args: string[]): Promise<ProgramResult> {
  const login = ['-I', 'lan', '-H', '127.0.0.1', '-p', String(portOf()), '-U', 'admin', '-P', password]
  return runProgram('ipmitool', [...login, ...args])
}

type Access = Parameters<typeof SetChannelAccess.request.write>[1]['access']

/** Sets what holds now; the completion code. */
async function setAccess(changes: Partial<Access>): Promise<number> {
  const { access } = await admin.run(GetChannelAccess, { channel: 1, get: { which: 'volatile' } })
  const limit = { privilege: 'admin', change: 'keep' } as const
  try {
    await admin.run(SetChannelAccess, {
      channel: 1,
      access: { ...access, change: 'volatile', ...changes },
      limit,
    })
    return 0
  } catch (error) {
    assert.ok(error instanceof CompletionCodeError)
    return error.completionCode
  }
}

function capabilities(privilege: Privilege) {
  return admin.run(GetChannelAuthenticationCapabilities, { of: { channel: 1, extended: true }, privilege })
}

beforeEach(async () => {
  service = await BmcService.start({ config, lan: { host: '127.0.0.1', port: 0 } })
  admin = await logIn('admin', password, 'lanplus')
})

afterEach(async () => {
  await admin.close()
  await service.close()
})

describe('per-message authentication', () => {
  /** How the packets of a log-in and of a request behind it were signed, each way, once the log-in had begun. */
  function signatures(accounts: MemoryAccounts) {
    const lan = new VirtualLan(fairWeather, 1, {
      client: { version: '1.5', authType: 'md5' },
      server: { accounts },
    })
    const inSession: number[] = []
    lan.onDatagram = datagram => {
      const { sessionId, authType } = decodeV15(decodeRmcp(datagram)!.data)!
      if (sessionId !== 0) inSession.push(authType)
    }
    assert.equal(lan.ask(NetFn.App, GetDeviceId.cmd).error, null)
    return { lan, inSession }
  }

  const users = [user]
  const authTypes = [AuthType.Md5]

  it('that is disabled leaves the log-in signed, and lets the session go on unsigned', () => {
    const on = signatures(new MemoryAccounts({ users, authTypes }))
    assert.deepEqual(new Set(on.inSession), new Set([AuthType.Md5]))
    const off = signatures(new MemoryAccounts({ users, authTypes, perMessageAuthentication: 'may' }))
    const [activate, activated, ...behind] = off.inSession
    assert.deepEqual([activate, activated], [AuthType.Md5, AuthType.Md5])
    assert.ok(behind.length >= 2)
    assert.deepEqual(new Set(behind), new Set([AuthType.None]))
  })

  it('counts packet by packet: signed ones are taken either way, unsigned ones only while it is disabled', () => {
    const accounts = new MemoryAccounts({ users, authTypes })
    const { lan } = signatures(accounts)
    const before = lan.executed.length
    let sent: Uint8Array | undefined
    lan.onDatagram = (datagram, to) => {
      if (to === 'bmc') sent = datagram
    }
    accounts.perMessageAuthentication = 'may'
    assert.equal(lan.ask(NetFn.App, 4).error, null)
    assert.equal(lan.executed.length, before + 1)
    const { sessionId, sequence, payload } = decodeV15(decodeRmcp(sent!)!.data)!
    const another = payload.slice()
    // Another rqSeq, so that it is another request.
    another[4]! ^= 0x80
    another[another.length - 1]! ^= 0x80
    const unsigned = { authType: AuthType.None, sessionId, payload: another }
    const send = (number: number) => {
      const datagram = encodeV15({ ...unsigned, sequence: number }, new Uint8Array(16))
      lan.server.handle(datagram, consolePeer, lan.nowMs)
      return lan.server.pollTransmit()?.datagram[4]
    }
    accounts.perMessageAuthentication = 'must'
    assert.equal(send(sequence + 1), undefined)
    assert.equal(lan.executed.length, before + 1)
    accounts.perMessageAuthentication = 'may'
    assert.equal(send(sequence + 2), AuthType.None)
    assert.equal(lan.executed.length, before + 2)
  })

  it('is set by Set Channel Access and told by Get Channel Authentication Capabilities', async () => {
    assert.equal((await capabilities(Privilege.Admin)).status.perMessageAuthDisabled, false)
    assert.equal(await setAccess({ perMessageAuthenticationDisabled: true }), 0)
    assert.equal((await capabilities(Privilege.Admin)).status.perMessageAuthDisabled, true)
    assert.equal(service.lanServers[0]!.machine.accounts.perMessageAuthentication, 'may')
    const client = await logIn('admin', password, 'lan')
    await client.run(GetDeviceId, {})
    await client.close()
  })

  it('is nothing to ipmitool, disabled or not', needs('ipmitool'), async () => {
    await setAccess({ perMessageAuthenticationDisabled: true })
    for (const type of ['NONE', 'MD5', 'PASSWORD'])
      assert.match(quiet(await ipmitool('-A', type, 'raw', '6', '1')), /^ 20 01/)
    assert.match(quiet(await ipmitool('channel', 'info', '1')), /Per-message Auth +: disabled/)
  })
})

describe('a channel whose access is disabled', () => {
  it('lets nobody in, by IPMI 2.0 or 1.5, and again everybody when it is not', async () => {
    assert.equal(await setAccess({ mode: 'disabled' }), 0)
    for (const scheme of ['lan', 'lanplus'] as const)
      await assert.rejects(logIn('bob', 'bobsecret', scheme), { code: 'NO_SUCH_USER' })
    assert.equal(await setAccess({ mode: 'always' }), 0)
    const bob = await logIn('bob', 'bobsecret', 'lan')
    await bob.close()
  })
})

describe('what a channel does not do', () => {
  it('is refused by Set Channel Access, not taken and left undone: commands unsigned, a mode before the boot', async () => {
    assert.equal(await setAccess({ userLevelAuthenticationDisabled: true }), 0xcc)
    assert.equal(await setAccess({ mode: 'preBoot' }), 0x83)
    const { access } = await admin.run(GetChannelAccess, { channel: 1, get: { which: 'volatile' } })
    assert.deepEqual([access.userLevelAuthenticationDisabled, access.mode], [false, 'always'])
    assert.equal((await capabilities(Privilege.User)).status.userLevelAuthDisabled, false)
  })

  it('is refused of LAN parameter 2: a type to log in with that is not there', async () => {
    const none = { none: false, md2: false, md5: false, password: false, oem: false }
    const some = { ...none, md5: true }
    const levels = { callback: some, user: some, operator: some, admin: some, oem: some }
    await assert.rejects(setTypes({ ...levels, admin: { ...some, md2: true } }), { completionCode: 0xcc })
    await assert.rejects(setTypes({ ...levels, callback: { ...some, oem: true } }), { completionCode: 0xcc })
    await setTypes(levels)
  })
})

type Enables = typeof LanParameter.authenticationEnables extends Parameter<infer T> ? T : never

async function setTypes(enables: Enables): Promise<void> {
  const data = encodeParameter(LanParameter.authenticationEnables, enables)
  await admin.run(SetLanConfigurationParameters, { channel: 1, selector: 2, data })
}

describe('the types that LAN parameter 2 enables', () => {
  const none = { none: false, md2: false, md5: false, password: false, oem: false }
  const md5 = { ...none, md5: true }
  const byPassword = { ...none, password: true }

  beforeEach(() => setTypes({ callback: none, user: byPassword, operator: md5, admin: md5, oem: none }))

  it('are told level by level, and IPMI 1.5 as long as there is one', async () => {
    const told = async (level: Privilege) => {
      const { authTypes, connections } = await capabilities(level)
      const { none, md5, password } = authTypes
      return { none, md5, password, ipmi15: connections.ipmi15 }
    }
    const nothing = { none: false, md5: false, password: false, ipmi15: true }
    assert.deepEqual(await told(Privilege.Callback), nothing)
    assert.deepEqual(await told(Privilege.User), { ...nothing, password: true })
    assert.deepEqual(await told(Privilege.Operator), { ...nothing, md5: true })
    assert.deepEqual(await told(Privilege.Admin), { ...nothing, md5: true })
    await setTypes({ callback: none, user: none, operator: none, admin: none, oem: none })
    assert.deepEqual(await told(Privilege.Admin), { ...nothing, ipmi15: false })
  })

  it('log in to their level and no other', needs('ipmitool'), async () => {
    const outcome = async (type: string, level: string) =>
      (await ipmitool('-A', type, '-L', level, 'raw', '6', '1')).exitCode
    assert.deepEqual([await outcome('PASSWORD', 'USER'), await outcome('MD5', 'OPERATOR')], [0, 0])
    assert.deepEqual([await outcome('PASSWORD', 'ADMINISTRATOR'), await outcome('MD5', 'USER')], [1, 1])
  })

  it('hold for who asks for no capabilities and activates a session of another level', () => {
    const byLevel = new Map<Privilege, AuthType[]>([
      [Privilege.User, [AuthType.Md5]],
      [Privilege.Admin, [AuthType.Password]],
    ])
    const accounts = Object.assign(new MemoryAccounts({ users: [user] }), {
      authTypesAt: (level: Privilege) => byLevel.get(level) ?? [],
    })
    const { server } = new VirtualLan(fairWeather, 1, { server: { accounts } })
    const activate = (maximum: Privilege) => activateV15(server, user, maximum)
    assert.equal(activate(Privilege.Admin), LEVEL_EXCEEDS_LIMIT)
    assert.equal(activate(Privilege.Operator), LEVEL_EXCEEDS_LIMIT)
    assert.equal(typeof activate(Privilege.User), 'object')
  })
})

describe('the highest level of a session by IPMI 1.5', () => {
  it("is at most the user's, and the channel's", () => {
    const authTypes = [AuthType.Md5]
    const operator = { ...user, privilege: Privilege.Operator }
    for (const [accounts, highest] of [
      [new MemoryAccounts({ users: [operator], authTypes }), Privilege.Operator],
      [new MemoryAccounts({ users: [user], authTypes, channelLimit: Privilege.User }), Privilege.User],
    ] as const) {
      const { server } = new VirtualLan(fairWeather, 1, { server: { accounts } })
      assert.equal(activateV15(server, user, Privilege.Admin), LEVEL_EXCEEDS_LIMIT)
      assert.equal(activateV15(server, user, (highest + 1) as Privilege), LEVEL_EXCEEDS_LIMIT)
      const session = activateV15(server, user, highest)
      assert.ok(typeof session === 'object')
      assert.equal(session.maximum, highest)
      assert.equal(server.sessions.size, 1)
    }
  })
})

const LEVEL_EXCEEDS_LIMIT = 0x86

/** A console that asks for a level whatever the BMC says of it: what Activate Session answers to a log-in by MD5. */
function activateV15(server: LanServerMachine, { name, password }: typeof user, maximum: Privilege) {
  const authType = AuthType.Md5
  const challenged = server.v15.challenge({ authType, userName: name }, consolePeer, 0)
  assert.ok(typeof challenged === 'object')
  const { temporarySessionId: sessionId, challenge } = challenged
  const secret = v15Password(new Uint8Array(Buffer.from(password)))
  const datagram = encodeV15({ authType, sequence: 0, sessionId, payload: new Uint8Array(8) }, secret)
  const entry = server.v15.find(decodeV15(decodeRmcp(datagram)!.data)!, consolePeer, 0)
  return server.v15.activate({ authType, maximum, challenge, initialOutboundSequence: 1 }, entry)
}

describe('a user who is locked out', () => {
  const setPolicy = (event: boolean) =>
    admin.run(SetLanConfigurationParameters, {
      channel: 1,
      selector: 26,
      data: encodeParameter(LanParameter.badPassword, {
        event,
        threshold: 2,
        countResetTime: 6,
        lockoutTime: 6,
      }),
    })
  /** A wrong password of IPMI 1.5 is answered with silence, which need not be long. */
  const guess = (scheme: 'lan' | 'lanplus') =>
    assert.rejects(connect(`${scheme}://bob@127.0.0.1:${portOf()}`, { password: 'guess', timeoutMs: 200 }))
  const events = () => service.bmcs[0]!.sel.records.map(decodeSelRecord)

  for (const scheme of ['lan', 'lanplus'] as const) {
    it(`over ${scheme} is an event of Session Audit, once, where LAN parameter 26 asks for it`, async () => {
      await setPolicy(true)
      await guess(scheme)
      assert.deepEqual(events(), [])
      await guess(scheme)
      await guess(scheme)
      const [event, ...more] = events()
      assert.deepEqual(more, [])
      assert.ok(event?.kind === 'system')
      const { sensorType, event: kind, data } = event
      assert.deepEqual(
        [sensorType, kind, [...data]],
        [0x2a, { type: 0x6f, deassertion: false }, [0xf3, 3, 1]],
      )
    })
  }

  it('is no event where it does not', async () => {
    await setPolicy(false)
    for (let i = 0; i < 3; i++) await guess('lanplus')
    await assert.rejects(logIn('bob', 'bobsecret', 'lanplus'))
    assert.deepEqual(events(), [])
    const asked = {
      from: { channel: 1, revisionOnly: false },
      selector: 26,
      setSelector: 0,
      blockSelector: 0,
    }
    assert.equal((await admin.run(GetLanConfigurationParameters, asked)).data[0], 0)
  })
})
