import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { answerTo, decodeIpmb, encodeIpmb, encodeIpmbResponse, type IpmbFrame, requestIn } from './ipmb.ts'
import { requestBytes } from './message.ts'

const BMC = 0x20
const byte = fc.nat(0xff)
const lun = fc.nat(3)
const frames: fc.Arbitrary<IpmbFrame> = fc.record({
  rsAddr: fc.constantFrom(BMC, 0x22),
  netFn: fc.nat(0x3f),
  rsLun: lun,
  rqAddr: byte,
  rqSeq: fc.nat(0x3f),
  rqLun: lun,
  cmd: byte,
  data: fc.uint8Array({ maxLength: 60 }),
})

describe('a frame that carries a request', () => {
  it('gives the message that is in it, when it is for this address and no response', () => {
    fc.assert(
      fc.property(frames, frame => {
        const isOurs = frame.rsAddr === BMC && (frame.netFn & 1) === 0
        const message = requestBytes(frame.netFn, frame.cmd, frame.data, frame.rsLun)
        assert.deepEqual(requestIn(encodeIpmb(frame), BMC), isOurs ? message : undefined)
      }),
    )
  })

  it('gives nothing when it is too short or a byte was changed', () => {
    fc.assert(
      fc.property(frames, fc.nat(66), fc.integer({ min: 1, max: 255 }), (frame, at, change) => {
        const bytes = encodeIpmb({ ...frame, rsAddr: BMC, netFn: frame.netFn & ~1 })
        bytes[at % bytes.length]! ^= change
        assert.equal(requestIn(bytes, BMC), undefined)
        assert.equal(requestIn(bytes.subarray(0, at % 7), BMC), undefined)
      }),
    )
  })

  it('is answered by the frame that goes back to whoever asked', () => {
    fc.assert(
      fc.property(frames, fc.uint8Array({ minLength: 1, maxLength: 60 }), (frame, body) => {
        const request = { ...frame, netFn: frame.netFn & ~1 }
        const response = Uint8Array.of((request.netFn << 2) | 4 | frame.rsLun, frame.cmd, ...body)
        const answer = answerTo(encodeIpmb(request), response)
        assert.deepEqual(answer, encodeIpmbResponse(request, body))
        assert.deepEqual(decodeIpmb(answer)?.data, body)
      }),
    )
  })
})
