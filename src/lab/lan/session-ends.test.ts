/** However a log-in ends, it leaves no session on the BMC, whose sessions are few. IPMI 2.0 rev 1.1, section 22.19. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MemoryAccounts } from '../../lan/accounts.ts'
import { Privilege } from '../../protocol/command.ts'
import { PayloadType } from '../../protocol/commands/payload.ts'
import { AuthType, SetSessionPrivilegeLevel } from '../../protocol/commands/session.ts'
import type { LastwordError } from '../../protocol/error.ts'
import { user } from './rig.ts'
import { fairWeather, VirtualLan } from './virtual-lan.ts'

const v15 = {
  client: { version: '1.5' as const },
  server: { accounts: new MemoryAccounts({ users: [user], authTypes: [AuthType.Md5] }) },
}
const LEVEL_NOT_AVAILABLE = 0x81
const silence = { ...fairWeather, loss: 1 }
/** Where the payload type stands in a packet of RMCP+. */
const PAYLOAD_TYPE_AT = 5

const refusesLevels = (lan: VirtualLan) => {
  lan.refuse = request => (request[1] === SetSessionPrivilegeLevel.cmd ? LEVEL_NOT_AVAILABLE : 0)
}

/** What is sent while `holds` is lost. */
const losesWhile = (lan: VirtualLan, holds: (datagram: Uint8Array, to: 'bmc' | 'console') => boolean) => {
  lan.onDatagram = (datagram, to) => {
    lan.weather = holds(datagram, to) ? silence : fairWeather
  }
}

/** Logs in, and gives the error that it ends with. */
function logIn(lan: VirtualLan): LastwordError | null | undefined {
  let ended: LastwordError | null | undefined
  lan.client.open(error => {
    ended = error
  }, lan.nowMs)
  lan.run(() => ended !== undefined)
  // What is under way arrives.
  lan.pass(10)
  return ended
}

for (const [version, options] of [
  ['2.0', {}],
  ['1.5', v15],
] as const) {
  describe(`a log-in by IPMI ${version} leaves no session on the BMC`, () => {
    it('when the level is refused, also where the first Close Session is lost', () => {
      for (const losses of [0, 1, 2]) {
        const lan = new VirtualLan(fairWeather, 1, options)
        refusesLevels(lan)
        // Set Session Privilege Level goes through, what follows is lost at first.
        let asked = 0
        let lost = 0
        losesWhile(lan, (_, to) => {
          const isLost = to === 'bmc' && lan.client.state === 'raising' && ++asked > 1 && lost < losses
          if (isLost) lost++
          return isLost
        })
        assert.equal(logIn(lan)?.code, 'PRIVILEGE_REFUSED')
        assert.equal(lost, losses)
        assert.equal(lan.server.sessions.size, 0)
        assert.equal(lan.client.state, 'idle')
      }
    })

    it('when the level is refused so often that the BMC had no session left for another', () => {
      const lan = new VirtualLan(fairWeather, 1, options)
      refusesLevels(lan)
      for (let count = 0; count < 70; count++) assert.equal(logIn(lan)?.code, 'PRIVILEGE_REFUSED')
      lan.refuse = null
      assert.equal(logIn(lan), null)
    })

    it('when the level is asked for and not answered', () => {
      const lan = new VirtualLan(fairWeather, 1, options)
      losesWhile(lan, (_, to) => to === 'console' && lan.client.state === 'raising')
      assert.equal(logIn(lan)?.code, 'TIMEOUT')
      assert.equal(lan.server.sessions.size, 0)
    })

    it('when it is closed before it is told that it is through, or while it asks for the level', () => {
      for (const state of ['loggingIn', 'raising'] as const) {
        const lan = new VirtualLan(fairWeather, 1, options)
        let closed = 0
        let isGivenUp = false
        lan.onDatagram = () => {
          if (isGivenUp || lan.server.sessions.size === 0 || lan.client.state !== state) return
          isGivenUp = true
          lan.client.close(() => closed++, lan.nowMs)
        }
        assert.equal(logIn(lan)?.code, 'SESSION_CLOSED')
        lan.run(() => closed > 0)
        assert.equal(lan.server.sessions.size, 0)
        assert.deepEqual([closed, lan.client.state], [1, 'closed'])
      }
    })

    it('as far as it was told of it, when it is closed at its last question, within a second', () => {
      for (const firstWaitMs of [100, 5000]) {
        const lan = new VirtualLan(fairWeather, 1, { ...options, client: { ...options.client, firstWaitMs } })
        losesWhile(lan, (_, to) => to === 'console' && lan.server.sessions.size > 0)
        let closedMs: number | null = null
        lan.client.open(() => {}, lan.nowMs)
        lan.pass(90)
        assert.deepEqual([lan.client.state, lan.server.sessions.size], ['loggingIn', 1])
        const fromMs = lan.nowMs
        lan.client.close(() => {
          closedMs = lan.nowMs
        }, lan.nowMs)
        lan.run(() => closedMs !== null)
        assert.ok(closedMs! - fromMs <= 1000)
        assert.equal(lan.client.state, 'closed')
        lan.pass(10)
        // By IPMI 1.5 nothing but the answer that was lost says how the session is called.
        assert.equal(lan.server.sessions.size, version === '2.0' ? 0 : 1)
      }
    })
  })
}

describe('a log-in by IPMI 2.0 leaves no session on the BMC', () => {
  it('when RAKP 4 does not come, however often it begins anew', () => {
    const lan = new VirtualLan(fairWeather, 1)
    let opened = 0
    losesWhile(lan, (datagram, to) => {
      opened = Math.max(opened, lan.server.sessions.size)
      return to === 'console' && datagram[PAYLOAD_TYPE_AT] === PayloadType.Rakp4
    })
    assert.equal(logIn(lan)?.code, 'TIMEOUT')
    assert.deepEqual([opened, lan.server.sessions.size], [1, 0])
  })

  it('when the check value of RAKP 4 is wrong', () => {
    const lan = new VirtualLan(fairWeather, 1)
    lan.tamper = datagram => {
      if (datagram[PAYLOAD_TYPE_AT] === PayloadType.Rakp4) datagram[datagram.length - 1]! ^= 1
      return datagram
    }
    assert.equal(logIn(lan)?.code, 'BAD_HMAC')
    assert.equal(lan.server.sessions.size, 0)
  })

  it('at level user, which is not asked for, when it is closed', () => {
    const lan = new VirtualLan(fairWeather, 1, { client: { privilege: Privilege.User } })
    assert.equal(logIn(lan), null)
    assert.equal(lan.server.sessions.size, 1)
    assert.ok(lan.executed.every(([, cmd]) => cmd !== SetSessionPrivilegeLevel.cmd))
    lan.client.close(() => {}, lan.nowMs)
    lan.pass(10)
    assert.equal(lan.server.sessions.size, 0)
  })
})
