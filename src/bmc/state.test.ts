import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs, {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { LastwordError } from '../protocol/error.ts'
import { Bmc } from './bmc.ts'
import { control } from './control.ts'
import { executeDurably, submit } from './execute.ts'
import { systemInterface } from './serve.ts'
import { signOf } from './stores/process-sign.ts'

let dir = ''
const real = { writeSync: fs.writeSync, fdatasyncSync: fs.fdatasyncSync, fsyncSync: fs.fsyncSync }
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lastword-state-'))
})
afterEach(() => {
  Object.assign(fs, real)
  syncBuiltinESMExports()
  rmSync(dir, { recursive: true })
})

/** Puts something else in the place of a call to the disk. */
function replace(calls: Partial<typeof real>): void {
  Object.assign(fs, calls)
  syncBuiltinESMExports()
}

function diskFull(): never {
  throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
}

function openBmc(errors: LastwordError[] = []): Bmc {
  return new Bmc({ stateDir: dir, onError: error => errors.push(error) })
}

const addSelEntry = Uint8Array.of(0x28, 0x44, 0, 0, 0xe0, ...new Array<number>(13).fill(7))
const getSelInfo = Uint8Array.of(0x28, 0x40)

function execute(bmc: Bmc, request: Uint8Array): Uint8Array {
  return executeDurably(bmc, request, systemInterface)
}

describe('a disk that refuses', () => {
  it('is answered with C4h, nothing of the request stays in memory, and the next one succeeds', () => {
    const errors: LastwordError[] = []
    const bmc = openBmc(errors)
    execute(bmc, addSelEntry)
    replace({ writeSync: diskFull as typeof fs.writeSync })
    assert.equal(execute(bmc, addSelEntry)[2], 0xc4)
    assert.equal(errors[0]?.code, 'STATE_WRITE')
    assert.match(errors[0]?.message ?? '', /state\.journal: could not be written: ENOSPC/)
    assert.equal(execute(bmc, getSelInfo)[4], 1)
    assert.equal(bmc.sel.length, 1)
    replace(real)
    assert.deepEqual([...execute(bmc, addSelEntry)], [0x2c, 0x44, 0, 2, 0])
    bmc.close()
    const again = openBmc()
    assert.equal(again.sel.length, 2)
    again.close()
  })

  it('is told to who changes the BMC while it runs', () => {
    const bmc = openBmc()
    replace({ writeSync: diskFull as typeof fs.writeSync })
    const off = { do: 'power', action: 'powerDown' }
    assert.throws(() => control([bmc], off), { code: 'STATE_WRITE', message: /ENOSPC/ })
    replace(real)
    bmc.close()
  })

  it('that took half of an entry does not spoil the next', () => {
    const bmc = openBmc()
    execute(bmc, addSelEntry)
    let calls = 0
    const half = (fd: number, bytes: Uint8Array) =>
      calls++ === 0 ? real.writeSync(fd, bytes.subarray(0, 9)) : diskFull()
    replace({ writeSync: half as typeof fs.writeSync })
    assert.equal(execute(bmc, addSelEntry)[2], 0xc4)
    replace(real)
    assert.equal(execute(bmc, addSelEntry)[2], 0)
    bmc.close()
    const damaged: unknown[] = []
    const again = new Bmc({ stateDir: dir, onDamage: damage => damaged.push(damage) })
    assert.deepEqual([again.sel.length, damaged], [2, []])
    again.close()
  })

  it('while the journal is made shorter leaves the longer one and no half one', () => {
    const errors: LastwordError[] = []
    const bmc = openBmc(errors)
    // The shorter one is made under a name of its own: there is no room for that, and the old one takes its entries.
    replace({
      fdatasyncSync: () => {},
      fsyncSync: diskFull as typeof fs.fsyncSync,
    })
    let answers = 0
    for (let round = 0; errors.length === 0; round++) {
      assert.ok(round < 10_000, 'the journal is never made shorter')
      assert.equal(execute(bmc, addSelEntry)[2], 0)
      answers++
      bmc.sel.delete(0xffff)
    }
    assert.ok(answers > 100)
    assert.deepEqual(readdirSync(dir).sort(), ['lock', 'state.journal'])
    replace({ fsyncSync: real.fsyncSync })
    assert.equal(execute(bmc, addSelEntry)[2], 0)
    const before = bmc.sel.records
    bmc.close()
    const again = openBmc()
    assert.deepEqual(again.sel.records, before)
    again.close()
  })

  it('tells those who changed nothing to try again when they may have seen what is not kept', () => {
    const bmc = openBmc()
    const answers: number[] = []
    const answer = (response: Uint8Array) => answers.push(response[2]!)
    submit(bmc, addSelEntry, systemInterface, answer)
    submit(bmc, getSelInfo, systemInterface, answer)
    submit(bmc, addSelEntry, systemInterface, answer)
    assert.deepEqual(answers, [], 'nothing is answered before it is kept')
    replace({ writeSync: diskFull as typeof fs.writeSync })
    bmc.flush()
    assert.deepEqual(answers, [0xc4, 0xc0, 0xc4])
    bmc.close()
  })
})

