import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { thresholdNames } from '../../protocol/sensor/event-types.ts'
import { unitName } from '../../protocol/sensor/units.ts'
import { describeNeeds } from '../kernel/needs-programs.ts'
import { admin, ClientRig, quiet, steadyConfig, watcher } from './client-rig.ts'

const config = steadyConfig({
  name: 'unit-{n}',
  device: {
    id: 0x31,
    revision: 2,
    firmware: '3.07',
    manufacturerId: 10876,
    productId: 0x0815,
    guid: '123456789abc4def8123456789abcdef',
  },
  sel: { capacity: 700 },
  lan: {
    address: '192.0.2.17',
    subnetMask: '255.255.252.0',
    gateway: '192.0.2.1',
    mac: '02:11:22:33:44:55',
    community: 'fleet',
    ipmi15: ['none', 'md5', 'password'],
    cipherSuites: [3, 8, 17],
  },
  power: { restorePolicy: 'alwaysOn' },
  dcmi: { watts: 217, assetTag: 'shelf9' },
})

/** Thresholds as clients print them: the lower ones from the worst on, then the upper ones. */
const printedThresholds = [...thresholdNames.slice(0, 3).reverse(), ...thresholdNames.slice(3)]

/** A sensor as a client shows it; undefined: no such thing. */
interface Shown {
  name: string
  value: number | undefined
  /** Of a discrete sensor, one bit each. */
  states: number | undefined
  thresholds: (number | undefined)[]
}

const numberOrNone = (text: string) => (Number.isNaN(Number(text)) ? undefined : Number(text))

/** All that can be read is what the configuration says, as exactly as the reading's steps allow. */
function assertSensors(shown: Shown[], read: 'withStates' | 'withoutStates'): void {
  const configured = config.sensors.filter(sensor => sensor.kind !== 'eventOnly')
  assert.deepEqual(
    shown.map(({ name }) => name),
    configured.map(({ name }) => name),
  )
  for (const [i, sensor] of configured.entries()) {
    const { value, states, thresholds } = shown[i]!
    if (sensor.kind === 'discrete') {
      if (read === 'withoutStates') continue
      const now = 'on' in sensor.states ? sensor.states.on : (sensor.states as number[])
      assert.equal(
        states,
        now.reduce((mask, state) => mask | (1 << state), 0),
        sensor.name,
      )
      continue
    }
    if (sensor.kind !== 'analog') continue
    // The square of a reading has steps that grow with it.
    const step = sensor.linearization === 'linear' ? sensor.resolution : 2
    const isNear = (actual: number | undefined, wanted: number | undefined) =>
      actual === undefined || wanted === undefined
        ? actual === wanted
        : Math.abs(actual - wanted) <= step / 2 + 1e-9
    assert.ok(isNear(value, sensor.value as number), `${sensor.name}: ${value}`)
    for (const [j, name] of printedThresholds.entries())
      assert.ok(isNear(thresholds[j], sensor.thresholds[name]), `${sensor.name} ${name}: ${thresholds[j]}`)
  }
}

/** Of lines such as `Name : value`, the value of each name. */
function valuesOf(text: string): Map<string, string> {
  const pairs = text.split('\n').map(line => /^\s*(.*?)\s*: (.*?)\s*$/.exec(line))
  return new Map(pairs.flatMap(pair => (pair === null ? [] : [[pair[1]!, pair[2]!] as const])))
}

function assertHas(values: Map<string, string>, wanted: Readonly<Record<string, string>>): void {
  assert.deepEqual(Object.fromEntries(Object.keys(wanted).map(name => [name, values.get(name)])), wanted)
}

