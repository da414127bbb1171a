/** The SOL terminal on a serial port that echoes. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex, PassThrough, Readable, Writable } from 'node:stream'
import { describe, it } from 'node:test'
import { runTerminal, type TerminalOptions } from './terminal.ts'

/** Says back what it hears, in capitals. */
class Echo extends Duplex {
  heard = ''
  breaks = 0

  constructor() {
    super({ allowHalfOpen: false })
    this.once('finish', () => this.destroy())
  }

  override _read(): void {}

  override _write(chunk: Uint8Array, _: BufferEncoding, done: () => void): void {
    const text = Buffer.from(chunk).toString('latin1')
    this.heard += text
    this.push(text.toUpperCase())
    done()
  }

  sendBreak(): void {
    this.breaks++
  }
}

/** Says `total` bytes as fast as they are taken; takes nothing until it is let. */
class SlowPort extends Echo {
  said = 0
  release: () => void = () => {}
  readonly #total: number

  constructor(total = 0) {
    super()
    this.#total = total
  }

  override _read(): void {
    if (this.said >= this.#total) return
    this.said += 1000
    this.push(Buffer.alloc(1000, 'x'))
  }

  override _write(chunk: Uint8Array, _: BufferEncoding, done: () => void): void {
    this.release = () => {
      this.release = () => {}
      this.heard += Buffer.from(chunk).toString('latin1')
      done()
    }
  }
}

/** Lets everything happen that can. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 500; turn++) await new Promise(resolve => setImmediate(resolve))
}

function terminal(options: Partial<Omit<TerminalOptions, 'line'>> = {}, line = new Echo()) {
  const input = Object.assign(new PassThrough(), {
    modes: [] as boolean[],
    setRawMode: (mode: boolean) => input.modes.push(mode),
  })
  const output = new PassThrough()
  let shown = ''
  let remarks = ''
  let suspended = 0
  output.on('data', bytes => {
    shown += bytes
  })
  const ended = runTerminal({
    line,
    input,
    output,
    mode: 'typing',
    signal: new AbortController().signal,
    remark: text => {
      remarks += text
    },
    suspend: () => {
      suspended++
    },
    ...options,
  })
  return { line, input, output, ended, told: () => ({ shown, remarks, suspended }) }
}

describe('the SOL terminal', () => {
  it('sends keys, shows what comes, and ends with the escape keys, its terminal as before', async () => {
    const { line, input, output, ended, told } = terminal()
    input.write('ls\r')
    await once(output, 'data')
    input.write('~?~B~\x1a~.')
    await ended
    assert.equal(line.heard, 'ls\r')
    assert.equal(line.breaks, 1)
    assert.equal(told().shown, 'LS\r')
    assert.match(told().remarks, /ends the connection/)
    assert.equal(told().suspended, 1)
    assert.deepEqual(input.modes, [true, false, true, false])
    assert.ok(line.destroyed)
  })

  it('sets its mode again when it goes on after somebody else has stopped it', async () => {
    const { input, ended } = terminal()
    process.emit('SIGCONT', 'SIGCONT')
    input.write('~.')
    await ended
    assert.deepEqual(input.modes, [true, false, true, false])
    process.emit('SIGCONT', 'SIGCONT')
    assert.equal(input.modes.length, 4)
  })

  it('records what the serial port says', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'lastword-sol-'))
    try {
      const record = join(dir, 'record')
      const { input, output, ended } = terminal({ record })
      await new Promise(resolve => setImmediate(resolve))
      input.write('boot\r')
      await once(output, 'data')
      input.write('~.')
      await ended
      assert.equal(readFileSync(record, 'utf8'), 'BOOT\r')
    } finally {
      rmSync(dir, { recursive: true })
    }
  })

  it('ends with one error and a closed line when its record cannot be opened or written', async () => {
    for (const record of ['/nowhere/record', '/dev/full']) {
      const { line, input, ended } = terminal({ record })
      const refused = assert.rejects(ended, {
        code: 'FILE_UNWRITABLE',
        message: new RegExp(`^${record} cannot`),
      })
      await new Promise(resolve => setImmediate(resolve))
      input.write('boot\r')
      await refused
      assert.ok(line.destroyed)
      line.emit('error', new Error('its session is closed'))
    }
  })

  it('ends when the input does, when it is told to, and with the reason when the line is lost', async () => {
    const piped = terminal()
    piped.input.end('reboot\r')
    await piped.ended
    assert.equal(piped.line.heard, 'reboot\r')

    const controller = new AbortController()
    const stopped = terminal({ signal: controller.signal })
    controller.abort()
    await assert.rejects(stopped.ended, { name: 'AbortError' })
    assert.ok(stopped.line.destroyed)
    assert.deepEqual(stopped.input.modes, [true, false])
    const late = terminal({ signal: controller.signal })
    await assert.rejects(late.ended, { name: 'AbortError' })

    const lost = terminal()
    lost.line.destroy(new Error('the session has ended'))
    await assert.rejects(lost.ended, /the session has ended/)
  })

  it('sends nothing while it only listens', async () => {
    const controller = new AbortController()
    const { line, input, output, ended, told } = terminal({ mode: 'listening', signal: controller.signal })
    input.write('rm -rf /\r')
    line.push('login: ')
    await once(output, 'data')
    controller.abort()
    await assert.rejects(ended, { name: 'AbortError' })
    assert.equal(line.heard, '')
    assert.equal(told().shown, 'login: ')
  })

  it('reads the line no faster than it can be shown, and shows all of it', async () => {
    const total = 1_000_000
    const line = new SlowPort(total)
    let shown = 0
    let goOn = () => {}
    const output = new Writable({
      write(chunk: Uint8Array, _, done) {
        shown += chunk.length
        goOn = done
      },
    })
    const { input, ended } = terminal({ output }, line)
    await settled()
    assert.ok(line.said < total / 4, `${line.said} bytes were read`)
    for (let turn = 0; shown < total - 16_000 && turn < total; turn++) {
      goOn()
      await new Promise(resolve => setImmediate(resolve))
    }
    input.write('~.')
    await ended
    for (let turn = 0; output.writableLength > 0 && turn < total; turn++) goOn()
    assert.equal(shown, total)
  })

  it('reads no more keys than the port is about to take, loses none, and knows its escape keys meanwhile', async () => {
    const total = 1_000_000
    let read = 0
    const pasted = new Readable({
      read() {
        read += 1000
        this.push(read > total ? null : Buffer.alloc(1000, 'x'))
      },
    })
    const line = new SlowPort()
    const { ended } = terminal({ input: pasted }, line)
    await settled()
    assert.ok(read < total / 4, `${read} bytes were read`)
    for (let turn = 0; line.heard.length < total && turn < total; turn++) {
      line.release()
      await new Promise(resolve => setImmediate(resolve))
    }
    await ended
    assert.equal(line.heard.length, total)

    const stuck = new SlowPort()
    const { input, ended: left } = terminal({}, stuck)
    input.write('reboot\r')
    input.write('reboot\r~B~.')
    await left
    assert.equal(stuck.breaks, 1)
  })
})
