import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { encodeGdbPacket, type GdbItem, GdbPackets } from './gdb-packets.ts'

const read = (text: string): GdbItem[] => new GdbPackets().push(Buffer.from(text, 'latin1'))
const payloads = (text: string) =>
  read(text).map(item => ('payload' in item ? item.payload.toString('latin1') : item.kind))

describe('a GDB packet', () => {
  it('comes back as it was sent, however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }),
        fc.nat(9),
        (messages, cut) => {
          const stream = Buffer.concat(messages.map(message => encodeGdbPacket(message)))
          const packets = new GdbPackets()
          const items: GdbItem[] = []
          for (let at = 0; at < stream.length; at += cut + 1) {
            items.push(...packets.push(stream.subarray(at, at + cut + 1)))
          }
          assert.deepEqual(
            items.map(item => ('payload' in item ? [...item.payload] : item)),
            messages.map(message => [...message]),
          )
        },
      ),
    )
  })

  it('has the checksum of the bytes as they are sent', () => {
    assert.equal(encodeGdbPacket('qSupported').toString(), '$qSupported#37')
    assert.equal(encodeGdbPacket('a#b').toString('latin1'), '$a}\x03b#43')
  })

  it('has its runs spelled out', () => {
    // 0* is a zero and three more.
    assert.deepEqual(payloads('$0* #7a'), ['0000'])
  })

  it('with a wrong checksum is told as corrupt, and the next one is read', () => {
    assert.deepEqual(read('$OK#00$OK#9a'), [
      { kind: 'corrupt', reason: 'checksum' },
      { kind: 'packet', payload: Buffer.from('OK') },
    ])
  })

  it('that was cut short gives way to the one that follows', () => {
    assert.deepEqual(read('$T05thr$OK#9a'), [
      { kind: 'corrupt', reason: 'cut-short' },
      { kind: 'packet', payload: Buffer.from('OK') },
    ])
  })

  it('is told from acknowledgements and notifications around it', () => {
    assert.deepEqual(payloads('+$OK#9a-%Stop#a6'), ['ack', 'OK', 'nack', 'Stop'])
  })

  it('has a bounded length', () => {
    const items = new GdbPackets().push(Buffer.from(`$${'a'.repeat(1 << 20)}aa`))
    assert.deepEqual(items[0], { kind: 'corrupt', reason: 'too-long' })
  })
})
