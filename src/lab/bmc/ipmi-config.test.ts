import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { describeNeeds } from '../kernel/needs-programs.ts'
import { ClientRig, quiet, steadyConfig } from './client-rig.ts'

describeNeeds('ipmi-config')("FreeIPMI's ipmi-config and bmc-config", () => {
  let rig: ClientRig
  before(async () => {
    rig = await ClientRig.start({
      config: steadyConfig({
        lan: { cipherSuites: [3, 8, 17] },
        dcmi: { assetTag: 'rack1' },
      }),
    })
  })
  after(() => rig[Symbol.asyncDispose]())

  const config = (...args: string[]) =>
    rig.freeipmi('ipmi-config', '--quiet-cache', `--sdr-cache-directory=${rig.dir}`, ...args)

  it('--checkout of all sections ends with 0 and says what is configured', async () => {
    for (const program of ['bmc-config', 'ipmi-config']) {
      const said = quiet(await rig.freeipmi(program, '--checkout'))
      const values = new Map(
        said
          .split('\n')
          .map(line => line.trim().split(/\s+/))
          .filter(words => words.length === 2)
          .map(([key, value]) => [key, value]),
      )
      assert.deepEqual(
        ['IP_Address', 'Admin_Enable_Auth_Type_MD5', 'Maximum_Privilege_Cipher_Suite_Id_3'].map(key =>
          values.get(key),
        ),
        ['127.0.0.1', 'No', 'Administrator'],
      )
      assert.equal(values.get('Maximum_Privilege_Cipher_Suite_Id_0'), 'Unused')
      assert.match(said, /Section User16\n[\s\S]*Section SOL_Conf\n/)
    }
  })

  for (const category of ['core', 'chassis', 'sensors', 'pef', 'dcmi']) {
    it(`--category=${category}: what is checked out, committed, differs in nothing`, async () => {
      const file = join(rig.dir, category)
      const before = quiet(await config(`--category=${category}`, '--checkout'))
      writeFileSync(file, before)
      assert.equal(quiet(await config(`--category=${category}`, '--commit', '-n', file)), '')
      assert.equal(quiet(await config(`--category=${category}`, '--diff', '-n', file)), '')
      assert.equal(quiet(await config(`--category=${category}`, '--checkout')), before)
    })
  }

  it('--commit changes what --checkout then shows, and what is changed holds', async () => {
    const file = join(rig.dir, 'changes')
    writeFileSync(
      file,
      `Section Lan_Conf
\tSubnet_Mask 255.255.0.0
EndSection
Section Rmcpplus_Conf_Privilege
\tMaximum_Privilege_Cipher_Suite_Id_8 Unused
EndSection
`,
    )
    quiet(await config('--commit', '-n', file))
    assert.match(quiet(await config('--checkout', '-S', 'Lan_Conf')), /Subnet_Mask +255\.255\.0\.0\n/)
    const suite = (id: string) => rig.ipmitool('lanplus', '-C', id, 'mc', 'guid')
    assert.equal((await suite('8')).exitCode, 1)
    quiet(await suite('17'))
  })

  it('--commit cannot bring in a suite that the configuration leaves out', async () => {
    const file = join(rig.dir, 'suite-0')
    writeFileSync(
      file,
      'Section Rmcpplus_Conf_Privilege\n\tMaximum_Privilege_Cipher_Suite_Id_0 Administrator\nEndSection\n',
    )
    assert.equal((await config('--commit', '-n', file)).exitCode, 1)
    assert.match(quiet(await config('--checkout', '-S', 'Rmcpplus_Conf_Privilege')), /Suite_Id_0 +Unused\n/)
  })

  it('--checkout ends with 1 where the table lists the suites that are offered, and shows them', async () => {
    // It looks for each suite from 0 to 15, as it does with any BMC; the ones that are listed are right.
    await using offered = await ClientRig.start({ config: steadyConfig({ lan: { suiteTable: 'offered' } }) })
    const { stdout, stderr, exitCode } = await offered.freeipmi('bmc-config', '--checkout')
    assert.deepEqual([stderr, exitCode], ['', 1])
    const listed = [...stdout.toString().matchAll(/Cipher_Suite_Id_(\d+) +Administrator\n/g)].map(match =>
      Number(match[1]),
    )
    assert.deepEqual(listed, [1, 2, 3, 6, 7, 8, 11, 12, 15])
  })
})
