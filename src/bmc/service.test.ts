import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import {
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { Bmc } from './bmc.ts'
import { macOf } from './lan-parameters.ts'
import { listenOnLan, nextAddress } from './lan-range.ts'
import { BmcService } from './service.ts'
import { bmcConfig } from './world/config.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lastword-service-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const config = bmcConfig.parse({ users: [{ name: 'admin' }, { name: 'watch', privilege: 'user' }] })

describe('many BMCs in one process', () => {
  it('are each themselves, and the same ones when they start again from their state', async () => {
    for (const given of [{}, { guid: '00112233445566778899aabbccddeeff' }]) {
      const options = {
        config: { ...config, device: { ...config.device, ...given } },
        count: 40,
        stateDir: dir,
      }
      const identities = async () => {
        const service = await BmcService.start(options)
        const found = service.bmcs.map(bmc => [Buffer.from(bmc.identity.guid).toString('hex'), macOf(bmc)])
        await service.close()
        return found
      }
      const first = await identities()
      for (const part of [0, 1]) assert.equal(new Set(first.map(identity => identity[part])).size, 40)
      assert.deepEqual(await identities(), first)
    }
  })

  it('write nothing to the disk before there is something to keep', async () => {
    const service = await BmcService.start({ config, count: 5, stateDir: dir })
    service.bmcs[3]!.sel.add(new Uint8Array(16))
    service.bmcs[3]!.flush()
    assert.deepEqual(readdirSync(dir).sort(), ['0', '3', 'configured.json', 'lock', 'passwords.json'])
    await service.close()
  })

  it('have addresses that follow one another', () => {
    assert.equal(nextAddress('127.0.0.1', 0), '127.0.0.1')
    assert.equal(nextAddress('127.0.0.1', 254), '127.0.0.255')
    assert.equal(nextAddress('127.0.0.1', 256), '127.0.1.1')
    assert.equal(nextAddress('127.0.255.255', 1), '127.1.0.0')
  })
})

describe('many BMCs on a port that is picked', () => {
  it('have all the same one, each on its own address', async () => {
    const service = await BmcService.start({ config, count: 6, lan: { host: '127.0.0.1', port: 0 } })
    const [first] = service.lanServers
    assert.deepEqual(
      service.lanServers.map(({ host, port }) => `${host}:${port}`),
      [1, 2, 3, 4, 5, 6].map(last => `127.0.0.${last}:${first!.port}`),
    )
    await service.close()
  })

  it('take another one where one of them finds it taken', async () => {
    const taken: Socket[] = []
    // Whatever the first BMC is given, the second one's is taken, until it has been tried three times.
    const onFirst = async (port: number) => {
      if (taken.length === 3) return
      const socket = createSocket('udp4')
      socket.bind(port, '127.0.0.12')
      await once(socket, 'listening')
      taken.push(socket)
    }
    const bmcs = [1, 2].map(index => new Bmc({ index }))
    const servers = await listenOnLan(bmcs, { host: '127.0.0.11', port: 0 }, { onFirst })
    assert.equal(servers[0]!.port, servers[1]!.port)
    assert.ok(!taken.some(socket => socket.address().port === servers[0]!.port))
    for (const server of servers) await server.close()
    for (const socket of taken) socket.close()
  })

  it('want an IPv4 address to count from', async () => {
    await assert.rejects(BmcService.start({ config, count: 2, lan: { host: '::1', port: 0 } }), {
      code: 'USAGE',
      message: /2 BMCs/,
    })
  })
})

describe('the time of the last addition to the SDR repository', () => {
  const withSensor = (type: string) =>
    bmcConfig.parse({ sensors: [{ kind: 'analog', name: 'Rail', type, unit: 'Volts', value: 1 }] })
  /** Of a start with this configuration. */
  const lastAdded = async (type: string, options = {}) => {
    const service = await BmcService.start({ config: withSensor(type), stateDir: dir, ...options })
    const times = service.bmcs.map(bmc => bmc.sdrs.lastAdded)
    await service.close()
    return times
  }

  it('is when the configuration got its records, over restarts, and another one with other records', async () => {
    const fromSeconds = Math.floor(Date.now() / 1000)
    const [first] = await lastAdded('Voltage')
    assert.ok(first! >= fromSeconds && first! <= Date.now() / 1000)
    writeFileSync(
      join(dir, 'configured.json'),
      readFileSync(join(dir, 'configured.json'), 'utf8').replace(String(first), '1700000000'),
    )
    assert.deepEqual(await lastAdded('Voltage'), [1_700_000_000])
    const [changed] = await lastAdded('Temperature')
    assert.ok(changed! >= fromSeconds)
    // Within the same second, too.
    assert.ok((await lastAdded('Voltage'))[0]! > changed!)
    writeFileSync(join(dir, 'configured.json'), '{')
    assert.ok((await lastAdded('Voltage'))[0]! >= fromSeconds)
  })

  it('is of all BMCs the same, and without a state the start', async () => {
    const [first, second] = await lastAdded('Voltage', { count: 2 })
    assert.equal(first, second)
    const bmc = new Bmc({ nowMs: () => 1_700_000_000_999 })
    assert.equal(bmc.sdrs.lastAdded, 1_700_000_000)
  })

  it('is later when software has added a record since', () => {
    let nowMs = 1_700_000_000_000
    const bmc = new Bmc({ nowMs: () => nowMs })
    nowMs += 5000
    bmc.sdrs.delete(1)
    assert.deepEqual([bmc.sdrs.lastAdded, bmc.sdrs.lastErased], [1_700_000_000, 1_700_000_005])
    nowMs += 5000
    bmc.sdrs.add(Uint8Array.of(0, 0, 0x51, 0xc0, 1, 0))
    assert.equal(bmc.sdrs.lastAdded, 1_700_000_010)
  })

  it('is later when the configuration has changed since software added one', () => {
    const nowMs = () => 1_700_000_000_000
    const first = new Bmc({ stateDir: dir, nowMs })
    first.sdrs.add(Uint8Array.of(0, 0, 0x51, 0xc0, 1, 0))
    first.close()
    const again = new Bmc({ stateDir: dir, nowMs, configuredSince: 1_700_000_007 })
    assert.equal(again.sdrs.lastAdded, 1_700_000_007)
    again.close()
  })
})

describe('the power-on hours of many', () => {
  it('are one file for all, written as time goes by and at the end', async t => {
    const file = join(dir, 'running.json')
    const clock = { nowMs: 1_700_000_000_000 }
    t.mock.method(Date, 'now', () => clock.nowMs)
    const start = () => BmcService.start({ config, count: 3, stateDir: dir })
    const minutesOf = ({ bmcs }: BmcService) => bmcs.map(({ chassis }) => chassis.onMinutes)
    const first = await start()
    clock.nowMs += 5_400_000
    while (!existsSync(file)) await setTimeout(1)
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { ms: 5_400_000 })
    clock.nowMs += 30_000
    await first.close()
    const second = await start()
    clock.nowMs += 30_000
    assert.deepEqual(minutesOf(second), [91, 91, 91])
    await second.close()
    for (const bmc of ['1', '2']) assert.ok(!existsSync(join(dir, bmc, 'running.json')))
    writeFileSync(file, '{')
    const third = await start()
    assert.deepEqual(minutesOf(third), [0, 0, 0])
    await third.close()
  })
})

