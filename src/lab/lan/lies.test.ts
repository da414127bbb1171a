/** The command line on a BMC that lies: one clear line, the documented exit status, never a stack trace. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { exitStatus } from '../../cli/output.ts'
import { GetFruInventoryAreaInfo, ReadFruData } from '../../protocol/commands/fru.ts'
import { GetSdr } from '../../protocol/commands/sdr.ts'
import { GetSelEntry, GetSelInfo } from '../../protocol/commands/sel.ts'
import { AnsweringRig } from './answering-rig.ts'
import { user } from './rig.ts'

const program = fileURLToPath(new URL('../../bin/lastword.cjs', import.meta.url))
const WHOLE_RECORD = 0xff

interface Ended {
  status: number | null
  stdout: string
  stderr: string
}

/** An OEM SDR whose header tells a length. */
function sdr(id: number, toldBytes = 10): Uint8Array {
  const record = new Uint8Array(15)
  record.set([id & 0xff, id >> 8, 0x51, 0xc0, toldBytes])
  return record
}

const sel = (id: number) => Uint8Array.of(id & 0xff, id >> 8, 0xf0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)

/** A record that Get SDR or Get SEL Entry asks for by ID 0 is the first. */
const idOf = ({ recordId }: { recordId: number }) => recordId || 1

/** The bytes of a record that were asked for. */
function part(record: Uint8Array, { offset, count }: { offset: number; count: number }): Uint8Array {
  return record.slice(offset, count === WHOLE_RECORD ? undefined : offset + count)
}

