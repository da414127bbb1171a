/** The stream of serial over LAN on a session that is played by hand. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeSol, encodeSol, SOL_HEADER_BYTES, type SolPacket } from '../lan/sol-packet.ts'
import { SolStream } from './sol.ts'
import type { PayloadReceiver } from './transport.ts'

const PACKET_BYTES = 255
const CHARACTERS = PACKET_BYTES - SOL_HEADER_BYTES

/** Packets go in by hand; those that go out are kept. */
function lineByHand() {
  const sent: SolPacket[] = []
  let receiver: PayloadReceiver | undefined
  const bmc = { url: 'lanplus://bmc', window: 1, run: () => Promise.reject(new Error('there is none')) }
  const stream = new SolStream(
    bmc,
    (_, to) => {
      receiver = to
      const send = (payload: Uint8Array) => {
        sent.push(decodeSol(payload)!)
        return true
      }
      return { since: 0, send, close: () => {} }
    },
    { instance: 1, packetBytes: PACKET_BYTES },
  )
  let at = 0
  const give = (packet: Partial<SolPacket>) => {
    const nothing = { sequence: 0, acknowledged: 0, acceptedCount: 0, flags: 0, data: new Uint8Array(0) }
    receiver!.onPayload(encodeSol({ ...nothing, ...packet }), ++at)
    return sent.at(-1)!
  }
  return { stream, sent, give }
}

describe('the stream of serial over LAN', () => {
  it('takes no more from the BMC than a stream holds while nobody reads, and goes on when somebody does', () => {
    const { stream, give } = lineByHand()
    const data = new Uint8Array(CHARACTERS)
    let taken = 0
    for (let i = 0; i < 1000; i++) taken += give({ sequence: (i % 15) + 1, data }).acceptedCount
    assert.equal(stream.readableLength, taken)
    assert.ok(taken < stream.readableHighWaterMark + data.length, `${taken} characters`)
    stream.read()
    assert.equal(give({ sequence: 14, data }).acceptedCount, data.length)
    stream.destroy()
  })

  it('asks its writer to wait while the BMC acknowledges nothing', async () => {
    const { stream, sent, give } = lineByHand()
    const chunk = new Uint8Array(1000)
    let written = 0
    do written += chunk.length
    while (stream.write(chunk) && written < 1_000_000)
    assert.ok(written < 2 * stream.writableHighWaterMark + 20_000, `${written} characters`)
    let passed = 0
    for (let seen = 0; passed < written; ) {
      assert.ok(sent.length > seen, 'nothing comes any more')
      seen = sent.length
      const { sequence, data } = sent.at(-1)!
      passed += data.length
      give({ acknowledged: sequence, acceptedCount: data.length })
      await new Promise(resolve => setImmediate(resolve))
    }
    stream.destroy()
  })
})
