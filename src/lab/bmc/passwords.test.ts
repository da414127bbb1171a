import assert from 'node:assert/strict'
import { it } from 'node:test'
import { bmcConfig } from '../../bmc/world/config.ts'
import { connect } from '../../client/index.ts'
import { GetDeviceId } from '../../protocol/commands/device.ts'
import { describeNeeds } from '../kernel/needs-programs.ts'
import { runProgram } from '../kernel/run-program.ts'
import { admin, ClientRig, quiet, steadyConfig } from './client-rig.ts'

const password = 'p\u00e4ssw\u00f6rt\u20ac'

describeNeeds('ipmitool')('a password with letters beyond ASCII', () => {
  it('lets in ipmitool and our client, which both send it as UTF-8', async () => {
    const users = [{ name: 'admin', password, privilege: 'admin' as const }]
    await using rig = await ClientRig.start({
      config: steadyConfig({ users: bmcConfig.parse({ users }).users }),
    })
    const address = ['-I', 'lanplus', '-H', rig.host, '-p', String(rig.port), '-U', 'admin', '-E']
    const env = { ...process.env, IPMI_PASSWORD: password }
    quiet(await runProgram('ipmitool', [...address, 'mc', 'guid'], { env }))
    await using bmc = await connect(`lanplus://admin:${encodeURIComponent(password)}@${rig.host}:${rig.port}`)
    assert.equal((await bmc.run(GetDeviceId, {})).deviceId, 0x20)
  })

  it('has at the most 20 bytes, however few letters they are', () => {
    const { error } = bmcConfig.safeParse({ users: [{ name: 'admin', password: '\u20ac'.repeat(7) }] })
    assert.match(String(error), /more than 20 bytes/)
  })
})

describeNeeds('ipmitool', 'bmc-info')('a user name with letters beyond ASCII', () => {
  const name = 'jürgen'
  const config = steadyConfig({
    lan: { ipmi15: ['md5'] },
    users: [
      { ...admin, privilege: 'admin' },
      { name, password, privilege: 'operator' },
    ],
  })

  it('lets in ipmitool, FreeIPMI and our client over IPMI 1.5 and 2.0, which all send it as UTF-8', async () => {
    await using rig = await ClientRig.start({ config })
    const { host, port } = rig
    for (const how of ['lan', 'lanplus']) {
      const who = ['-U', name, '-P', password, '-L', 'OPERATOR']
      const args = ['-I', how, '-H', host, '-p', String(port), ...who, 'mc', 'guid']
      quiet(await runProgram('ipmitool', args))
      const url = `${how}://${encodeURIComponent(name)}@${host}:${port}?privilege=operator`
      await using bmc = await connect(url, { password })
      assert.equal((await bmc.run(GetDeviceId, {})).deviceId, 0x20)
    }
    for (const driver of ['LAN', 'LAN_2_0']) {
      const who = ['-u', name, '-p', password, '-l', 'OPERATOR']
      const args = ['-D', driver, '-h', `${host}:${port}`, ...who, '--get-device-id']
      assert.match(quiet(await runProgram('bmc-info', args)), /^Device ID +: 32\n/)
    }
  })

  it('is given and told by ipmitool and our client alike, and one that is no UTF-8 byte for byte', async () => {
    await using rig = await ClientRig.start({ config })
    await using bmc = await connect(`lanplus://${admin.name}@${rig.host}:${rig.port}`, {
      password: admin.password,
    })
    quiet(await rig.ipmitool('lanplus', 'user', 'set', 'name', '5', 'größe'))
    assert.equal(await bmc.users.name(5), 'größe')
    await bmc.users.setName(6, 'élan')
    await bmc.users.setName(7, 'j\udcfcrgen')
    const { stdout } = await rig.ipmitool('lanplus', 'user', 'list', '1')
    assert.match(stdout.toString(), /^3 {3}jürgen {10}true[\s\S]*^6 {3}élan /m)
    assert.match(stdout.toString('latin1'), /^7 {3}jürgen {11}true/m)
    assert.equal(await bmc.users.name(7), 'j\udcfcrgen')
  })
})
