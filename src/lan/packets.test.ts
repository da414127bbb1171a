import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { AuthType } from '../protocol/commands/session.ts'
import { AnswerCache } from './answer-cache.ts'
import { cipherSuites, decodeSuiteRecords, encodeSuiteRecords } from './cipher-suites.ts'
import { Lockout } from './lockout.ts'
import { protectionOf, type RakpState, sessionIntegrityKey } from './rakp.ts'
import { decodePong, decodeRmcp, pingTag, presencePing, presencePong, rmcpAck } from './rmcp.ts'
import { decodePlus } from './rmcpplus.ts'
import { SeqWindow } from './seq-window.ts'
import { PlusLink, V15Link } from './session-link.ts'
import { decodeV15 } from './session-v15.ts'

const password = new Uint8Array(Buffer.from('secret123'))

function protectionWith(suiteId: number) {
  const state: RakpState = {
    suite: cipherSuites.find(suite => suite.id === suiteId)!,
    consoleId: 1,
    bmcId: 2,
    consoleRandom: new Uint8Array(16).fill(3),
    bmcRandom: new Uint8Array(16).fill(4),
    guid: new Uint8Array(16).fill(5),
    role: 0x14,
    userName: new Uint8Array(Buffer.from('admin')),
    password,
    kg: new Uint8Array(0),
  }
  return protectionOf(state, sessionIntegrityKey(state))
}

/** What follows the RMCP header. */
function body(datagram: Uint8Array): Uint8Array {
  return decodeRmcp(datagram)!.data
}

const payloads = fc.uint8Array({ maxLength: 300 })

describe('an RMCP+ session', () => {
  for (const { id } of cipherSuites) {
    it(`carries any payload with suite ${id}, once`, () => {
      const protection = protectionWith(id)
      fc.assert(
        fc.property(payloads, fc.constantFrom(0, 1), (payload, type) => {
          const [console, bmc] = [new PlusLink(7, protection), new PlusLink(8, protection)]
          const packet = decodePlus(body(console.seal(type, payload)))!
          assert.equal(packet.sessionId, 7)
          const opened = bmc.open(packet)
          assert.deepEqual(opened && { ...opened, payload: Array.from(opened.payload) }, {
            payloadType: type,
            payload: Array.from(payload),
            sequence: packet.sequence,
            freshness: 'new',
          })
          assert.equal(bmc.open(packet)?.freshness, 'seen')
        }),
        { numRuns: 30 },
      )
    })
  }

  for (const id of [2, 3, 7, 8, 11, 12, 16, 17]) {
    it(`takes nothing of suite ${id} in which a bit was changed`, () => {
      const protection = protectionWith(id)
      const whole = body(new PlusLink(7, protection).seal(0, Uint8Array.of(1, 2, 3, 4, 5, 6, 7)))
      fc.assert(
        fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
          const packet = decodePlus(Uint8Array.from(whole, (byte, i) => (i === at ? byte ^ change : byte)))
          const opened = packet && new PlusLink(8, protection).open(packet)
          // Changed session IDs do not get as far as here, but are signed as well.
          assert.equal(opened, null)
        }),
      )
    })
  }

  it('takes no packet in the clear when it signs or encrypts', () => {
    const plain = decodePlus(body(new PlusLink(7, protectionWith(1)).seal(0, Uint8Array.of(1))))!
    const signed = decodePlus(body(new PlusLink(7, protectionWith(2)).seal(0, Uint8Array.of(1))))!
    assert.equal(new PlusLink(8, protectionWith(2)).open(plain), null)
    assert.equal(new PlusLink(8, protectionWith(3)).open(plain), null)
    assert.equal(new PlusLink(8, protectionWith(3)).open(signed), null)
  })
})

