import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  bridged,
  bridgingHost,
  getDeviceId,
  incoming,
  replyTo,
  SATELLITE,
} from '../lab/faults/bridging-host.ts'
import { FaultHost } from '../lab/faults/host.ts'
import { encodeIpmb } from '../protocol/ipmb.ts'
import { Fault, Stage } from '../si/smi-msg.ts'
import { HandlerMsg, Origin } from './handler-msg.ts'
import { MsgPool } from './msg-pool.ts'
import type { IncomingCommand } from './user.ts'

describe('a user', () => {
  it('is answered once for each request, in the order of priority and acceptance', () => {
    const host = new FaultHost()
    const order: string[] = []
    const send = (name: string, priority: 'normal' | 'high') =>
      host.user.send({ ...getDeviceId, priority }, () => order.push(name))
    send('first', 'normal')
    send('second', 'normal')
    send('third', 'normal')
    send('urgent', 'high')
    host.run()
    assert.deepEqual(order, ['first', 'urgent', 'second', 'third'])
  })

  it('is never called back from inside send', () => {
    const host = new FaultHost()
    let isSending = true
    host.user.send(getDeviceId, () => assert.equal(isSending, false))
    isSending = false
    host.run()
  })

  it('may have as many requests under way as the limits say, and is told when that is reached', () => {
    const host = new FaultHost({ maxMsgs: 6, maxMsgsPerUser: 4 })
    for (let count = 0; count < 4; count++) host.send(getDeviceId)
    assert.throws(() => host.send(getDeviceId), { code: 'USER_LIMIT' })
    const other = host.handler.createUser()
    for (let count = 0; count < 2; count++) host.send(getDeviceId, other)
    assert.throws(() => host.send(getDeviceId, other), { code: 'POOL_EXHAUSTED' })
    host.run()
    assert.equal(host.send(getDeviceId).times, 0)
  })

  it('is told when a request is too long for the interface', () => {
    const host = new FaultHost()
    assert.throws(() => host.send({ ...getDeviceId, data: new Uint8Array(300) }), { code: 'REQUEST_BAD' })
    assert.equal(host.handler.stats.sentInvalidCommands, 1)
    assert.equal(host.handler.pool.live, 0)
  })

  it('counts in the statistics by what it sent and what became of it', () => {
    const host = new FaultHost()
    host.send(getDeviceId)
    const id = host.user.send(getDeviceId, () => {})
    host.turn(0)
    host.user.abort(id)
    host.run()
    assert.equal(host.handler.stats.sentLocalCommands, 2)
    assert.equal(host.handler.stats.handledLocalResponses + host.handler.stats.unhandledLocalResponses, 2)
  })
})

describe('events', () => {
  it('reach every user who listens, though one of them throws', () => {
    const host = new FaultHost({ events: 'on' })
    const heard: string[] = []
    const listen = (name: string, fails = '') =>
      host.handler
        .createUser({
          onEvent() {
            heard.push(name)
            if (fails !== '') throw new Error(fails)
          },
        })
        .wantEvents()
    listen('a', 'a fault of the first')
    listen('b')
    host.run()
    host.bmc.messaging.bufferEvent(new Uint8Array(16))
    assert.throws(() => host.wait(1_000_000), /a fault of the first/)
    host.wait(1_000_000)
    assert.deepEqual(heard, ['a', 'b'])
    assert.equal(host.handler.stats.events, 1)
    assert.equal(host.handler.pool.live, 0)
  })

  it('that came before anybody listened are kept, up to a bound, and given to the first who does', () => {
    const host = new FaultHost({ events: 'on' })
    host.run()
    for (let number = 0; number < 30; number++) {
      host.bmc.messaging.bufferEvent(new Uint8Array(16).fill(number))
      host.wait(1_000_000)
    }
    assert.equal(host.handler.events.waiting, 25)
    assert.equal(host.handler.events.dropped, 5)
    const heard: number[] = []
    host.handler.createUser({ onEvent: record => heard.push(record[0]!) }).wantEvents()
    assert.deepEqual(
      heard,
      Array.from({ length: 25 }, (_, number) => number),
    )
    assert.equal(host.handler.events.waiting, 0)
  })
})

