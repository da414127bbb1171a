import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decodeRequest } from '../protocol/command.ts'
import { SendMessage } from '../protocol/commands/messaging.ts'
import { decodeIpmb, encodeIpmb, type IpmbFrame } from '../protocol/ipmb.ts'
import { encodeRouted, readRouted } from './client-route.ts'

const byte = fc.nat(255)
const request = fc.record({
  netFn: fc.nat(31).map(half => half * 2),
  cmd: byte.filter(cmd => cmd !== SendMessage.cmd),
  data: fc.uint8Array({ maxLength: 20 }),
  lun: fc.nat(3),
})
const route = fc.array(fc.record({ channel: fc.nat(15), slaveAddr: byte }), { maxLength: 2 })

/** The frame that a controller with this address answers a request with. */
function answer(frame: IpmbFrame, data: Uint8Array): Uint8Array {
  return encodeIpmb({
    rsAddr: frame.rqAddr,
    netFn: frame.netFn | 1,
    rsLun: frame.rqLun,
    rqAddr: frame.rsAddr,
    rqSeq: frame.rqSeq,
    rqLun: frame.rsLun,
    cmd: frame.cmd,
    data,
  })
}

describe('a request through Send Message', () => {
  it('has one Send Message for each hop, each addressed from the one before, and the request inside', () => {
    fc.assert(
      fc.property(request, route, fc.nat(63), (asked, hops, rqSeq) => {
        let frame = decodeIpmb(encodeRouted({ ...asked, route: hops }, rqSeq))!
        let from = 0x81
        let at = 0x20
        for (const hop of hops) {
          assert.deepEqual([frame.rsAddr, frame.rqAddr, frame.cmd], [at, from, SendMessage.cmd])
          const { to, message } = decodeRequest(SendMessage, frame.data)
          assert.deepEqual([to.channel, to.tracking], [hop.channel, 'track'])
          frame = decodeIpmb(message)!
          from = at
          at = hop.slaveAddr
        }
        assert.deepEqual([frame.rsAddr, frame.rqAddr, frame.rqSeq], [at, from, rqSeq])
        assert.deepEqual([frame.netFn, frame.cmd, frame.rsLun], [asked.netFn, asked.cmd, asked.lun])
        assert.deepEqual([...frame.data], [...asked.data])
      }),
    )
  })

  it('is answered inside the answer to Send Message, or by a message of its own after it', () => {
    fc.assert(
      fc.property(request, route, fc.uint8Array({ minLength: 1, maxLength: 20 }), (asked, hops, body) => {
        const routed = { ...asked, route: hops }
        const outer = decodeIpmb(encodeRouted(routed, 5))!
        let inner = outer
        const frames = [outer]
        for (const _ of hops) {
          inner = decodeIpmb(decodeRequest(SendMessage, inner.data).message)!
          frames.push(inner)
        }
        const alone = decodeIpmb(answer(inner, body))!
        assert.deepEqual(readRouted(routed, alone), { kind: 'body', body })
        // From the innermost out, each answer goes into that of the Send Message around it.
        let packed = answer(inner, body)
        for (const frame of frames.slice(0, -1).reverse()) packed = answer(frame, Uint8Array.of(0, ...packed))
        assert.deepEqual(readRouted(routed, decodeIpmb(packed)!), { kind: 'body', body })
        if (hops.length === 0) return
        assert.deepEqual(readRouted(routed, decodeIpmb(answer(outer, Uint8Array.of(0)))!), {
          kind: 'onTheWay',
        })
        const refused = readRouted(routed, decodeIpmb(answer(outer, Uint8Array.of(0x83)))!)
        assert.ok(
          refused.kind === 'failed' && /Send Message: .*0x83, NAK on write/.test(refused.error.message),
        )
      }),
    )
  })

  it('is answered without an address in front, too, as some BMCs do', () => {
    const routed = {
      netFn: 6,
      cmd: 1,
      data: new Uint8Array(0),
      lun: 0,
      route: [{ channel: 0, slaveAddr: 0x52 }],
    }
    const outer = decodeIpmb(encodeRouted(routed, 5))!
    const inner = decodeIpmb(decodeRequest(SendMessage, outer.data).message)!
    const inside = answer(inner, Uint8Array.of(0, 7)).subarray(1)
    const packed = decodeIpmb(answer(outer, Uint8Array.of(0, ...inside)))!
    assert.deepEqual(readRouted(routed, packed), { kind: 'body', body: Uint8Array.of(0, 7) })
  })

  it('that is a Send Message itself does not take the way of it for its answer', () => {
    const { netFn, cmd } = SendMessage
    const routed = { netFn, cmd, data: new Uint8Array(8), lun: 0, route: [{ channel: 0, slaveAddr: 0x52 }] }
    const outer = decodeIpmb(encodeRouted(routed, 5))!
    assert.deepEqual(readRouted(routed, decodeIpmb(answer(outer, Uint8Array.of(0)))!), { kind: 'onTheWay' })
    const direct = { ...routed, route: [] }
    const body = Uint8Array.of(0)
    assert.deepEqual(readRouted(direct, decodeIpmb(answer(outer, body))!), { kind: 'body', body })
  })
})
