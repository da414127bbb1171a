/** The fault list, second part: a BMC that misbehaves. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Bmc as Client } from '../../client/bmc.ts'
import type { LastwordError } from '../../protocol/error.ts'
import { drop, resend } from '../../si/panic-policy.ts'
import { bridged, bridgingHost, replyTo } from './bridging-host.ts'
import { FaultHost } from './host.ts'

const getDeviceId = { netFn: 0x06, cmd: 0x01 }
const getSelTime = { netFn: 0x0a, cmd: 0x48 }

/** Answers every read of the event buffer with one more event. */
function endlessEvents(request: Uint8Array, execute: (request: Uint8Array) => Uint8Array): Uint8Array {
  if (request[1] === 0x31) return Uint8Array.of(0x1c, 0x31, 0, 0x02)
  if (request[1] === 0x35) return Uint8Array.of(0x1c, 0x35, 0, ...new Uint8Array(16))
  return execute(request)
}

const alwaysAttention = (registers: { inb(o: number): number; outb(o: number, v: number): void }) => ({
  inb: (offset: number) => (offset === 1 ? registers.inb(1) | 0x04 : registers.inb(0)),
  outb: (offset: number, value: number) => registers.outb(offset, value),
})

describe('a BMC that always has one more event', () => {
  it('F18 starves no request, and what it sends is kept in bounds', () => {
    const host = new FaultHost({ events: 'on', answer: endlessEvents, port: alwaysAttention })
    host.run(1_000_000)
    const ended = Array.from({ length: 20 }, () => host.send(getDeviceId))
    host.run(5_000_000)
    assert.deepEqual(
      ended.map(end => [end.times, end.how]),
      ended.map(() => [1, 'ok']),
    )
    assert.ok(host.handler.events.waiting <= 25)
    assert.ok(host.handler.events.dropped > 0)
    assert.ok(host.handler.pool.live <= 3)
  })

  it('F19 lets a request through after ten fetches at the most, whenever it comes', () => {
    let worst = 0
    for (let turns = 0; turns <= 200; turns++) {
      const host = new FaultHost({ events: 'on', answer: endlessEvents, port: alwaysAttention })
      host.run(100_000)
      for (let turn = 0; turn < turns; turn++) {
        host.driver.step(0)
        if (turn % 7 === 0 && host.handler.hasWork) host.handler.work()
      }
      const before = host.requests.length
      const ended = host.send(getDeviceId)
      for (let turn = 0; turn < 100 && ended.times === 0; turn++) host.turn(250)
      const own = host.requests.findIndex((request, index) => index >= before && request[1] === 0x01)
      assert.ok(
        own >= 0 && own - before <= 11,
        `${own - before} requests went before it, after ${turns} turns`,
      )
      worst = Math.max(worst, own - before)
    }
    assert.ok(worst >= 2, 'some of them met fetches')
  })
})

