import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { askControl, ControlServer } from './control-socket.ts'
import { Fixture } from './testing.ts'

let dir = ''
let path = ''
let server: ControlServer | null = null
const { bmc } = new Fixture()

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lastword-control-'))
  path = join(dir, 'socket')
})
afterEach(async () => {
  await server?.close()
  server = null
  rmSync(dir, { recursive: true })
})

async function listen(): Promise<void> {
  server = await ControlServer.listen(path, [bmc])
}

/** What comes until so many lines are there, or the other side has ended. */
async function linesFrom(socket: Socket, count: number): Promise<string[]> {
  let text = ''
  for await (const chunk of socket.on('error', () => {})) {
    text += String(chunk)
    if (text.split('\n').length > count) break
  }
  return text.split('\n').slice(0, -1)
}

describe('the control socket', () => {
  it('is for its owner only, a line in and a line out, whatever comes in', async () => {
    await listen()
    assert.equal(statSync(path).mode & 0o777, 0o600)
    const status = await askControl(path, { do: 'status' })
    assert.deepEqual([status.ok, status.power], [true, 'on'])
    await assert.rejects(askControl(path, { do: 'fault', fault: 'slow' }), {
      code: 'CONTROL',
      message: /slow/,
      hint: /The faults are late, /,
    })
    const socket = connect(path)
    socket.write('rubbish\n\n[1]\n{"do":"sta')
    socket.write('tus"}\n')
    const answers = (await linesFrom(socket, 3)).map(line => JSON.parse(line) as { ok: boolean })
    assert.deepEqual(
      answers.map(({ ok }) => ok),
      [false, false, true],
    )
    await assert.rejects(ControlServer.listen(path, [bmc]), { code: 'LISTEN' })
    await server?.close()
    server = null
    await assert.rejects(askControl(path, { do: 'status' }), { code: 'CONTROL' })
  })

  it('takes the place of no file, no folder and no link, which stay as they are', async () => {
    const precious = join(dir, 'precious')
    writeFileSync(precious, 'precious')
    symlinkSync(precious, path)
    for (const there of [precious, dir, path])
      await assert.rejects(ControlServer.listen(there, [bmc]), {
        code: 'LISTEN',
        message: `cannot listen on ${there}: what is there is no socket`,
        hint: /where nothing is/,
      })
    assert.equal(readFileSync(precious, 'utf8'), 'precious')
    assert.ok(lstatSync(path).isSymbolicLink())
  })

  it('takes the place of a socket that a killed process has left behind', async () => {
    await listen()
    // Closing unlinks the path: the socket itself goes on under another name, as nobody's.
    const left = join(dir, 'left')
    linkSync(path, left)
    await server?.close()
    assert.ok(lstatSync(left).isSocket() && !existsSync(path))
    symlinkSync(left, path)
    await assert.rejects(listen(), { code: 'LISTEN' })
    assert.ok(lstatSync(path).isSymbolicLink())
    path = left
    await listen()
    assert.equal((await askControl(left, { do: 'status' })).ok, true)
  })

  it('has no path that the kernel would cut off', async () => {
    const long = join(dir, 'x'.repeat(108 - dir.length - 1))
    assert.equal(long.length, 108)
    await assert.rejects(ControlServer.listen(long, [bmc]), { code: 'LISTEN', message: /107 bytes.* 108$/ })
    await assert.rejects(askControl(long, { do: 'status' }), { code: 'CONTROL', message: /107 bytes.* 108$/ })
    assert.deepEqual(readdirSync(dir), [])
    path = long.slice(0, -1)
    await listen()
    assert.equal((await askControl(path, { do: 'status' })).ok, true)
  })

  it('ends a line that does not end, and goes on with the others', async () => {
    await listen()
    const socket = connect(path)
    const megabyte = Buffer.alloc(1 << 20, 0x20)
    const closed = once(socket, 'close')
    const answers = linesFrom(socket, 2)
    for (let sent = 0; sent < 8; sent++) socket.write(megabyte)
    const [answer, ...more] = (await answers).map(line => JSON.parse(line) as object)
    assert.deepEqual(answer, {
      ok: false,
      code: 'CONTROL',
      error: 'a line of more than 65536 bytes is no request',
    })
    assert.deepEqual(more, [])
    await closed
    assert.equal((await askControl(path, { do: 'status' })).ok, true)
  })

  it('is read no further than its answers are, and all of them come in the end', async () => {
    await listen()
    const socket = connect(path).on('error', () => {})
    const requests = 50_000
    socket.write('{"do":"status"}\n'.repeat(requests))
    // By then a server that went on reading would have read it all.
    for (let turn = 0; turn < 50; turn++) await askControl(path, { do: 'status' })
    assert.ok(socket.writableLength > 0)
    assert.equal((await linesFrom(socket, requests)).length, requests)
    socket.destroy()
  })

  it('lets in so many at once, and the next one when one of them has gone', async () => {
    await listen()
    const sockets = Array.from({ length: 32 }, () => connect(path))
    await Promise.all(sockets.map(socket => once(socket, 'connect')))
    await assert.rejects(askControl(path, { do: 'status' }), { code: 'CONTROL' })
    sockets[0]?.destroy()
    while (!(await askControl(path, { do: 'status' }).catch(() => null))) {}
    for (const socket of sockets) socket.destroy()
  })
})