describe('what is answered', () => {
  it('has been forced to the disk, once for all that waited', () => {
    const calls: string[] = []
    const bmc = openBmc()
    replace({
      writeSync: ((fd: number, bytes: Uint8Array, at: number) => {
        calls.push('write')
        return real.writeSync(fd, bytes, at)
      }) as typeof fs.writeSync,
      fdatasyncSync: fd => {
        calls.push('fdatasync')
        real.fdatasyncSync(fd)
      },
    })
    for (let i = 0; i < 3; i++) submit(bmc, addSelEntry, systemInterface, () => calls.push('answer'))
    bmc.flush()
    assert.deepEqual(calls, ['write', 'fdatasync', 'answer', 'answer', 'answer'])
    bmc.close()
  })

  it('includes what the watchdog logs by itself', () => {
    let nowMs = 0
    const bmc = new Bmc({ stateDir: dir, nowMs: () => nowMs })
    execute(bmc, Uint8Array.of(0x18, 0x24, 0x04, 0x00, 0, 0, 10, 0))
    execute(bmc, Uint8Array.of(0x18, 0x22))
    nowMs = 2000
    bmc.tick()
    const journal = readFileSync(join(dir, 'state.journal'))
    assert.ok(journal.includes(Buffer.from('230b6f', 'hex')), 'sensor type, number and event type')
    bmc.close()
  })

  it('includes the Device GUID, which is another for another BMC', () => {
    const bmc = openBmc()
    const { guid } = bmc.identity
    bmc.close()
    const again = openBmc()
    assert.deepEqual(again.identity.guid, guid)
    again.close()
    assert.notDeepEqual(new Bmc().identity.guid, guid)
  })
})

describe('a state directory', () => {
  it('can be read by its owner only, for passwords are in it', () => {
    const bmc = openBmc()
    bmc.users.setPassword(2, Buffer.from('secret'), 16)
    bmc.flush()
    assert.equal(fs.statSync(join(dir, 'state.journal')).mode & 0o777, 0o600)
    bmc.close()
  })

  it('belongs to one BMC at a time', () => {
    const bmc = openBmc()
    assert.throws(openBmc, { code: 'STATE_LOCKED', message: new RegExp(`process ${process.pid} keeps`) })
    bmc.close()
    openBmc().close()
    assert.ok(!existsSync(join(dir, 'lock')))
  })

  it('is taken over from a process that is dead, or whose number has gone to another', () => {
    const dead = spawnSync(process.execPath, ['-e', '']).pid
    for (const holder of [`${dead} x\n`, `${process.pid} long ago\n`, 'rubbish', '']) {
      writeFileSync(join(dir, 'lock'), holder)
      openBmc().close()
    }
  })

  it('is taken over from a process that was killed and that nobody has waited for', async () => {
    // The shell becomes a program that waits for no child.
    const parent = spawn('/bin/sh', ['-c', 'sleep 1000 & echo $!; exec sleep 1000'])
    const [line] = (await once(parent.stdout, 'data')) as [Buffer]
    const pid = Number(line)
    writeFileSync(join(dir, 'lock'), signOf(pid))
    assert.throws(openBmc, { code: 'STATE_LOCKED' })
    process.kill(pid, 'SIGKILL')
    while (!/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) await setTimeout(5)
    openBmc().close()
    parent.kill('SIGKILL')
  })

  it('whose name is new is forced to the disk with the names above it', () => {
    const synced: string[] = []
    replace({
      fsyncSync: fd => {
        synced.push(fs.readlinkSync(`/proc/self/fd/${fd}`))
        real.fsyncSync(fd)
      },
    })
    const stateDir = join(dir, 'new', 'state')
    const bmc = new Bmc({ stateDir })
    assert.deepEqual(synced, [dir, join(dir, 'new'), stateDir])
    execute(bmc, addSelEntry)
    assert.equal(synced.length, 3, 'once')
    bmc.close()
  })

  it('that cannot be used is an error that names it', () => {
    writeFileSync(join(dir, 'file'), '')
    for (const stateDir of [join(dir, 'file'), join(dir, 'file', 'below')])
      assert.throws(() => new Bmc({ stateDir }), { code: 'STATE_DIR', message: new RegExp(`^${stateDir}`) })
  })

  it('whose journal cannot be read is left unlocked', () => {
    mkdirSync(join(dir, 'state.journal'))
    assert.throws(openBmc, { code: 'STATE_DIR', message: /state\.journal/ })
    assert.ok(!existsSync(join(dir, 'lock')))
  })
})
