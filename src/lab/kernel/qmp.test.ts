import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { QmpClient, type QmpEvent, QmpLines } from './qmp.ts'

interface Command {
  execute: string
  arguments: Record<string, unknown>
  id: number
}

/** A monitor that answers each command as it was told, out of its own order if need be. */
class FakeMonitor {
  readonly commands: Command[] = []
  answer: (command: Command) => object | undefined = () => ({ return: {} })
  readonly #server: Server
  #socket: Socket | undefined

  constructor(path: string) {
    this.#server = createServer(socket => {
      this.#socket = socket
      this.say({ QMP: { version: {}, capabilities: [] } })
      const lines = new QmpLines()
      socket.on('data', bytes => {
        for (const message of lines.push(bytes.toString())) this.#take(message as Command)
      })
      socket.on('error', () => {})
    }).listen(path)
  }

  say(message: object): void {
    this.#socket?.write(`${JSON.stringify(message)}\r\n`)
  }

  close(): void {
    this.#socket?.destroy()
    this.#server.close()
  }

  #take(command: Command): void {
    this.commands.push(command)
    const answer = this.answer(command)
    if (answer) this.say({ ...answer, id: command.id })
  }
}

describe("QEMU's monitor", () => {
  let folder: string
  let monitor: FakeMonitor
  let qmp: QmpClient

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lastword-test-'))
    monitor = new FakeMonitor(join(folder, 'qmp'))
    qmp = await QmpClient.connect({ path: join(folder, 'qmp') })
  })
  afterEach(async () => {
    qmp.close()
    monitor.close()
    await rm(folder, { recursive: true })
  })

  it('is asked for its commands first', () => {
    assert.equal(monitor.commands[0]?.execute, 'qmp_capabilities')
  })

  it('matches answers to commands by their number', async () => {
    const held: Command[] = []
    monitor.answer = command => {
      held.push(command)
      return undefined
    }
    const first = qmp.execute('first')
    const second = qmp.execute('second')
    while (held.length < 2) await new Promise(resolve => setTimeout(resolve, 5))
    for (const { execute, id } of held.reverse()) monitor.say({ return: execute, id })
    assert.deepEqual(await Promise.all([first, second]), ['first', 'second'])
  })

  it('reports what was refused, and why', async () => {
    monitor.answer = () => ({ error: { class: 'GenericError', desc: 'no such thing' } })
    await assert.rejects(qmp.injectNmi(), { code: 'QMP_REFUSED', message: /inject-nmi.*no such thing/ })
  })

  it('takes text from savevm as its failure', async () => {
    monitor.answer = () => ({ return: 'Error: No block device can accept snapshots\r\n' })
    await assert.rejects(qmp.savevm('s0'), { code: 'QMP_REFUSED', message: /No block device/ })
    monitor.answer = () => ({ return: '' })
    await qmp.loadvm('s0')
    assert.deepEqual(monitor.commands.at(-1)?.arguments, { 'command-line': 'loadvm s0' })
  })

  it('tells events to whoever listens, until told otherwise', async () => {
    const heard: QmpEvent[] = []
    const stop = qmp.onEvent(event => heard.push(event))
    monitor.say({ event: 'SHUTDOWN', data: { guest: true, reason: 'guest-reset' } })
    await qmp.execute('x')
    stop()
    monitor.say({ event: 'STOP' })
    await qmp.execute('x')
    assert.deepEqual(heard, [{ name: 'SHUTDOWN', data: { guest: true, reason: 'guest-reset' } }])
  })

  it('is given up when it does not answer', async () => {
    monitor.answer = () => undefined
    await assert.rejects(qmp.execute('x', {}, 20), { code: 'QMP_TIMEOUT' })
  })

  it('ends every command when the machine is gone', async () => {
    monitor.answer = () => undefined
    const waiting = qmp.execute('x')
    monitor.close()
    await assert.rejects(waiting, { code: 'QMP_LOST' })
    await assert.rejects(qmp.execute('x'), { code: 'QMP_LOST' })
    await qmp.quit()
  })
})

describe("the monitor's lines", () => {
  it('are put together however they are cut', () => {
    const lines = new QmpLines()
    assert.deepEqual(lines.push('{"event":'), [])
    assert.deepEqual(lines.push('"STOP"}\r\n{"id":1,'), [{ event: 'STOP' }])
  })

  it('that are no JSON are refused', () => {
    assert.throws(() => new QmpLines().push('hello\n'), { code: 'QMP_CORRUPT' })
  })
})
