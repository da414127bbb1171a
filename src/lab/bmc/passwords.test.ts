import assert from 'node:assert/strict'
import { it } from 'node:test'
import { bmcConfig } from '../../bmc/world/config.ts'
import { connect } from '../../client/index.ts'
import { GetDeviceId } from '../../protocol/commands/device.ts'
import { describeNeeds } from '../kernel/needs-programs.ts'
import { runProgram } from '../kernel/run-program.ts'
import { ClientRig, quiet, steadyConfig } from './client-rig.ts'

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