describe('a request to another controller', () => {
  it('is wrapped in Send Message, and answered with what came back through Get Message', () => {
    const { host, sent } = bridgingHost()
    const ended = host.send(bridged({ data: Uint8Array.of(7) }))
    host.run(1_000_000)
    assert.deepEqual([...sent[0]!.subarray(0, 5)], [0x18, 0x34, 0x40, SATELLITE, 0x18])
    assert.equal(ended.times, 0, 'it waits for the bus')
    assert.equal(host.handler.bridgedRequests, 1)
    host.bmc.messaging.putMessage(0, replyTo(sent[0]!, [0, 0x99]))
    host.run(1_000_000)
    assert.deepEqual([ended.times, ended.how, [...ended.body]], [1, 'ok', [0, 0x99]])
    assert.equal(host.handler.stats.handledIpmbResponses, 1)
    assert.equal(host.handler.bridgedRequests, 0)
  })

  it('that is refused by that controller is named as what it is, with its own words for the code', () => {
    const { host, sent } = bridgingHost()
    let message = ''
    host.user.send(bridged({ netFn: 0x06, cmd: 0x22 }), reply => {
      message = reply.error?.message ?? ''
    })
    host.run(1_000_000)
    host.bmc.messaging.putMessage(0, replyTo(sent[0]!, [0x80]))
    host.run(1_000_000)
    assert.match(
      message,
      /^App\/Reset Watchdog Timer \(to controller 0x42\): the BMC answered 0x80, attempt to start un-initialized watchdog/,
    )
  })

  it('that our own BMC could not put on the bus says so in the words of Send Message', () => {
    const { host } = bridgingHost({ code: 0x83 })
    let message = ''
    host.user.send(bridged(), reply => {
      message = reply.error?.message ?? ''
    })
    host.run(1_000_000)
    assert.match(message, /App\/Get Device ID \(to controller 0x42\): the BMC answered 0x83, NAK on write/)
    assert.equal(host.handler.stats.sentIpmbCommandErrs, 1)
    assert.equal(host.handler.bridgedRequests, 0)
  })

  it('is sent again as often as was said, then ends with a time-out that names it', () => {
    const { host, sent } = bridgingHost()
    let message = ''
    host.user.send(bridged({ retries: 2, retryTimeMs: 1000 }), reply => {
      message = `${reply.error?.code} ${reply.error?.message}`
    })
    host.wait(5_000_000)
    assert.equal(sent.length, 3)
    assert.match(message, /^BRIDGE_TIMEOUT App\/Get Device ID \(to controller 0x42\)/)
    assert.equal(host.handler.stats.retransmittedIpmbCommands, 2)
    assert.equal(host.handler.stats.timedOutIpmbCommands, 1)
    assert.equal(host.handler.pool.live, 0)
  })

  it('takes the first answer though it has been sent again, and drops the second', () => {
    const { host, sent } = bridgingHost()
    const ended = host.send(bridged({ retryTimeMs: 1000 }))
    host.wait(1_500_000)
    assert.equal(sent.length, 2)
    for (let times = 0; times < 2; times++) {
      host.bmc.messaging.putMessage(0, replyTo(sent[0]!, [0, times]))
      host.run(500_000)
    }
    assert.deepEqual([ended.times, ended.body[1]], [1, 0])
    assert.equal(host.handler.stats.unhandledIpmbResponses, 1)
    assert.equal(host.handler.pool.live, 0)
  })

  it('is not answered by a frame with another sequence number, command or controller, or a wrong checksum', () => {
    const { host, sent } = bridgingHost()
    const ended = host.send(bridged({ retries: 0, retryTimeMs: 60_000 }))
    host.run(1_000_000)
    const good = replyTo(sent[0]!, [0])
    const bad = [
      replyTo(sent[0]!, [0], { rqSeq: (sent[0]![7]! >> 2) ^ 1 }),
      replyTo(sent[0]!, [0], { cmd: 0x02 }),
      replyTo(sent[0]!, [0], { rqAddr: 0x44 }),
      good.with(good.length - 1, good.at(-1)! ^ 1),
    ]
    for (const frame of bad) {
      host.bmc.messaging.putMessage(0, frame)
      host.run(500_000)
    }
    assert.equal(ended.times, 0)
    assert.equal(host.handler.stats.unhandledIpmbResponses, 3)
    assert.equal(host.handler.stats.invalidIpmbResponses, 1)
    host.bmc.messaging.putMessage(0, good)
    host.run(500_000)
    assert.equal(ended.how, 'ok')
  })

  it('is one of 64 at the most, and a refused one leaves nothing behind', () => {
    const host = new FaultHost({
      maxMsgs: 100,
      answer: request => Uint8Array.of(request[0]! | 4, request[1]!, 0),
    })
    const ended = Array.from({ length: 64 }, () => host.send(bridged({ retries: 0 })))
    const live = host.handler.pool.live
    assert.throws(() => host.send(bridged()), { code: 'SEQ_TABLE_FULL' })
    assert.equal(host.handler.pool.live, live)
    host.wait(3_000_000)
    assert.deepEqual(new Set(ended.map(end => end.how)), new Set(['BRIDGE_TIMEOUT']))
    assert.equal(host.handler.bridgedRequests, 0)
  })

  it('that waits for the bus in a panic ends with an error', () => {
    const { host } = bridgingHost()
    host.send(bridged())
    host.run(1_000_000)
    assert.equal(host.panicPath.panic('the end'), 'complete')
    const msg = host.handler.pool.slots.find(slot => slot.origin === Origin.Bridged)
    assert.deepEqual([msg?.stage, msg?.error?.code], [Stage.Ended, 'RESPONSE_LOST'])
  })
})

