import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { macOf } from './lan-parameters.ts'
import { BmcService, nextAddress } from './service.ts'
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
    assert.deepEqual(readdirSync(dir).sort(), ['0', '3', 'lock', 'passwords.json'])
    await service.close()
  })

  it('have addresses that follow one another', () => {
    assert.equal(nextAddress('127.0.0.1', 0), '127.0.0.1')
    assert.equal(nextAddress('127.0.0.1', 254), '127.0.0.255')
    assert.equal(nextAddress('127.0.0.1', 256), '127.0.1.1')
    assert.equal(nextAddress('127.0.255.255', 1), '127.1.0.0')
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

  it('that were changed over IPMI stay changed', async () => {
    const first = await BmcService.start({ config, stateDir: dir })
    first.bmcs[0]!.users.setPassword(2, Buffer.from('mine'), 16)
    await first.close()
    const again = await BmcService.start({ config, stateDir: dir })
    assert.equal(Buffer.from(again.bmcs[0]!.users.passwordOf(2)).toString(), 'mine')
    await again.close()
  })
})
