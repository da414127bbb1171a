import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ChassisControl, GetChassisStatus, SetFrontPanelButtonEnables } from '../protocol/commands/chassis.ts'
import { control } from './control.ts'
import { Fixture } from './testing.ts'
import { defaultConfig } from './world/default-world.ts'

/** What is wrong, of all that Get Chassis Status can tell. */
function told(fixture: Fixture): string[] {
  const { power, chassis } = fixture.run(GetChassisStatus, {})
  const { overload, interlock, fault, controlFault } = power
  const { intrusion, frontPanelLockout, driveFault, coolingFault } = chassis
  const all = {
    overload,
    interlock,
    fault,
    controlFault,
    intrusion,
    frontPanelLockout,
    driveFault,
    coolingFault,
  }
  return Object.entries(all).flatMap(([name, holds]) => (holds ? [name] : []))
}

function set(fixture: Fixture, name: string, to: { value: number | null } | { states: number[] | null }) {
  control([fixture.bmc], { do: 'sensor', name, ...to })
}

describe('the status of the chassis', () => {
  it('tells the faults that its sensors tell, each while it holds', () => {
    const fixture = new Fixture({}, defaultConfig)
    assert.deepEqual(told(fixture), [])
    for (const [name, states, fault] of [
      ['Intrusion', [0], 'intrusion'],
      ['Intrusion', [6], 'intrusion'],
      ['Drive 1', [0, 1], 'driveFault'],
      ['PSU1 Status', [0, 1], 'fault'],
      ['PSU2 Status', [0, 3], 'fault'],
      ['PS Redundancy', [5], 'fault'],
      ['Power Unit', [6], 'fault'],
      ['Power Unit', [5], 'controlFault'],
      ['Power Unit', [3], 'interlock'],
      ['Power Unit', [2], 'overload'],
    ] as const) {
      set(fixture, name, { states: [...states] })
      assert.deepEqual(told(fixture), [fault], `${name} ${states}`)
      set(fixture, name, { states: null })
      assert.deepEqual(told(fixture), [], name)
    }
  })

  it('tells no fault of what is a warning, of another kind, or somewhere else', () => {
    const fixture = new Fixture({}, defaultConfig)
    set(fixture, 'Intrusion', { states: [4, 5] })
    set(fixture, 'Drive 1', { states: [2] })
    set(fixture, 'PSU1 Status', { states: [0, 2] })
    set(fixture, 'PS Redundancy', { states: [1] })
    set(fixture, 'Power Unit', { states: [0] })
    set(fixture, 'CPU1 Status', { states: [0, 1] })
    set(fixture, 'CPU1 Temp', { value: 120 })
    set(fixture, 'Fan 1', { value: 1800 })
    assert.deepEqual(told(fixture), [])
  })

  it('tells a fan that is too slow, until it turns again or its host is off and it need not', () => {
    const fixture = new Fixture({}, defaultConfig)
    set(fixture, 'Fan 1', { value: 1100 })
    assert.deepEqual(told(fixture), ['coolingFault'])
    set(fixture, 'Fan 1', { value: null })
    assert.deepEqual(told(fixture), [])
    set(fixture, 'Fan 2', { value: 100 })
    assert.deepEqual(told(fixture), ['coolingFault'])
    fixture.run(ChassisControl, { action: 'powerDown' })
    assert.deepEqual(told(fixture), [])
  })

  it('takes a cooling device by its severity or its limit, as the sensor has it', () => {
    const cooling = { kind: 'discrete', type: 'Cooling Device' } as const
    const fixture = new Fixture(
      {},
      {
        sensors: [
          { ...cooling, name: 'Pump', eventType: 0x07 },
          { ...cooling, name: 'Flow', eventType: 0x05 },
        ],
      },
    )
    for (const [name, states, wanted] of [
      ['Pump', [1], []],
      ['Pump', [2], ['coolingFault']],
      ['Pump', [7], []],
      ['Flow', [0], []],
      ['Flow', [1], ['coolingFault']],
    ] as const) {
      set(fixture, name, { states: [...states] })
      assert.deepEqual(told(fixture), wanted, `${name} ${states}`)
    }
  })

  it('tells the front panel locked while neither power nor reset button does anything', () => {
    const fixture = new Fixture()
    const disable = { powerOff: true, reset: false, diagnosticInterrupt: true, standby: true }
    fixture.run(SetFrontPanelButtonEnables, { disable })
    assert.deepEqual(told(fixture), [])
    fixture.run(SetFrontPanelButtonEnables, { disable: { ...disable, reset: true } })
    assert.deepEqual(told(fixture), ['frontPanelLockout'])
  })
})
