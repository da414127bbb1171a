/** The fault list, third part: life and death of users and interfaces. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MsgHandler } from '../../handler/handler.ts'
import { Point, Trace } from '../../machine/trace.ts'
import { SiDriver } from '../../si/driver.ts'
import { KcsMachine } from '../../si/kcs.ts'
import { Fault, Stage } from '../../si/smi-msg.ts'
import { type Ended, FaultHost } from './host.ts'

const getDeviceId = { netFn: 0x06, cmd: 0x01 }

function once(ended: readonly Ended[]): void {
  assert.deepEqual(
    ended.map(end => end.times),
    ended.map(() => 1),
  )
}

describe('a user', () => {
  it('F31 is destroyed with requests in flight, and each of them ends', () => {
    for (let turns = 0; turns < 30; turns++) {
      const host = new FaultHost()
      const user = host.handler.createUser()
      const others = [host.send(getDeviceId)]
      const its = Array.from({ length: 5 }, () => host.send(getDeviceId, user))
      others.push(host.send(getDeviceId))
      for (let turn = 0; turn < turns; turn++) {
        host.driver.step(0)
        if (host.handler.hasWork) host.handler.work()
      }
      user.destroy()
      once(its)
      assert.throws(() => host.send(getDeviceId, user), { code: 'USER_GONE' })
      host.run()
      once([...its, ...others])
      for (const end of others) assert.equal(end.how, 'ok')
      assert.equal(host.handler.pool.live, 0)
      assert.equal(user.outstanding, 0)
    }
  })

  it('F31 may destroy itself, and send, from inside an answer', () => {
    const host = new FaultHost()
    const user = host.handler.createUser()
    const calls: string[] = []
    user.send(getDeviceId, () => {
      calls.push('first')
      host.send(getDeviceId)
      user.destroy()
    })
    user.send(getDeviceId, reply => calls.push(reply.error?.code ?? 'ok'))
    host.run()
    assert.deepEqual(calls, ['first', 'USER_GONE'])
    assert.equal(host.handler.pool.live, 0)
  })

  it('F31 that throws out of its callback takes no other answer with it', () => {
    const host = new FaultHost()
    const bad = host.handler.createUser()
    bad.send(getDeviceId, () => {
      throw new Error('a fault of the user')
    })
    const good = host.send(getDeviceId)
    let thrown = 0
    for (let turn = 0; turn < 200; turn++) {
      try {
        host.turn(250)
      } catch {
        thrown++
      }
    }
    assert.equal(thrown, 1)
    assert.equal(good.how, 'ok')
    assert.equal(host.handler.pool.live, 0)
  })

  it('F32 leaves every count at zero, whatever fails and whoever gives up', () => {
    const actions = fc.constantFrom(
      'send',
      'bridge',
      'abort',
      'destroy',
      'turns',
      'die',
      'live',
      'reset',
      'wait',
    )
    fc.assert(
      fc.property(fc.array(actions, { minLength: 5, maxLength: 60 }), plan => {
        const host = new FaultHost({ maxMsgs: 8, maxMsgsPerUser: 4 })
        let user = host.handler.createUser()
        const accepted: Ended[] = []
        const ids: number[] = []
        for (const action of plan) {
          switch (action) {
            case 'send':
            case 'bridge': {
              const ended: Ended = { times: 0, how: '', body: new Uint8Array(0) }
              const request =
                action === 'send'
                  ? getDeviceId
                  : { ...getDeviceId, addr: { kind: 'ipmb', channel: 0, slaveAddr: 0x42 } as const }
              try {
                ids.push(user.send(request, () => ended.times++))
                accepted.push(ended)
              } catch (error) {
                assert.match((error as { code: string }).code, /USER_LIMIT|POOL_EXHAUSTED/)
              }
              break
            }
            case 'abort':
              if (ids.length > 0) user.abort(ids[ids.length >> 1]!)
              break
            case 'destroy':
              user.destroy()
              user = host.handler.createUser()
              break
            case 'turns':
              for (let turn = 0; turn < 12; turn++) host.turn(250)
              break
            case 'die':
              host.bmcIsDead = true
              break
            case 'live':
              host.bmcIsDead = false
              host.side.run()
              break
            case 'reset':
              host.bmc.reset('cold')
              break
            case 'wait':
              host.wait(3_000_000)
              break
          }
        }
        host.run()
        host.wait(20_000_000)
        host.run()
        once(accepted)
        assert.equal(host.handler.pool.live, 0)
        assert.equal(user.outstanding, 0)
        assert.equal(host.user.outstanding, 0)
        assert.equal(host.handler.xmit.currMsg, null)
        assert.equal(host.handler.xmit.xmitMsgs.length, 0)
        assert.equal(host.handler.bridgedRequests, 0)
      }),
      { numRuns: 150 },
    )
  })

  it('F33 cannot fill the memory against a dead BMC', () => {
    const host = new FaultHost({ maxMsgs: 64, maxMsgsPerUser: 16 })
    host.bmcIsDead = true
    let refused = 0
    const ended: Ended[] = []
    for (let number = 0; number < 100_000; number++) {
      try {
        ended.push(host.send(getDeviceId))
      } catch (error) {
        assert.equal((error as { code: string }).code, 'USER_LIMIT')
        refused++
      }
      if (number % 100 === 0) host.turn(100_000)
      assert.ok(host.handler.pool.live <= 16)
    }
    host.run()
    once(ended)
    assert.ok(refused > 0)
    assert.equal(host.handler.pool.slots.length, 67)
  })

  it('F36 may send again from inside an error, without going deeper into the driver', () => {
    const host = new FaultHost()
    host.bmcIsDead = true
    let depth = 0
    let deepest = 0
    let tries = 0
    const again = () => {
      depth++
      deepest = Math.max(deepest, depth)
      if (++tries < 500) host.user.send(getDeviceId, again)
      depth--
    }
    host.user.send(getDeviceId, again)
    host.run()
    assert.equal(tries, 500)
    assert.equal(deepest, 1)
  })

  it('F37 that waits for sixteen replies gets sixteen, whoever else asks in between', () => {
    const host = new FaultHost()
    const scan = Array.from({ length: 16 }, (_, channel) =>
      host.send({ netFn: 0x06, cmd: 0x42, data: Uint8Array.of(channel) }),
    )
    const other = host.handler.createUser()
    const others = Array.from({ length: 16 }, () => host.send(getDeviceId, other))
    host.run()
    once([...scan, ...others])
    // Each answer is its own question's: the IPMB, "this channel", and the system interface, which is that.
    const present = scan.flatMap((end, channel) => (end.body[0] === 0 ? [[channel, end.body[1]]] : []))
    assert.deepEqual(present, [
      [0x0, 0x0],
      [0xe, 0xf],
      [0xf, 0xf],
    ])
  })
})

describe('an interface', () => {
  it('F34 is taken away at once, the BMC dead or not, and nothing runs behind it', () => {
    for (let turns = 0; turns < 25; turns++) {
      for (const dead of [true, false]) {
        const host = new FaultHost({ events: 'on' })
        host.run()
        const ended = Array.from({ length: 4 }, () => host.send(getDeviceId))
        for (let turn = 0; turn < turns; turn++) host.driver.step(0)
        host.bmcIsDead = dead
        host.handler.shutdown()
        once(ended)
        assert.equal(host.handler.pool.live, 0)
        let worked = 0
        host.trace.hook = point => {
          if (point === Point.Deliver || point === Point.Sender) worked++
        }
        for (let turn = 0; turn < 50; turn++) host.turn(1000)
        assert.equal(worked, 0)
        assert.throws(() => host.handler.createUser(), { code: 'INTERFACE_GONE' })
      }
    }
  })

  it('F34 that is taken away lets the running transfer end, and then touches no register, whoever polls', () => {
    for (let turns = 0; turns < 60; turns++) {
      let accesses = 0
      const host = new FaultHost({
        events: 'on',
        port: registers => ({
          inb(offset) {
            accesses++
            return registers.inb(offset)
          },
          outb(offset, value) {
            accesses++
            registers.outb(offset, value)
          },
        }),
      })
      host.run()
      // A user's message, the fetch of an event and the check of the enables are all under way or due.
      host.bmc.messaging.bufferEvent(new Uint8Array(16))
      host.driver.requestEvents()
      host.send(getDeviceId)
      for (let turn = 0; turn < turns; turn++) host.driver.step(0)
      host.handler.shutdown()
      assert.equal(host.driver.isIdle, true, `after ${turns} turns`)
      assert.equal(host.handler.pool.live, 0)
      assert.equal(host.handler.stats.invalidEvents, 0)
      let begun = 0
      host.trace.hook = point => {
        if (point === Point.Fetch || point === Point.StartTransaction) begun++
      }
      const inBmc = host.requests.length
      for (let turn = 0; turn < 50; turn++) host.turn(1000)
      assert.ok(host.machine.isIdle, 'what was being transferred has ended')
      assert.ok(host.requests.length - inBmc <= 1)
      accesses = 0
      host.registers.setAttention('on')
      host.bmc.messaging.bufferEvent(new Uint8Array(16))
      host.wait(3_000_000)
      assert.deepEqual([begun, accesses], [0, 0], `after ${turns} turns`)
    }
  })

  it('F34 that is taken away takes no message more, whoever has one left', () => {
    const host = new FaultHost()
    let refusal = ''
    host.user.send(getDeviceId, () => {
      try {
        host.send(getDeviceId)
      } catch (error) {
        refusal = (error as { code: string }).code
      }
    })
    const msg = host.handler.pool.alloc('fetch')!
    host.handler.shutdown()
    assert.equal(refusal, 'INTERFACE_GONE')
    msg.data.set([0x18, 0x01])
    msg.dataSize = 2
    host.driver.sender(msg)
    assert.deepEqual([msg.stage, msg.fault], [Stage.Ended, Fault.InterfaceGone])
    for (let turn = 0; turn < 50; turn++) host.turn(1000)
    assert.deepEqual(host.requests.length, 1, 'what was under way as it was taken away, and nothing else')
  })

  it('F35 that failed at its first question can be taken away and made anew', () => {
    const host = new FaultHost()
    host.bmcIsDead = true
    const failed = host.send(getDeviceId)
    host.run()
    assert.equal(failed.how, 'INTERFACE_HOSED')
    host.handler.shutdown()
    host.handler.shutdown()
    assert.equal(host.handler.pool.live, 0)
    // The retry makes a driver and a handler of its own, on the same registers.
    host.bmcIsDead = false
    host.side.run()
    const trace = new Trace()
    const driver = new SiDriver(new KcsMachine(host.registers, trace), trace)
    const handler = new MsgHandler(driver, trace)
    let answered = ''
    handler.createUser().send(getDeviceId, reply => {
      answered = reply.error?.code ?? 'ok'
    })
    for (let turn = 0; turn < 20_000 && answered === ''; turn++) {
      driver.poll(1000)
      if (handler.hasWork) handler.work()
      host.turn(1000)
    }
    assert.equal(answered, 'ok')
    assert.deepEqual([failed.times, host.handler.pool.live], [1, 0], 'the first one is not touched again')
  })
})
