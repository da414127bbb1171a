/** How a BMC is named on the command line: what -H takes, and what is said of what it does not. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runProgram } from '../../lab/kernel/run-program.ts'
import { LanRig, user } from '../../lab/lan/rig.ts'
import { connectionFlags } from '../flags.ts'
import { UsageError } from '../params.ts'
import { flagValues, split } from '../parse.ts'
import { resolveTarget } from './target.ts'

const main = fileURLToPath(new URL('../main.js', import.meta.url))

const dir = mkdtempSync(join(tmpdir(), 'lastword-target-'))
after(() => rmSync(dir, { recursive: true }))
const env = { LASTWORD_HOSTS: join(dir, 'hosts.yaml') }
writeFileSync(env.LASTWORD_HOSTS, 'hosts:\n  rack7:\n    host: 10.0.0.7\n    port: 6230\n')

async function urlOf(...words: string[]): Promise<string> {
  const flags = flagValues(connectionFlags, split(words, connectionFlags, 'areFlags').given)
  return (await resolveTarget(flags, env, () => assert.fail('asks'))).url
}

describe('-H', () => {
  it('takes a name or an address, of IPv6 with brackets or without', async () => {
    const taken: readonly [words: string[], url: string][] = [
      [['-H', 'bmc_1.example'], 'lanplus://bmc_1.example'],
      [['-H', '10.0.0.7', '-p', '6230', '-I', 'lan'], 'lan://10.0.0.7:6230'],
      [['-H', '::1'], 'lanplus://[::1]'],
      [['-H', '[::1]', '-p', '6230'], 'lanplus://[::1]:6230'],
      [['-H', 'fe80::1%eth0'], 'lanplus://[fe80::1]?zone=eth0'],
      [['-H', '[fe80::1%eth0]', '-p', '6230'], 'lanplus://[fe80::1]:6230?zone=eth0'],
    ]
    for (const [words, url] of taken) assert.equal(await urlOf(...words), url)
  })

  it('says of a host with a port how the two are given', async () => {
    const refused: readonly [host: string, hint: string][] = [
      ['[::1]:9723', 'Give the port with -p (-H [::1] -p 9723), or all in a URL: lanplus://[::1]:9723'],
      ['bmc:9723', 'Give the port with -p (-H bmc -p 9723), or all in a URL: lanplus://bmc:9723'],
    ]
    for (const [host, hint] of refused)
      await assert.rejects(urlOf('-H', host), { code: 'USAGE', message: `"${host}" is no host name`, hint })
  })

  it('refuses what no host is called, and tells what it takes', async () => {
    for (const host of ['', 'a b', 'a/b', 'a<b', '[::1', '[::1]:x', '1:2:3', '[1.2.3.4]'])
      await assert.rejects(urlOf('-H', host), (error: unknown) => {
        assert.ok(error instanceof UsageError)
        assert.match(error.hint ?? '', /^Give a name or an address; .* -U and -p\.$/, host)
        return true
      })
  })

  it('says of a host with a login how that is given', async () => {
    for (const host of ['me@bmc', 'me:secret@bmc', 'me@bmc:623'])
      await assert.rejects(urlOf('-H', host), {
        code: 'USAGE',
        message: '-H takes a host without a login',
        hint: 'Give the user with -U and the port with -p, or all in a URL: lanplus://USER@HOST',
      })
  })

  it('reaches a BMC at an address of IPv6 in brackets', async () => {
    await using rig = await LanRig.start({}, { host: '::1' })
    const words = ['-H', '[::1]', '-p', String(rig.port), '-U', user.name, '-E', 'mc', 'guid']
    const { exitCode, stderr } = await runProgram(process.execPath, [main, ...words], {
      env: { ...process.env, ...env, IPMITOOL_PASSWORD: user.password },
    })
    assert.deepEqual([exitCode, stderr], [0, ''])
  })
})

describe('-I and -d', () => {
  it('count more than a named host or a URL that means the network, too', async () => {
    assert.equal(await urlOf('-H', 'rack7'), 'lanplus://10.0.0.7:6230')
    assert.equal(await urlOf('-H', 'rack7', '-I', 'lan'), 'lan://10.0.0.7:6230')
    assert.equal(await urlOf('--url', 'lan://bmc', '-I', 'lanplus', '-p', '9'), 'lanplus://bmc:9')
    assert.equal(await urlOf('--url', 'open://1', '-I', 'open'), 'open://1')
  })

  it('are refused with a URL that means another way', async () => {
    const refused: readonly [words: string[], message: string][] = [
      [['-H', 'rack7', '-I', 'open'], '-I open does not go with lanplus://10.0.0.7:6230'],
      [['--url', 'lan://me:secret@bmc', '-I', 'kcs'], '-I kcs does not go with lan://bmc'],
      [['-H', 'sim://', '-I', 'lan'], '-I lan does not go with sim://'],
      [['-H', 'rack7', '-d', '1'], '-d is for -I open'],
      [['--url', 'open://0', '-d', '1'], '-d is for -I open'],
    ]
    for (const [words, message] of refused) await assert.rejects(urlOf(...words), { code: 'USAGE', message })
  })
})
