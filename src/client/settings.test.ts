/** Chassis, users, channels, parameters, PEF, watchdog and DCMI of the simulated BMC, read and set through the client. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { GetLanConfigurationParameters, SetLanConfigurationParameters } from '../protocol/commands/lan.ts'
import { GetChannelInfo } from '../protocol/commands/messaging.ts'
import { GetUserAccess, GetUserName, SetUserPassword } from '../protocol/commands/user.ts'
import { encodeParameter } from '../protocol/parameter.ts'
import { DcmiCapability } from '../protocol/parameters/dcmi.ts'
import { LanParameter } from '../protocol/parameters/lan.ts'
import { PefParameter } from '../protocol/parameters/pef.ts'
import { FakeBmc } from './fake-bmc.test.fixture.ts'
import { connectTo } from './simulated-bmc.test.fixture.ts'

describe('a chassis', () => {
  it('is turned off and on, and tells why it was restarted', async () => {
    const { bmc } = connectTo()
    await using _ = bmc
    assert.equal((await bmc.chassis.status()).power.isOn, true)
    await bmc.chassis.power('powerDown')
    assert.equal((await bmc.chassis.status()).power.isOn, false)
    await bmc.chassis.power('powerUp')
    assert.equal((await bmc.chassis.status()).power.isOn, true)
    assert.equal((await bmc.chassis.restartCause()).cause, 'chassisControl')
    assert.ok((await bmc.chassis.powerOnHours()) >= 0)
    await bmc.chassis.setRestorePolicy('alwaysOn')
    assert.equal((await bmc.chassis.status()).power.restorePolicy, 'alwaysOn')
  })

  it('is told to identify itself for a while, for ever, and no more', async () => {
    const { bmc } = connectTo()
    await using _ = bmc
    for (const [how, state] of [
      [20, 'temporary'],
      ['on', 'indefinite'],
      ['off', 'off'],
    ] as const) {
      await bmc.chassis.identify(how)
      assert.equal((await bmc.chassis.status()).chassis.identify, state)
    }
  })

  it('boots from what was chosen', async () => {
    const { bmc } = connectTo()
    await using _ = bmc
    const choice = { device: 'pxe', lasts: 'always', firmware: 'efi' } as const
    await bmc.chassis.setBootDevice(choice)
    assert.deepEqual(await bmc.chassis.bootDevice(), choice)
    await bmc.chassis.setBootDevice({ device: 'disk' })
    assert.deepEqual(await bmc.chassis.bootDevice(), { device: 'disk', lasts: 'once', firmware: 'legacy' })
  })
})

describe('a device', () => {
  it('tells who it is and how it feels', async () => {
    const { bmc } = connectTo()
    await using _ = bmc
    assert.equal((await bmc.device.id()).ipmiVersion, '2.0')
    assert.equal((await bmc.device.guid()).length, 16)
    assert.equal((await bmc.device.selfTest()).result, 'passed')
  })

  it('keeps what its system says of itself, of any length', async () => {
    const { bmc } = connectTo()
    await using _ = bmc
    for (const name of ['n1', 'a name that takes more than one block of sixteen bytes', 'Größe']) {
      await bmc.device.setSystemInfo('systemName', name)
      assert.equal(await bmc.device.systemInfo('systemName'), name)
    }
    await assert.rejects(bmc.device.setSystemInfo('systemName', 'x'.repeat(256)), {
      code: 'REQUEST_BAD',
      message: /^\S*: System Name: "x+" has 256 bytes, 255 are the most$/,
    })
  })
})

describe('users', () => {
  it('are made, tried, limited and disabled', async () => {
    const { bmc, simulated } = connectTo()
    await using _ = bmc
    const { channel } = simulated.world.config.lan
    await bmc.users.setName(4, 'operator1')
    await bmc.users.setPassword(4, 'short')
    await bmc.users.enable(4)
    await bmc.users.setAccess(4, channel, { privilegeLimit: 'operator', ipmiMessaging: true })
    const user = (await bmc.users.list(channel)).find(({ id }) => id === 4)
    assert.equal(user?.name, 'operator1')
    assert.equal(user?.access.privilegeLimit, 'operator')
    assert.equal(await bmc.users.testPassword(4, 'short'), true)
    assert.equal(await bmc.users.testPassword(4, 'other'), false)
    await bmc.users.setPassword(4, 'twenty bytes of it!!')
    assert.equal(await bmc.users.testPassword(4, 'twenty bytes of it!!'), true)
    await bmc.users.disable(4)
    const after = (await bmc.users.list(channel)).find(({ id }) => id === 4)
    assert.equal(after?.isEnabled, false)
    await assert.rejects(bmc.users.setPassword(4, 'longer than twenty bytes'), { code: 'PASSWORD_TOO_LONG' })
  })

  it('of one that tells 63 are read in few round trips', async () => {
    const fake = new FakeBmc().on(GetUserAccess, () => ({
      maxUsers: 63,
      enabled: { count: 1, status: 'unspecified' as const },
      fixedNames: 1,
      access: {
        privilegeLimit: 'user' as const,
        ipmiMessaging: true,
        linkAuthentication: false,
        callbackOnly: false,
      },
    }))
    fake.on(GetUserName, () => 0xcc)
    const users = await fake.connect().users.list()
    assert.equal(users.length, 63)
    assert.equal(users[5]!.isEnabled, undefined)
    assert.ok(fake.roundTrips <= 8, `${fake.roundTrips} round trips`)
  })

  it('may have passwords of the other size', async () => {
    const fake = new FakeBmc().on(SetUserPassword, ({ user, password }) =>
      user.passwordSize === 'bytes16' ? 0x81 : password[0] === 0x61 ? {} : 0x80,
    )
    const { users } = fake.connect()
    assert.equal(await users.testPassword(2, 'abc'), true)
    assert.equal(await users.testPassword(2, 'xyz'), false)
  })
})

describe('LAN parameters', () => {
  it('are read all at once', async () => {
    const { bmc, simulated } = connectTo()
    await using _ = bmc
    const lan = bmc.channels.lan(simulated.world.config.lan.channel)
    const values = await lan.all()
    assert.match(values.ipAddress!, /^\d+\.\d+\.\d+\.\d+$/)
    assert.match(values.macAddress!, /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/)
    assert.ok(values.cipherSuiteEntries!.ids.includes(3))
  })

  it('are set as one, and refused before anything is sent when a value is none', async () => {
    const { bmc, simulated } = connectTo()
    await using _ = bmc
    const lan = bmc.channels.lan(simulated.world.config.lan.channel)
    await lan.change({ ipAddressSource: 'static', ipAddress: '10.1.2.3', subnetMask: '255.255.0.0' })
    assert.equal(await lan.get(LanParameter.ipAddress), '10.1.2.3')
    assert.equal(await lan.get(LanParameter.setInProgress), 'complete')
    await assert.rejects(lan.change({ subnetMask: '255.255.255.0', ipAddress: '10.1.2' }), {
      code: 'REQUEST_BAD',
      message: /IP Address: "10.1.2" is no IPv4 address/,
    })
    assert.equal(await lan.get(LanParameter.subnetMask), '255.255.0.0')
    await assert.rejects(lan.set(LanParameter.destinations, 3), { code: 'READ_ONLY' })
  })

  it('that a BMC has not, or gives in a way of its own, are missing', async () => {
    const fake = new FakeBmc()
      .on(GetLanConfigurationParameters, ({ selector }) => {
        if (selector === 3)
          return { revision: 0x11, data: encodeParameter(LanParameter.ipAddress, '10.0.0.1') }
        if (selector === 5) return { revision: 0x11, data: Uint8Array.of(1, 2) }
        return 0x80
      })
      .on(SetLanConfigurationParameters, ({ selector }) => (selector === 0 ? 0x80 : {}))
    const lan = fake.connect().channels.lan(1)
    assert.deepEqual(await lan.all(), { ipAddress: '10.0.0.1' })
    await assert.rejects(lan.get(LanParameter.macAddress), { code: 'RESPONSE_BAD', message: /MAC Address/ })
    await lan.change({ ipAddress: '10.0.0.2' })
  })
})

describe('PEF', () => {
  it('tells its filters and policies, and takes changes', async () => {
    const { bmc } = connectTo()
    await using _ = bmc
    const { eventFilters, version } = await bmc.pef.capabilities()
    assert.equal(version, '1.5')
    const filters = await bmc.pef.filters()
    assert.equal(filters.length, eventFilters)
    await bmc.pef.policies()
    const control = await bmc.pef.parameters.get(PefParameter.control)
    await bmc.pef.parameters.change({ control: { ...control!, enabled: !control!.enabled } })
    assert.equal((await bmc.pef.parameters.get(PefParameter.control))!.enabled, !control!.enabled)
    await bmc.pef.lastProcessed()
    await bmc.pef.postpone(10)
  })
})

describe('the watchdog', () => {
  it('is set, fed and stopped', async () => {
    const { bmc } = connectTo()
    await using _ = bmc
    await bmc.watchdog.set({
      seconds: 120,
      action: 'hardReset',
      preTimeout: { seconds: 10, interrupt: 'nmi' },
    })
    await bmc.watchdog.feed()
    const running = await bmc.watchdog.get()
    assert.equal(running.timer.running, true)
    assert.equal(running.initialCountdown, 1200)
    assert.deepEqual(running.actions, { timeout: 'hardReset', preTimeout: 'nmi' })
    await bmc.watchdog.stop()
    const stopped = await bmc.watchdog.get()
    assert.equal(stopped.timer.running, false)
    assert.equal(stopped.initialCountdown, 1200)
  })
})

describe('DCMI', () => {
  it('gives power and takes limits', async () => {
    const { bmc } = connectTo()
    await using _ = bmc
    const { currentWatts, time } = await bmc.dcmi.power()
    assert.ok(currentWatts > 0)
    assert.ok(time instanceof Date && time.getFullYear() >= 2020, String(time))
    const { averages } = await bmc.dcmi.capabilities.demand(DcmiCapability.powerStatistics)
    assert.deepEqual(averages.at(0), { time: 5, unit: 'seconds' })
    for (const average of averages) assert.ok((await bmc.dcmi.power({ average })).averageWatts > 0)
    const quarter = await bmc.dcmi.power({ average: { time: 15, unit: 'minutes' } })
    assert.equal(quarter.periodMs, 900_000)
    await assert.rejects(bmc.dcmi.power({ average: { time: 2, unit: 'days' } }), /0xC9/)
    const limit = {
      watts: 300,
      correctionTimeMs: 2000,
      samplingPeriodSeconds: 1,
      action: 'logEvent',
    } as const
    await bmc.dcmi.setPowerLimit(limit)
    await bmc.dcmi.activatePowerLimit('on')
    assert.deepEqual(await bmc.dcmi.powerLimit(), limit)
    assert.ok((await bmc.dcmi.capabilities.all()).supported !== undefined)
  })

  it('keeps asset tag and controller identifier, of one piece and of several', async () => {
    const { bmc } = connectTo()
    await using _ = bmc
    for (const text of ['rack 7', 'a longer one, of more than sixteen bytes']) {
      await bmc.dcmi.setAssetTag(text)
      assert.equal(await bmc.dcmi.assetTag(), text)
      await bmc.dcmi.setControllerId(text)
      assert.equal(await bmc.dcmi.controllerId(), text)
    }
  })
})

describe('channels', () => {
  const channelInfo = (channel: number, type: 'lan' | 'systemInterface') => ({
    actual: { channel },
    medium: { type },
    protocol: { type: 'ipmb' as const },
    sessions: { active: 0, support: 'multi' as const },
    vendorId: 7154,
    auxiliary: Uint8Array.of(0, 0),
  })

  it('are found, those that are there', async () => {
    const fake = new FakeBmc().on(GetChannelInfo, ({ of: { channel } }) => {
      if (channel === 8) return channelInfo(8, 'lan')
      return channel === 15 ? channelInfo(15, 'systemInterface') : 0xcc
    })
    const { channels } = fake.connect()
    assert.deepEqual(
      (await channels.list()).map(({ medium }) => medium.type),
      ['lan', 'systemInterface'],
    )
    assert.equal(await channels.findLan(), 8)
    assert.equal(await channels.info(3), undefined)
    assert.equal(fake.roundTrips, 3)
    fake.on(GetChannelInfo, () => 0xcc)
    await assert.rejects(channels.findLan(), { code: 'NO_LAN_CHANNEL' })
  })

  it('are limited, for this run and for ever', async () => {
    const { bmc, simulated } = connectTo()
    await using _ = bmc
    const { channel } = simulated.world.config.lan
    const { access, privilegeLimit } = await bmc.channels.access(channel, 'volatile')
    assert.equal(access.mode, 'always')
    await bmc.channels.setAccess({
      channel,
      access: { ...access, mode: 'shared', change: 'volatile' },
      limit: { privilege: privilegeLimit, change: 'keep' },
    })
    assert.equal((await bmc.channels.access(channel, 'volatile')).access.mode, 'shared')
    assert.equal((await bmc.channels.access(channel, 'nonVolatile')).access.mode, 'always')
  })
})