describe('passwords that are not given', () => {
  it('are drawn and told once, each another one, and hold at the next start', async () => {
    const first = await BmcService.start({ config, stateDir: dir })
    assert.deepEqual(
      first.drawn.map(({ user }) => user),
      ['admin', 'watch'],
    )
    assert.notEqual(first.drawn[0]!.password, first.drawn[1]!.password)
    assert.match(first.drawn[0]!.password, /^[a-zA-Z2-9]{16}$/)
    const kept = Buffer.from(first.bmcs[0]!.users.passwordOf(2)).toString()
    assert.equal(kept, first.drawn[0]!.password)
    await first.close()
    assert.equal(statSync(join(dir, 'passwords.json')).mode & 0o777, 0o600)
    const again = await BmcService.start({ config, stateDir: dir })
    assert.deepEqual(again.drawn, [])
    assert.equal(Buffer.from(again.bmcs[0]!.users.passwordOf(2)).toString(), kept)
    await again.close()
  })

  it('are drawn for any name, also one that objects have by themselves', async () => {
    const names = ['constructor', '__proto__', 'toString']
    const strange = { ...config, users: names.map(name => ({ ...config.users[0]!, name })) }
    const service = await BmcService.start({ config: strange })
    assert.deepEqual(
      service.drawn.map(({ user, password }) => [user, password.length]),
      names.map(name => [name, 16]),
    )
    await service.close()
  })

  it('are written beside the old ones and put in their place at once', async () => {
    const file = join(dir, 'passwords.json')
    writeFileSync(file, '{"admin":"known"}')
    linkSync(file, join(dir, 'old'))
    const service = await BmcService.start({ config, stateDir: dir })
    await service.close()
    assert.equal(readFileSync(join(dir, 'old'), 'utf8'), '{"admin":"known"}')
    assert.deepEqual(Object.keys(JSON.parse(readFileSync(file, 'utf8'))), ['admin', 'watch'])
    assert.deepEqual(
      readdirSync(dir).filter(name => name.endsWith('.next')),
      [],
    )
  })

  it('that were changed over IPMI stay changed', async () => {
    const first = await BmcService.start({ config, stateDir: dir })
    first.bmcs[0]!.users.setPassword(2, Buffer.from('mine'), 16)
    await first.close()
    const again = await BmcService.start({ config, stateDir: dir })
    assert.equal(Buffer.from(again.bmcs[0]!.users.passwordOf(2)).toString(), 'mine')
    await again.close()
  })
})
