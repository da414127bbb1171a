import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LastwordError } from '../../protocol/error.ts'
import { NetFn } from '../../protocol/net-fn.ts'
import { runHostile } from './hostile.ts'
import { fairWeather, seededRandom, VirtualLan } from './virtual-lan.ts'

describe('strangers', () => {
  it('can neither stop BMC or console, nor end a session, nor have anything executed', () => {
    for (const seed of [1, 2]) {
      const report = runHostile({ datagrams: 10_000, seed })
      assert.ok(report.datagrams >= 10_000)
      assert.ok(report.requests > 200)
      const { failedRequests, failedLogIns, sessionsLost, forgedRecords, mostSessions } = report
      assert.deepEqual(
        { failedRequests, failedLogIns, sessionsLost, forgedRecords, mostSessions },
        { failedRequests: 0, failedLogIns: 0, sessionsLost: 0, forgedRecords: 0, mostSessions: 1 },
      )
    }
  })

  it('cannot use up the sessions by beginning log-ins', () => {
    const lan = new VirtualLan(fairWeather, 1)
    let openSession: Uint8Array | null = null
    lan.onDatagram = (datagram, to) => {
      if (to === 'bmc' && datagram[5] === 0x10) openSession = datagram
    }
    assert.equal(lan.ask(NetFn.App, 1).error, null)
    const [session] = lan.server.sessions.all()
    for (let port = 1; port <= 10_000; port++)
      lan.server.handle(openSession!, { address: '198.51.100.7', port }, lan.nowMs)
    while (lan.server.pollTransmit() !== null);
    assert.equal(lan.server.beginnings, 64)
    assert.equal(lan.server.sessions.all()[0], session)
    lan.pass(25_000)
    assert.equal(lan.server.beginnings, 0)
    assert.equal(lan.ask(NetFn.App, 1).error, null)
  })
})

/** Where the payload type of an RMCP+ packet stands, and its payload. */
const PAYLOAD_TYPE_AT = 5
const PAYLOAD_AT = 16

/** Cuts a packet's payload, its length field true. */
function cut(datagram: Uint8Array, payloadBytes: number): Uint8Array {
  const short = datagram.slice(0, PAYLOAD_AT + payloadBytes)
  short[14] = payloadBytes
  short[15] = 0
  return short
}

describe('a BMC that breaks the protocol in a log-in', () => {
  const types = { openSession: 0x11, rakp2: 0x13, rakp4: 0x15 } as const
  const broken = (type: number, change: (datagram: Uint8Array) => Uint8Array) => {
    const lan = new VirtualLan(fairWeather, 1, { client: { timeoutMs: 3000 } })
    lan.tamper = datagram => (datagram[PAYLOAD_TYPE_AT] === type ? change(datagram) : datagram)
    return lan.ask(NetFn.App, 1).error
  }
  const flip = (at: number) => (datagram: Uint8Array) =>
    datagram.map((byte, index) => (index === (at < 0 ? datagram.length + at : at) ? byte ^ 1 : byte))

  it('is told by what is wrong: a wrong HMAC, a RAKP that is cut off, other algorithms than were asked for', () => {
    assert.equal(broken(types.rakp2, flip(-1))?.code, 'BAD_PASSWORD')
    assert.equal(broken(types.rakp4, flip(-1))?.code, 'BAD_HMAC')
    assert.equal(broken(types.rakp2, datagram => cut(datagram, 8))?.code, 'RESPONSE_SHORT')
    assert.equal(broken(types.rakp2, datagram => cut(datagram, 50))?.code, 'RESPONSE_SHORT')
    assert.equal(broken(types.rakp4, datagram => cut(datagram, 10))?.code, 'BAD_HMAC')
    // What cannot be read may be another's: the log-in goes on, and remembers it.
    assert.equal(broken(types.rakp2, datagram => cut(datagram, 3))?.code, 'RESPONSE_BAD')
    assert.equal(broken(types.openSession, datagram => cut(datagram, 4))?.code, 'RESPONSE_BAD')
    assert.equal(broken(types.rakp2, datagram => datagram.slice(0, 30))?.code, 'RESPONSE_BAD')
    assert.equal(broken(types.openSession, flip(PAYLOAD_AT + 16))?.code, 'RESPONSE_BAD')
  })

  it('is asked on past an answer to another log-in with the same tag, and told when no other comes', () => {
    const toAnother = flip(PAYLOAD_AT + 4)
    for (const type of Object.values(types)) {
      let count = 0
      assert.equal(
        broken(type, datagram => (count++ === 0 ? toAnother(datagram) : datagram)),
        null,
      )
      assert.equal(broken(type, toAnother)?.code, 'RESPONSE_BAD')
    }
  })

  it('ends with one error that names the BMC, whatever the BMC sends', () => {
    const random = seededRandom(1)
    for (let i = 0; i < 300; i++) {
      const lan = new VirtualLan(fairWeather, i, { client: { timeoutMs: 3000 } })
      const from = Math.floor(random() * 8)
      let count = 0
      lan.tamper = datagram => {
        if (count++ < from) return datagram
        const changed = datagram.slice(
          0,
          random() < 0.3 ? Math.floor(random() * datagram.length) : datagram.length,
        )
        if (changed.length > 4)
          changed[4 + Math.floor(random() * (changed.length - 4))] = Math.floor(random() * 256)
        return changed
      }
      const { error } = lan.ask(NetFn.App, 1)
      if (error === null) continue
      assert.ok(error instanceof LastwordError, String(error))
      assert.match(error.message, /^bmc: /)
    }
  })
})
