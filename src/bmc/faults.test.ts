import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { GetDeviceId } from '../protocol/commands/device.ts'
import { GetSelInfo, GetSelTime } from '../protocol/commands/sel.ts'
import { control } from './control.ts'
import { type FaultKind, Faults, faultKinds, parseFault } from './faults.ts'
import { Fixture } from './testing.ts'

/** Faults in virtual time; a draw is always below a share. */
function newFaults(...texts: string[]) {
  const clock = { nowMs: 0 }
  const later: { delayMs: number; action: () => void }[] = []
  const faults = new Faults({
    random: () => 0.5,
    nowMs: () => clock.nowMs,
    later: (delayMs, action) => later.push({ delayMs, action }),
  })
  for (const text of texts) faults.set(parseFault(text))
  const sent: number[][] = []
  const heard: number[][] = []
  const transmit = (...bytes: number[]) => faults.transmit(Uint8Array.from(bytes), out => sent.push([...out]))
  const receive = (...bytes: number[]) =>
    faults.receive(Uint8Array.from(bytes), into => heard.push([...into]))
  return { faults, clock, later, sent, heard, transmit, receive }
}

describe('a fault', () => {
  it('of each kind does to bytes what it is called', () => {
    const cases: [string, number[][], number[][]][] = [
      ['silent', [], [[1, 2]]],
      ['lossy=1', [], []],
      [
        'duplicate=1',
        [
          [1, 2, 3, 4],
          [1, 2, 3, 4],
        ],
        [[1, 2]],
      ],
      ['truncated=1', [[1, 2]], [[1, 2]]],
      ['checksum=1', [[1, 2, 3, 5]], [[1, 2]]],
      ['lossy=0.4', [[1, 2, 3, 4]], [[1, 2]]],
    ]
    for (const [text, wantedSent, wantedHeard] of cases) {
      const { transmit, receive, sent, heard } = newFaults(text)
      transmit(1, 2, 3, 4)
      receive(1, 2)
      assert.deepEqual([sent, heard], [wantedSent, wantedHeard], text)
    }
  })

  it('called late holds answers back by so much', () => {
    const { transmit, sent, later } = newFaults('late=300')
    transmit(1)
    assert.deepEqual(sent, [])
    assert.deepEqual(
      later.map(({ delayMs }) => delayMs),
      [300],
    )
    later[0]!.action()
    assert.deepEqual(sent, [[1]])
  })

  it('called reboot strikes at each n-th request, and the BMC is dead for a while', () => {
    const { faults, clock, transmit, receive, sent, heard } = newFaults('reboot=3')
    assert.deepEqual([faults.strike(), faults.strike(), faults.strike()], ['execute', 'execute', 'reboot'])
    transmit(1)
    receive(2)
    assert.deepEqual([sent, heard], [[], []])
    clock.nowMs += 2000
    receive(2)
    assert.deepEqual(heard, [[2]])
  })

  it('that is not one, or has no number that fits, is refused', () => {
    for (const text of [
      '',
      'slow',
      'late',
      'late=',
      'late=-1',
      'late=x',
      'lossy=2',
      'busy=0',
      'silent=1',
      'reboot=1.5',
      // Longer than a timer can run, and it would run out at once.
      'late=3000000000',
      'constructor=1',
      'hasOwnProperty=2',
      'toString',
    ])
      assert.throws(() => parseFault(text), { code: 'FAULT' }, text)
    for (const kind of Object.keys(faultKinds) as FaultKind[]) {
      const text = faultKinds[kind] === null ? kind : `${kind}=1`
      assert.deepEqual(parseFault(text), { kind, value: 1 })
    }
    assert.equal(parseFault('clock=-86400').value, -86_400)
  })
})

