/** Messages through `/dev/ipmi0`: the structures byte for byte against the header file, and what becomes of a request. */
import assert from 'node:assert/strict'
import { closeSync, openSync, writeSync } from 'node:fs'
import { describe, it } from 'node:test'
import { connect } from '../client/connect.ts'
import { OpenTransport } from '../client/open-transport.ts'
import { runProgram } from '../lab/kernel/run-program.ts'
import { loadDeviceCalls } from '../ports/device-calls.ts'
import { FakeKernel } from './fake-kernel.test.fixture.ts'
import { IpmiDevice } from './ipmi-device.ts'

function openFake() {
  const kernel = new FakeKernel()
  return { kernel, transport: new OpenTransport(new IpmiDevice('/dev/null', kernel)) }
}

const response = { recvType: 1, netFn: 7, cmd: 1 }

describe('/dev/ipmi0', () => {
  it('gets a request for the BMC, its LUN in the address, and gives each answer to its own request', async () => {
    const { kernel, transport } = openFake()
    const first = transport.request(6, 1, Uint8Array.of(), { addr: { kind: 'systemInterface', lun: 2 } })
    const second = transport.request(6, 0x0a, Uint8Array.of(1, 2, 3))
    assert.deepEqual(kernel.sent, [
      { addr: [0x0c, 0, 0, 0, 0x0f, 0, 2, 0], msgid: 1, netFn: 6, cmd: 1, data: [] },
      { addr: [0x0c, 0, 0, 0, 0x0f, 0, 0, 0], msgid: 2, netFn: 6, cmd: 0x0a, data: [1, 2, 3] },
    ])
    kernel.answers.push({ ...response, msgid: 2, data: [0, 9] })
    // An event, and an answer to nobody.
    kernel.answers.push({ ...response, recvType: 2, msgid: 1, data: [0xff] })
    kernel.answers.push({ ...response, msgid: 77, data: [0xff] })
    kernel.answers.push({ ...response, msgid: 1, data: [0xc1] })
    assert.deepEqual([...(await first)], [0xc1])
    assert.deepEqual([...(await second)], [0, 9])
    await transport.close()
  })

  it('gets a request for another controller with its channel and slave address', async () => {
    const { kernel, transport } = openFake()
    const addr = { kind: 'ipmb' as const, channel: 7, slaveAddr: 0x2c, lun: 1 }
    const answer = transport.request(6, 1, Uint8Array.of(), { addr })
    assert.deepEqual(kernel.sent[0]?.addr, [0x01, 0, 0, 0, 7, 0, 0x2c, 1])
    kernel.answers.push({ ...response, msgid: 1, data: [0] })
    await answer
    const transit = { channel: 0, slaveAddr: 0x24 }
    await assert.rejects(transport.request(6, 1, Uint8Array.of(), { addr: { ...addr, transit } }), {
      code: 'REQUEST_BAD',
    })
    await transport.close()
  })

  it('tells why the driver refuses, and forgets what was given up', async () => {
    const { kernel, transport } = openFake()
    const aborting = new AbortController()
    const given = transport.request(6, 1, Uint8Array.of(), { signal: aborting.signal })
    aborting.abort()
    await assert.rejects(given, { code: 'ABORTED' })
    await assert.rejects(transport.request(6, 1, new Uint8Array(273)), { code: 'REQUEST_BAD' })
    const lost = transport.request(6, 1, Uint8Array.of())
    kernel.errno = 19
    await assert.rejects(lost, { code: 'DEVICE_IO', message: /\/dev\/null does not receive: ENODEV/ })
    await assert.rejects(transport.request(6, 1, Uint8Array.of()), { message: /does not send: ENODEV/ })
    await transport.close()
    await assert.rejects(transport.request(6, 1, Uint8Array.of()), { code: 'INTERFACE_GONE' })
  })
})

describe('the calls of the operating system', () => {
  it('are made for real: ioctl says what a FIFO holds, poll wakes, a device that is none is told', async () => {
    const calls = await loadDeviceCalls()
    const { bytes, address } = calls.allocate(64)
    const fifo = `/tmp/lastword-fifo-${process.pid}`
    await runProgram('mkfifo', [fifo], {})
    const fd = openSync(fifo, 'r+')
    await runProgram('rm', [fifo], {})
    writeSync(fd, 'five!')
    const FIONREAD = 0x541b
    assert.equal(calls.ioctl(fd, FIONREAD, address), 0)
    assert.equal(bytes[0], 5)
    await calls.readable(fd, 60_000)
    assert.equal(calls.ioctl(fd, 0x8028690d, address), 25)
    closeSync(fd)
    await using bmc = await connect('open:///dev/null')
    await assert.rejects(bmc.identify(), {
      code: 'DEVICE_IO',
      message: /\/dev\/null does not send: ENOTTY/,
    })
    await assert.rejects(connect('open://31'), { code: 'DEVICE_OPEN', hint: /modprobe ipmi_si/ })
    await assert.rejects(connect('open://first'), { code: 'BAD_URL' })
  })
})
