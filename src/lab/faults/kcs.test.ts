/** The fault list, second part continued: what a KCS interface can do to a transfer. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KcsControl, KcsRegister, KcsState } from '../../ports/kcs.ts'
import type { RegisterPort } from '../../ports/register-port.ts'
import { FaultHost } from './host.ts'

const getDeviceId = { netFn: 0x06, cmd: 0x01 }
const getFirstSelEntry = { netFn: 0x0a, cmd: 0x43, data: Uint8Array.of(0, 0, 0, 0, 0, 0xff) }
const SEL_ENTRY_BODY_BYTES = 19

/** A host whose BMC has one record in its SEL. */
function hostWithRecord(): FaultHost {
  const host = new FaultHost()
  host.bmc.sel.add(Uint8Array.of(0, 0, 0xe1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13))
  host.send(getDeviceId)
  host.run()
  return host
}

describe('a BMC that is reset in the middle of a long response', () => {
  const resets: [string, (host: FaultHost) => void][] = [
    ['and shows ERROR, as the specification asks', host => host.bmc.reset('cold')],
    [
      'and shows IDLE with nothing in its buffer',
      host => {
        host.bmc.reset('cold')
        host.registers.state = KcsState.Idle
      },
    ],
  ]
  for (const [what, reset] of resets) {
    it(`F22 ${what}: the whole response comes, or an error, at every turn of it`, () => {
      const ends = new Set<string>()
      for (let turns = 0; turns < 100; turns++) {
        const host = hostWithRecord()
        const ended = host.send(getFirstSelEntry)
        for (let turn = 0; turn < turns; turn++) host.driver.step(0)
        reset(host)
        host.run()
        assert.equal(ended.times, 1, `reset after ${turns} turns`)
        if (ended.how === 'ok') assert.equal(ended.body.length, SEL_ENTRY_BODY_BYTES, `after ${turns} turns`)
        else assert.equal(ended.how, 'RESPONSE_LOST')
        ends.add(ended.how)
        const after = host.send(getDeviceId)
        host.run()
        assert.deepEqual([after.times, after.how], [1, 'ok'])
      }
      assert.deepEqual([...ends].sort(), ['RESPONSE_LOST', 'ok'])
    })
  }

  it('F22 is said to have left the transfer, and where', () => {
    const host = hostWithRecord()
    let message = ''
    host.user.send(getFirstSelEntry, reply => {
      message = reply.error?.message ?? ''
    })
    for (let turn = 0; turn < 20; turn++) host.driver.step(0)
    host.bmc.reset('cold')
    host.registers.state = KcsState.Idle
    host.run()
    assert.match(message, /Get SEL Entry: .* did not come back \(the BMC left the transfer after \d+ bytes\)/)
  })

  it('costs no request when a BMC never gives the dummy byte, but for the first', () => {
    const host = new FaultHost({ port: withoutDummyByte })
    const ended = Array.from({ length: 5 }, () => host.send(getDeviceId))
    host.run()
    assert.deepEqual(
      ended.map(end => end.how),
      ['RESPONSE_LOST', 'ok', 'ok', 'ok', 'ok'],
    )
    assert.ok(host.nowUs < 200_000, `${host.nowUs} µs`)
  })
})

/** In IDLE state, OBF is never seen. */
function withoutDummyByte(registers: RegisterPort): RegisterPort {
  return {
    inb(offset) {
      const value = registers.inb(offset)
      const isIdle = offset === KcsRegister.CommandStatus && (value & 0xc0) === KcsState.Idle
      return isIdle ? value & ~0x01 : value
    },
    outb: (offset, value) => registers.outb(offset, value),
  }
}

describe('an interface', () => {
  it('that is slow but never stands still long enough is given up after 15 s of waiting', () => {
    const host = new FaultHost({ latencyUs: 4_900_000 })
    const ended = host.send({ netFn: 0x0a, cmd: 0x44, data: new Uint8Array(16) })
    host.run()
    assert.deepEqual([ended.times, ended.how], [1, 'INTERFACE_HOSED'])
    assert.ok(host.nowUs > 14_900_000 && host.nowUs < 15_100_000, `${host.nowUs} µs`)
  })

  it('that takes no byte is given up after twice five seconds: no abort can be written either', () => {
    const host = new FaultHost()
    host.bmcIsDead = true
    const ended = host.send(getDeviceId)
    host.run()
    assert.deepEqual([ended.times, ended.how], [1, 'INTERFACE_HOSED'])
    assert.ok(host.nowUs > 10_000_000 && host.nowUs < 10_100_000, `${host.nowUs} µs`)
  })

  it('F26 that gives more bytes than a message has, and obeys the abort, is told as that', () => {
    let isEndless = false
    let aborts = 0
    const host = new FaultHost({
      port: registers => ({
        inb(offset) {
          if (!isEndless) return registers.inb(offset)
          return offset === KcsRegister.CommandStatus ? KcsState.Read | 0x01 : 0x1c
        },
        outb(offset, value) {
          if (isEndless && value !== KcsControl.GetStatusAbort) return
          if (isEndless) aborts++
          isEndless = false
          registers.outb(offset, value)
        },
      }),
    })
    const ended = host.send(getDeviceId)
    for (let turn = 0; turn < 6; turn++) host.driver.step(0)
    isEndless = true
    host.run()
    assert.deepEqual([ended.times, ended.how, aborts], [1, 'RESPONSE_LONG', 1])
    const after = host.send(getDeviceId)
    host.run()
    assert.equal(after.how, 'ok')
  })

  it('that reads FFh while nothing is to be done is left alone, its set bits are not a wish for attention', () => {
    let writes = 0
    let dataReads = 0
    let isThere = true
    const host = new FaultHost({
      events: 'on',
      port: registers => ({
        inb(offset) {
          if (isThere) return registers.inb(offset)
          if (offset === KcsRegister.Data) dataReads++
          return 0xff
        },
        outb(offset, value) {
          if (isThere) registers.outb(offset, value)
          else writes++
        },
      }),
    })
    host.run()
    isThere = false
    for (let turn = 0; turn < 100; turn++) host.turn(250)
    assert.deepEqual([writes, dataReads, host.driver.stats.attentions, host.driver.isIdle], [0, 0, 0, true])
  })

  it('F09 that cycles through its states is aborted no faster than time passes', () => {
    let reads = 0
    const cycle = [0xc1, 0xc9, 0xc1]
    const abortedAtUs: number[] = []
    const host: FaultHost = new FaultHost({
      port: () => ({
        inb: offset => (offset === KcsRegister.CommandStatus ? cycle[reads++ % 3]! : 0),
        outb(offset, value) {
          if (offset === KcsRegister.CommandStatus && value === KcsControl.GetStatusAbort)
            abortedAtUs.push(host.nowUs)
        },
      }),
    })
    const ended = host.send(getDeviceId)
    host.run()
    assert.equal(ended.how, 'INTERFACE_HOSED')
    assert.ok(abortedAtUs.length > 1)
    assert.equal(new Set(abortedAtUs).size, abortedAtUs.length, `aborts at ${abortedAtUs.join(', ')} µs`)
  })
})
