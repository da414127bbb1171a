/** What goes wrong ends with one clear line and the status that docs/cli.md promises, never with a stack trace. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runProgram } from '../lab/kernel/run-program.ts'
import { AnsweringRig } from '../lab/lan/answering-rig.ts'
import { LanRig, user } from '../lab/lan/rig.ts'
import { decodeRmcp } from '../lan/rmcp.ts'
import { decodePlus } from '../lan/rmcpplus.ts'
import { GetDeviceId } from '../protocol/commands/device.ts'
import { PayloadType } from '../protocol/commands/payload.ts'
import { GetSdr, GetSdrRepositoryInfo } from '../protocol/commands/sdr.ts'
import { GetSelEntry, GetSelInfo } from '../protocol/commands/sel.ts'
import { exitStatus } from './output.ts'

const main = fileURLToPath(new URL('./main.js', import.meta.url))
const cache = mkdtempSync(join(tmpdir(), 'lastword-bad-'))
after(() => rmSync(cache, { recursive: true }))

const quick = ['-N', '1', '-R', '1']

/** A folder where none can be made, not even by root. */
const nowhere = '/proc/lastword'

interface Outcome {
  status: number | null
  code: string | undefined
  stderr: string
}

async function run(
  args: readonly string[],
  password: string = user.password,
  more: Record<string, string> = {},
): Promise<Outcome> {
  const { exitCode, stderr } = await runProgram(process.execPath, [main, ...args], {
    env: { LASTWORD_HOSTS: '/nowhere.yaml', IPMITOOL_PASSWORD: password, XDG_CACHE_HOME: cache, ...more },
  })
  assert.doesNotMatch(stderr, /\n\s+at /)
  assert.ok(stderr.trimEnd().split('\n').length <= 3, stderr)
  return { status: exitCode, code: /\[([A-Z_0-9]+)\]/.exec(stderr)?.[1], stderr }
}

function at(port: number, ...args: string[]): string[] {
  return ['-H', '127.0.0.1', '-p', String(port), '-U', user.name, ...args]
}

/** Get SDR Repository Info: three records. */
const sdrInfo = () => Uint8Array.of(0, 0x51, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0x02)

describe('a BMC that lies', () => {
  it('about the length of an answer', async () => {
    await using rig = await AnsweringRig.start()
    rig.raw(GetDeviceId.netFn, GetDeviceId.cmd, () => Uint8Array.of(0, 0x20, 1))
    const { status, code, stderr } = await run(at(rig.port, 'mc', 'info'))
    assert.deepEqual([status, code], [exitStatus.wrongAnswer, 'RESPONSE_SHORT'], stderr)
    assert.match(stderr, /Get Device ID/)
  })

  it('about its SDRs, which run in a circle', async () => {
    await using rig = await AnsweringRig.start()
    rig.raw(GetSdrRepositoryInfo.netFn, GetSdrRepositoryInfo.cmd, sdrInfo)
    rig.on(GetSdr, ({ recordId }) => {
      const id = Math.max(recordId, 1)
      return { nextRecordId: id === 3 ? 1 : id + 1, data: Uint8Array.of(id, 0, 0x51, 0xc0, 4, 1, 2, 3, 4) }
    })
    const { status, code } = await run(at(rig.port, 'sdr', 'list'))
    assert.deepEqual([status, code], [exitStatus.wrongAnswer, 'SDR_LOOP'])
  })

  it('about the length of a record', async () => {
    await using rig = await AnsweringRig.start()
    rig.raw(GetSdrRepositoryInfo.netFn, GetSdrRepositoryInfo.cmd, sdrInfo)
    const record = Uint8Array.of(1, 0, 0x51, 0x01, 200, 1, 2, 3)
    rig.on(GetSdr, ({ offset }) => ({ nextRecordId: 0xffff, data: record.subarray(offset) }))
    const { status, code, stderr } = await run(at(rig.port, 'sdr', 'list'))
    assert.deepEqual([status, code], [exitStatus.wrongAnswer, 'RECORD_BAD'], stderr)
  })

  it('about its SEL, which is erased each time it is read', async () => {
    await using rig = await AnsweringRig.start()
    let erased = 100
    rig.on(GetSelInfo, () => {
      const supports = {
        allocationInfo: false,
        reserve: true,
        partialAdd: false,
        delete: true,
        overflow: false,
      }
      return { version: '1.5', entries: 2, freeBytes: 100, lastAdded: 1, lastErased: erased++, supports }
    })
    rig.on(GetSelEntry, ({ recordId }) => {
      const id = Math.max(recordId, 1)
      return { nextRecordId: id === 1 ? 2 : 0xffff, data: Uint8Array.of(id, 0, 2, ...new Uint8Array(13)) }
    })
    const { status, code } = await run(at(rig.port, 'sel', 'list'))
    assert.deepEqual([status, code], [exitStatus.wrongAnswer, 'SEL_CHANGED'])
  })

  it('about its key, or is somebody else', async () => {
    await using rig = await LanRig.start({ kg: 'the second key' })
    const { status, code } = await run(at(rig.port, 'mc', 'info'))
    assert.deepEqual([status, code], [exitStatus.loginRefused, 'BAD_HMAC'])
  })

  it('by half a RAKP message', async () => {
    await using rig = await LanRig.start()
    await using proxy = await CuttingProxy.start(rig.port, PayloadType.Rakp2)
    const { status, stderr } = await run(at(proxy.port, ...quick, 'mc', 'info'))
    assert.equal(status, exitStatus.wrongAnswer, stderr)
  })
})