describe('a command from another controller', () => {
  it('goes to the user who registered for it, and the answer back to the bus', () => {
    const { host, sent } = bridgingHost()
    const got: IncomingCommand[] = []
    const user = host.handler.createUser({
      onCommand(command) {
        got.push(command)
        command.respond(Uint8Array.of(0, 0x77))
      },
    })
    user.registerForCmd(0x30, 0x55)
    host.bmc.messaging.putMessage(0, incoming)
    host.run(1_000_000)
    assert.deepEqual([got[0]?.slaveAddr, got[0]?.cmd, [...(got[0]?.data ?? [])]], [SATELLITE, 0x55, [1, 2]])
    assert.deepEqual(
      [...sent[0]!.subarray(2)],
      [
        0x00,
        ...encodeIpmb({
          rsAddr: SATELLITE,
          netFn: 0x31,
          rsLun: 0,
          rqAddr: 0x20,
          rqSeq: 9,
          rqLun: 0,
          cmd: 0x55,
          data: Uint8Array.of(0, 0x77),
        }),
      ],
    )
    assert.equal(host.handler.stats.handledCommands, 1)
    assert.equal(host.handler.stats.sentIpmbResponses, 1)
    assert.equal(host.handler.pool.live, 0)
  })

  it('that nobody registered for is answered as invalid', () => {
    const { host, sent } = bridgingHost()
    host.bmc.messaging.putMessage(0, incoming)
    host.run(1_000_000)
    assert.equal(sent[0]![9], 0xc1)
    assert.equal(host.handler.stats.unhandledCommands, 1)
  })

  it('has one user, until that one goes', () => {
    const { host } = bridgingHost()
    const first = host.handler.createUser()
    first.registerForCmd(0x30, 0x55)
    assert.throws(() => host.user.registerForCmd(0x30, 0x55), { code: 'COMMAND_TAKEN' })
    first.destroy()
    host.user.registerForCmd(0x30, 0x55)
  })
})

describe('maintenance mode', () => {
  it('can be set by hand, and stops the polling while it is on', () => {
    const host = new FaultHost({ events: 'on' })
    host.run()
    host.handler.maintenance.setMode('on')
    const before = host.requests.length
    host.wait(5_000_000)
    assert.equal(host.requests.length, before)
    host.handler.maintenance.setMode('off')
    host.wait(2_000_000)
    assert.ok(host.requests.length > before)
  })

  it('that is off admits requests right after a reset command', () => {
    const host = new FaultHost()
    host.handler.maintenance.setMode('off')
    host.send({ netFn: 0x06, cmd: 0x02 })
    host.run()
    assert.equal(host.send(getDeviceId).times, 0)
  })
})

describe('a user whose callback throws', () => {
  it('leaves no request of a destroyed user without an answer', () => {
    const host = new FaultHost()
    const user = host.handler.createUser()
    let ended = 0
    for (let number = 0; number < 3; number++) {
      user.send(getDeviceId, () => {
        ended++
        throw new Error('a fault of the user')
      })
    }
    assert.throws(() => user.destroy(), /a fault of the user/)
    assert.equal(ended, 3)
    host.run()
    assert.equal(host.handler.pool.live, 0)
  })
})

describe('the pool of messages', () => {
  it('gives each message out as new, whatever it was used for before', () => {
    const pool = new MsgPool(2)
    const fresh = fieldsOf(new HandlerMsg(0, 272))
    const msg = pool.alloc('user')!
    Object.assign(msg, {
      dataSize: 9,
      rspSize: 9,
      fault: Fault.Hosed,
      where: 'somewhere',
      id: 5,
      order: 6,
      priority: 'high',
      origin: Origin.Bridged,
      done: () => {},
      rqSeq: 33,
      retriesLeft: 4,
      retryTimeMs: 5,
      leftMs: 6,
      stage: Stage.Ended,
    })
    pool.free(msg)
    const again = pool.alloc('user')!
    assert.equal(again, msg)
    assert.deepEqual(fieldsOf(again), { ...fresh, stage: Stage.Building })
  })
})

/** All that a message carries, but for its place and its buffers. */
function fieldsOf(msg: HandlerMsg): object {
  const { index: _index, data: _data, rsp: _rsp, ...fields } = { ...msg }
  return fields
}
