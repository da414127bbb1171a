/** The fault list, first part continued: a panic whose BMC is slow, busy, dead, or never done. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { panicPolicies } from '../../si/panic-policy.ts'
import { Stage } from '../../si/smi-msg.ts'
import { FaultHost } from './host.ts'
import { getDeviceId, newHost, numbered, ours, TEXT } from './panicking-host.ts'

describe('a panic whose BMC is no help', () => {
  it('F08 ends within its budget though the BMC never clears IBF, and says what was not sent', () => {
    for (const policy of ours) {
      const host = newHost({ policy, budgetUs: 12_000_000, maxTextRecords: 200 })
      const waiting = [1, 2, 3].map(number => host.send(numbered(number)))
      host.bmcIsDead = true
      assert.equal(host.panicPath.panic('a long story '.repeat(100)), 'budgetSpent')
      assert.ok(host.panicPath.spentUs <= 12_000_000 + 1_100_000, `${host.panicPath.spentUs} µs`)
      const { slots } = host.handler.pool
      const codes = slots
        .filter(slot => slot.stage === Stage.Ended && slot.user !== null)
        .map(slot => slot.error?.code)
      assert.equal(codes.length, waiting.length)
      for (const code of codes)
        assert.ok(code !== undefined && /PANIC_BUDGET|HOSED|DEAD|LOST|DROPPED/.test(code), code)
    }
  })

  it('F08 tries an interface at once that was given up shortly before', () => {
    const host = newHost()
    host.bmcIsDead = true
    host.send(getDeviceId)
    host.run()
    assert.equal(host.driver.isDead, true)
    host.bmcIsDead = false
    host.side.run()
    assert.equal(host.panicPath.panic(TEXT), 'complete')
    assert.ok(host.panicPath.spentUs < 500_000, `${host.panicPath.spentUs} µs`)
    assert.deepEqual(host.lastWords, [TEXT])
  })

  it('F09 is not chased by a status that cycles through C1, C9, C1', () => {
    let reads = 0
    const cycle = [0xc1, 0xc9, 0xc1]
    const host = new FaultHost({
      port: () => ({
        inb: offset => (offset === 1 ? cycle[reads++ % 3]! : 0),
        outb: () => {},
      }),
      budgetUs: 5_000_000,
    })
    const ended = host.send(getDeviceId)
    host.run()
    assert.equal(ended.how, 'INTERFACE_HOSED')
    assert.equal(ended.times, 1)
    assert.ok(reads < 300, `${reads} status reads for one message`)
    assert.notEqual(host.panicPath.panic(TEXT), 'hang')
  })

  it('F10 is not held up by an event buffer that is always full or an attention bit that never clears', () => {
    for (const policy of ours) {
      for (const latencyUs of [0, 5000]) {
        const host = new FaultHost({
          policy,
          events: 'on',
          latencyUs,
          port: registers => ({
            inb: offset => (offset === 1 ? registers.inb(1) | 0x04 : registers.inb(0)),
            outb: (offset, value) => registers.outb(offset, value),
          }),
          answer: (request, execute) =>
            request[1] === 0x31
              ? Uint8Array.of(0x1c, 0x31, 0, 0x02)
              : request[1] === 0x35
                ? Uint8Array.of(0x1c, 0x35, 0, ...new Uint8Array(16))
                : execute(request),
        })
        host.send(numbered(1))
        for (let turn = 0; turn < 30; turn++) host.driver.step(0)
        const before = host.requests.length
        assert.equal(host.panicPath.panic(TEXT), 'complete')
        assert.deepEqual(host.lastWords, [TEXT])
        assert.ok(host.panicPath.spentUs < 1_000_000, `${host.panicPath.spentUs} µs`)
        // What was under way, event, device ID, event receiver and three pieces of text: of news nothing.
        assert.ok(host.requests.length - before <= 7, `${host.requests.length - before} requests`)
      }
    }
  })

  it('F11 says the last words before a deep queue is flushed, and each queued message ends', () => {
    const host = newHost({ maxMsgs: 2000, latencyUs: 500, budgetUs: 3_000_000 })
    const ended = Array.from({ length: 2000 }, () => host.send(numbered(1)))
    host.turn(0)
    const before = host.requests.length
    assert.equal(host.panicPath.panic(TEXT), 'budgetSpent')
    assert.deepEqual(host.lastWords, [TEXT])
    // The one under way is finished first; then come event, device ID, event receiver and three pieces of text.
    const first = host.requests.slice(before, before + 7).map(request => request[1])
    assert.deepEqual(first, [0x44, 0x02, 0x01, 0x01, 0x44, 0x44, 0x44])
    assert.equal(host.requests[before + 6]![4], 0xf0)
    const left = host.handler.pool.slots.filter(slot => slot.stage === Stage.Ended && slot.user !== null)
    assert.equal(left.length, ended.length)
    assert.ok(left.some(slot => slot.error?.code === 'PANIC_BUDGET_SPENT'))
    assert.ok(left.some(slot => slot.error === null))
  })

  it('F11 numbers 256 records of text at the most, whatever was asked for', () => {
    const host = newHost({ maxTextRecords: 400, budgetUs: 60_000_000 })
    const text = 'eleven char'.repeat(300)
    assert.equal(host.panicPath.panic(text), 'complete')
    assert.deepEqual(host.lastWords, ['eleven char'.repeat(256)])
    assert.equal(host.bmc.sel.records.length, 1 + 256)
  })

  it('F12 keeps asking a BMC that was just reset and is too busy to listen', () => {
    let busyUntilUs = 0
    const host: FaultHost = new FaultHost({
      answer: (request, execute) =>
        host.nowUs < busyUntilUs ? Uint8Array.of(request[0]! | 4, request[1]!, 0xd2) : execute(request),
    })
    host.send({ netFn: 0x06, cmd: 0x02 })
    host.run()
    busyUntilUs = host.nowUs + 2_000_000
    assert.throws(() => host.send(getDeviceId), { code: 'IN_MAINTENANCE' })
    assert.equal(host.panicPath.panic(TEXT), 'complete')
    assert.deepEqual(host.lastWords, [TEXT])
  })

  it('F13 sends the text to a foreign event receiver without waiting for what it says', () => {
    const host = newHost({
      answer(request, execute) {
        const response = execute(request)
        // The BMC generates events and another controller receives them.
        if (request[1] === 0x01 && request[0] === 0x18) response[8]! |= 0x20
        if (request[1] === 0x01 && request[0] === 0x10) return Uint8Array.of(0x14, 0x01, 0, 0x42, 0x00)
        if (request[1] === 0x34) return Uint8Array.of(0x1c, 0x34, 0)
        return response
      },
    })
    // The BMC has put it on the bus; whether it was recorded, nobody knows.
    assert.equal(host.panicPath.panic(TEXT), 'unconfirmed')
    const sent = host.requests.filter(request => request[1] === 0x34)
    assert.equal(sent.length, 3)
    assert.equal(sent[0]![3], 0x42)
    assert.ok(host.panicPath.spentUs < 100_000)
  })

  it('leaves no policy waiting for ever when the interface reads FFh', () => {
    for (const policy of panicPolicies) {
      const host = new FaultHost({
        policy,
        port: () => ({ inb: () => 0xff, outb: () => {} }),
        budgetUs: 30_000_000,
      })
      const ended = host.send(getDeviceId)
      const outcome = host.panicPath.panic(TEXT)
      // Stock Linux gives each message up after a while, too; it does not know that the end came.
      assert.equal(outcome, policy.recovery === 'ledger' ? 'budgetSpent' : 'incomplete')
      assert.equal(ended.times, 0)
      if (policy.recovery === 'ledger') assert.ok(host.panicPath.spentUs < 32_000_000)
    }
  })
})
