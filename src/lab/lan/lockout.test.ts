import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Bmc } from '../../bmc/bmc.ts'
import { execute } from '../../bmc/execute.ts'
import { defaultSuites, MemoryAccounts } from '../../lan/accounts.ts'
import { LanClientMachine } from '../../lan/client.ts'
import { LanServerMachine } from '../../lan/server.ts'
import { AuthType } from '../../protocol/commands/session.ts'
import type { LastwordError } from '../../protocol/error.ts'
import { NetFn } from '../../protocol/net-fn.ts'
import { user } from './rig.ts'

const THRESHOLD = 2
const LOCKOUT_MS = 60_000

/** Many consoles on one BMC, each of which can be held just before it shows its password. */
class Gate {
  readonly server = new LanServerMachine({
    accounts: new MemoryAccounts({
      users: [user],
      suites: defaultSuites,
      authTypes: [AuthType.Md5],
      lockout: { threshold: THRESHOLD, resetMs: 1000, lockoutMs: LOCKOUT_MS },
    }),
    guid: new Uint8Array(16),
    execute: (request, lan, respond) =>
      respond(execute(this.#bmc, request, { channel: lan.channel, privilege: lan.privilege, lan })),
  })
  nowMs = 0
  readonly #bmc = new Bmc({ nowMs: () => this.nowMs })
  readonly #version: '1.5' | '2.0'
  #port = 5000

  constructor(version: '1.5' | '2.0') {
    this.#version = version
    this.#bmc.lanServers.set(this.server.channel, this.server)
  }

  /** Begins a log-in; what it gives goes on with it, and says how it ended. */
  begin(password: string): () => LastwordError | null | undefined {
    const client = new LanClientMachine({
      name: 'bmc',
      version: this.#version,
      authType: 'md5',
      userName: user.name,
      password: new Uint8Array(Buffer.from(password)),
      timeoutMs: 3000,
    })
    const peer = { address: '192.0.2.1', port: this.#port++ }
    let ended: LastwordError | null | undefined
    client.request(
      { netFn: NetFn.App, cmd: 1, data: new Uint8Array(0), lun: 0, route: [] },
      error => {
        ended = error
      },
      this.nowMs,
    )
    const held: Uint8Array[] = []
    const exchange = (isHeld: (datagram: Uint8Array) => boolean) => {
      for (let out = client.pollTransmit(); out !== null; out = client.pollTransmit()) {
        if (isHeld(out)) {
          held.push(out)
          continue
        }
        this.server.handle(out, peer, this.nowMs)
        for (let back = this.server.pollTransmit(); back !== null; back = this.server.pollTransmit())
          client.handle(back.datagram, this.nowMs)
      }
    }
    exchange(showsPassword)
    assert.equal(held.length, 1)
    return () => {
      this.server.handle(held[0]!, peer, this.nowMs)
      for (let back = this.server.pollTransmit(); back !== null; back = this.server.pollTransmit())
        client.handle(back.datagram, this.nowMs)
      exchange(() => false)
      return ended
    }
  }
}

/** RAKP 3, or an IPMI 1.5 packet that is signed. */
function showsPassword(datagram: Uint8Array): boolean {
  return datagram[4] === 6 ? (datagram[5]! & 0x3f) === 0x14 : datagram[4] !== 0
}

describe('a user who is locked out', () => {
  for (const version of ['2.0', '1.5'] as const) {
    it(`stays out, also by a log-in of IPMI ${version} that was begun before the lock and has the right password`, () => {
      const gate = new Gate(version)
      const right = gate.begin(user.password)
      const wrong = Array.from({ length: 10 }, () => gate.begin('guess'))
      for (const goOn of wrong) goOn()
      gate.nowMs = 2000
      right()
      assert.deepEqual([...gate.server.sessions.all()], [])
      gate.nowMs = 2000 + LOCKOUT_MS
      gate.begin(user.password)()
      assert.equal([...gate.server.sessions.all()].length, 1)
    })
  }
})
