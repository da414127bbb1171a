/** What our client does where it might do otherwise: quirks, new packets or the same, and packets that are not its own. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MemoryAccounts } from '../../lan/accounts.ts'
import { RakpAlgorithm } from '../../lan/cipher-suites.ts'
import { PlusLink } from '../../lan/session-link.ts'
import { RakpStatus } from '../../lan/session-setup.ts'
import { Privilege } from '../../protocol/command.ts'
import { GetDeviceId } from '../../protocol/commands/device.ts'
import { PayloadType } from '../../protocol/commands/payload.ts'
import { AddSelEntry } from '../../protocol/commands/sel.ts'
import {
  GetChannelAuthenticationCapabilities,
  GetChannelCipherSuites,
} from '../../protocol/commands/session.ts'
import type { LastwordError } from '../../protocol/error.ts'
import { hex } from '../../protocol/message.ts'
import { user } from './rig.ts'
import { fairWeather, VirtualLan } from './virtual-lan.ts'

const getDeviceId = { ...GetDeviceId, data: new Uint8Array(0) }
const silence = { ...fairWeather, loss: 1 }
/** Where a packet of RMCP+ says what it carries, and for which session. */
const PAYLOAD_TYPE_AT = 5
const SESSION_ID_AT = 6
const PAYLOAD_LENGTH_AT = 14
const PAYLOAD_AT = 16
const BMC_ID_AT = PAYLOAD_AT + 8
const AUTHENTICATION_AT = PAYLOAD_AT + 12
/** Where a packet outside of sessions says what it asks or answers. */
const CMD_AT = 19
const LIST_PART_AT = 22
const AUTH_TYPES_AT = 22
const CONNECTIONS_AT = 24
const ENCRYPTED = 0x80

function withWrongCheck(datagram: Uint8Array): Uint8Array {
  if (datagram[PAYLOAD_TYPE_AT] === PayloadType.Rakp4) datagram[datagram.length - 1]! ^= 1
  return datagram
}

function logIn(lan: VirtualLan): LastwordError | null | undefined {
  let ended: LastwordError | null | undefined
  lan.client.open(error => {
    ended = error
  }, lan.nowMs)
  lan.run(() => ended !== undefined)
  return ended
}

/** What is sent to the BMC while `action` runs, in hexadecimal. */
function sentDuring(lan: VirtualLan, action: () => void): string[] {
  const sent: string[] = []
  lan.onDatagram = (datagram, to) => {
    if (to === 'bmc') sent.push(hex(datagram))
  }
  action()
  lan.onDatagram = null
  return sent
}

/** A BMC whose users' names are filled up to 16 bytes, and that sends no check value where nothing is signed. */
function intel(quirks: readonly string[], suite: number): VirtualLan {
  const accounts = new MemoryAccounts({
    users: [{ ...user, name: user.name.padEnd(16, '\0') }],
    suites: new Map([[suite, Privilege.Admin]]),
  })
  const lan = new VirtualLan(fairWeather, 1, { client: { quirks }, server: { accounts } })
  lan.tamper = datagram => {
    if (datagram[PAYLOAD_TYPE_AT] !== PayloadType.Rakp4 || suite !== 1) return datagram
    const short = datagram.slice(0, PAYLOAD_AT + 8)
    short[PAYLOAD_LENGTH_AT] = 8
    return short
  }
  return lan
}

