import assert from 'node:assert/strict'
import fs, { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { Bmc } from '../../bmc/bmc.ts'
import { LanServer } from '../../bmc/lan-server.ts'
import { MemoryAccounts } from '../../lan/accounts.ts'
import { ColdReset, GetDeviceId } from '../../protocol/commands/device.ts'
import { AddSelEntry } from '../../protocol/commands/sel.ts'
import { LoadSession } from './load-session.ts'
import { user } from './rig.ts'

const real = { writeSync: fs.writeSync, fdatasyncSync: fs.fdatasyncSync }
const record = { kind: 'oem' as const, recordId: 0, recordType: 0xe0, data: new Uint8Array(13).fill(0x5a) }
/** Requests of a session that are under way at once. */
const IN_FLIGHT = 32

let dir: string
let bmc: Bmc
let server: LanServer
let sessions: LoadSession[]
let syncs: number
/** Bytes of the journal that have been forced to the disk. */
let syncedBytes: number

function replace(calls: Partial<typeof real>): void {
  Object.assign(fs, calls)
  syncBuiltinESMExports()
}

function recordsIn(bytes: Uint8Array): number {
  return Buffer.from(bytes).toString('latin1').split('\x5a'.repeat(13)).length - 1
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'lastword-group-commit-'))
  bmc = new Bmc({ stateDir: dir })
  server = await LanServer.listen(bmc, { port: 0, accounts: new MemoryAccounts({ users: [user] }) })
  const login = { port: server.port, user, suite: 3 }
  sessions = [await LoadSession.open(login), await LoadSession.open(login)]
  syncs = 0
  replace({
    fdatasyncSync: fd => {
      real.fdatasyncSync(fd)
      syncs++
      syncedBytes = fs.fstatSync(fd).size
    },
  })
})

afterEach(async () => {
  replace(real)
  for (const session of sessions) await session.close()
  await server.close()
  bmc.close()
  rmSync(dir, { recursive: true })
})

describe('changes that come over LAN at once', () => {
  it('wait for the disk together, and none is answered before it is there', async () => {
    let answered = 0
    const answers = sessions.map(session =>
      session.exchange(session.prepare([AddSelEntry, { record }], IN_FLIGHT), IN_FLIGHT, () => {
        answered++
        const journal = readFileSync(join(dir, 'state.journal')).subarray(0, syncedBytes)
        assert.ok(recordsIn(journal) >= answered, `${answered} answered, ${recordsIn(journal)} on disk`)
      }),
    )
    for (const [i, session] of sessions.entries()) session.check(await answers[i]!)
    assert.equal(answered, 2 * IN_FLIGHT)
    assert.equal(bmc.sel.length, 2 * IN_FLIGHT)
    assert.ok(syncs >= 1 && syncs <= IN_FLIGHT / 2, `${syncs} times forced to the disk`)
  })

  it('are refused together when the disk refuses, and what only tells is not kept waiting without them', async () => {
    replace({
      writeSync: () => {
        throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
      },
    })
    const [session] = sessions
    const refused = await session!.exchange(session!.prepare([AddSelEntry, { record }], IN_FLIGHT), IN_FLIGHT)
    assert.throws(() => session!.check(refused), /answered with c4h/)
    assert.equal(bmc.sel.length, 0)
    await session!.run([GetDeviceId, {}], 1, 1)
    assert.equal(syncs, 0)
  })

  it('are answered before the reset that was asked for behind them', async () => {
    const [session] = sessions
    bmc.listen({ onReset: () => assert.ok(!bmc.kept.isDirty, 'what was changed is kept') })
    const packets = [
      ...session!.prepare([AddSelEntry, { record }], 3),
      ...session!.prepare([ColdReset, {}], 1),
    ]
    session!.check(await session!.exchange(packets, packets.length))
    assert.equal(bmc.sel.length, 3)
    assert.equal(server.machine.sessions.size, 0)
    for (const ended of sessions.splice(0)) ended.drop()
  })
})
