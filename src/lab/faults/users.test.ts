/** What users may do to each other and to the handler from inside their callbacks: nothing that the others notice. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { InbandTransport } from '../../client/inband-transport.ts'
import type { IncomingCommand, IpmiRequest } from '../../handler/user.ts'
import { bridged, bridgingHost, getDeviceId, incoming, replyTo } from './bridging-host.ts'
import { type Ended, FaultHost } from './host.ts'

const COLD_RESET = 0x02
const coldReset = { netFn: 0x06, cmd: COLD_RESET }
const firmware = { netFn: 0x08, cmd: 0x01 }
const event = (first: number) => Uint8Array.of(first, ...new Uint8Array(15))

function hostWithEvents(count: number) {
  const host = new FaultHost({ events: 'on' })
  host.run()
  for (let number = 0; number < count; number++) {
    host.bmc.messaging.bufferEvent(event(number))
    host.wait(1_000_000)
  }
  return host
}

describe('a slot that is used again', () => {
  it('is not ended for the user who had it before', () => {
    const host = new FaultHost({ maxMsgs: 8 })
    const dying = host.handler.createUser()
    host.send(getDeviceId)
    let later: Ended | undefined
    dying.send(getDeviceId, () => {
      dying.abort(second)
      later = host.send(getDeviceId)
    })
    const second = dying.send(getDeviceId, () => {})
    dying.destroy()
    host.run()
    assert.deepEqual([later?.times, later?.how], [1, 'ok'])
    assert.equal(host.handler.pool.live, 0)
  })
})

describe('F15 after a panic no user is called,', () => {
  it('the panic coming from the first of two listeners', () => {
    const host = new FaultHost({ events: 'on' })
    host.run()
    let calls = 0
    host.handler.createUser({ onEvent: () => host.panicPath.panic('the end') }).wantEvents()
    host.handler.createUser({ onEvent: () => calls++ }).wantEvents()
    host.bmc.messaging.bufferEvent(event(1))
    host.wait(1_000_000)
    assert.deepEqual([host.panicPath.outcome, calls], ['complete', 0])
  })

  it('from one of the events that were kept', () => {
    const host = hostWithEvents(3)
    let calls = 0
    host.handler.createUser({ onEvent: () => ++calls === 1 && host.panicPath.panic('the end') }).wantEvents()
    assert.equal(calls, 1)
  })

  it('from the answer that a destroyed user gets, or from the pre-timeout', () => {
    const host = new FaultHost()
    let calls = 0
    host.send(getDeviceId)
    const user = host.handler.createUser()
    user.send(getDeviceId, () => host.panicPath.panic('the end'))
    user.send(getDeviceId, () => calls++)
    user.destroy()
    assert.deepEqual([host.panicPath.outcome, calls], ['complete', 0])

    const other = new FaultHost({ events: 'on' })
    other.run()
    other.handler.createUser({ onWatchdogPretimeout: () => other.panicPath.panic('the end') })
    other.handler.createUser({ onWatchdogPretimeout: () => calls++ })
    other.bmc.messaging.raiseWatchdogPreTimeout()
    other.wait(1_000_000)
    assert.deepEqual([other.panicPath.outcome, calls], ['complete', 0])
  })

  it('from a bridged request that timed out', () => {
    const { host } = bridgingHost()
    let calls = 0
    host.user.send(bridged({ retries: 0 }), () => host.panicPath.panic('the end'))
    host.user.send(bridged({ retries: 0 }), () => calls++)
    host.wait(3_000_000)
    assert.deepEqual([host.panicPath.outcome, calls], ['complete', 0])
  })

  it('and no time passes for bridged requests', () => {
    const { host } = bridgingHost()
    const ended = host.send(bridged({ retries: 0, retryTimeMs: 60_000 }))
    host.run(1_000_000)
    host.panicPath.panic('the end')
    host.handler.tick(120_000)
    assert.equal(ended.times, 0)
    assert.throws(() => host.send(getDeviceId), { code: 'PANICKED' })
  })
})

describe('maintenance mode', () => {
  const admits = (host: FaultHost) => {
    try {
      host.send(getDeviceId)
      return true
    } catch {
      return false
    }
  }

  it('begins with an accepted reset of our own BMC, and not with another', () => {
    const own = new FaultHost()
    own.send(coldReset)
    assert.equal(admits(own), false)

    const { host } = bridgingHost()
    host.send(bridged({ cmd: COLD_RESET }))
    assert.ok(admits(host), 'a reset of a satellite')

    const tooLong = new FaultHost()
    assert.throws(() => tooLong.send({ ...coldReset, data: new Uint8Array(400) }), { code: 'REQUEST_BAD' })
    assert.ok(admits(tooLong), 'a request that was not accepted')

    const full = new FaultHost({ maxMsgs: 1, maxMsgsPerUser: 2 })
    full.send(getDeviceId)
    assert.throws(() => full.send(coldReset), { code: 'POOL_EXHAUSTED' })
    full.run()
    assert.ok(admits(full), 'a request for which there was no room')
  })

  it('ends when the reset is withdrawn before it was sent, or the BMC refuses it', () => {
    const aborted = new FaultHost()
    aborted.send(getDeviceId)
    aborted.user.abort(aborted.user.send(coldReset, () => {}))
    assert.ok(admits(aborted))

    const refusing = new FaultHost({
      answer: (request, execute) =>
        request[1] === COLD_RESET ? Uint8Array.of(request[0]! | 4, COLD_RESET, 0xd4) : execute(request),
    })
    const reset = refusing.send(coldReset)
    refusing.run()
    assert.deepEqual([reset.how, admits(refusing)], ['COMPLETION_CODE', true])
  })

  it('goes on when another reset than the accepted one is refused', () => {
    let resets = 0
    const host = new FaultHost({
      answer: (request, execute) =>
        request[1] === COLD_RESET
          ? Uint8Array.of(request[0]! | 4, COLD_RESET, ++resets === 1 ? 0xd4 : 0)
          : execute(request),
    })
    const [first, second] = [host.send(coldReset), host.send(coldReset)]
    host.run()
    assert.deepEqual([first.how, second.how, admits(host)], ['COMPLETION_CODE', 'ok', false])
  })

  it('still fetches what the BMC has for us: a bridged request is answered while firmware is written', () => {
    const { host, sent } = bridgingHost()
    host.send(firmware)
    host.run()
    const ended = host.send(bridged())
    host.run(1_000_000)
    host.bmc.messaging.putMessage(0, replyTo(sent[0]!, [0, 1]))
    host.wait(3_000_000)
    assert.deepEqual([ended.times, ended.how, sent.length], [1, 'ok', 1])
  })
})

describe('events that came before anyone listened', () => {
  it('are kept from a user without a handler for them, and from one that is destroyed', () => {
    const host = hostWithEvents(1)
    host.user.wantEvents()
    const gone = host.handler.createUser({ onEvent: () => assert.fail('a destroyed user is called') })
    gone.destroy()
    assert.throws(() => gone.wantEvents(), { code: 'USER_GONE' })
    assert.throws(() => gone.registerForCmd(0x30, 0x55), { code: 'USER_GONE' })
    const heard: number[] = []
    host.handler.createUser({ onEvent: record => heard.push(record[0]!) }).wantEvents()
    assert.deepEqual(heard, [0])
  })

  it('go on to the next listener when the first leaves after one of them', () => {
    const host = hostWithEvents(3)
    const heard: string[] = []
    const first = host.handler.createUser({
      onEvent(record) {
        heard.push(`first ${record[0]}`)
        first.destroy()
      },
    })
    first.wantEvents()
    host.handler.createUser({ onEvent: record => heard.push(`second ${record[0]}`) }).wantEvents()
    assert.deepEqual(heard, ['first 0', 'second 1', 'second 2'])
  })
})

describe('the answer to a command from another controller', () => {
  function commanded(options: { maxMsgs?: number } = {}) {
    const { host, sent } = bridgingHost(options)
    const commands: IncomingCommand[] = []
    const user = host.handler.createUser({ onCommand: command => commands.push(command) })
    user.registerForCmd(0x30, 0x55)
    host.bmc.messaging.putMessage(0, incoming)
    host.run(1_000_000)
    return { host, sent, command: commands[0]! }
  }

  it('is refused when it is too long, and when nothing is sent any more', () => {
    const { host, command } = commanded()
    assert.throws(() => command.respond(new Uint8Array(300)), { code: 'REQUEST_BAD', message: /300 bytes/ })
    assert.throws(() => command.respond(new Uint8Array(0)), { code: 'REQUEST_BAD' })
    assert.equal(host.handler.pool.live, 0)
    host.panicPath.panic('the end')
    assert.throws(() => command.respond(Uint8Array.of(0)), { code: 'PANICKED' })
    const other = commanded()
    other.host.handler.shutdown()
    assert.throws(() => other.command.respond(Uint8Array.of(0)), { code: 'INTERFACE_GONE' })
    assert.equal(other.host.handler.pool.live, 0)
  })

  it('is refused, not forgotten, when the pool is full; a refusal of ours is counted', () => {
    const { host, sent, command } = commanded({ maxMsgs: 1 })
    host.send(getDeviceId)
    assert.throws(() => command.respond(Uint8Array.of(0)), { code: 'POOL_EXHAUSTED' })
    assert.equal(host.handler.pool.live, 1)
    assert.equal(sent.length, 0)

    const full = bridgingHost({ maxMsgs: 1 })
    full.host.bmc.messaging.putMessage(0, incoming)
    full.host.send(getDeviceId)
    full.host.turn(0)
    full.host.run()
    assert.equal(
      full.host.handler.stats.unhandledCommands,
      full.sent.length + full.host.handler.stats.unsentIpmbResponses,
    )
  })
})

describe('a request that is no IPMI message', () => {
  const wrong: [string, Partial<IpmiRequest>][] = [
    ['netFn', { netFn: 70 }],
    ['netFn', { netFn: 7 }],
    ['cmd', { cmd: 257 }],
    ['cmd', { cmd: Number.NaN }],
    ['lun', { addr: { kind: 'systemInterface', lun: 4 } }],
    ['channel', { addr: { kind: 'ipmb', channel: 0x17, slaveAddr: 0x42 } }],
    ['slaveAddr', { addr: { kind: 'ipmb', channel: 0, slaveAddr: 0x143 } }],
    ['retries', bridged({ retries: -1 })],
    ['retryTimeMs', bridged({ retryTimeMs: Number.NaN })],
  ]
  for (const [field, change] of wrong) {
    it(`is refused, its ${field} named: ${JSON.stringify(change)}`, () => {
      const host = new FaultHost()
      assert.throws(() => host.send({ ...getDeviceId, ...change }), {
        code: 'REQUEST_BAD',
        message: new RegExp(field),
      })
      host.run()
      assert.deepEqual(
        [host.requests.length, host.handler.pool.live, host.handler.bridgedRequests],
        [0, 0, 0],
      )
    })
  }
})

describe('a bridged request that our own BMC refuses', () => {
  it("is rejected as Send Message's error, not as the target's", async () => {
    const { host } = bridgingHost({ code: 0x80 })
    const transport = new InbandTransport(host.handler)
    const addr = { kind: 'ipmb', channel: 0, slaveAddr: 0x42 } as const
    await assert.rejects(transport.request(0x06, 0x22, new Uint8Array(0), { addr }), {
      code: 'COMPLETION_CODE',
      message: /Send Message for App\/Reset Watchdog Timer \(to controller 0x42\).*invalid session handle/,
    })
    await transport.close()
  })
})