describe('the quirk', () => {
  it('single has one request in flight, without it there are many', () => {
    const mostUnderWay = (quirks: readonly string[]) => {
      const lan = new VirtualLan(fairWeather, 1, { client: { quirks } })
      assert.equal(logIn(lan), null)
      let underWay = 0
      let most = 0
      lan.onDatagram = (_, to) => {
        underWay += to === 'bmc' ? 1 : -1
        most = Math.max(most, underWay)
      }
      assert.ok(
        lan.askAll(Array.from({ length: 100 }, () => getDeviceId)).every(({ error }) => error === null),
      )
      return most
    }
    assert.equal(mostUnderWay(['single']), 1)
    assert.equal(mostUnderWay([]), 32)
  })

  it('replays sends what must not be executed twice once, without it the same packet again', () => {
    for (const [quirks, isOnce] of [
      [['replays'], true],
      [[], false],
    ] as const) {
      const lan = new VirtualLan(fairWeather, 1, { client: { quirks } })
      assert.equal(logIn(lan), null)
      lan.weather = silence
      const data = new Uint8Array(16)
      const sent = sentDuring(lan, () => {
        assert.equal(lan.ask(AddSelEntry.netFn, AddSelEntry.cmd, data).error?.code, 'TIMEOUT')
      })
      assert.equal(sent.length === 1, isOnce)
      assert.equal(new Set(sent).size, 1)
    }
  })

  it('intel20 fills names up and misses no check value in RAKP 4 where nothing is signed', () => {
    for (const suite of [1, 3, 12, 17]) {
      assert.equal(logIn(intel(['intel20'], suite)), null, `suite ${suite}`)
      assert.equal(logIn(intel([], suite))?.code, 'NO_SUCH_USER')
    }
    const wrong = intel(['intel20'], 17)
    wrong.tamper = withWrongCheck
    assert.equal(logIn(wrong)?.code, 'BAD_HMAC')
  })

  it('integritycheckvalue takes any check value in RAKP 4', () => {
    for (const [quirks, code] of [
      [['integritycheckvalue'], undefined],
      [[], 'BAD_HMAC'],
    ] as const) {
      const lan = new VirtualLan(fairWeather, 1, { client: { quirks } })
      lan.tamper = withWrongCheck
      assert.equal(logIn(lan)?.code, code)
    }
  })

  it('opensesspriv asks Open Session for the level that is wanted, not for the highest', () => {
    for (const [quirks, asked] of [
      [['opensesspriv'], Privilege.Operator],
      [[], 0],
    ] as const) {
      const lan = new VirtualLan(fairWeather, 1, { client: { quirks, privilege: Privilege.Operator } })
      const levels: number[] = []
      lan.onDatagram = datagram => {
        if (datagram[PAYLOAD_TYPE_AT] === PayloadType.OpenSessionRequest)
          levels.push(datagram[PAYLOAD_AT + 1]!)
      }
      assert.equal(logIn(lan), null)
      assert.deepEqual(levels, [asked])
    }
  })

  it('authcap does not ask for the capabilities, whose answer would be missing', () => {
    const isCapabilities = ([, cmd]: Uint8Array) => cmd === GetChannelAuthenticationCapabilities.cmd
    for (const [quirks, code] of [
      [['authcap'], undefined],
      [[], 'COMPLETION_CODE'],
    ] as const) {
      const lan = new VirtualLan(fairWeather, 1, { client: { quirks } })
      let asked = 0
      lan.refuse = request => {
        if (!isCapabilities(request)) return 0
        asked++
        return 0xc1
      }
      assert.equal(logIn(lan)?.code, code)
      assert.equal(asked > 0, code !== undefined)
    }
  })
})

/** The refusal of a message of the log-in, which has eight bytes. */
function refusal(datagram: Uint8Array, status: number): Uint8Array {
  const short = datagram.slice(0, PAYLOAD_AT + 8)
  short[PAYLOAD_LENGTH_AT] = 8
  short[PAYLOAD_AT + 1] = status
  return short
}

/** The first datagram of this type becomes another. */
function changesFirst(lan: VirtualLan, type: number, change: (datagram: Uint8Array) => Uint8Array): void {
  let count = 0
  lan.tamper = datagram => (datagram[PAYLOAD_TYPE_AT] === type && count++ === 0 ? change(datagram) : datagram)
}

