/** Many consoles on one BMC, each of which can be held just before it shows its password. */

import assert from 'node:assert/strict'
import { Bmc } from '../../bmc/bmc.ts'
import { execute } from '../../bmc/execute.ts'
import { defaultSuites, MemoryAccounts } from '../../lan/accounts.ts'
import { LanClientMachine } from '../../lan/client.ts'
import { LanServerMachine, type LanServerMachineOptions } from '../../lan/server.ts'
import type { Peer } from '../../lan/server-session.ts'
import { PayloadType } from '../../protocol/commands/payload.ts'
import { AuthType } from '../../protocol/commands/session.ts'
import type { LastwordError } from '../../protocol/error.ts'
import { NetFn } from '../../protocol/net-fn.ts'
import { user } from './rig.ts'

export const THRESHOLD = 2
export const LOCKOUT_MS = 60_000
export const USER_ID = 2
export const OTHER_ID = 3
export const other = { name: 'guest', password: 'guestpass' } as const
export const accounts = new MemoryAccounts({
  users: [user, other],
  suites: defaultSuites,
  authTypes: [AuthType.Md5],
  lockout: { threshold: THRESHOLD, resetMs: 10_000, lockoutMs: LOCKOUT_MS },
})

/** Where they stand in the datagram of a log-in. */
const AUTH_TYPE_AT = 4
const PAYLOAD_TYPE_AT = 5
const PAYLOAD_AT = 16
export const RANDOM_AT = PAYLOAD_AT + 8
export const ROLE_AT = PAYLOAD_AT + 24
export const NAME_AT = PAYLOAD_AT + 28

export class Gate {
  readonly server: LanServerMachine
  /** What the consoles sent last of each payload type. */
  readonly #sent = new Map<number, { datagram: Uint8Array; peer: Peer }>()
  nowMs = 0
  readonly #bmc = new Bmc({ nowMs: () => this.nowMs })
  readonly #version: '1.5' | '2.0'
  #port = 5000

  constructor(version: '1.5' | '2.0' = '2.0', options: Partial<LanServerMachineOptions> = {}) {
    this.#version = version
    this.server = new LanServerMachine({
      accounts,
      guid: new Uint8Array(16),
      execute: (request, lan, respond) =>
        respond(execute(this.#bmc, request, { channel: lan.channel, privilege: lan.privilege, lan })),
      ...options,
    })
    this.#bmc.lanServers.set(this.server.channel, this.server)
  }

  /** Lets time pass for the BMC, and tells how many log-ins of the user have failed in a row. */
  failedAfter(ms: number, userId = USER_ID): number {
    this.nowMs += ms
    this.server.tick(this.nowMs)
    return this.server.lockout.stateOf(userId, accounts.lockout, this.nowMs).failed
  }

  /** Sends the last of these again, changed; the status in its answer. */
  sendAgain(payloadType: number, change: (datagram: Uint8Array) => void = () => {}): number {
    const { datagram, peer } = this.#sent.get(payloadType)!
    const changed = datagram.slice()
    change(changed)
    this.server.handle(changed, peer, this.nowMs)
    return this.server.pollTransmit()!.datagram[PAYLOAD_AT + 1]!
  }

  /** Begins a log-in; what it gives goes on with it, and says how it ended. */
  begin(password: string, userName: string = user.name): () => LastwordError | null | undefined {
    const client = new LanClientMachine({
      name: 'bmc',
      version: this.#version,
      authType: 'md5',
      userName,
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
        this.#sent.set(out[PAYLOAD_TYPE_AT]!, { datagram: out, peer })
        this.server.handle(out, peer, this.nowMs)
        for (let back = this.server.pollTransmit(); back !== null; back = this.server.pollTransmit())
          client.handle(back.datagram, this.nowMs)
      }
    }
    exchange(showsPassword)
    assert.equal(held.length, 1, 'it never came to show its password')
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
  const authType = datagram[AUTH_TYPE_AT]
  return authType === AuthType.RmcpPlus
    ? (datagram[PAYLOAD_TYPE_AT]! & 0x3f) === PayloadType.Rakp3
    : authType !== 0
}
