import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { BmcService } from '../../bmc/service.ts'
import { bmcConfig } from '../../bmc/world/config.ts'
import type { Bmc as Client } from '../../client/bmc.ts'
import { connect } from '../../client/connect.ts'
import { GetDeviceId } from '../../protocol/commands/device.ts'
import { GetIpStatistics } from '../../protocol/commands/lan.ts'
import { SetUserAccess } from '../../protocol/commands/user.ts'
import { CompletionCodeError } from '../../protocol/completion-code.ts'

const password = 'secret123'
const config = bmcConfig.parse({
  users: [
    { name: 'admin', password, privilege: 'admin' },
    { name: 'watch', password, privilege: 'user' },
  ],
  lan: { ipmi15: ['md5'] },
})
const WATCH = 3

let service: BmcService
let admin: Client

function logIn(name: string, scheme: 'lan' | 'lanplus' = 'lanplus'): Promise<Client> {
  const privilege = name === 'watch' ? '?privilege=user' : ''
  return connect(`${scheme}://${name}@127.0.0.1:${service.lanServers[0]!.port}${privilege}`, { password })
}

function limit(sessionLimit: number) {
  const access = { channel: 1, ipmiMessaging: true, linkAuthentication: true, callbackOnly: false }
  return admin.run(SetUserAccess, {
    access: { ...access, changeFlags: true },
    userId: WATCH,
    privilegeLimit: 'user',
    sessionLimit,
  })
}

beforeEach(async () => {
  service = await BmcService.start({ config, lan: { host: '127.0.0.1', port: 0 } })
  admin = await logIn('admin')
})

afterEach(async () => {
  await admin.close()
  await service.close()
})

describe("a user's sessions", () => {
  for (const [scheme, refusal] of [
    ['lanplus', { message: /insufficient resources to create a session/ }],
    // No slot available for the given user: section 22.17.
    ['lan', ({ cause }: Error) => cause instanceof CompletionCodeError && cause.completionCode === 0x82],
  ] as const) {
    it(`over ${scheme} are as many as Set User Access says, until one ends`, async () => {
      await limit(2)
      const [first, second] = [await logIn('watch', scheme), await logIn('watch', scheme)]
      await assert.rejects(logIn('watch', scheme), refusal)
      await second.run(GetDeviceId, {})
      await first.close()
      const third = await logIn('watch', scheme)
      await assert.rejects(logIn('watch', scheme), refusal)
      await Promise.all([second.close(), third.close()])
    })
  }

  it('are not counted with those of others, and not limited by 0', async () => {
    await limit(1)
    const watch = await logIn('watch')
    const other = await logIn('admin')
    await limit(0)
    const all = [watch, other, ...(await Promise.all(Array.from({ length: 5 }, () => logIn('watch'))))]
    assert.equal(service.lanServers[0]!.machine.sessions.size, 1 + all.length)
    await Promise.all(all.map(client => client.close()))
  })
})

describe('the statistics of a LAN channel', () => {
  const statistics = (clearAll = false) => admin.run(GetIpStatistics, { channel: 1, clearAll })

  it('count what came and went, until they are cleared', async () => {
    const before = await statistics()
    assert.ok(before.udpReceived >= 6, 'a log-in, and this request')
    assert.equal(before.rmcpReceived, before.udpReceived)
    // The answer to the request that asks is not out yet.
    assert.equal(before.ipTransmitted, before.ipReceived - 1)
    await admin.run(GetDeviceId, {})
    const after = await statistics()
    assert.equal(after.udpReceived, before.udpReceived + 2)
    assert.equal(after.ipTransmitted, before.ipTransmitted + 2)
    await statistics(true)
    const { udpReceived, ipTransmitted, ipHeaderErrors } = await statistics()
    assert.deepEqual([udpReceived, ipTransmitted, ipHeaderErrors], [1, 1, 0])
  })

  it('tell rubbish from RMCP, and stop at FFFFh', async () => {
    const { machine } = service.lanServers[0]!
    const before = await statistics()
    machine.handle(Uint8Array.of(1, 2, 3), { address: '192.0.2.1', port: 1 }, performance.now())
    const after = await statistics()
    assert.equal(after.udpReceived, before.udpReceived + 2)
    assert.equal(after.rmcpReceived, before.rmcpReceived + 1)
    machine.statistics.received = 0x12345
    assert.equal((await statistics()).ipReceived, 0xffff)
  })
})