/** How many bytes sign a packet of the session, which tells suite 17 (16) from suite 3 (12). */
function codeBytes(lan: VirtualLan): number | undefined {
  const link = lan.server.sessions.all()[0]?.link
  return link instanceof PlusLink ? link.protection.codeBytes : undefined
}

describe('a log-in', () => {
  it('takes the next suite where the BMC refuses the strongest one that it lists, or does not answer to it', () => {
    for (const status of [RakpStatus.NoCipherSuiteMatch, RakpStatus.IllegalParameter]) {
      const lan = new VirtualLan(fairWeather, 1)
      changesFirst(lan, PayloadType.OpenSessionResponse, datagram => refusal(datagram, status))
      assert.equal(logIn(lan), null)
      assert.equal(codeBytes(lan), 12)
    }
    const silent = new VirtualLan(fairWeather, 1)
    silent.onDatagram = datagram => {
      const isAsked = datagram[PAYLOAD_TYPE_AT] === PayloadType.OpenSessionRequest
      const isLost = isAsked && datagram[AUTHENTICATION_AT] === RakpAlgorithm.HmacSha256
      silent.weather = isLost ? silence : fairWeather
    }
    assert.equal(logIn(silent), null)
    assert.equal(codeBytes(silent), 12)
  })

  it('takes the strongest suite also where a part of the list is lost', () => {
    const lan = new VirtualLan(fairWeather, 1)
    let asked = 0
    lan.onDatagram = datagram => {
      const isSecond = datagram[CMD_AT] === GetChannelCipherSuites.cmd && datagram[LIST_PART_AT] === 0x81
      lan.weather = isSecond && ++asked <= 2 ? silence : fairWeather
    }
    assert.equal(logIn(lan), null)
    assert.deepEqual([asked, codeBytes(lan)], [3, 16])
  })

  it('is not tried where the BMC says that it does not speak IPMI 2.0', () => {
    for (const [at, bit] of [
      [AUTH_TYPES_AT, 0x80],
      [CONNECTIONS_AT, 0x02],
    ] as const) {
      const lan = new VirtualLan(fairWeather, 1)
      lan.tamper = datagram => {
        if (datagram[CMD_AT] !== GetChannelAuthenticationCapabilities.cmd) return datagram
        datagram[at]! -= bit
        // The checksum.
        datagram[datagram.length - 1]! += bit
        return datagram
      }
      assert.equal(logIn(lan)?.code, 'NO_IPMI20')
    }
  })

  it('does not go on with session 0', () => {
    const lan = new VirtualLan(fairWeather, 1)
    changesFirst(lan, PayloadType.OpenSessionResponse, datagram => datagram.fill(0, BMC_ID_AT, BMC_ID_AT + 4))
    assert.equal(logIn(lan)?.code, 'RESPONSE_BAD')
  })

  it('begins anew where the BMC has lost track of it, three times at the most', () => {
    const lan = new VirtualLan(fairWeather, 1)
    const lost = (datagram: Uint8Array) => refusal(datagram, RakpStatus.InvalidSessionId)
    changesFirst(lan, PayloadType.Rakp2, lost)
    assert.equal(logIn(lan), null)
    const always = new VirtualLan(fairWeather, 1)
    let begun = 0
    always.tamper = datagram => {
      if (datagram[PAYLOAD_TYPE_AT] !== PayloadType.Rakp2) return datagram
      begun++
      return lost(datagram)
    }
    assert.equal(logIn(always)?.code, 'LOGIN_REFUSED')
    assert.equal(begun, 3)
  })

  it('asks a BMC that is not there for its time once, not three times', () => {
    const lan = new VirtualLan(silence, 1)
    assert.equal(logIn(lan)?.code, 'TIMEOUT')
    assert.equal(lan.nowMs, 10_000)
  })
})

