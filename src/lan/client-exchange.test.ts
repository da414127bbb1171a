import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { GetDeviceId } from '../protocol/commands/device.ts'
import type { LastwordError } from '../protocol/error.ts'
import { decodeIpmb, encodeIpmbResponse } from '../protocol/ipmb.ts'
import { NetFn } from '../protocol/net-fn.ts'
import { Exchange, type ExchangeHost, newPending } from './client-exchange.ts'
import { toBmc } from './client-route.ts'
import { Pace } from './pace.ts'

/** Adds a record: not to be executed twice. */
const addSelEntry = { netFn: NetFn.Storage, cmd: 0x44 }

interface AskOptions {
  command?: { netFn: number; cmd: number }
  timeoutMs?: number
  onDone?: (error: LastwordError | null) => void
}

/** Requests over an exchange whose messages go out bare, with a clock of its own. */
class Asking implements ExchangeHost {
  readonly name = 'bmc'
  readonly pace = new Pace({ firstWaitMs: 500, longestWaitMs: 500, maxInFlight: 8 })
  readonly maxInFlight = 8
  mayReplay = true
  nowMs = 0
  /** Packets that were sealed. */
  outbound = 0
  readonly sent: Uint8Array[] = []
  /** When, for each of them. */
  readonly sentMs: number[] = []
  readonly exchange: Exchange
  answers = 0
  #id = 0

  constructor() {
    this.exchange = new Exchange(this, 0)
  }

  seal(message: Uint8Array): Uint8Array {
    this.outbound++
    return Uint8Array.from(message)
  }

  send(datagram: Uint8Array): void {
    this.sent.push(datagram)
    this.sentMs.push(this.nowMs)
  }

