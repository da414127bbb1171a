import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { connect } from '../../client/connect.ts'
import { GetDeviceId } from '../../protocol/commands/device.ts'
import { describeNeeds, needs } from '../kernel/needs-programs.ts'
import { runProgram } from '../kernel/run-program.ts'
import { admin, ClientRig, quiet, steadyConfig } from './client-rig.ts'

const satelliteSensor = {
  kind: 'analog' as const,
  name: 'Sat Temp',
  type: 'Temperature',
  unit: 'degrees C',
  value: 33,
}
const behind = [
  { name: 'Module', address: 0x72, deviceId: 0x55, sensors: [{ ...satelliteSensor, name: 'Module Temp' }] },
]
const satellites = [{ name: 'PSU ctl', address: 0x24, deviceId: 0x44, sensors: [satelliteSensor], behind }]

const freeipmiCases: [program: string, args: string, prints: RegExp][] = [
  [
    'bmc-info',
    '',
    /^Device ID +: 32\n[\s\S]*System Name +: lastword-0\n[\s\S]*Medium Type +: IPMB[\s\S]*802\.3 LAN/,
  ],
  ['ipmi-sensors', '--quiet-cache', /CPU1 Temp +\| Temperature +\| 50\.00 +\| C +\| 'OK'\n/],
  [
    'ipmi-sensors',
    '--quiet-cache',
    /PS Redundancy +\| Power Supply +\| N\/A +\| N\/A +\| 'Fully Redundant'\n/,
  ],
  ['ipmi-sensors', '--quiet-cache --verbose -r 15', /Nominal Reading: 12\.000000 V\n/],
  ['ipmimonitoring', '--quiet-cache', /Airflow +\| Other Units Based Sensor +\| Nominal +\| 65\.61 +\| CFM/],
  ['ipmi-sel', '--info', /Number of log entries +: 0\n/],
  ['ipmi-sel', '--quiet-cache', /^(ID .*\n)?/],
  ['ipmi-fru', '--quiet-cache', /FRU Product Name: LW-1U simulated server\n[\s\S]*PS2-0\n/],
  ['ipmi-chassis', '--get-chassis-status', /^System Power +: on\n/],
  ['ipmi-chassis', '--get-chassis-capabilities', /Diagnostic Interrupt +: provided/],
  ['ipmi-chassis', '--get-system-restart-cause', /unknown/],
  ['ipmi-chassis', '--get-power-on-hours-counter', /0 Hours 0 Minutes/],
  ['ipmi-chassis', '--get-boot-flags', /Boot/i],
  [
    'bmc-config',
    '--checkout -S User2',
    /Section User2\n[\s\S]*\tUsername +admin\n[\s\S]*Lan_Privilege_Limit +Administrator\n/,
  ],
  ['ipmi-config', '--checkout -S Lan_Conf', /IP_Address +127\.0\.0\.1\n/],
  ['ipmi-config', '--checkout --category=chassis', /Power_Restore_Policy +Restore_State_AC_Apply/],
  ['ipmi-config', '--checkout --category=sensors --quiet-cache', /Section 2_CPU1_Temp\n/],
  ['ipmi-config', '--checkout --category=pef', /Section Event_Filter_16\n[\s\S]*EndSection\n$/],
  ['ipmi-config', '--checkout --category=dcmi', /Asset_Tag +rack 1\n/],
  ['ipmi-pef-config', '--info', /Alert action +: supported\n/],
  ['ipmi-dcmi', '--get-dcmi-capability-info', /DCMI Specification Conformance +: 1\.5\n/],
  ['ipmi-dcmi', '--get-asset-tag', /^rack 1\n/],
  ['ipmi-dcmi', '--get-dcmi-sensor-info', /CPU Temperature SDR Record IDs\n2\n3\n/],
  ['ipmi-dcmi', '--get-system-power-statistics', /^Current Power +: 180 Watts\n/],
  ['ipmi-dcmi', '--get-enhanced-system-power-statistics', /Current Power +: 180 Watts\n/],
  ['ipmi-dcmi', '--get-management-controller-identifier-string', /^lastword-0\n/],
  ['ipmi-raw', '0 6 1', /^rcvd: 01 00 20 01 01 04 02 FF 00 00 00 01 01 \n/],
  ['bmc-device', '--get-self-test-results', /No Error/],
  ['bmc-device', '--get-sdr-repository-time', /SDR Repository Time : /],
  ['bmc-device', '--get-bmc-global-enables', /System Event Logging +: enabled/i],
]

