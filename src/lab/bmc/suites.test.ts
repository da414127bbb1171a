import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { describeNeeds } from '../kernel/needs-programs.ts'
import { ClientRig, quiet, steadyConfig } from './client-rig.ts'

/** Those that ipmitool 1.8.19 has; it ends itself at 11 and 12. */
const suites: (0 | 1 | 2 | 3 | 6 | 7 | 8 | 15 | 16 | 17)[] = [0, 1, 2, 3, 6, 7, 8, 15, 16, 17]

/** Something of each group, that changes nothing and says the same each time. */
const commands = `mc info
mc guid
chassis status
chassis restart_cause
sensor list
sdr list
sdr elist all
sel info
sel elist
fru print
user list 1
lan print 1
channel info 1
channel getaccess 1 2
pef info
pef policy list
sol info 1
dcmi discover
dcmi asset_tag
raw 6 1
`

describeNeeds('ipmitool')('a file of commands that ipmitool executes', () => {
  let rig: ClientRig
  let file: string
  let expected: string
  before(async () => {
    rig = await ClientRig.start({
      config: steadyConfig({ lan: { cipherSuites: suites, ipmi15: ['none', 'md5', 'password'] } }),
    })
    const sensor = rig.bmc.sensors.byName('CPU1 Temp')
    assert.ok(sensor?.kind === 'analog')
    rig.bmc.sensors.setValue(sensor, 95)
    file = join(rig.dir, 'commands')
    writeFileSync(file, commands)
    expected = quiet(await rig.ipmitool('lanplus', '-C', '3', 'exec', file))
    for (const group of [
      'Device ID',
      'CPU1 Temp',
      'Product Serial',
      'Upper Critical going high',
      'ADMINISTRATOR',
      'Volatile Bit Rate',
    ])
      assert.ok(expected.includes(group))
  })
  after(() => rig[Symbol.asyncDispose]())

  for (const suite of suites)
    it(`says the same with cipher suite ${suite}`, async () => {
      assert.equal(quiet(await rig.ipmitool('lanplus', '-C', String(suite), 'exec', file)), expected)
    })

  for (const type of ['MD5', 'PASSWORD'])
    it(`says the same over IPMI 1.5 with ${type}`, async () => {
      assert.equal(quiet(await rig.ipmitool('lan', '-A', type, 'exec', file)), expected)
    })
})
