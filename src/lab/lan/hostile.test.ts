import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NetFn } from '../../protocol/net-fn.ts'
import { runHostile } from './hostile.ts'
import { fairWeather, VirtualLan } from './virtual-lan.ts'

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