describeNeeds('bmc-info')('FreeIPMI', () => {
  let rig: ClientRig
  before(async () => {
    rig = await ClientRig.start()
  })
  after(() => rig[Symbol.asyncDispose]())

  for (const [program, args, prints] of freeipmiCases) {
    it(`${program} ${args}`.trim(), async () => {
      const words = args.split(' ').filter(Boolean)
      const cache = args.includes('--quiet-cache') ? [`--sdr-cache-directory=${rig.dir}`] : []
      assert.match(quiet(await rig.freeipmi(program, ...words, ...cache)), prints)
    })
  }

  it('ipmi-chassis --chassis-control changes the power', async () => {
    quiet(await rig.freeipmi('ipmi-chassis', '--chassis-control=POWER-DOWN'))
    assert.equal(rig.bmc.chassis.isOn, false)
    quiet(await rig.freeipmi('ipmi-chassis', '--chassis-control=POWER-UP'))
    assert.match(quiet(await rig.freeipmi('ipmi-chassis', '--get-chassis-status')), /^System Power +: on\n/)
  })

  it('ipmi-sel shows events, and --clear empties the log', async () => {
    const sensor = rig.bmc.sensors.byName('CPU1 Temp')
    assert.ok(sensor?.kind === 'analog')
    rig.bmc.sensors.setValue(sensor, 95)
    const cache = ['--quiet-cache', `--sdr-cache-directory=${rig.dir}`]
    const listed = quiet(await rig.freeipmi('ipmi-sel', ...cache, '--output-event-state'))
    assert.match(
      listed,
      /CPU1 Temp +\| Temperature +\| Critical +\| Upper Critical - going high ; Sensor Reading = 95\.00 C ; Threshold = 92\.00 C/,
    )
    quiet(await rig.freeipmi('ipmi-sel', '--clear'))
    assert.equal(rig.bmc.sel.length, 0)
  })

  it('ipmipower turns off and on', async () => {
    assert.match(quiet(await rig.freeipmi('ipmipower', '--stat')), /: on\n$/)
    assert.match(quiet(await rig.freeipmi('ipmipower', '--off', '--wait-until-off')), /: ok\n$/)
    assert.equal(rig.bmc.chassis.isOn, false)
  })
})

describeNeeds('bmc-info')('FreeIPMI, by way of the BMC', () => {
  it('reads a satellite controller and its sensors, over IPMI 1.5 and 2.0', async () => {
    await using rig = await ClientRig.start({ config: steadyConfig({ satellites, sensors: [] }) })
    const target = (address: string) => ['--target-channel-number=0', `--target-slave-address=${address}`]
    const cache = ['--quiet-cache', '--sdr-cache-recreate', `--sdr-cache-directory=${rig.dir}`]
    // The last of two drivers counts.
    for (const driver of ['LAN', 'LAN_2_0']) {
      const how = ['-D', driver]
      const info = quiet(await rig.freeipmi('bmc-info', ...how, ...target('0x24'), '--get-device-id'))
      assert.match(info, /^Device ID +: 68\n/)
      const sensors = quiet(await rig.freeipmi('ipmi-sensors', ...how, ...cache, '--bridge-sensors'))
      assert.match(sensors, /Sat Temp +\| Temperature +\| 33\.00 +\| C +\| 'OK'\n$/)
      const nobody = await rig.freeipmi('bmc-info', ...how, ...target('0x26'), '--get-device-id')
      assert.match(nobody.stderr, /bad completion code/)
    }
  })
})

describeNeeds('ipmitool.py')('pyipmi', () => {
  it('reads device, sensors, SEL, FRU and chassis, and controls the power', async () => {
    await using rig = await ClientRig.start()
    const script = `
device = bmc.get_device_id()
print('device', device.device_id, device.fw_revision)
sdrs = list(bmc.sdr_repository_entries())
print('sdrs', len(sdrs))
for sdr in sdrs:
    if hasattr(sdr, 'convert_sensor_raw_to_value') and sdr.number == 1:
        raw, states = bmc.get_sensor_reading(sdr.number)
        print('cpu', sdr.convert_sensor_raw_to_value(raw))
print('sel', len(list(bmc.sel_entries())))
print('fru', bmc.get_fru_inventory_area_info(0))
print('power', bmc.get_chassis_status().power_on)
bmc.chassis_control_power_down()
print('power', bmc.get_chassis_status().power_on)
bmc.session.close()
`
    assert.equal(
      quiet(await rig.pyipmi(script)),
      'device 32 1.4\nsdrs 45\ncpu 50.0\nsel 0\nfru 1024\npower True\npower False\n',
    )
  })
})

