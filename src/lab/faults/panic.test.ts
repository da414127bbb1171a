/** The fault list, first part: what can go wrong at panic time. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Point } from '../../machine/trace.ts'
import { drop, none, panicPolicies, resend } from '../../si/panic-policy.ts'
import { Fault, Stage } from '../../si/smi-msg.ts'
import { panicAtStep } from '../at-step.ts'
import { FaultHost } from './host.ts'
import { executions, newHost, numbered, ours, TEXT } from './panicking-host.ts'

describe('a panic between two steps of a message', () => {
  it('F01 hangs under none when the handler has not handed the message down, and nowhere else', () => {
    assert.equal(panicAtStep(none, 'before-2', TEXT).fate.hang, true)
    assert.equal(panicAtStep(none, 'before-1', TEXT).fate.hang, false)
    assert.equal(panicAtStep(none, 'before-3', TEXT).fate.hang, false)
  })

  it('F01 sends the message once under resend, and drops it with an error under drop', () => {
    const sent = panicAtStep(resend, 'before-2', TEXT)
    assert.deepEqual(sent.fate, {
      hang: false,
      lost: 0,
      doubled: 0,
      lastWords: true,
      silent: false,
      unended: 0,
      unwanted: 0,
    })
    assert.equal(sent.ended, 'answered')
    const dropped = panicAtStep(drop, 'before-2', TEXT)
    assert.deepEqual(dropped.fate, {
      hang: false,
      lost: 1,
      doubled: 0,
      lastWords: true,
      silent: false,
      unended: 0,
      unwanted: 0,
    })
    assert.equal(dropped.ended, 'PANIC_DROPPED')
  })

  it('F02 hangs under none when the transaction has not started, where the mail says that only one message is lost', () => {
    assert.equal(panicAtStep(none, 'before-4', TEXT).fate.hang, true)
    assert.equal(panicAtStep(resend, 'before-4', TEXT).fate.lost, 0)
    assert.equal(panicAtStep(resend, 'before-4', TEXT).fate.lastWords, true)
    assert.equal(panicAtStep(drop, 'before-4', TEXT).ended, 'PANIC_DROPPED')
  })

  for (const step of ['done', 'between'] as const) {
    it(`F03 hangs under none when the reply was taken and the handler not told (${step}), under resend and drop it is answered`, () => {
      assert.equal(panicAtStep(none, step, TEXT).fate.hang, true)
      for (const policy of ours) {
        const { fate, ended } = panicAtStep(policy, step, TEXT)
        assert.deepEqual(fate, {
          hang: false,
          lost: 0,
          doubled: 0,
          lastWords: true,
          silent: false,
          unended: 0,
          unwanted: 0,
        })
        assert.equal(ended, 'answered')
      }
    })
  }

  it('F04 goes on with the transfer at every register access, and executes the request once', () => {
    for (const policy of ours) {
      let accesses = 0
      for (let nth = 1; ; nth++) {
        const host: FaultHost = new FaultHost({
          policy,
          port: registers => ({
            inb(offset) {
              if (host.trace.hook !== null) host.trace.hook(Point.Register, -1)
              return registers.inb(offset)
            },
            outb(offset, value) {
              if (host.trace.hook !== null) host.trace.hook(Point.Register, -1)
              registers.outb(offset, value)
            },
          }),
        })
        host.send(numbered(7))
        const cut = host.panicAt(Point.Register, TEXT, () => host.run(), nth)
        if (!cut) break
        accesses++
        assert.equal(executions(host, 7), 1, `access ${nth}: executed once`)
        assert.deepEqual(host.lastWords, [TEXT], `access ${nth}`)
      }
      // 18 bytes out, 5 bytes in: the fewest accesses that section 9.15 allows, and one look at an idle interface.
      assert.ok(accesses >= 2 * 18 + 3 * 5 + 6, `${accesses} accesses were cut`)
    }
  })

  it('F04 does not start a transfer again that was cut between two turns', () => {
    for (let turns = 0; turns < 40; turns++) {
      let starts = 0
      const host = newHost({
        port: registers => ({
          inb: offset => registers.inb(offset),
          outb(offset, value) {
            if (offset === 1 && value === 0x61) starts++
            registers.outb(offset, value)
          },
        }),
        panicOp: 'none',
      })
      starts = 0
      host.send(numbered(7))
      for (let turn = 0; turn < turns; turn++) host.driver.step(0)
      host.panicPath.panic(TEXT)
      assert.equal(starts, 1, `after ${turns} turns`)
      assert.equal(executions(host, 7), 1)
    }
  })
})

describe('a panic inside the handler', () => {
  for (const point of [
    Point.QueueLinking,
    Point.QueueLinked,
    Point.QueueUnlinking,
    Point.NextPicked,
    Point.Accepted,
  ]) {
    const name = Object.keys(Point)[point]
    it(`F05 loses nothing when a queue is being changed (${name}), whatever list that is`, () => {
      for (const policy of ours) {
        for (let nth = 1; nth <= 12; nth++) {
          const host = newHost({ policy })
          const sent = new Set<number>()
          host.panicAt(
            point,
            TEXT,
            () => {
              for (let number = 0; number < 4; number++) {
                sent.add(number)
                host.user.send(
                  { ...numbered(number), priority: number % 2 === 0 ? 'normal' : 'high' },
                  () => {},
                )
              }
              host.run()
            },
            nth,
          )
          // Whatever the ledger had accepted is executed once; a message cut before that was never promised.
          for (const number of sent) {
            const times = executions(host, number)
            if (policy === drop) assert.ok(times <= 1)
            else assert.equal(times, 1, `${name} #${nth}: ${number}`)
          }
          if (host.panicPath.outcome !== null) assert.deepEqual(host.lastWords, [TEXT])
        }
      }
    })
  }

  it('F02 sends what was cut before what was queued behind it, though that has high priority', () => {
    const host = newHost({ events: 'on' })
    const cut = host.panicAt(Point.StartTransaction, TEXT, () => {
      // The driver is busy for itself: the first message waits there, the second one in the handler.
      host.bmc.messaging.bufferEvent(new Uint8Array(16))
      for (let turn = 0; turn < 3; turn++) host.driver.step(0)
      host.send({ ...numbered(1), priority: 'normal' })
      assert.notEqual(host.driver.waitingMsg, null)
      host.send({ ...numbered(2), priority: 'high' })
      host.send({ ...numbered(3), priority: 'normal' })
      host.run()
    })
    assert.equal(cut, true)
    const order = host.requests.filter(request => request[4] === 0xe1).map(request => request[5])
    assert.deepEqual(order, [1, 2, 3])
    assert.deepEqual(host.lastWords, [TEXT])
  })

  it('F03 is not taken in by an answer to the driver itself that nobody had looked at', () => {
    for (const policy of ours) {
      for (let nth = 1; ; nth++) {
        const host = new FaultHost({ policy, events: 'on' })
        const cut = host.panicAt(
          Point.FetchDone,
          TEXT,
          () => {
            host.run()
            host.bmc.messaging.bufferEvent(new Uint8Array(16))
            host.wait(1_000_000)
          },
          nth,
        )
        if (!cut) {
          assert.ok(nth > 4, 'enables, flags and an event were fetched')
          break
        }
        assert.equal(host.panicPath.outcome, 'complete', `transaction ${nth}`)
        assert.deepEqual(host.lastWords, [TEXT])
      }
    }
  })

  it('F05 costs stock Linux the whole list', () => {
    const host = newHost({ policy: none })
    host.panicAt(
      Point.QueueLinked,
      TEXT,
      () => {
        for (let number = 0; number < 4; number++) host.send(numbered(number))
      },
      3,
    )
    const lost = [1, 2, 3].filter(number => executions(host, number) === 0)
    assert.deepEqual(lost, [1, 2, 3])
  })

  it('F06 lets a timer that still fires find nothing to do', () => {
    for (const policy of ours) {
      const host = newHost({ policy, latencyUs: 700 })
      for (let number = 0; number < 3; number++) host.send(numbered(number))
      let fired = 0
      const stray = () => {
        if (!host.handler.runToCompletion) return
        fired++
        host.handler.tick(1000)
        host.driver.poll(0)
      }
      host.trace.hook = stray
      host.onTime = stray
      host.panicPath.panic(TEXT)
      host.trace.hook = null
      assert.ok(fired > 100)
      assert.deepEqual(host.lastWords, [TEXT])
      for (let number = 0; number < 3; number++) assert.equal(executions(host, number), 1)
    }
  })

  it('F07 waits for the messages themselves and not for a count of them, the watchdog in use or not', () => {
    const host = newHost({ events: 'on', policy: resend })
    host.run()
    host.send({ netFn: 0x06, cmd: 0x24, data: Uint8Array.of(0x04, 0x31, 1, 0x10, 20, 0) })
    host.run()
    host.send({ netFn: 0x06, cmd: 0x22 })
    host.run()
    // The pre-timeout interrupt comes with the heartbeat under way.
    host.nowUs += 1_500_000
    host.bmc.tick()
    const heartbeat = host.send({ netFn: 0x06, cmd: 0x22 })
    for (let turn = 0; turn < 5; turn++) host.driver.step(0)
    assert.equal(host.panicPath.panic(TEXT), 'complete')
    assert.equal(heartbeat.times, 0)
    assert.deepEqual(host.lastWords, [TEXT])
  })

  it('F14 goes through with run-to-completion set inside every critical section', () => {
    for (const policy of ours) {
      for (const point of Object.values(Point)) {
        for (let nth = 1; nth <= 6; nth++) {
          const host = newHost({ policy, events: 'on' })
          host.user.wantEvents()
          const cut = host.panicAt(
            point,
            TEXT,
            () => {
              host.bmc.messaging.bufferEvent(new Uint8Array(16))
              for (let number = 0; number < 3; number++) host.user.send(numbered(number), () => {})
              host.run()
              host.user.destroy()
            },
            nth,
          )
          if (cut) assert.deepEqual(host.lastWords, [TEXT], `${Object.keys(Point)[point]} #${nth}`)
        }
      }
    }
  })

  it('F15 calls no user back, the panic coming from inside a callback or a pre-timeout', () => {
    for (const policy of ours) {
      const host = newHost({ policy, events: 'on' })
      host.run()
      let calledInPanic = 0
      let isPanicking = false
      const note = () => {
        if (isPanicking) calledInPanic++
      }
      const other = host.handler.createUser({ onEvent: note, onWatchdogPretimeout: note })
      other.wantEvents()
      for (let number = 1; number < 4; number++) other.send(numbered(number), note)
      const dying = host.handler.createUser({
        onWatchdogPretimeout() {
          isPanicking = true
          host.panicPath.panic(TEXT)
        },
      })
      dying.send(numbered(0), () => host.bmc.messaging.raiseWatchdogPreTimeout())
      host.bmc.messaging.raiseWatchdogPreTimeout()
      host.run(1_000_000)
      assert.equal(host.panicPath.outcome, 'complete')
      assert.equal(calledInPanic, 0)
      assert.deepEqual(host.lastWords, [TEXT])
      for (let number = 1; number < 4; number++) assert.equal(executions(host, number), 1)
    }
  })

  it('F16 goes through while a user or the interface comes or goes', () => {
    for (const policy of ours) {
      for (let nth = 1; nth <= 4; nth++) {
        const host = newHost({ policy })
        const cut = host.panicAt(
          Point.UserChange,
          TEXT,
          () => {
            const user = host.handler.createUser()
            user.send(numbered(1), () => {})
            user.send(numbered(2), () => {})
            user.destroy()
            host.handler.createUser()
            host.handler.shutdown()
          },
          nth,
        )
        assert.equal(cut, true)
        assert.notEqual(host.panicPath.outcome, 'hang')
        // The interface is asked one last time even while it is being taken away.
        assert.deepEqual(host.lastWords, [TEXT], `change ${nth}`)
      }
    }
  })

  it('F16 goes through from inside an answer that the taking away of the interface gives', () => {
    for (const policy of ours) {
      for (let turns = 0; turns < 20; turns++) {
        const host = newHost({ policy })
        host.user.send(numbered(1), () => host.panicPath.panic(TEXT))
        for (let turn = 0; turn < turns; turn++) host.driver.step(0)
        host.handler.shutdown()
        assert.equal(host.panicPath.outcome, 'complete', `after ${turns} turns`)
        assert.deepEqual(host.lastWords, [TEXT])
        assert.ok(executions(host, 1) <= 1)
      }
    }
  })

  it('F16 is not robbed of its interface by a timer that takes it away', () => {
    const host = newHost({ latencyUs: 700 })
    host.onTime = () => host.driver.shutdown()
    assert.equal(host.panicPath.panic(TEXT), 'complete')
    assert.deepEqual(host.lastWords, [TEXT])
  })

  it('F17 sends each of the last words in a message with every field as new', () => {
    for (const policy of panicPolicies) {
      const host = newHost({ policy })
      const { panicMsg } = host.handler.pool
      const isNew: boolean[] = []
      host.trace.hook = (point, subject) => {
        if (point !== Point.StartTransaction || subject !== panicMsg.index) return
        const { fault, where, rspSize, priority, user, done, rqSeq } = panicMsg
        const isEmpty = fault === Fault.None && where === '' && rspSize === 0
        isNew.push(isEmpty && priority === 'normal' && user === null && done === null && rqSeq === 0)
        // Before the next one, as it would be if it had been a user's.
        Object.assign(panicMsg, { fault: Fault.Hosed, where: 'here', priority: 'high', rqSeq: 63 })
        Object.assign(panicMsg, { user: host.user, done: () => {} })
      }
      host.panicPath.panic(TEXT)
      host.trace.hook = null
      assert.ok(isNew.length >= 5 && isNew.every(Boolean), policy.name)
      assert.deepEqual(host.lastWords, [TEXT])
    }
  })

  it('F17 carries nothing over in a buffer that is used again', () => {
    const host = newHost()
    for (const msg of host.handler.pool.slots) {
      msg.data.fill(0xa5)
      msg.rsp.fill(0x5a)
      if (msg.stage === Stage.Free) msg.rspSize = 40
    }
    const { panicMsg } = host.handler.pool
    panicMsg.fault = Fault.Hosed
    panicMsg.priority = 'high'
    panicMsg.rqSeq = 63
    host.send(numbered(1))
    assert.equal(host.panicPath.panic(TEXT), 'complete')
    assert.deepEqual(host.lastWords, [TEXT])
    const added = host.requests.filter(request => request[1] === 0x44 && request[4] === 0xf0)
    // The last piece is filled up with zeros.
    assert.deepEqual([...added.at(-1)!.subarray(-5)], [0, 0, 0, 0, 0])
  })
})
