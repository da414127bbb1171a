import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { LastwordError } from '../protocol/error.ts'
import { VmCommand, VmSerial } from './vm-serial.ts'

function newSerial() {
  const sent: number[] = []
  const requests: { sequence: number; request: Uint8Array }[] = []
  const errors: LastwordError[] = []
  const serial = new VmSerial({
    send: bytes => sent.push(...bytes),
    onRequest: (sequence, request) => requests.push({ sequence, request }),
    onReset: () => {},
    onError: error => errors.push(error),
  })
  return { serial, sent, requests, errors }
}

/** What QEMU sends for a message. */
function frame(sequence: number, message: readonly number[], end = 0xa0): number[] {
  const content = [sequence, ...message]
  content.push(-content.reduce((sum, byte) => sum + byte, 0) & 0xff)
  return [...content.flatMap(byte => ([0xa0, 0xa1, 0xaa].includes(byte) ? [0xaa, byte | 0x10] : [byte])), end]
}

describe('the VM serial protocol', () => {
  it('greets with its version', () => {
    const { serial, sent } = newSerial()
    serial.begin()
    assert.deepEqual(sent, [0xff, 0x01, 0xa1])
  })

  it('gives back every message as it was sent, in whatever pieces it comes', () => {
    const message = fc.array(fc.nat(255), { minLength: 2, maxLength: 60 })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(255), message), { maxLength: 5 }),
        fc.integer({ min: 1, max: 9 }),
        (messages, size) => {
          const { serial, requests, errors } = newSerial()
          const bytes = messages.flatMap(([sequence, content]) => frame(sequence, content))
          for (let at = 0; at < bytes.length; at += size)
            serial.receive(Uint8Array.from(bytes.slice(at, at + size)))
          assert.deepEqual(errors, [])
          assert.deepEqual(
            requests.map(({ sequence, request }) => [sequence, [...request]]),
            messages,
          )
        },
      ),
    )
  })

  it('escapes its answers so that the other side reads them back', () => {
    const { serial, sent } = newSerial()
    serial.respond(0xa0, Uint8Array.of(0x1c, 0x01, 0xaa, 0xa1, 0xa0))
    const other = newSerial()
    other.serial.receive(Uint8Array.from(sent))
    assert.deepEqual(other.requests, [
      { sequence: 0xa0, request: Uint8Array.of(0x1c, 0x01, 0xaa, 0xa1, 0xa0) },
    ])
  })

  it('sends only commands that the VM can do', () => {
    const { serial, sent } = newSerial()
    assert.equal(serial.command(VmCommand.SendNmi), false)
    serial.receive(Uint8Array.of(0xff, 0x01, 0xa1, 0x08, 0x09, 0xa1))
    assert.equal(serial.command(VmCommand.SendNmi), true)
    assert.equal(serial.command(VmCommand.Reset), false)
    assert.deepEqual(sent, [0x07, 0xa1])
  })
})

describe('a VM serial stream that is damaged', () => {
  const good = frame(1, [0x18, 0x01])
  const cases: [string, number[], string][] = [
    ['a wrong checksum', [0x01, 0x18, 0x01, 0x00, 0xa0], 'VM_CHECKSUM'],
    ['an escape with nothing behind it', [0x01, 0x18, 0xaa, 0xa0], 'VM_ESCAPE'],
    ['an escape of a byte that needs none', [0x01, 0x18, 0xaa, 0x01, 0xe6, 0xa0], 'VM_ESCAPE'],
    ['an escape of an escape', [0xaa, 0xaa, 0x01, 0x18, 0x01, 0xe6, 0xa0], 'VM_ESCAPE'],
    ['a message that is too short', [0x01, 0xff, 0xa0], 'VM_TOO_SHORT'],
    ['a message without end', [...new Array<number>(5000).fill(0x18), 0xa0], 'VM_TOO_LONG'],
    ['an unknown command', [0x55, 0xa1], 'VM_COMMAND'],
  ]
  for (const [what, bytes, code] of cases) {
    it(`is told of (${what}), and the next message is heard`, () => {
      const { serial, requests, errors } = newSerial()
      serial.receive(Uint8Array.from([...bytes, ...good]))
      assert.deepEqual(
        errors.map(error => error.code),
        [code],
      )
      assert.match(errors[0]!.message, /^VM serial: what begins with/)
      assert.equal(requests.length, 1)
    })
  }

  it('holds no more than one message, however long it goes on', () => {
    const { serial, errors, requests } = newSerial()
    const megabyte = new Uint8Array(1 << 20).fill(0x42)
    for (let i = 0; i < 20; i++) serial.receive(megabyte)
    assert.equal(errors.length, 1, 'it is told once, and before its end, which may never come')
    serial.receive(Uint8Array.of(0xa0))
    assert.deepEqual([errors.length, requests.length], [1, 0])
  })

  it('never makes it throw', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 10 }), chunks => {
        const { serial } = newSerial()
        for (const chunk of chunks) serial.receive(chunk)
        serial.receive(Uint8Array.of(0xa0, ...good))
      }),
    )
  })
})
