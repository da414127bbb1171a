import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Privilege } from '../protocol/command.ts'
import { SetChannelAccess } from '../protocol/commands/channel.ts'
import { GetSystemBootOptions, SetSystemBootOptions } from '../protocol/commands/chassis.ts'
import { ReadFruData } from '../protocol/commands/fru.ts'
import { SetLanConfigurationParameters } from '../protocol/commands/lan.ts'
import { AddSdr, GetSdr, PartialAddSdr, ReserveSdrRepository } from '../protocol/commands/sdr.ts'
import { SetUserAccess, SetUserName, SetUserPassword } from '../protocol/commands/user.ts'
import { encodeParameter } from '../protocol/parameter.ts'
import { LanParameter } from '../protocol/parameters/lan.ts'
import { BmcAccounts } from './accounts.ts'
import { lanParameters } from './lan-parameters.ts'
import { PefFixture } from './pef.test.fixture.ts'
import { Fixture } from './testing.ts'

describe('a filter', () => {
  it('counts for its sensor and its generator only', () => {
    for (const other of [{ sensorNumber: 9 }, { generatorId: 0x41 }]) {
      const fixture = new PefFixture()
      for (let set = 1; set <= 8; set++) fixture.changeFilter(set, other)
      fixture.setCpu(95)
      assert.deepEqual(fixture.traps, [])
    }
    const fixture = new PefFixture()
    fixture.setCpu(95)
    assert.equal(fixture.traps.length, 2)
  })

  it('whose alert nobody acknowledges leaves the status that says so', () => {
    const fixture = new PefFixture()
    fixture.setCpu(95)
    assert.equal(fixture.bmc.pef.alerts.status, 'inProgress')
    fixture.pass(60)
    assert.equal(fixture.bmc.pef.alerts.status, 'acknowledgeTimeout')
  })
})

describe('a LAN channel', () => {
  it('has the limit that Set Channel Access gives it', () => {
    const fixture = new Fixture()
    const accounts = new BmcAccounts(fixture.bmc)
    assert.equal(accounts.channelLimit, Privilege.Admin)
    fixture.run(SetChannelAccess, {
      channel: 1,
      access: {
        mode: 'always',
        userLevelAuthenticationDisabled: false,
        perMessageAuthenticationDisabled: false,
        pefAlertingDisabled: false,
        change: 'keep',
      },
      limit: { privilege: 'user', change: 'volatile' },
    })
    assert.equal(accounts.channelLimit, Privilege.User)
  })

  it('lets in no user without IPMI messaging, which is changed only where the request says that it is', () => {
    const fixture = new Fixture()
    const user = { id: 4, passwordSize: 'bytes16' as const }
    fixture.run(SetUserName, { userId: 4, name: 'oper' })
    fixture.run(SetUserPassword, { user, operation: 'enable', password: new Uint8Array(0) })
    const give = (ipmiMessaging: boolean, changeFlags: boolean) => {
      const access = { channel: 1, ipmiMessaging, linkAuthentication: true, callbackOnly: false, changeFlags }
      fixture.run(SetUserAccess, { access, userId: 4, privilegeLimit: 'operator' })
      return [...new BmcAccounts(fixture.bmc).users()].map(({ id }) => id)
    }
    assert.deepEqual(give(true, true), [4])
    assert.deepEqual(give(false, false), [4])
    assert.deepEqual(give(false, true), [])
    assert.deepEqual(give(true, false), [])
  })

  it('allows with a cipher suite what LAN parameter 24 says', () => {
    const fixture = new Fixture()
    const accounts = new BmcAccounts(fixture.bmc)
    assert.equal(accounts.suites.get(3), Privilege.Admin)
    const { entries } = lanParameters.value(fixture.bmc, LanParameter.cipherSuitePrivileges)!
    const data = encodeParameter(LanParameter.cipherSuitePrivileges, {
      entries: entries.map((pair, i) => (i === 1 ? { ...pair, odd: 'user' as const } : pair)),
    })
    fixture.run(SetLanConfigurationParameters, { channel: 1, selector: 24, data })
    assert.deepEqual([accounts.suites.get(3), accounts.suites.get(2)], [Privilege.User, Privilege.Admin])
  })
})

describe('boot options', () => {
  it('are marked invalid and valid again, and the mailbox has five blocks', () => {
    const fixture = new Fixture()
    const get = { selector: 5, setSelector: 0, blockSelector: 0 }
    const mark = (isInvalid: boolean) => {
      fixture.run(SetSystemBootOptions, { parameter: { selector: 5, isInvalid }, data: new Uint8Array(0) })
      return fixture.run(GetSystemBootOptions, get).parameter.isInvalid
    }
    assert.deepEqual([mark(true), mark(false)], [true, false])
    const mailbox = { ...get, selector: 7 }
    assert.equal(fixture.code(GetSystemBootOptions, { ...mailbox, setSelector: 4 }), 0)
    assert.equal(fixture.code(GetSystemBootOptions, { ...mailbox, setSelector: 5 }), 0xc9)
  })
})

describe('a piece', () => {
  const sdr = (bytes: number) => Uint8Array.of(0, 0, 0x51, 0xc0, bytes, ...new Uint8Array(bytes).fill(7))

  it('of a record that is added has to follow the one before, and all together to be a record', () => {
    const fixture = new Fixture()
    const raw = sdr(20)
    const { reservationId } = fixture.run(ReserveSdrRepository, {})
    const add = (offset: number, progress: 'more' | 'last', data: Uint8Array) => {
      return fixture.code(PartialAddSdr, {
        reservationId,
        recordId: offset === 0 ? 0 : 1,
        offset,
        progress,
        data,
      })
    }
    const before = fixture.bmc.sdrs.records().length
    assert.equal(add(0, 'more', raw.subarray(0, 10)), 0)
    assert.equal(add(12, 'last', raw.subarray(12)), 0xc9)
    assert.equal(add(10, 'last', raw.subarray(10, 24)), 0x80)
    assert.equal(fixture.bmc.sdrs.records().length, before)
    assert.equal(add(0, 'more', raw.subarray(0, 10)), 0)
    assert.equal(add(10, 'last', raw.subarray(10)), 0)
    assert.equal(fixture.bmc.sdrs.records().length, before + 1)
  })

  it('that is read is no longer than an answer can be', () => {
    const fixture = new Fixture({}, { frus: [{ id: 3, name: 'Board' }] })
    assert.equal(fixture.code(ReadFruData, { fruId: 3, offset: 0, count: 240 }), 0)
    assert.equal(fixture.code(ReadFruData, { fruId: 3, offset: 0, count: 241 }), 0xca)
    const { recordId } = fixture.run(AddSdr, { record: sdr(245) })
    const { reservationId } = fixture.run(ReserveSdrRepository, {})
    const whole = { reservationId, recordId, offset: 0 }
    assert.equal(fixture.code(GetSdr, { ...whole, count: 0xff }), 0xca)
    assert.equal(fixture.code(GetSdr, { ...whole, count: 240 }), 0)
  })
})