  /** Adds a request, and gives its id. */
  add({ command = GetDeviceId, timeoutMs = 10_000, onDone }: AskOptions = {}): number {
    const count = (error: LastwordError | null) => {
      this.answers++
      onDone?.(error)
    }
    this.exchange.add(newPending(toBmc(command, new Uint8Array(0)), this.#id, timeoutMs, count))
    this.exchange.pump(this.nowMs)
    return this.#id++
  }

  /** Sends the request, and gives its rqSeq. */
  ask(options: AskOptions = {}): number {
    this.add(options)
    return decodeIpmb(this.sent.at(-1)!)!.rqSeq
  }

  answer(rqSeq: number, code = 0): void {
    const asked = decodeIpmb(this.sent.findLast(message => decodeIpmb(message)!.rqSeq === rqSeq)!)!
    this.exchange.handle(encodeIpmbResponse(asked, Uint8Array.of(code)), this.nowMs)
    this.exchange.pump(this.nowMs)
  }

  /** Asks and is answered so often; the numbers that were taken. */
  askOften(times: number): number[] {
    return Array.from({ length: times }, () => {
      const rqSeq = this.ask()
      this.answer(rqSeq)
      return rqSeq
    })
  }

  /** Asks once, is silent until it was sent twice, and answers once. */
  askTwice(): number {
    const rqSeq = this.ask()
    this.passUntil(this.exchange.nextDueMs(this.nowMs)!)
    assert.equal(this.sent.length, 2)
    this.answer(rqSeq)
    assert.equal(this.answers, 1)
    return rqSeq
  }

  /** Lets time pass in which nothing is answered. */
  passUntil(endMs: number): void {
    for (;;) {
      const dueMs = this.exchange.nextDueMs(this.nowMs)
      if (dueMs === null || dueMs > endMs) break
      this.nowMs = dueMs
      this.exchange.tick(this.nowMs)
      this.exchange.pump(this.nowMs)
    }
    this.nowMs = endMs
  }
}

describe('the number of a request that was sent twice and answered once', () => {
  it('is given to no other for two seconds, so that a late answer is for nobody', () => {
    const asking = new Asking()
    const rqSeq = asking.askTwice()
    assert.ok(!asking.askOften(200).includes(rqSeq))
    asking.nowMs += 1999
    assert.ok(!asking.askOften(64).includes(rqSeq))
    asking.nowMs += 1
    assert.ok(asking.askOften(64).includes(rqSeq))
  })

  it('is free at once when the other answer comes', () => {
    const asking = new Asking()
    const rqSeq = asking.askTwice()
    asking.answer(rqSeq)
    assert.equal(asking.answers, 1)
    assert.ok(asking.askOften(64).includes(rqSeq))
  })
})

describe('a request that is not answered', () => {
  it('ends when its time is up, to the millisecond, and is sent again until then', () => {
    const asking = new Asking()
    let endedMs = -1
    const onDone = (error: LastwordError | null) => {
      endedMs = asking.nowMs
      assert.equal(error?.code, 'TIMEOUT')
    }
    asking.ask({ timeoutMs: 1700, onDone })
    asking.passUntil(60_000)
    assert.deepEqual(asking.sentMs, [0, 500, 1000, 1500])
    assert.equal(endedMs, 1700)
  })

  it('may have the owner of another give that one up, who hears no more of it', () => {
    const asking = new Asking()
    let second = -1
    const told: string[] = []
    asking.add({
      onDone: () => {
        told.push('first')
        asking.exchange.remove(second, asking.nowMs)
      },
    })
    second = asking.add({ onDone: () => told.push('second') })
    asking.passUntil(60_000)
    assert.deepEqual(told, ['first'])
    assert.ok(asking.exchange.isIdle)
  })

  it('is a sign of a lost session when it only tells and was sent three times', () => {
    const asking = new Asking()
    asking.add({ command: addSelEntry })
    asking.add()
    asking.passUntil(999)
    assert.equal(asking.exchange.longestUnanswered(), undefined)
    asking.passUntil(1000)
    assert.equal(asking.exchange.longestUnanswered()?.cmd, GetDeviceId.cmd)
  })
})

describe('a request that must not be executed twice', () => {
  it('is sent again as the same packet, what only tells as a new one', () => {
    const asking = new Asking()
    asking.add({ command: addSelEntry, timeoutMs: 1200 })
    asking.passUntil(2000)
    assert.deepEqual([asking.sent.length, asking.outbound], [3, 1])
    asking.add({ timeoutMs: 1200 })
    asking.passUntil(4000)
    assert.deepEqual([asking.sent.length, asking.outbound], [6, 4])
  })

  it('is sent once to a BMC that takes the same packet twice, and ends when its time is up', () => {
    const asking = new Asking()
    asking.mayReplay = false
    asking.add({ command: addSelEntry })
    asking.passUntil(9999)
    assert.deepEqual([asking.sent.length, asking.answers], [1, 0])
    asking.passUntil(10_000)
    assert.equal(asking.answers, 1)
    asking.add()
    asking.passUntil(12_000)
    assert.ok(asking.sent.length > 3)
  })

  it('is followed by 12 packets at the most while others are sent again and again', () => {
    const asking = new Asking()
    asking.add({ command: addSelEntry })
    for (let count = 0; count < 3; count++) asking.add()
    asking.passUntil(9999)
    assert.ok(asking.sent.length > 40, 'they are sent again')
    assert.equal(asking.outbound, 1 + 12)
  })
})

describe('requests in flight', () => {
  it('are none that follow the oldest by more than 31, so that the BMC still knows its answer to that one', () => {
    const asking = new Asking()
    asking.ask()
    asking.askOften(31)
    asking.add()
    assert.equal(asking.sent.length, 32)
    asking.answer(0)
    assert.equal(asking.sent.length, 33)
  })

  it('are fewer after a BMC was busy', () => {
    const asking = new Asking()
    asking.askOften(2)
    assert.equal(asking.pace.inFlight, 6)
    asking.answer(asking.ask(), 0xc0)
    assert.equal(asking.pace.inFlight, 3)
  })

  it('are waited for as long as those took that were sent once: of one sent twice nobody knows', () => {
    const asking = new Asking()
    asking.askTwice()
    asking.add()
    assert.equal(asking.exchange.nextDueMs(asking.nowMs), asking.nowMs + 500)
    const quick = new Asking()
    quick.askOften(1)
    quick.add()
    assert.equal(quick.exchange.nextDueMs(quick.nowMs), quick.nowMs + 250)
  })
})