describe('on a BMC that lies, the command line', () => {
  let rig: AnsweringRig
  let cacheDir: string
  before(async () => {
    cacheDir = mkdtempSync(join(tmpdir(), 'lastword-lies-'))
    rig = await AnsweringRig.start()
  })
  after(async () => {
    await rig[Symbol.asyncDispose]()
    rmSync(cacheDir, { recursive: true, force: true })
  })

  function run(...args: string[]): Promise<Ended> {
    const login = ['-I', 'lan', '-H', '127.0.0.1', '-p', `${rig.port}`, '-U', user.name, '-E']
    const child = spawn(process.execPath, [program, ...login, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, XDG_CACHE_HOME: cacheDir, IPMITOOL_PASSWORD: user.password },
    })
    const ended: Ended = { status: null, stdout: '', stderr: '' }
    child.stdout.on('data', data => {
      ended.stdout += data
    })
    child.stderr.on('data', data => {
      ended.stderr += data
    })
    return new Promise(resolve => child.on('close', status => resolve({ ...ended, status })))
  }

  function assertOneLine({ status, stderr }: Ended, code: string): void {
    assert.ok(stderr.includes(`lan://127.0.0.1:${rig.port}`), stderr)
    assert.match(stderr, new RegExp(`^lastword: .*\\[${code}\\]$`, 'm'))
    assert.doesNotMatch(stderr, /^ +at /m)
    // The line, and what to do next.
    assert.ok(stderr.trimEnd().split('\n').length <= 2, stderr)
    assert.notEqual(status, 0)
  }

  it('finds SDRs in a circle', async () => {
    rig.on(GetSdr, request => ({
      nextRecordId: idOf(request) >= 5 ? 2 : idOf(request) + 1,
      data: part(sdr(idOf(request)), request),
    }))
    const ended = await run('sdr', 'list')
    assertOneLine(ended, 'SDR_LOOP')
    assert.equal(ended.status, exitStatus.wrongAnswer)
  })

  it('finds an SDR whose length is another than it tells', async () => {
    rig.on(GetSdr, request => ({
      nextRecordId: idOf(request) >= 5 ? 0xffff : idOf(request) + 1,
      data: part(sdr(idOf(request), idOf(request) === 3 ? 60 : 10), request),
    }))
    const ended = await run('sdr', 'elist')
    assertOneLine(ended, 'RECORD_BAD')
    assert.equal(ended.status, exitStatus.wrongAnswer)
  })

  it('finds a SEL in a circle, records that are too short, and a SEL that is erased again and again', async () => {
    rig.on(GetSelEntry, request => ({
      nextRecordId: idOf(request) >= 5 ? 5 : idOf(request) + 1,
      data: part(sel(idOf(request)), request),
    }))
    assertOneLine(await run('sel', 'list'), 'SEL_LOOP')
    rig.on(GetSelEntry, request => ({ nextRecordId: 0xffff, data: part(sel(1).slice(0, 5), request) }))
    assertOneLine(await run('sel', 'list'), 'RECORD_BAD')
    rig.on(GetSelEntry, request => ({ nextRecordId: 0xffff, data: part(sel(1), request) }))
    let erased = 0
    rig.on(GetSelInfo, () => ({
      version: '1.5',
      entries: 1,
      freeBytes: 0,
      lastAdded: 1,
      lastErased: ++erased,
      supports: { allocationInfo: false, reserve: true, partialAdd: false, delete: true, overflow: false },
    }))
    assertOneLine(await run('sel', 'list'), 'SEL_CHANGED')
  })

  it('finds SDRs and a SEL without an end', async () => {
    rig.on(GetSdr, request => ({
      nextRecordId: idOf(request) + 1,
      data: part(sdr(idOf(request)), request),
    }))
    const sdrs = await run('sdr', 'list')
    assertOneLine(sdrs, 'SDR_LOOP')
    assert.match(sdrs.stderr, /there is no end/)
    rig.on(GetSelEntry, request => ({
      nextRecordId: idOf(request) + 1,
      data: part(sel(idOf(request)), request),
    }))
    assertOneLine(await run('sel', 'list'), 'SEL_LOOP')
  })

  it('tells of an SDR that is none, and shows the others', async () => {
    rig.on(GetSdr, request => {
      const empty = Uint8Array.of(1, 0, 0x51, 0x01, 0)
      return idOf(request) === 1
        ? { nextRecordId: 2, data: part(empty, request) }
        : { nextRecordId: 0xffff, data: part(sdr(2), request) }
    })
    const ended = await run('sdr', 'list')
    assert.match(ended.stderr, /^lastword: .*SDR record 0x0001 of type 01h cannot be read.* \[SDR_BAD\]$/m)
    assert.equal(ended.status, exitStatus.wrongAnswer)
  })

  it('tells of a FRU inventory that is shorter than was said', async () => {
    rig.on(GetFruInventoryAreaInfo, () => ({ sizeBytes: 4096, unit: 'byte' as const }))
    rig.on(ReadFruData, ({ offset, count }) => ({ count, data: new Uint8Array(offset < 256 ? count : 0) }))
    const { stdout, stderr } = await run('fru', 'read', '0', join(cacheDir, 'fru'))
    assert.match(stdout + stderr, /nothing at 256 of 4096 bytes/)
    assert.doesNotMatch(stderr, /^ +at /m)
    const printed = await run('fru', 'print', '0')
    assert.match(printed.stderr, /\[FRU_BAD\]$/m)
    assert.equal(printed.status, exitStatus.wrongAnswer)
    rig.on(GetFruInventoryAreaInfo, () => ({ sizeBytes: 64, unit: 'byte' as const }))
    rig.on(ReadFruData, ({ count }) => ({ count, data: new Uint8Array(count).fill(1) }))
    assert.equal((await run('fru', 'print', '0')).status, exitStatus.wrongAnswer)
  })

  it('ends with a line, whatever bytes are answered', async () => {
    const answers = [[], [0, 1], Array(40).fill(0), [0, ...Array(40).fill(0xff)]]
    for (const bytes of answers) {
      for (const [netFn, cmd] of [
        [0x06, 0x01],
        [0x00, 0x01],
        [0x0a, 0x20],
        [0x0a, 0x23],
        [0x0a, 0x40],
        [0x0a, 0x43],
        [0x04, 0x2d],
      ] as const)
        rig.raw(netFn, cmd, () => Uint8Array.from(bytes as number[]))
      const runs = [
        ['mc', 'info'],
        ['chassis', 'status'],
        ['sdr', 'list'],
        ['sel', 'list'],
      ] as const
      for (const { status, stderr } of await Promise.all(runs.map(args => run(...args)))) {
        assert.doesNotMatch(stderr, /^ +at /m)
        assert.equal(status === 0, stderr === '', stderr)
      }
    }
  })
})