describe('an IPMI 1.5 session', () => {
  for (const authType of [AuthType.None, AuthType.Md5, AuthType.Password]) {
    it(`carries any message with authentication type ${authType}, once`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 255 }), payload => {
          const first = { inbound: 5, outbound: 5 }
          const console = new V15Link(authType, 9, password, first)
          const bmc = new V15Link(authType, 9, password, first)
          const packet = decodeV15(body(console.seal(payload)))!
          assert.equal(packet.sequence, 5)
          const opened = bmc.open(packet)
          assert.deepEqual(opened && Array.from(opened.payload), Array.from(payload))
          assert.equal(bmc.open(packet)?.freshness, 'seen')
        }),
        { numRuns: 50 },
      )
    })
  }

  it('takes nothing that another password signed', () => {
    const first = { inbound: 1, outbound: 1 }
    for (const authType of [AuthType.Md5, AuthType.Password]) {
      const packet = decodeV15(body(new V15Link(authType, 9, password, first).seal(Uint8Array.of(1, 2))))!
      const other = new V15Link(authType, 9, new Uint8Array(Buffer.from('secret124')), first)
      assert.equal(other.open(packet), null)
    }
  })
})

describe('the window of sequence numbers', () => {
  it('takes each number once, in whatever order, as long as it is not too far behind', () => {
    const shuffled = fc
      .uniqueArray(fc.nat(25), { minLength: 1, maxLength: 26 })
      .chain(numbers => fc.tuple(fc.constant(numbers), fc.integer({ min: 1, max: 0xffffffff })))
    fc.assert(
      fc.property(shuffled, ([numbers, start]) => {
        const window = new SeqWindow(start)
        const sequences = numbers.map(number => (start + 1 + number) >>> 0).filter(sequence => sequence !== 0)
        for (const sequence of sequences) {
          assert.ok(window.accepts(sequence))
          window.note(sequence)
          assert.ok(!window.accepts(sequence))
        }
        for (const sequence of sequences) assert.ok(!window.accepts(sequence))
      }),
    )
  })

  it('refuses zero, what is old and what is far ahead', () => {
    const window = new SeqWindow(100)
    window.note(200)
    for (const sequence of [0, 200, 168, 100, 1, 200 + 1025]) assert.equal(window.accepts(sequence), false)
    for (const sequence of [199, 169, 201, 200 + 1024]) assert.equal(window.accepts(sequence), true)
  })
})

describe('the answers that are kept', () => {
  const SET_SEL_TIME = 0x49
  const request = (rqSeq: number, byte = 0) =>
    Uint8Array.of(0x20, 0x28, 0xc8, 0x81, rqSeq << 2, SET_SEL_TIME, byte, 0)

  it('answer what comes again, not what differs and not what a console sends a round later', () => {
    const cache = new AnswerCache()
    cache.keep(request(5), Uint8Array.of(1), 0)
    assert.deepEqual(cache.find(request(5), 'new', 1)?.response, Uint8Array.of(1))
    assert.equal(cache.find(request(5, 1), 'new', 1), undefined)
    for (let i = 1; i <= 63; i++) cache.keep(request((5 + i) % 64), Uint8Array.of(2), 1)
    assert.equal(cache.find(request(5), 'new', 1), undefined)
  })

  it('are not for a console that asks the same under the same rqSeq for ever', () => {
    const cache = new AnswerCache()
    cache.keep(request(5), Uint8Array.of(1), 0)
    assert.notEqual(cache.find(request(5), 'new', 30_000), undefined)
    assert.equal(cache.find(request(5), 'new', 60_000), undefined)
  })
})