describeNeeds(
  'ipmitool',
  'bmc-info',
  'ipmitool.py',
)('what clients show is the configuration:', () => {
  let rig: ClientRig
  before(async () => {
    rig = await ClientRig.start({ config })
  })
  after(() => rig[Symbol.asyncDispose]())
  const ipmitool = async (...args: string[]) => quiet(await rig.ipmitool('lanplus', ...args))
  const freeipmi = async (program: string, ...args: string[]) => quiet(await rig.freeipmi(program, ...args))
  const cached = () => ['--quiet-cache', `--sdr-cache-directory=${rig.dir}`]

  it('each sensor, its value or states and its thresholds, by ipmitool sensor list', async () => {
    const rows = (await ipmitool('sensor', 'list')).trim().split('\n')
    const shown = rows.map(row => {
      const [name, value, unit, state, ...thresholds] = row.split('|').map(word => word.trim())
      const isDiscrete = unit === 'discrete'
      const bits = Number(state)
      return {
        name: name!,
        value: isDiscrete ? undefined : numberOrNone(value!),
        states: isDiscrete ? (bits >> 8) | ((bits & 0x7f) << 8) : undefined,
        thresholds: thresholds.map(numberOrNone),
      }
    })
    assertSensors(shown, 'withStates')
    const units = rows.map(row => row.split('|')[2]!.trim())
    for (const [i, sensor] of config.sensors.entries())
      if (sensor.kind === 'analog') assert.equal(units[i]!.toLowerCase(), unitName(sensor.unit).toLowerCase())
  })

  it('the same by ipmi-sensors', async () => {
    const how = ['--comma-separated-output', '--no-header-output', '--output-sensor-thresholds']
    const rows = (await freeipmi('ipmi-sensors', ...cached(), ...how)).trim().split('\n')
    const shown = rows.map(row => {
      const [, name, , value, , ...rest] = row.split(',')
      return {
        name: name!,
        value: numberOrNone(value!),
        states: undefined,
        thresholds: rest.slice(0, 6).map(numberOrNone),
      }
    })
    assertSensors(shown, 'withoutStates')
  })

  it('the same by pyipmi', async () => {
    const script = `
for sdr in bmc.sdr_repository_entries():
    if hasattr(sdr, 'convert_sensor_raw_to_value'):
        raw, states = bmc.get_sensor_reading(sdr.number)
        print(sdr.number, sdr.convert_sensor_raw_to_value(raw))
bmc.session.close()
`
    const rows = quiet(await rig.pyipmi(script))
      .trim()
      .split('\n')
    const values = new Map(rows.map(row => row.split(' ').map(Number) as [number, number]))
    for (const sensor of config.sensors) {
      if (sensor.kind !== 'analog' || sensor.linearization !== 'linear') continue
      const value = values.get(rig.bmc.sensors.byName(sensor.name)!.number)
      assert.ok(value !== undefined, sensor.name)
      assert.ok(Math.abs(value - (sensor.value as number)) <= sensor.resolution / 2 + 1e-9, sensor.name)
    }
  })

  it('each field of each FRU, by ipmitool fru print and ipmi-fru', async () => {
    const said = [await ipmitool('fru', 'print'), await freeipmi('ipmi-fru', ...cached())]
    const texts = config.frus.flatMap(({ chassis, board, product }) =>
      [chassis, board, product].flatMap(area =>
        Object.values(area ?? {}).filter(value => typeof value === 'string' && !/Z$/.test(value)),
      ),
    )
    assert.equal(texts.length, 24)
    for (const text of texts.filter(Boolean))
      for (const words of said)
        assert.ok(words.includes(`: ${String(text).replace('{n}', '0')}\n`), String(text))
  })

  it('who it is, by mc info, mc guid and bmc-info', async () => {
    assertHas(valuesOf(await ipmitool('mc', 'info')), {
      'Device ID': '49',
      'Device Revision': '2',
      'Firmware Revision': '3.07',
      'Manufacturer ID': '10876',
      'Product ID': '2069 (0x0815)',
    })
    assertHas(valuesOf(await freeipmi('bmc-info')), {
      'Device ID': '49',
      'Device Revision': '2',
      'Firmware Revision': '3.07',
      'Product ID': '2069',
      'System Name': 'unit-0',
    })
    for (const said of [await ipmitool('mc', 'guid'), await freeipmi('bmc-info', '--get-device-guid')])
      assert.equal(
        /[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}/i.exec(said)![0].replaceAll('-', '').toLowerCase(),
        config.device.guid,
      )
  })

  it('the network, by lan print and ipmi-config', async () => {
    assertHas(valuesOf(await ipmitool('lan', 'print', '1')), {
      'IP Address': '192.0.2.17',
      'Subnet Mask': '255.255.252.0',
      'Default Gateway IP': '192.0.2.1',
      'MAC Address': '02:11:22:33:44:55',
      'SNMP Community String': 'fleet',
      'Cipher Suite Priv Max': 'XXXaXXXXaXXXXXX',
    })
    const said = await freeipmi('ipmi-config', '--checkout', '-S', 'Lan_Conf')
    const lines = said.split('\n').map(line => line.trim().split(/\s+/))
    assertHas(
      new Map(lines.flatMap(([name, value, more]) => (value && !more ? [[name!, value] as const] : []))),
      {
        IP_Address: '192.0.2.17',
        Subnet_Mask: '255.255.252.0',
        Default_Gateway_IP_Address: '192.0.2.1',
        MAC_Address: '02:11:22:33:44:55',
      },
    )
    assert.match(
      await freeipmi('ipmi-config', '--category=pef', '--checkout', '-S', 'Community_String'),
      /Community_String +fleet\n/,
    )
    const suites = (await ipmitool('channel', 'getciphers', 'ipmi', '1')).match(/^\d+/gm)
    assert.deepEqual(suites, ['3', '8', '17'])
  })

  it('the users and their levels, by user list and ipmi-config', async () => {
    const rows = (await ipmitool('-c', 'user', 'list', '1')).trim().split('\n')
    assert.deepEqual(
      rows.map(row => row.split(',')).flatMap(([id, name, , , , level]) => (name ? [[id, name, level]] : [])),
      [
        ['2', admin.name, 'ADMINISTRATOR'],
        ['3', watcher.name, 'USER'],
      ],
    )
    assert.match(
      await freeipmi('ipmi-config', '--checkout', '-S', 'User3'),
      /Username +watch\n[\s\S]*Enable_User +Yes\n[\s\S]*Lan_Privilege_Limit +User\n/,
    )
  })

  it('the log, the chassis and the power, by sel info, ipmi-sel, chassis status and dcmi', async () => {
    assertHas(valuesOf(await ipmitool('sel', 'info')), { Entries: '0', '# of Alloc Units': '700' })
    assertHas(valuesOf(await freeipmi('ipmi-sel', '--info')), { 'Number of log entries': '0' })
    assertHas(valuesOf(await ipmitool('chassis', 'status')), { 'Power Restore Policy': 'always-on' })
    assert.match(
      await freeipmi('ipmi-config', '--checkout', '--category=chassis'),
      /Power_Restore_Policy +On_State_AC_Apply\n/,
    )
    assert.match(await ipmitool('dcmi', 'power', 'reading'), /Instantaneous power reading: +217 Watts/)
    assert.match(await freeipmi('ipmi-dcmi', '--get-system-power-statistics'), /Current Power +: 217 Watts\n/)
    assert.match(await ipmitool('dcmi', 'asset_tag'), /Asset tag: shelf9/i)
    assert.match(await freeipmi('ipmi-dcmi', '--get-asset-tag'), /^shelf9\n/)
  })
})