describe('a BMC with a fault', () => {
  it('answers that it is busy, or that it took too long', () => {
    const fixture = new Fixture()
    fixture.bmc.addFault(parseFault('busy=1'))
    assert.equal(fixture.code(GetDeviceId, {}), 0xc0)
    fixture.bmc.clearFaults('busy')
    fixture.bmc.addFault(parseFault('timeout=1'))
    assert.equal(fixture.code(GetDeviceId, {}), 0xc3)
    fixture.bmc.clearFaults()
    assert.equal(fixture.code(GetDeviceId, {}), 0)
    assert.equal(fixture.bmc.faults, null)
  })

  it('has no room in its SEL, a clock that is wrong, reboots, and is itself again afterwards', () => {
    const fixture = new Fixture()
    fixture.bmc.addFault(parseFault('sel-full'))
    assert.throws(() => fixture.add(1), { completionCode: 0xc4 })
    assert.equal(fixture.run(GetSelInfo, {}).freeBytes, 0)
    fixture.bmc.addFault(parseFault('clock=-3600'))
    assert.equal(fixture.run(GetSelTime, {}).time, 1_700_000_000 - 3600)
    fixture.bmc.clearFaults()
    assert.equal(fixture.run(GetSelTime, {}).time, 1_700_000_000)
    fixture.add(1)
    fixture.bmc.addFault(parseFault('reboot=2'))
    fixture.run(GetDeviceId, {})
    fixture.run(GetDeviceId, {})
    assert.deepEqual(fixture.resets, ['cold'])
  })
})

describe('the control of running BMCs', () => {
  const config = {
    sensors: [
      {
        kind: 'analog' as const,
        name: 'CPU',
        type: 1,
        unit: 1,
        value: 40,
        thresholds: { upperCritical: 90 },
      },
      { kind: 'discrete' as const, name: 'Drive', type: 13, states: [0] },
    ],
  }

  it('sets sensors by hand, faults and power, and says what is not there', () => {
    const fixture = new Fixture({}, config)
    const ask = (request: unknown) => control([fixture.bmc], request)
    assert.deepEqual(ask({ do: 'sensor', name: 'CPU', value: 95 }), { name: 'CPU', raw: 95, present: 16 })
    assert.equal(fixture.events.length, 1)
    assert.deepEqual(ask({ do: 'sensor', name: 'Drive', states: [0, 1] }), {
      name: 'Drive',
      raw: 0,
      present: 3,
    })
    assert.deepEqual(ask({ do: 'sensor', name: 'CPU', value: null }), { name: 'CPU', raw: 40, present: 0 })
    assert.deepEqual(ask({ do: 'fault', fault: 'late=20' }), { faults: ['late=20'] })
    assert.deepEqual(ask({ do: 'clearFault' }), { faults: [] })
    assert.deepEqual(ask({ do: 'power', action: 'powerDown' }), { power: 'off', selEntries: 3, faults: [] })
    for (const request of [
      { do: 'sensor', name: 'Fan', value: 1 },
      { do: 'sensor', name: 'CPU', states: [1] },
      { do: 'nothing' },
      { do: 'status', bmc: 1 },
      { do: 'power', action: 'hardReset' },
      { do: 'clearFault', kind: 'slow' },
      { do: 'clearFault', kind: 'toString' },
      { do: 'sensor', name: 'Drive', states: [0, 14] },
      { do: 'unlock', user: 'nobody' },
      7,
    ])
      assert.throws(() => ask(request), { code: 'CONTROL' })
  })

  it('leaves no state out that the sensor does not have, but says which it has', () => {
    const drive = { kind: 'discrete' as const, name: 'Drive', type: 13, states: [0], supports: [0, 1, 5] }
    const { bmc } = new Fixture({}, { sensors: [drive] })
    assert.throws(() => control([bmc], { do: 'sensor', name: 'Drive', states: [1, 14] }), {
      code: 'CONTROL',
      message: "sensor 'Drive' has no state 14, it has 0, 1, 5",
    })
    assert.equal(bmc.sensors.read(bmc.sensors.byName('Drive')!).present, 1)
  })
})