describe('a BMC that fails', () => {
  it('F20 answers each queued message once though the sender fails again and again', () => {
    const host = new FaultHost()
    host.bmcIsDead = true
    const ended = Array.from({ length: 8 }, () => host.send(getDeviceId))
    host.run()
    assert.deepEqual(
      ended.map(end => end.times),
      ended.map(() => 1),
    )
    assert.equal(ended[0]!.how, 'INTERFACE_HOSED')
    for (const end of ended.slice(1)) assert.equal(end.how, 'INTERFACE_DEAD')
    assert.equal(host.handler.xmit.currMsg, null)
    assert.equal(host.handler.pool.live, 0)
  })

  it('F21 answers the message that waits behind a transfer that dies', () => {
    const host = new FaultHost({ events: 'on' })
    host.run()
    // A fetch of the driver's is under way when the message comes.
    host.bmc.messaging.enables = 0x0c
    host.bmc.messaging.bufferEvent(new Uint8Array(16))
    for (let turn = 0; turn < 3; turn++) host.driver.step(0)
    const ended = host.send(getDeviceId)
    assert.notEqual(host.driver.waitingMsg, null)
    host.bmcIsDead = true
    host.run()
    assert.deepEqual([ended.times, ended.how], [1, 'INTERFACE_DEAD'])
    assert.equal(host.handler.pool.live, 0)
  })

  it('F22 survives a reset in the middle of a watchdog heartbeat, at every turn of it', () => {
    for (let turns = 0; turns < 20; turns++) {
      const host = new FaultHost()
      const ended = host.send({ netFn: 0x06, cmd: 0x22 })
      for (let turn = 0; turn < turns; turn++) host.driver.step(0)
      host.bmc.reset('cold')
      host.run()
      assert.equal(ended.times, 1, `reset after ${turns} turns`)
      const after = host.send(getDeviceId)
      host.run()
      assert.deepEqual([after.times, after.how], [1, 'ok'])
      const beats = host.requests.filter(request => request[1] === 0x22).length
      assert.ok(beats <= 1, `the heartbeat was executed ${beats} times`)
    }
  })

  for (const code of [0x80, 0xd5, 0xff]) {
    it(`F22 tells the user of completion code ${code.toString(16)} and goes on`, () => {
      const host = new FaultHost({
        answer: (request, execute) =>
          request[1] === 0x22 ? Uint8Array.of(0x1c, 0x22, code) : execute(request),
      })
      const beat = host.send({ netFn: 0x06, cmd: 0x22 })
      const next = host.send(getDeviceId)
      host.run()
      assert.deepEqual([beat.times, beat.how, beat.body[0]], [1, 'COMPLETION_CODE', code])
      assert.deepEqual([next.times, next.how], [1, 'ok'])
    })
  }

  it('F23 keeps a late answer from the next request when a caller gave up', () => {
    let held: Uint8Array | null = null
    const host: FaultHost = new FaultHost({
      answer(request, execute) {
        if (request[1] !== 0x48) return execute(request)
        held = execute(request)
        return null
      },
    })
    let gaveUp = ''
    const id = host.user.send(getSelTime, reply => {
      gaveUp = reply.error?.code ?? 'ok'
    })
    host.turn(0)
    assert.equal(host.user.abort(id), true)
    assert.equal(gaveUp, 'ABORTED')
    assert.equal(host.user.abort(id), false)
    const next = host.send(getDeviceId)
    assert.ok(held !== null)
    host.side.answer(held)
    host.run()
    assert.deepEqual([next.times, next.how, next.body.length], [1, 'ok', 12])
    assert.equal(host.handler.pool.live, 0)
  })

  it('F23 never executes a request that was given up while it was queued', () => {
    const host = new FaultHost()
    host.send(getDeviceId)
    let how = ''
    const id = host.user.send(getSelTime, reply => {
      how = reply.error?.code ?? 'ok'
    })
    host.user.abort(id)
    host.run()
    assert.equal(how, 'ABORTED')
    assert.ok(!host.requests.some(request => request[1] === 0x48))
  })

  it("F23 keeps another controller's late answer from the next request to it", () => {
    const { host, sent } = bridgingHost()
    const first = host.send(bridged({ retries: 0 }))
    host.wait(3_000_000)
    assert.equal(first.how, 'BRIDGE_TIMEOUT')
    const second = host.send(bridged({ retries: 0, retryTimeMs: 60_000 }))
    host.run(1_000_000)
    host.bmc.messaging.putMessage(0, replyTo(sent[0]!, [0, 0x11]))
    host.run(1_000_000)
    assert.equal(second.times, 0, 'the answer was to the one before it')
    host.bmc.messaging.putMessage(0, replyTo(sent[1]!, [0, 0x22]))
    host.run(1_000_000)
    assert.deepEqual([second.times, second.how, second.body[1]], [1, 'ok', 0x22])
  })

  for (const code of [0xc0, 0xd5, 0xff]) {
    it(`F25 asks again when Get Device ID is answered ${code.toString(16)} at start`, async () => {
      let refusals = 3
      const client = clientOver(async cmd => {
        if (cmd === 0x01 && refusals-- > 0) return Uint8Array.of(code)
        return Uint8Array.of(0, 0x20, 1, 1, 0, 2, 0x14, 0, 0, 0, 1, 0)
      })
      assert.equal((await client.identify({ pauseMs: 0 })).deviceId, 0x20)
    })
  }

  it('F25 gives up with the reason when it goes on so, and when there is silence', async () => {
    const busy = clientOver(async () => Uint8Array.of(0xc0))
    await assert.rejects(busy.identify({ pauseMs: 0 }), { code: 'COMPLETION_CODE', message: /node busy/ })
    const silent = new FaultHost({ answer: () => null })
    const guid = silent.send({ netFn: 0x06, cmd: 0x08 })
    silent.run()
    assert.deepEqual([guid.times, guid.how], [1, 'RESPONSE_LOST'])
  })

  it('F26 ends each request once with a typed error, whatever bytes come back', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 6 }), answers => {
        let at = 0
        const host = new FaultHost({ answer: () => answers[at++ % answers.length]!.slice(0, 272) })
        const ended = answers.map(() => host.send(getDeviceId))
        host.run()
        for (const end of ended) {
          assert.equal(end.times, 1)
          assert.ok(['ok', 'COMPLETION_CODE', 'RESPONSE_SHORT', 'RESPONSE_WRONG'].includes(end.how), end.how)
        }
        assert.equal(host.handler.pool.live, 0)
      }),
      { numRuns: 300 },
    )
  })

  it('F26 names a response that is short, and one that is for another command', () => {
    for (const [answer, code] of [
      [[], 'RESPONSE_SHORT'],
      [[0x1c], 'RESPONSE_SHORT'],
      [[0x1c, 0x01], 'RESPONSE_SHORT'],
      [[0x1c, 0x02, 0x00], 'RESPONSE_WRONG'],
      [[0x2c, 0x01, 0x00], 'RESPONSE_WRONG'],
    ] as const) {
      const host = new FaultHost({ answer: () => Uint8Array.from(answer) })
      const ended = host.send(getDeviceId)
      host.run()
      assert.equal(ended.how, code)
    }
  })

  it('F26 gives up a response without end, whoever waits for it', () => {
    for (const policy of [resend, drop]) {
      let isEndless = false
      let reads = 0
      const host = new FaultHost({
        policy,
        budgetUs: 3_000_000,
        port: registers => ({
          // Once the request is written: READ state and one more byte, for ever.
          inb(offset) {
            if (!isEndless) return registers.inb(offset)
            if (offset === 1) reads++
            return offset === 1 ? 0x41 : 0x1c
          },
          outb(offset, value) {
            if (!isEndless) registers.outb(offset, value)
          },
        }),
      })
      const ended = host.send(getDeviceId)
      for (let turn = 0; turn < 6; turn++) host.driver.step(0)
      isEndless = true
      host.run()
      assert.equal(ended.times, 1)
      assert.equal(ended.how, 'RESPONSE_LOST')
      assert.ok(reads < 100_000, `${reads} status reads`)
      assert.notEqual(host.panicPath.panic('the end'), 'hang')
      assert.ok(host.panicPath.spentUs < 30_000_000)
    }
  })

  it("F26 does not take another command's response for the answer to the driver's own requests", () => {
    const deviceId = Uint8Array.of(0x1c, 0x01, 0, 0x20, 0xe4, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0)
    const events: Uint8Array[] = []
    const written: number[] = []
    const host = new FaultHost({
      events: 'on',
      answer(request, execute) {
        if (request[1] === 0x2e) written.push(request[2]!)
        return [0x2f, 0x31, 0x35].includes(request[1]!) ? deviceId.slice() : execute(request)
      },
    })
    host.handler.createUser({ onEvent: record => events.push(record) }).wantEvents()
    host.registers.setAttention('on')
    host.wait(5_000_000)
    assert.deepEqual(written, [], 'no enables are written that were never read')
    assert.equal(events.length, 0)
    assert.ok(host.driver.stats.wrongReplies > 0)
    assert.deepEqual(host.log, ['wrongReply'], 'it is told once')
    const ended = host.send(getDeviceId)
    host.run(2_000_000)
    assert.equal(ended.how, 'ok')
  })

  it('F27 goes on when there is no message for an event, and fetches it later', () => {
    const events: Uint8Array[] = []
    const host = new FaultHost({ events: 'on', maxMsgs: 2 })
    host.handler.createUser({ onEvent: record => events.push(record) }).wantEvents()
    host.run()
    const taken = [host.handler.pool.alloc('fetch')!, host.handler.pool.alloc('fetch')!]
    taken.push(host.handler.pool.alloc('fetch')!, host.handler.pool.alloc('fetch')!)
    host.bmc.messaging.bufferEvent(new Uint8Array(16).fill(7))
    for (let turn = 0; turn < 100; turn++) host.turn(250)
    assert.equal(events.length, 0)
    for (const msg of taken) host.handler.pool.free(msg)
    const ended = host.send(getDeviceId)
    host.run()
    host.wait(2_000_000)
    assert.equal(ended.how, 'ok')
    assert.equal(events.length, 1)
  })

  it('F28 says once that the BMC is away and once that it is back', () => {
    const host = new FaultHost()
    host.bmcIsDead = true
    for (let second = 0; second < 60; second++) {
      host.send(getDeviceId)
      host.wait(1_000_000)
    }
    host.bmcIsDead = false
    host.side.run()
    for (let second = 0; second < 20; second++) {
      host.send(getDeviceId)
      host.wait(1_000_000)
    }
    assert.deepEqual(host.log, ['dead', 'alive'])
    const ended = host.send(getDeviceId)
    host.run()
    assert.equal(ended.how, 'ok')
  })
})

