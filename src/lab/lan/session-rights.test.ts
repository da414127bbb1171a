/** Whose a session and its serial line are: what a stranger's address, a low level or a setting keeps from them. IPMI 2.0 rev 1.1, sections 6.12, 22.19 and 24.1. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connect } from '../../client/connect.ts'
import { MemoryAccounts, type MemoryUser } from '../../lan/accounts.ts'
import { defaultSolSettings, type SolSettings } from '../../lan/sol-server.ts'
import { encodeRequest, Privilege } from '../../protocol/command.ts'
import { GetDeviceId } from '../../protocol/commands/device.ts'
import { ActivatePayload, PayloadType } from '../../protocol/commands/payload.ts'
import { AuthType, CloseSession } from '../../protocol/commands/session.ts'
import { NetFn } from '../../protocol/net-fn.ts'
import { LanRig, operator, user } from './rig.ts'
import { fairWeather, VirtualLan } from './virtual-lan.ts'

const stranger = { address: '198.51.100.7', port: 4000 }
const otherPort = { address: '192.0.2.1', port: 5001 }
/** Where IPMI 1.5 has its session ID, RMCP+ the payload type and its session ID. */
const V15_SESSION_AT = 9
const PLUS_TYPE_AT = 5
const PLUS_SESSION_AT = 6

/** Whether a packet is of a session, or goes on with a log-in that has begun. */
function goesOn(datagram: Uint8Array, version: '1.5' | '2.0'): boolean {
  const at = version === '1.5' ? V15_SESSION_AT : PLUS_SESSION_AT
  const isOfSession = datagram.subarray(at, at + 4).some(byte => byte !== 0)
  return isOfSession || (version === '2.0' && (datagram[PLUS_TYPE_AT]! & 0x3f) >= PayloadType.Rakp1)
}

describe('a log-in and a session', () => {
  for (const version of ['2.0', '1.5'] as const) {
    it(`of IPMI ${version} are the address's and port's that began them: nobody else gets an answer, nor disturbs`, () => {
      const accounts = new MemoryAccounts({ users: [user], authTypes: [AuthType.Md5] })
      const lan = new VirtualLan(fairWeather, 1, { client: { version }, server: { accounts } })
      let tried = 0
      lan.onDatagram = (datagram, to) => {
        // What looks like RMCP+ decides where to look; capabilities are asked for in the format of IPMI 1.5.
        const isPlus = datagram[4] === AuthType.RmcpPlus
        if (to !== 'bmc' || isPlus !== (version === '2.0') || !goesOn(datagram, version)) return
        for (const peer of [stranger, otherPort]) {
          const [executed, dropped] = [lan.executed.length, lan.server.dropped]
          lan.server.handle(datagram, peer, lan.nowMs)
          assert.equal(lan.server.pollTransmit(), null)
          assert.deepEqual([lan.executed.length, lan.server.dropped], [executed, dropped + 1])
          tried++
        }
      }
      for (let i = 0; i < 3; i++) assert.equal(lan.ask(NetFn.App, GetDeviceId.cmd).error, null)
      // Activate Session or two RAKPs, the level, and three requests.
      assert.ok(tried >= 2 * 5, String(tried))
      assert.equal(lan.server.sessions.size, 1)
      assert.equal(lan.server.lockout.failedLogIns, 0)
    })
  }
})

describe('Close Session', () => {
  it("of another's session is an administrator's to ask for; of one's own, anybody's", async () => {
    await using rig = await LanRig.start()
    const admin = await rig.connect()
    const { sessions } = rig.server.machine
    const [session] = sessions.all()
    const oper = await connect(`lanplus://${operator.name}@127.0.0.1:${rig.port}?privilege=operator`, {
      password: operator.password,
    })
    const close = (sessionId: number) => ({ sessionId })
    await assert.rejects(oper.run(CloseSession, close(session!.id)), { completionCode: 0xd4 })
    await assert.rejects(oper.run(CloseSession, { sessionId: 0, handle: session!.handle }), {
      completionCode: 0xd4,
    })
    assert.equal(sessions.size, 2)
    const [, own] = sessions.all()
    await admin.run(CloseSession, close(own!.id))
    assert.deepEqual(sessions.all(), [session])
    await admin.close()
    assert.equal(sessions.size, 0)
    await oper.close().catch(() => {})
  })
})

describe('serial over LAN', () => {
  const line = { write: (characters: Uint8Array) => characters.length, sendBreak: () => {}, close: () => {} }
  /** What Activate Payload is answered with. */
  function activate(
    settings: Partial<SolSettings>,
    who: Partial<MemoryUser> & { level?: Privilege } = {},
    encrypted = true,
  ): number {
    const { level = Privilege.Admin, ...changes } = who
    const accounts = new MemoryAccounts({ users: [{ ...user, ...changes }] })
    const lan = new VirtualLan(fairWeather, 1, {
      client: { privilege: level },
      server: {
        accounts,
        sol: { farEnd: { open: () => line }, settings: () => ({ ...defaultSolSettings, ...settings }) },
      },
    })
    const data = encodeRequest(ActivatePayload, {
      payload: PayloadType.Sol,
      instance: 1,
      options: {
        startupHandshake: false,
        sharedSerialAlerts: 'fail',
        testMode: false,
        authenticated: true,
        encrypted,
      },
    })
    const { error, body } = lan.ask(NetFn.App, ActivatePayload.cmd, data)
    assert.equal(error, null)
    assert.equal(lan.server.sol!.session !== null, body[0] === 0)
    return body[0]!
  }

  it('needs the level that the SOL parameters ask for', () => {
    const privilege = Privilege.Operator
    assert.equal(activate({ privilege }, { level: Privilege.User }), 0xd4)
    assert.equal(activate({ privilege }, { level: Privilege.Operator }), 0)
    assert.equal(activate({ privilege: Privilege.User }, { level: Privilege.User }), 0)
  })

  it('is for users who may have it', () => {
    assert.equal(activate({}, { mayUseSol: false }), 0xd4)
    assert.equal(activate({}, { mayUseSol: true }), 0)
  })

  it('is not to be had while it is off, and in the clear only where the parameters do not force encryption', () => {
    assert.equal(activate({ isEnabled: false }), 0x81)
    assert.equal(activate({ forcesEncryption: true }, {}, false), 0x84)
    assert.equal(activate({ forcesEncryption: true }), 0)
    assert.equal(activate({}, {}, false), 0)
  })
})