describe('wrong passwords', () => {
  const policy = { threshold: 3, resetMs: 1000, lockoutMs: 5000 }
  const peer = { address: '192.0.2.1', port: 5000 }

  it('keep a user out from the threshold on, for as long as was said', () => {
    const lockout = new Lockout()
    for (let i = 0; i < 3; i++) {
      assert.equal(lockout.isLockedOut(2, policy, i), false)
      lockout.noteFailure(2, peer, policy, i)
    }
    assert.equal(lockout.isLockedOut(2, policy, 3), true)
    assert.equal(lockout.isLockedOut(3, policy, 3), false)
    assert.equal(lockout.isLockedOut(2, policy, 5002), false)
    assert.equal(lockout.failedLogIns, 3)
  })

  it('of log-ins that were begun before neither lift nor lengthen it', () => {
    const lockout = new Lockout()
    for (let i = 0; i < 3; i++) lockout.noteFailure(2, peer, policy, i)
    for (const nowMs of [1500, 4000]) lockout.noteFailure(2, peer, policy, nowMs)
    assert.equal(lockout.isLockedOut(2, policy, 5001), true)
    assert.equal(lockout.isLockedOut(2, policy, 5002), false)
  })

  it('are counted anew when a lock has ended, however long they are remembered', () => {
    const lockout = new Lockout()
    const long = { ...policy, resetMs: 60_000 }
    for (let i = 0; i < 3; i++) lockout.noteFailure(2, peer, long, i)
    assert.deepEqual(lockout.stateOf(2, long, 3), { failed: 3, lockedUntilMs: 5002 })
    lockout.noteFailure(2, peer, long, 5002)
    assert.deepEqual(lockout.stateOf(2, long, 5003), { failed: 1, lockedUntilMs: null })
    assert.deepEqual(lockout.stateOf(2, long, 70_000), { failed: 0, lockedUntilMs: null })
  })

  it('keep a user out until that is lifted by hand, where no time was said', () => {
    const lockout = new Lockout()
    const endless = { ...policy, lockoutMs: 0 }
    for (let i = 0; i < 3; i++) lockout.noteFailure(2, peer, endless, i)
    const lockedUntilMs = Number.POSITIVE_INFINITY
    assert.deepEqual(lockout.stateOf(2, endless, 1e9), { failed: 3, lockedUntilMs })
    lockout.lift(2)
    assert.equal(lockout.isLockedOut(2, endless, 1e9), false)
  })

  it('are forgotten after a while, and after a right one', () => {
    const lockout = new Lockout()
    for (const nowMs of [0, 1, 2000, 2001]) lockout.noteFailure(2, peer, policy, nowMs)
    assert.equal(lockout.isLockedOut(2, policy, 2002), false)
    lockout.noteSuccess(2)
    for (const nowMs of [2002, 2003]) lockout.noteFailure(2, peer, policy, nowMs)
    assert.equal(lockout.isLockedOut(2, policy, 2004), false)
  })
})

describe('RMCP', () => {
  it('acknowledges what wants it, never an acknowledgement', () => {
    assert.deepEqual(rmcpAck(decodeRmcp(Uint8Array.of(6, 0, 3, 7))!), Uint8Array.of(6, 0, 3, 0x87))
    assert.equal(rmcpAck(decodeRmcp(Uint8Array.of(6, 0, 0xff, 7))!), null)
    assert.equal(rmcpAck(decodeRmcp(Uint8Array.of(6, 0, 3, 0x87))!), null)
  })

  it('answers a presence ping with its tag', () => {
    assert.equal(pingTag(body(presencePing(0x5a))), 0x5a)
    assert.deepEqual(decodePong(body(presencePong(0x5a))), { tag: 0x5a, supportsIpmi: true })
    assert.equal(pingTag(body(presencePong(1))), null)
  })
})

describe('the records of cipher suites', () => {
  it('are read back as they were written', () => {
    const ids = cipherSuites.map(suite => suite.id)
    assert.deepEqual(decodeSuiteRecords(encodeSuiteRecords(cipherSuites)), ids)
  })

  it('pass over those of makers, and end where they are damaged', () => {
    const oem = [0xc1, 0x80, 1, 2, 3, 0x01, 0x41, 0x81]
    assert.deepEqual(decodeSuiteRecords(Uint8Array.of(...oem, 0xc0, 3, 1, 0x41, 0x81)), [3])
    assert.deepEqual(decodeSuiteRecords(Uint8Array.of(0xc0, 3, 1, 0x41, 0x81, 0xff, 0xff)), [3])
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), records => void decodeSuiteRecords(records)))
  })
})