describe('maintenance', () => {
  it('F29 ends by itself after a reset command, without any traffic', () => {
    const host = new FaultHost({ events: 'on' })
    host.send({ netFn: 0x06, cmd: 0x02 })
    host.run()
    assert.equal(host.handler.maintenance.isOn, true)
    assert.throws(() => host.send(getDeviceId), { code: 'IN_MAINTENANCE' })
    host.wait(31_000_000)
    assert.equal(host.handler.maintenance.isOn, false)
    const ended = host.send(getDeviceId)
    host.run()
    assert.equal(ended.how, 'ok')
  })

  it('F29 notices a reset that came from outside, and asks for events anew', () => {
    const events: Uint8Array[] = []
    const host = new FaultHost({ events: 'on' })
    host.handler.createUser({ onEvent: record => events.push(record) }).wantEvents()
    host.run()
    assert.equal(host.bmc.messaging.enables & 0x04, 0x04)
    host.bmc.reset('cold')
    assert.equal(host.bmc.messaging.enables & 0x04, 0)
    host.wait(2_000_000)
    assert.equal(host.bmc.messaging.enables & 0x04, 0x04)
    host.bmc.messaging.bufferEvent(new Uint8Array(16).fill(3))
    host.wait(1_000_000)
    assert.equal(events.length, 1)
  })

  it('F29 asks for events anew as soon as a BMC that was away answers, before any tick', () => {
    const host = new FaultHost({ events: 'on' })
    host.run()
    host.bmcIsDead = true
    host.send(getDeviceId)
    host.run()
    assert.equal(host.driver.isDead, true)
    host.bmc.reset('cold')
    host.bmcIsDead = false
    for (let turn = 0; turn < 5000; turn++) host.turn(250)
    const ended = host.send(getDeviceId)
    host.run()
    assert.equal(ended.how, 'ok')
    assert.equal(host.bmc.messaging.enables & 0x04, 0x04)
  })

  it('F30 lets messages pass during a firmware update and stops polling', () => {
    const host = new FaultHost({ events: 'on' })
    host.run()
    host.send({ netFn: 0x08, cmd: 0x01 })
    host.run()
    assert.equal(host.handler.maintenance.isOn, true)
    const ended = host.send(getDeviceId)
    host.run()
    assert.equal(ended.how, 'ok')
    const before = host.requests.length
    host.wait(5_000_000)
    assert.equal(host.requests.length, before)
    host.wait(27_000_000)
    assert.ok(host.requests.length > before)
  })
})

/** A client whose BMC is a function. */
function clientOver(answer: (cmd: number) => Promise<Uint8Array>): Client {
  const transport = {
    request: (_netFn: number, cmd: number) => answer(cmd),
    close: async () => {},
  }
  return new Client(transport, 'test:')
}

describe('the errors of the fault list', () => {
  it('have a code, name the message and say what to do', () => {
    const host = new FaultHost()
    host.bmcIsDead = true
    const errors: (LastwordError | null)[] = []
    host.user.send(getDeviceId, reply => errors.push(reply.error))
    host.run()
    assert.ok(errors[0])
    const { message, hint } = errors[0]
    assert.match(
      message,
      /^App\/Get Device ID: the BMC did not take the request in time \(starting to write\)/,
    )
    assert.match(hint ?? '', /has not executed it/)
  })
})