/** Cuts the payloads of one type in half on their way to the console. */
class CuttingProxy implements AsyncDisposable {
  readonly #socket = createSocket('udp4')

  static async start(target: number, payloadType: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy()
    const socket = proxy.#socket
    let consolePort = 0
    socket.on('message', (data, { port }) => {
      if (port !== target) consolePort = port
      const isCut = port === target && decodePlus(decodeRmcp(data)?.data ?? data)?.payloadType === payloadType
      const cut = isCut ? data.subarray(0, data.length >> 1) : data
      socket.send(cut, port === target ? consolePort : target, '127.0.0.1')
    })
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#socket.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close()
    await once(this.#socket, 'close')
  }
}

describe('a login', () => {
  it('with a wrong password, an unknown name, or too much of either', async () => {
    await using rig = await LanRig.start()
    const cases: readonly [code: string, args: string[], password: string][] = [
      ['BAD_PASSWORD', at(rig.port, 'mc', 'info'), 'wrong'],
      ['PASSWORD_TOO_LONG', at(rig.port, 'mc', 'info'), 'x'.repeat(21)],
      ['NAME_TOO_LONG', [...at(rig.port, 'mc', 'info'), '-U', 'seventeen-letters'], user.password],
      ['NAME_TOO_LONG', [...at(rig.port, 'mc', 'info'), '-U', 'ä'.repeat(9)], user.password],
      ['NO_SUCH_USER', [...at(rig.port, 'mc', 'info'), '-U', 'nobody'], user.password],
      ['SUITE_REFUSED', [...at(rig.port, 'mc', 'info'), '-C', '0'], user.password],
    ]
    for (const [code, args, password] of cases) {
      const outcome = await run(args, password)
      assert.equal(outcome.status, exitStatus.loginRefused, outcome.stderr)
      assert.equal(outcome.code, code, outcome.stderr)
    }
  })
})

describe('a BMC that is not there', () => {
  it('has no address, no route, or no voice', async () => {
    const cases: readonly [code: string, args: string[]][] = [
      ['HOST_UNKNOWN', ['-H', 'no-such-host.invalid', 'mc', 'info']],
      ['NO_ROUTE', ['-H', '255.255.255.255', 'mc', 'info']],
      ['TIMEOUT', ['-H', '127.0.0.1', '-p', '9', ...quick, 'mc', 'info']],
    ]
    for (const [code, args] of cases) {
      const outcome = await run(args)
      assert.equal(outcome.status, exitStatus.unreachable, outcome.stderr)
      assert.equal(outcome.code, code, outcome.stderr)
    }
  })
})

describe('a word of the command line that cannot be', () => {
  const nul = join(cache, 'nul')
  writeFileSync(nul, 'sec\0ret\n', { mode: 0o600 })
  const kg21 = '00'.repeat(21)
  const cases: readonly [name: string, status: number, code: string, flags: string[]][] = [
    ['a cipher suite that is none', exitStatus.usage, 'SUITE_UNKNOWN', ['-C', '99']],
    ['port 0', exitStatus.usage, 'USAGE', ['-p', '0']],
    ['port 70000', exitStatus.usage, 'USAGE', ['-p', '70000']],
    ['a slave address of nine bits', exitStatus.usage, 'USAGE', ['-t', '0x100']],
    ['a slave address where nobody is', exitStatus.refused, 'COMPLETION_CODE', ['-t', '0x21']],
    ['a password file that is not there', exitStatus.failed, 'FILE_UNREADABLE', ['-f', '/nowhere']],
    ['a password file that is a folder', exitStatus.failed, 'FILE_UNREADABLE', ['-f', cache]],
    ['a password with a NUL', exitStatus.loginRefused, 'BAD_PASSWORD', ['-f', nul]],
    ['a Kg of 21 bytes', exitStatus.usage, 'USAGE', ['-y', kg21]],
    ['a Kg of half a byte', exitStatus.usage, 'USAGE', ['-y', '001']],
    ['a level that is none', exitStatus.usage, 'USAGE', ['-L', 'emperor']],
    ['a zone that is none', exitStatus.unreachable, 'HOST_UNKNOWN', ['-H', 'fe80::1%nosuch']],
    ['IPv4 of an IPv6 address', exitStatus.unreachable, 'HOST_UNKNOWN', ['-H', '::1', '-4']],
    ['IPv6 of an IPv4 address', exitStatus.unreachable, 'HOST_UNKNOWN', ['-6']],
    ['a zone in a URL', exitStatus.usage, 'USAGE', ['-H', 'lanplus://[fe80::1%25lo]']],
  ]
  for (const [name, status, code, flags] of cases) {
    it(`is told: ${name}`, async () => {
      await using rig = await LanRig.start()
      const outcome = await run(at(rig.port, ...flags, ...quick, 'mc', 'info'))
      assert.deepEqual([outcome.status, outcome.code], [status, code], outcome.stderr)
    })
  }

  it('is told with what is true of it: no advice for a folder, the port that was asked', async () => {
    const folder = await run(['-H', '127.0.0.1', '-f', cache, 'mc', 'info'])
    assert.match(
      folder.stderr,
      /^lastword: the password file .* cannot be read: EISDIR \[FILE_UNREADABLE\]\n$/,
    )
    const silent = await run(['-H', '127.0.0.1', '-p', '9', ...quick, 'mc', 'info'])
    assert.match(silent.stderr, /UDP port 9 has to get through/)
  })

  it('is told: a file that cannot be written', async () => {
    const outcome = await run(['-H', 'sim://', 'fru', 'read', '0', '/nowhere/fru.bin'])
    assert.deepEqual([outcome.status, outcome.code], [exitStatus.failed, 'FILE_UNWRITABLE'], outcome.stderr)
  })
})

describe('a folder in which nothing can be made', () => {
  it('is no hindrance to reading SDRs', async () => {
    await using rig = await LanRig.start()
    const outcome = await run(at(rig.port, 'sdr', 'list'), user.password, { XDG_CACHE_HOME: nowhere })
    assert.equal(outcome.status, exitStatus.ok, outcome.stderr)
  })
})

describe('Ctrl-C', () => {
  it('ends the program with status 130', async () => {
    const child = spawn(process.execPath, [main, '-H', 'sim://', 'exec', '-'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    const exited = once(child, 'exit')
    child.stdin.write('mc guid\n')
    await once(child.stdout, 'data')
    child.kill('SIGINT')
    const [status] = (await exited) as [number | null]
    assert.equal(status, exitStatus.interrupted)
  })
})
