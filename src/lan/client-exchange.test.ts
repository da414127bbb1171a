import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { GetDeviceId } from '../protocol/commands/device.ts'
import { decodeIpmb, encodeIpmbResponse } from '../protocol/ipmb.ts'
import { Exchange, newPending } from './client-exchange.ts'
import { toBmc } from './client-route.ts'
import { Pace } from './pace.ts'

/** Get Device ID over an exchange whose messages go out bare, with a clock of its own. */
class Asking {
  nowMs = 0
  readonly sent: Uint8Array[] = []
  readonly exchange: Exchange
  answers = 0
  #id = 0

  constructor() {
    const host = {
      name: 'bmc',
      pace: new Pace({ firstWaitMs: 500, longestWaitMs: 500, maxInFlight: 8 }),
      maxInFlight: 8,
      mayReplay: true,
      outbound: 0,
      seal: (message: Uint8Array) => message,
      send: (datagram: Uint8Array) => this.sent.push(datagram),
    }
    this.exchange = new Exchange(host, 0)
  }

  /** Sends the request, and gives its rqSeq. */
  ask(): number {
    const count = () => {
      this.answers++
    }
    const request = toBmc(GetDeviceId, new Uint8Array(0))
    this.exchange.add(newPending(request, this.#id++, 10_000, count))
    this.exchange.pump(this.nowMs)
    return decodeIpmb(this.sent.at(-1)!)!.rqSeq
  }

  answer(rqSeq: number): void {
    const asked = decodeIpmb(this.sent.findLast(message => decodeIpmb(message)!.rqSeq === rqSeq)!)!
    this.exchange.handle(encodeIpmbResponse(asked, Uint8Array.of(0)), this.nowMs)
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
    this.nowMs = this.exchange.nextDueMs(this.nowMs)!
    this.exchange.tick(this.nowMs)
    assert.equal(this.sent.length, 2)
    this.answer(rqSeq)
    assert.equal(this.answers, 1)
    return rqSeq
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
