import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Bmc as SimulatedBmc } from '../bmc/bmc.ts'
import { execute } from '../bmc/execute.ts'
import { KcsSide } from '../bmc/kcs-side.ts'
import { DevPort } from '../ports/dev-port.ts'
import { KcsRegisters } from '../ports/kcs-registers.ts'
import type { RegisterPort } from '../ports/register-port.ts'
import { GetDeviceId } from '../protocol/commands/device.ts'
import { GetSelEntry, GetSelInfo } from '../protocol/commands/sel.ts'
import { LastwordError } from '../protocol/error.ts'
import { connect } from './connect.ts'
import { connectKcs } from './connect-kcs.ts'

/** A simulated BMC behind registers; `answers: 'never'` leaves each request without one. */
function registersOfBmc(answers: 'atOnce' | 'never' = 'atOnce') {
  const bmc = new SimulatedBmc()
  const registers = new KcsRegisters()
  const side = new KcsSide(registers, request => (answers === 'never' ? null : execute(bmc, request)))
  registers.onHostWrite = () => side.run()
  return { bmc, registers }
}

function moduleUrl(path: string): string {
  return new URL(path, import.meta.url).href
}

describe('a BMC behind KCS registers', () => {
  it('runs commands, many at a time, each with its own answer', async () => {
    const { registers } = registersOfBmc()
    await using bmc = connectKcs(registers)
    const [id, info, ...more] = await Promise.all([
      bmc.run(GetDeviceId, {}),
      bmc.run(GetSelInfo, {}),
      ...Array.from({ length: 20 }, () => bmc.run(GetDeviceId, {})),
    ])
    assert.equal(id.deviceId, 0x20)
    assert.equal(info.entries, 0)
    assert.ok(more.every(other => other.deviceId === 0x20))
  })

  it('is not there when its registers read FFh', () => {
    assert.throws(() => connectKcs({ inb: () => 0xff, outb: () => {} }), { code: 'NO_INTERFACE' })
  })

  it('lets a caller give up, before and while it waits', async () => {
    const { registers } = registersOfBmc('never')
    await using bmc = connectKcs(registers)
    await assert.rejects(bmc.run(GetDeviceId, {}, { signal: AbortSignal.abort() }), { code: 'ABORTED' })
    await assert.rejects(bmc.run(GetDeviceId, {}, { signal: AbortSignal.timeout(20) }), { code: 'ABORTED' })
  })

  it('ends what is under way when it is closed', async () => {
    const { registers } = registersOfBmc('never')
    const bmc = connectKcs(registers)
    const waiting = bmc.run(GetDeviceId, {})
    const ended = assert.rejects(waiting, { code: 'INTERFACE_GONE' })
    await bmc.close()
    await ended
    await assert.rejects(bmc.run(GetDeviceId, {}), { code: /USER_GONE|INTERFACE_GONE/ })
  })

  it('ends a request with the reason when the port fails, and works again when the port does', async () => {
    const { registers } = registersOfBmc()
    let fails = false
    const port: RegisterPort = {
      inb(offset) {
        if (fails) throw new LastwordError('PORT_IO', 'the port does not answer')
        return registers.inb(offset)
      },
      outb: (offset, value) => registers.outb(offset, value),
    }
    await using bmc = connectKcs(port)
    await bmc.run(GetDeviceId, {})
    fails = true
    await assert.rejects(bmc.run(GetDeviceId, {}), {
      code: 'INTERFACE_HOSED',
      message: /the port does not answer/,
    })
    fails = false
    await new Promise(resolve => setTimeout(resolve, 1100))
    assert.equal((await bmc.run(GetDeviceId, {})).deviceId, 0x20)
  })

  it('goes on pumping for the others when something is thrown that is no error of the port', () => {
    // In a process of its own: the test runner takes each uncaught exception for a failure.
    const script = `
      import { Bmc } from '${moduleUrl('../bmc/bmc.js')}'
      import { execute } from '${moduleUrl('../bmc/execute.js')}'
      import { KcsSide } from '${moduleUrl('../bmc/kcs-side.js')}'
      import { KcsRegisters } from '${moduleUrl('../ports/kcs-registers.js')}'
      import { GetDeviceId } from '${moduleUrl('../protocol/commands/device.js')}'
      import { connectKcs } from '${moduleUrl('./connect-kcs.js')}'
      const simulated = new Bmc()
      const registers = new KcsRegisters()
      const side = new KcsSide(registers, request => execute(simulated, request))
      registers.onHostWrite = () => side.run()
      let faults = 0
      process.on('uncaughtException', error => console.log(error.message))
      const bmc = connectKcs({
        inb(offset) {
          if (faults-- > 0) throw new TypeError('a fault of the program')
          return registers.inb(offset)
        },
        outb: (offset, value) => registers.outb(offset, value),
      })
      faults = 2
      const ids = await Promise.all([bmc.run(GetDeviceId, {}), bmc.run(GetDeviceId, {})])
      console.log(ids.map(id => id.deviceId).join(' '))
      await bmc.close()
    `
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    })
    assert.equal(stdout, 'a fault of the program\na fault of the program\n32 32\n', stderr)
  })

  it('gives the records of its SEL, and the sentences in them', async () => {
    const { bmc: simulated, registers } = registersOfBmc()
    const event = Uint8Array.of(0, 0, 2, 0, 0, 0, 0, 0x41, 0, 3, 0x20, 0x6f, 0x6f, 0xa1, 0x6f, 0x6f)
    const text = new Uint8Array(16)
    text.set([0, 0, 0xf0, 0x20, 0, ...Buffer.from('ooops')])
    simulated.sel.add(event)
    simulated.sel.add(text)
    await using bmc = connectKcs(registers)
    const kinds: string[] = []
    for await (const record of bmc.sel.entries()) kinds.push(`${record.recordId} ${record.kind}`)
    assert.deepEqual(kinds, ['1 system', '2 oem'])
    const [sentence] = await bmc.sel.sentences()
    assert.match(sentence ?? '', /its last words: "ooops"$/)
  })
})

