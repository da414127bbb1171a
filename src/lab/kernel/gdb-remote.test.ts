import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { encodeGdbPacket, GdbPackets } from './gdb-packets.ts'
import { GdbRemote, parseStopReply } from './gdb-remote.ts'

/** A GDB server as QEMU 7.2 is one: it speaks first, and it keeps acknowledgements. */
class FakeStub {
  readonly requests: string[] = []
  readonly answers = new Map<string, string | string[]>()
  readonly raw: string[] = []
  readonly #server: Server
  #socket: Socket | undefined

  constructor(path: string) {
    this.#server = createServer(socket => {
      this.#socket = socket
      const packets = new GdbPackets()
      this.say('T05thread:01;')
      socket.on('data', bytes => {
        this.raw.push(bytes.toString('latin1'))
        for (const item of packets.push(bytes)) {
          if (item.kind === 'packet') this.#answer(item.payload.toString('latin1'))
        }
      })
      socket.on('error', () => {})
    }).listen(path)
  }

  say(payload: string): void {
    this.#socket?.write(encodeGdbPacket(payload))
  }

  close(): void {
    this.#socket?.destroy()
    this.#server.close()
  }

  #answer(request: string): void {
    this.requests.push(request)
    this.#socket?.write('+')
    const answer = this.answers.get(request) ?? (request.startsWith('qSupported') ? 'PacketSize=1000' : '')
    if (answer !== 'silence') for (const one of [answer].flat()) this.say(one)
  }
}

describe('a GDB connection', () => {
  let folder: string
  let stub: FakeStub
  let gdb: GdbRemote

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lastword-test-'))
    stub = new FakeStub(join(folder, 'gdb'))
    gdb = await GdbRemote.connect({ path: join(folder, 'gdb') })
  })
  afterEach(async () => {
    gdb.close()
    stub.close()
    await rm(folder, { recursive: true })
  })

  it('is not confused by the stop reply that QEMU sends first', async () => {
    stub.answers.set('Z1,ffffffffc0200000,1', 'OK')
    await gdb.setBreakpoint(0xffffffffc0200000n)
    assert.equal(gdb.state, 'stopped')
  })

  it('goes on to the next stop, and knows whether the machine runs', async () => {
    stub.answers.set('c', 'silence')
    gdb.resume()
    assert.equal(gdb.state, 'running')
    await assert.rejects(gdb.readRegisters(), { code: 'GDB_RUNNING' })
    setTimeout(() => stub.say('T05thread:02;'), 10)
    assert.deepEqual(await gdb.waitForStop(), { kind: 'stopped', signal: 5, thread: '02' })
    assert.equal(gdb.state, 'stopped')
  })

  it('hears a stop that came before anybody waited for it', async () => {
    stub.answers.set('c', 'T05thread:01;')
    gdb.resume()
    await new Promise(resolve => setTimeout(resolve, 20))
    assert.equal((await gdb.waitForStop()).kind, 'stopped')
  })

  it('gives up waiting at its bound, and can then interrupt', async () => {
    stub.answers.set('c', 'silence')
    await assert.rejects(gdb.continue({ timeoutMs: 20 }), { code: 'GDB_TIMEOUT' })
    const interrupted = gdb.interrupt()
    setTimeout(() => stub.say('T02thread:01;'), 10)
    assert.deepEqual(await interrupted, { kind: 'stopped', signal: 2, thread: '01' })
    assert.ok(stub.raw.some(text => text.includes('\x03')))
  })

  it('gives up waiting when the caller aborts', async () => {
    stub.answers.set('c', 'silence')
    await assert.rejects(gdb.continue({ signal: AbortSignal.timeout(10) }), { code: 'ABORTED' })
  })

  it('steps one instruction', async () => {
    stub.answers.set('s', 'T05thread:01;')
    assert.deepEqual(await gdb.step(), { kind: 'stopped', signal: 5, thread: '01' })
  })

  it('reads memory in pieces and writes it whole', async () => {
    stub.answers.set('m1000,400', 'ab'.repeat(1024))
    stub.answers.set('m1400,2', '0102')
    stub.answers.set('M1000,2:beef', 'OK')
    const memory = await gdb.readMemory(0x1000n, 1026)
    assert.equal(memory.length, 1026)
    assert.deepEqual([...memory.subarray(1023)], [0xab, 1, 2])
    await gdb.writeMemory(0x1000n, Buffer.from('beef', 'hex'))
  })

  it('lists the processors and selects one', async () => {
    stub.answers.set('qfThreadInfo', 'm01')
    stub.answers.set('qsThreadInfo', 'l')
    stub.answers.set('Hg01', 'OK')
    stub.answers.set('Hc01', 'OK')
    assert.deepEqual(await gdb.threads(), ['01'])
    await gdb.selectThread('01')
  })

  it('reports a refusal with the request', async () => {
    stub.answers.set('m0,4', 'E14')
    await assert.rejects(gdb.readMemory(0n, 4), { code: 'GDB_REFUSED', message: /m0,4/ })
    await assert.rejects(gdb.setBreakpoint(1n), { code: 'GDB_REFUSED' })
  })

  it('ends every wait when the machine is gone', async () => {
    stub.answers.set('c', 'silence')
    const waiting = gdb.continue()
    stub.close()
    await assert.rejects(waiting, { code: 'GDB_LOST' })
    await assert.rejects(gdb.step({ timeoutMs: 100 }), { code: 'GDB_RUNNING' })
  })

  it('tells how long its slowest answer took, and which breakpoints are set', async () => {
    stub.answers.set('Z1,10,1', 'silence')
    const setting = gdb.setBreakpoint(0x10n)
    setTimeout(() => stub.say('OK'), 60)
    await setting
    stub.answers.set('z1,10,1', 'OK')
    stub.answers.set('Z1,20,1', 'OK')
    await gdb.setBreakpoint(0x20n)
    assert.deepEqual([...gdb.breakpoints], [0x10n, 0x20n])
    await gdb.clearBreakpoint(0x10n)
    assert.deepEqual([...gdb.breakpoints], [0x20n])
    assert.ok(gdb.takeSlowestAnswerMs() >= 50)
    assert.equal(gdb.takeSlowestAnswerMs(), 0)
  })

  it('does not open where nobody listens', async () => {
    await assert.rejects(GdbRemote.connect({ path: join(folder, 'nobody') }), { code: 'NO_CONNECTION' })
  })
})

describe('a stop reply', () => {
  it('names the signal and the processor', () => {
    assert.deepEqual(parseStopReply('T05thread:p01.02;'), { kind: 'stopped', signal: 5, thread: 'p01.02' })
    assert.deepEqual(parseStopReply('S02'), { kind: 'stopped', signal: 2 })
  })

  it('may say that the machine is gone', () => {
    assert.deepEqual(parseStopReply('W00'), { kind: 'exited', status: 0 })
  })
})