describe('a suite that is insisted on', () => {
  /** Loses the first `lost` Open Session requests. */
  const losing = (lost: number, suite = 17) => {
    const suites = new Map([3, 17].map(id => [id, Privilege.Admin] as const))
    const accounts = new MemoryAccounts({ users: [user], suites })
    const lan = new VirtualLan(fairWeather, 1, { client: { suite }, server: { accounts } })
    let asked = 0
    lan.onDatagram = datagram => {
      const isAsked = datagram[PAYLOAD_TYPE_AT] === PayloadType.OpenSessionRequest
      lan.weather = isAsked && ++asked <= lost ? silence : fairWeather
    }
    return lan
  }

  it('is asked for on, when the BMC lists it or has no list, and does not answer at first', () => {
    assert.equal(logIn(losing(4)), null)
    const unlisted = losing(4)
    unlisted.refuse = ([, cmd]) => (cmd === GetChannelCipherSuites.cmd ? 0xc1 : 0)
    assert.equal(logIn(unlisted), null)
  })

  it('is refused where the BMC does not answer and lists others', () => {
    const error = logIn(losing(4, 12))
    assert.deepEqual(
      [error?.code, /it offers (.*)$/.exec(error?.message ?? '')?.[1]],
      ['SUITE_REFUSED', '3, 17'],
    )
  })
})

describe('the privilege level', () => {
  it('is asked for in a new packet each time, for there are BMCs that do not answer the same one twice', () => {
    const lan = new VirtualLan(fairWeather, 1)
    let answers = 0
    const sent: string[] = []
    lan.onDatagram = (datagram, to) => {
      if (lan.client.state !== 'raising') return
      if (to === 'bmc') sent.push(hex(datagram))
      lan.weather = to === 'console' && ++answers <= 2 ? silence : fairWeather
    }
    assert.equal(logIn(lan), null)
    assert.deepEqual([sent.length, new Set(sent).size], [3, 3])
  })
})

describe('a packet that is not for our client', () => {
  it('is no part of its log-in: encrypted, or of a session', () => {
    for (const [at, bit] of [
      [PAYLOAD_TYPE_AT, ENCRYPTED],
      [SESSION_ID_AT, 1],
    ] as const) {
      const lan = new VirtualLan(fairWeather, 1)
      lan.tamper = datagram => {
        if ((datagram[PAYLOAD_TYPE_AT]! & ~ENCRYPTED) === PayloadType.Rakp2) datagram[at]! |= bit
        return datagram
      }
      assert.equal(logIn(lan)?.code, 'TIMEOUT')
    }
  })

  it('is not taken in a session that signs nothing, when it is of another', () => {
    const accounts = new MemoryAccounts({ users: [user], suites: new Map([[1, Privilege.Admin]]) })
    const lan = new VirtualLan(fairWeather, 1, { client: { suite: 1 }, server: { accounts } })
    assert.equal(logIn(lan), null)
    assert.equal(lan.askAll([getDeviceId])[0]!.error, null)
    let isTampered = true
    lan.tamper = datagram => {
      if (isTampered) datagram[SESSION_ID_AT]! ^= 1
      return datagram
    }
    let answers = 0
    lan.client.request({ ...getDeviceId, lun: 0, route: [] }, () => answers++, lan.nowMs)
    lan.pass(1000)
    assert.equal(answers, 0)
    isTampered = false
    lan.pass(1000)
    assert.equal(answers, 1)
  })

  it('is not taken when it comes again', () => {
    const lan = new VirtualLan(fairWeather, 1)
    assert.equal(logIn(lan), null)
    const { link } = lan.server.sessions.all()[0]!
    assert.ok(link instanceof PlusLink)
    const datagram = link.seal(PayloadType.Sol, Uint8Array.of(1, 2, 3, 4))
    const payloads: string[] = []
    lan.client.onPayload = ({ payload }) => payloads.push(hex(payload))
    for (const _ of [1, 2]) assert.equal(lan.client.handle(Uint8Array.from(datagram), lan.nowMs), true)
    assert.deepEqual(payloads, ['01 02 03 04'])
  })
})
