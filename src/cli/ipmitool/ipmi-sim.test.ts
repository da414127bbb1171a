import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { describeNeeds } from '../../lab/kernel/needs-programs.ts'
import { runProgram } from '../../lab/kernel/run-program.ts'
import { IpmiSim } from '../../lab/lan/ipmi-sim.ts'
import { user } from '../../lab/lan/rig.ts'
import { encodeSdr } from '../../protocol/sdr/record.ts'
import { sensors } from './random-records.test.fixture.ts'
import { drawn } from './same-lines.test.fixture.ts'

const lastword = fileURLToPath(new URL('../../bin/lastword.cjs', import.meta.url))

const commands = [
  'mc info',
  'chassis status',
  'sdr list',
  'sdr elist',
  'sensor list',
  'sel info',
  'sel list',
  'sel elist',
  'fru print',
  'lan print',
  'user list',
]

/** A sensor that the simulator has, events of it, and what Linux writes in a panic. */
const emulation = [
  'sensor_add 0x20 0 1 1 1',
  'sensor_set_value 0x20 0 1 0x60 0',
  'sel_add 0x20 2 0 0 0 0 0x20 0 4 1 1 1 0x57 0x70 0x60',
  'sel_add 0x20 2 0 0 0 0 0x20 0 4 7 2 0x6f 1 0xff 0xff',
  'sel_add 0x20 0xf0 0x20 0 0x73 0x79 0x73 0x72 0x71 0x20 0x74 0x72 0x69 0x67 0x67',
  ...drawn(sensors, 1)
    .slice(0, 20)
    .map(
      record =>
        `main_sdr_add 0x20 ${Array.from(encodeSdr(record), byte => `0x${byte.toString(16)}`).join(' ')}`,
    ),
]

describeNeeds('ipmitool', 'ipmi_sim')('lastword --format ipmitool on OpenIPMI’s simulator', () => {
  let sim: IpmiSim
  before(async () => {
    sim = await IpmiSim.start(emulation.join('\n'))
  })
  after(() => sim[Symbol.asyncDispose]())

  for (const command of commands)
    it(`${command} writes the bytes that ipmitool writes`, async () => {
      const { ours, theirs } = await both(sim, command)
      assert.ok(theirs.stdout.length > 0, theirs.stderr)
      assert.equal(ours.stdout.toString('latin1'), theirs.stdout.toString('latin1'))
    })
})

/** What ipmitool writes where it finds no sensor data record: it has the repository erased, and then looks for device SDRs. */
const rebuilt = 'SDRR successfully erased\nErr in cmd get sensor sdr info\n'

describeNeeds('ipmitool', 'ipmi_sim')(
  'lastword --format ipmitool on a BMC without sensor data records',
  () => {
    let sim: IpmiSim
    before(async () => {
      sim = await IpmiSim.start()
    })
    after(() => sim[Symbol.asyncDispose]())

    for (const command of ['sdr list', 'sdr elist', 'sensor list', 'fru print'])
      it(`${command} erases nothing and does not say so; all else is as ipmitool has it`, async () => {
        const { ours, theirs } = await both(sim, command, '--trace')
        assert.equal(`${ours.stdout}${rebuilt}`, theirs.stdout.toString())
        assert.equal(ours.exitCode, theirs.exitCode)
        assert.match(ours.stderr, /Get SDR Repository Info/)
        assert.doesNotMatch(ours.stderr, /Clear/)
      })
  },
)

async function both(sim: IpmiSim, command: string, ...flags: string[]) {
  const address = ['-H', '127.0.0.1', '-p', String(sim.port), '-U', user.name, '-E']
  const login = ['-I', 'lanplus', '-C', '3', ...address]
  const env = { IPMITOOL_PASSWORD: user.password, IPMI_PASSWORD: user.password }
  const words = command.split(' ')
  const own = [lastword, ...login, '--format', 'ipmitool', ...flags, ...words]
  return {
    ours: await runProgram(process.execPath, own, { env }),
    theirs: await runProgram('ipmitool', [...login, ...words], { env }),
  }
}
