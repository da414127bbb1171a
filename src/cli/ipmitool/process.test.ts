import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describeNeeds } from '../../lab/kernel/needs-programs.ts'
import { runProgram } from '../../lab/kernel/run-program.ts'
import { serveSdrs, serveSel } from '../../lab/lan/answered-records.ts'
import { AnsweringRig } from '../../lab/lan/answering-rig.ts'
import { user } from '../../lab/lan/rig.ts'
import { selRecords, sensors } from './random-records.test.fixture.ts'
import { serveSensors } from './random-sensors.test.fixture.ts'
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
  'sel list 5',
  'sel elist last 3',
  'fru print',
  'fru print 0',
  'fru print 7',
  'lan print',
  'user list',
  '-c sdr elist',
  '-c -Z sel elist',
]

describeNeeds('ipmitool')('lastword --format ipmitool', () => {
  let rig: AnsweringRig
  before(async () => {
    rig = await AnsweringRig.start()
    const [seed = 0] = fc.sample(fc.integer(), 1)
    serveSel(rig, drawn(selRecords, seed))
    serveSdrs(rig, drawn(sensors, seed))
    serveSensors(rig, seed)
  })
  after(() => rig[Symbol.asyncDispose]())

  const login = () => ['-I', 'lanplus', '-H', '127.0.0.1', '-p', String(rig.port), '-U', user.name, '-E']
  const env = { TZ: 'Europe/Berlin', IPMITOOL_PASSWORD: user.password, IPMI_PASSWORD: user.password }
  const ours = (command: string) =>
    runProgram(process.execPath, [lastword, ...login(), '--format', 'ipmitool', ...command.split(' ')], {
      env,
    })
  const theirs = (command: string) => runProgram('ipmitool', [...login(), ...command.split(' ')], { env })

  it('lan print of a channel that is none prints nothing and fails, as ipmitool does', async () => {
    const [our, their] = await Promise.all([ours('lan print 5'), theirs('lan print 5')])
    assert.deepEqual([our.stdout.length, our.exitCode], [0, 1])
    assert.deepEqual([their.stdout.length, their.exitCode], [0, 1])
  })

  for (const command of commands)
    it(`${command} writes the bytes that ipmitool writes, with the same flags`, async () => {
      const [our, their] = await Promise.all([ours(command), theirs(command)])
      assert.equal(our.stdout.toString('latin1'), their.stdout.toString('latin1'))
      assert.equal(our.exitCode, their.exitCode, our.stderr)
    })
})