describe('an error', () => {
  it('says which BMC it is about, in a field and in its words, once', async () => {
    const { registers } = registersOfBmc()
    await using bmc = connectKcs(registers, 'kcs:///dev/port?base=0xca2')
    const address = 'kcs:///dev/port?base=0xca2'
    await assert.rejects(bmc.run(GetSelEntry, { reservationId: 0, recordId: 7, offset: 0, count: 255 }), {
      code: 'COMPLETION_CODE',
      address,
      message: /^kcs:\/\/\/dev\/port\?base=0xca2: Get SEL Entry: the BMC answered 0xCB/,
    })
    const wrong = new LastwordError('RESPONSE_BAD', 'it is wrong').at(address).at('lan://other')
    assert.equal(wrong.message, `${address}: it is wrong`)
    assert.equal(
      new LastwordError('TIMEOUT', '10.0.0.5:623: silence').at('lan://10.0.0.5:623').message,
      '10.0.0.5:623: silence',
    )
  })
})

describe('connect', () => {
  it('says what is wrong with a URL, and what would be right', async () => {
    await assert.rejects(connect('not a url'), { code: 'BAD_URL' })
    await assert.rejects(connect('gopher://host'), { code: 'BAD_URL', message: /gopher/ })
    await assert.rejects(connect('kcs:///dev/port?base=abc'), { code: 'BAD_URL', message: /base/ })
    await assert.rejects(connect('kcs:///nowhere/at/all'), { code: 'PORT_OPEN', message: /cannot be opened/ })
  })
})

describe('/dev/port', () => {
  it('reads and writes the byte at base and offset, and nothing else', () => {
    const dir = mkdtempSync(join(tmpdir(), 'lastword-port-'))
    try {
      const path = join(dir, 'port')
      writeFileSync(
        path,
        Uint8Array.from({ length: 16 }, (_, index) => index),
      )
      const port = new DevPort({ path, base: 4, spacing: 2 })
      assert.deepEqual([port.inb(0), port.inb(1)], [4, 6])
      port.outb(1, 0xaa)
      port.close()
      const expected = Uint8Array.from({ length: 16 }, (_, index) => (index === 6 ? 0xaa : index))
      assert.deepEqual(Uint8Array.from(readFileSync(path)), expected)
    } finally {
      rmSync(dir, { recursive: true })
    }
  })

  it('tells a failing access as an error of the port', () => {
    const port = new DevPort({ path: '/dev/null', base: 0 })
    port.close()
    assert.throws(() => port.inb(0), { code: 'PORT_IO' })
    const atEnd = new DevPort({ path: '/dev/null', base: 0 })
    assert.throws(() => atEnd.inb(0), { code: 'PORT_IO', message: 'I/O port 0x0 is not there' })
    atEnd.close()
  })
})
