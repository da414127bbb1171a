/** The fault list, first part: what can go wrong at panic time. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Point } from '../../machine/trace.ts'
import { drop, none, type PanicPolicy, panicPolicies, resend } from '../../si/panic-policy.ts'
import { Fault, Stage } from '../../si/smi-msg.ts'
import { panicAtStep } from '../at-step.ts'
import { FaultHost, type FaultHostOptions } from './host.ts'

const TEXT = 'Fatal exception in interrupt'
const ours: readonly PanicPolicy[] = [resend, drop]
const getDeviceId = { netFn: 0x06, cmd: 0x01 }

/** A numbered request: Add SEL Entry with an OEM record. */
function numbered(number: number) {
  const data = new Uint8Array(16)
  data[2] = 0xe1
  data[3] = number
  return { netFn: 0x0a, cmd: 0x44, data }
}

function executions(host: FaultHost, number: number): number {
  return host.requests.filter(request => request[1] === 0x44 && request[4] === 0xe1 && request[5] === number)
    .length
}

function newHost(options: FaultHostOptions = {}): FaultHost {
  const host = new FaultHost(options)
  host.run()
  return host
}

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
        // What was under way, event, device ID and three pieces of text: of news nothing.
        assert.ok(host.requests.length - before <= 6, `${host.requests.length - before} requests`)
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
    // The one under way is finished first; then come event, device ID and three pieces of text.
    const first = host.requests.slice(before, before + 6).map(request => request[1])
    assert.deepEqual(first, [0x44, 0x02, 0x01, 0x44, 0x44, 0x44])
    assert.equal(host.requests[before + 5]![4], 0xf0)
    const left = host.handler.pool.slots.filter(slot => slot.stage === Stage.Ended && slot.user !== null)
    assert.equal(left.length, ended.length)
    assert.ok(left.some(slot => slot.error?.code === 'PANIC_BUDGET_SPENT'))
    assert.ok(left.some(slot => slot.error === null))
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