describeNeeds('ipmitool')('ipmitool', () => {
  it('runs a file of commands in one session', async () => {
    await using rig = await ClientRig.start()
    const file = join(rig.dir, 'commands')
    writeFileSync(file, 'mc info\nchassis power status\nraw 6 1\n')
    const said = quiet(await rig.ipmitool('lanplus', 'exec', file))
    assert.match(said, /^Device ID +: 32\n[\s\S]*Chassis Power is on\n 20 01/)
  })

  it('reads sensors that are not linear', async () => {
    const head = { kind: 'analog' as const, unit: 'degrees C', type: 'Temperature' }
    const sensors = [
      {
        ...head,
        name: 'Curve',
        value: 150,
        curve: [
          [0, 0],
          [100, 50],
          [200, 250],
        ] as [number, number][],
      },
      { ...head, name: 'Cube', value: 27, linearization: 'cube' as const },
      { ...head, name: 'Below', value: -12, offset: -50, resolution: 0.5 },
    ]
    await using rig = await ClientRig.start({ config: steadyConfig({ sensors }) })
    const said = quiet(await rig.ipmitool('lanplus', 'sdr', 'list'))
    assert.match(
      said,
      /^Curve +\| 150 degrees C +\| ok\nCube +\| 27 degrees C +\| ok\nBelow +\| -12 degrees C +\| ok\n/,
    )
  })

  it('reaches a satellite controller and its sensors', async () => {
    await using rig = await ClientRig.start({ config: steadyConfig({ satellites }) })
    const bridged = ['-b', '0', '-t', '0x24']
    for (const how of ['lan', 'lanplus'] as const) {
      assert.match(quiet(await rig.ipmitool(how, ...bridged, 'mc', 'info')), /^Device ID +: 68\n/)
      assert.match(quiet(await rig.ipmitool(how, ...bridged, 'sdr', 'list')), /^Sat Temp +\| 33 degrees C/)
    }
    assert.match(quiet(await rig.ipmitool('lanplus', 'sdr', 'list')), /Sat Temp +\| 33 degrees C/)
    const twice = ['-B', '0', '-T', '0x24', '-b', '7', '-t', '0x72']
    for (const how of ['lan', 'lanplus'] as const) {
      assert.match(quiet(await rig.ipmitool(how, ...twice, 'mc', 'info')), /^Device ID +: 85\n/)
      assert.match(quiet(await rig.ipmitool(how, ...twice, 'sdr', 'list')), /^Module Temp +\| 33 degrees C/)
    }
    await using client = await connect(`lanplus://${admin.name}@${rig.host}:${rig.port}`, {
      password: admin.password,
    })
    const transit = { channel: 0, slaveAddr: 0x24 }
    const addr = { kind: 'ipmb' as const, channel: 7, slaveAddr: 0x72, lun: 0, transit }
    assert.equal((await client.run(GetDeviceId, {}, { addr })).deviceId, 0x55)
  })
})

/** Programs that only know port 623, which takes root. */
const wellKnownPort = process.getuid?.() === 0 ? needs('rmcpping') : { skip: 'port 623 is for root only' }

describe('many BMCs on port 623', wellKnownPort, () => {
  it('answer each at its own address, as itself', async () => {
    await using rig = await ClientRig.start({ count: 12, lan: { host: '127.44.0.250', port: 623 } })
    for (const program of ['rmcpping', 'ipmiping'])
      assert.match(quiet(await runProgram(program, ['-c', '1', '127.44.1.5'])), /1 (requests|pings) .* 1 /i)
    const guids = new Set<string>()
    for (const { host } of rig.service.lanServers) {
      const address = ['-I', 'lanplus', '-H', host, '-U', 'admin', '-P', 'secret123']
      const guid = quiet(await runProgram('ipmitool', [...address, 'mc', 'guid']))
      guids.add(guid.split('\n')[0]!)
    }
    assert.equal(guids.size, 12)
    const address = ['-I', 'lanplus', '-H', '127.44.1.5', '-U', 'admin', '-P', 'secret123']
    assert.match(
      quiet(await runProgram('ipmitool', [...address, 'fru', 'print', '0'])),
      /Product Serial +: SN11\n/,
    )
    assert.match(
      quiet(await runProgram('ipmitool', [...address, 'lan', 'print'])),
      /IP Address +: 127\.44\.1\.5\n/,
    )
  })
})
