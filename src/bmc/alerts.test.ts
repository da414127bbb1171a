import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SetChannelAccess } from '../protocol/commands/channel.ts'
import { ChassisControl } from '../protocol/commands/chassis.ts'
import {
  AlertImmediate,
  ArmPefPostponeTimer,
  PetAcknowledge,
  SetLastProcessedEventId,
} from '../protocol/commands/pef.ts'
import { PefParameter } from '../protocol/parameters/pef.ts'
import { PefFixture } from './pef.test.fixture.ts'
import type { AlertPolicy } from './pef-parameters.ts'

const enabled = { type: 'software', enabled: true } as const
const control = { enabled: true, eventMessages: false, startupDelay: false, alertStartupDelay: false }

/** The first filter alerts by policy 1, of which these are the entries. */
function withPolicy(...entries: Partial<AlertPolicy>[]): PefFixture {
  const destinations = [7, 8, 9].map(last => ({ address: `192.0.2.${last}`, acknowledge: last === 8 }))
  const fixture = new PefFixture({ pef: { enabled: true, destinations } })
  for (const [i, entry] of entries.entries())
    fixture.set(PefParameter.alertPolicy, {
      set: i + 1,
      entry: {
        policy: { type: 'always', enabled: true, number: 1 },
        destination: { number: i + 1, channel: 1 },
        string: { key: 0, isEventSpecific: false },
        ...entry,
      },
    })
  return fixture
}

function setString(fixture: PefFixture, selector: number, text: string): void {
  const data = Buffer.alloc(64)
  data.write(text, 'latin1')
  for (let block = 1; block <= 4; block++)
    fixture.set(PefParameter.alertString, {
      set: selector,
      block,
      data: data.subarray((block - 1) * 16, block * 16),
    })
}

const textsOf = (fixture: PefFixture) =>
  fixture.traps.map(({ trap }) => Buffer.from(trap.custom.subarray(1, -1)).toString('latin1'))
const addressesOf = (fixture: PefFixture) => fixture.traps.map(({ address }) => address.at(-1))

describe('an alert', () => {
  it("carries the string that its policy names, or that its filter's keys lead to", () => {
    const fixture = withPolicy(
      { string: { key: 2, isEventSpecific: false } },
      { string: { key: 5, isEventSpecific: true } },
      { string: { key: 6, isEventSpecific: true } },
    )
    setString(fixture, 2, 'call the night shift, extension 4711')
    setString(fixture, 3, 'too hot')
    fixture.set(PefParameter.alertStringKeys, { set: 3, eventFilter: 1, alertStringSet: 5 })
    fixture.set(PefParameter.alertStringKeys, { set: 4, eventFilter: 2, alertStringSet: 6 })
    fixture.setCpu(95)
    assert.deepEqual(textsOf(fixture), ['call the night shift, extension 4711', 'too hot', ''])
    assert.deepEqual([...fixture.traps[2]!.trap.custom], [0xc1])
    const { custom, languageCode } = fixture.traps[1]!.trap
    assert.deepEqual([custom[0], custom.at(-1), languageCode], [0xc0 | 7, 0xc1, 25])
  })

  it('has room for 62 letters, and one alone does not look like the end', () => {
    const fixture = withPolicy({ string: { key: 1, isEventSpecific: false } })
    setString(fixture, 1, 'x'.repeat(64))
    fixture.setCpu(95)
    assert.equal(fixture.traps[0]!.trap.custom.length, 64)
    setString(fixture, 1, '!')
    fixture.setCpu(40)
    assert.equal(
      textsOf(fixture).findLast(text => text.startsWith('!')),
      '! ',
    )
  })

  it('that arrived is not sent to who is next only if it fails', () => {
    const next = { type: 'nextIfFailed', enabled: true, number: 1 } as const
    const first = withPolicy({}, { policy: next }, {})
    first.setCpu(95)
    assert.deepEqual(addressesOf(first), ['7', '9'], 'but to who is always told')
    const stop = withPolicy({}, { policy: { ...next, type: 'stopIfFailed' } }, {})
    stop.setCpu(95)
    assert.deepEqual(addressesOf(stop), ['7'])
    const nowhere = withPolicy({ destination: { number: 4, channel: 1 } }, { policy: next })
    nowhere.setCpu(95)
    assert.deepEqual(addressesOf(nowhere).slice(0, 1), ['8'])
  })

  it('goes to the next one when it is not acknowledged, and not when it is', () => {
    const next = { policy: { type: 'nextIfFailed', enabled: true, number: 1 } } as const
    const hidden = { policy: { type: 'always', enabled: false, number: 1 } } as const
    const fixture = withPolicy(hidden, {}, next)
    fixture.setCpu(95)
    fixture.pass(60)
    assert.deepEqual(addressesOf(fixture), ['8', '8', '8', '8', '9'])
    fixture.setCpu(40)
    const { sequenceNumber } = fixture.traps.at(-1)!.trap
    const event = { localTimestamp: 0, eventSourceType: 0x20, sensorDevice: 0x20, sensorNumber: 1 }
    fixture.run(PetAcknowledge, { ...event, sequenceNumber, eventData: new Uint8Array(3) })
    fixture.pass(60)
    assert.deepEqual(addressesOf(fixture).slice(5), ['8'])
  })

  it('of a filter goes nowhere while the channel has alerting disabled, one that is asked for at once does', () => {
    const fixture = withPolicy({})
    const access = (pefAlertingDisabled: boolean) =>
      fixture.run(SetChannelAccess, {
        channel: 1,
        access: {
          mode: 'always',
          userLevelAuthenticationDisabled: false,
          perMessageAuthenticationDisabled: false,
          pefAlertingDisabled,
          change: 'volatile',
        },
        limit: { privilege: 'admin', change: 'keep' },
      })
    access(true)
    fixture.setCpu(95)
    assert.deepEqual(addressesOf(fixture), [])
    const alert = { destination: 1, operation: 'initiate' as const }
    fixture.run(AlertImmediate, { channel: 1, alert, string: { selector: 0, send: false } })
    assert.deepEqual(addressesOf(fixture), ['7'])
    access(false)
    fixture.setCpu(40)
    assert.deepEqual(addressesOf(fixture), ['7', '7', '8', '9'])
  })

  it('that is asked for at once carries an event and a string of its own', () => {
    const fixture = withPolicy({})
    setString(fixture, 4, 'a drill')
    const event = {
      generatorId: 0x41,
      evmRev: 4,
      sensorType: 0x12,
      sensorNumber: 9,
      event: { type: 0x6f, deassertion: false },
      data: Uint8Array.of(1, 2, 3),
    }
    const alert = { destination: 1, operation: 'initiate' as const }
    fixture.run(AlertImmediate, { channel: 1, alert, string: { selector: 4, send: true }, event })
    const { trap } = fixture.traps[0]!
    assert.deepEqual([trap.sensorType, trap.sensorNumber, trap.sensorDevice, trap.offset], [0x12, 9, 0x41, 1])
    assert.deepEqual(textsOf(fixture), ['a drill'])
  })
})

describe('filtering that is held back', () => {
  it('goes on with what came meanwhile once the postponement ends', () => {
    const fixture = withPolicy({}, { policy: { type: 'always', enabled: false, number: 1 } })
    fixture.run(ArmPefPostponeTimer, { timer: 10 })
    fixture.setCpu(95)
    fixture.pass(5)
    assert.deepEqual(addressesOf(fixture), [])
    fixture.pass(6)
    assert.equal(fixture.run(ArmPefPostponeTimer, { timer: 'getPresent' }).seconds, 0)
    assert.deepEqual(addressesOf(fixture), ['7', '9'])
    fixture.run(ArmPefPostponeTimer, { timer: 'temporaryDisable' })
    fixture.setCpu(40)
    fixture.pass(600)
    assert.equal(fixture.traps.length, 2)
    fixture.run(ArmPefPostponeTimer, { timer: 'disable' })
    assert.equal(fixture.traps.length, 4)
  })

  it('leaves out what software says it has seen to', () => {
    const fixture = withPolicy({}, { policy: { type: 'always', enabled: false, number: 1 } })
    fixture.run(ArmPefPostponeTimer, { timer: 10 })
    for (const value of [95, 40, 96]) fixture.setCpu(value)
    fixture.run(SetLastProcessedEventId, { by: 'software', recordId: 2 })
    fixture.pass(11)
    assert.deepEqual(
      fixture.traps.map(({ trap }) => trap.eventData[1]),
      [96, 96],
    )
  })

  it('waits for a host that has just been started, and alerts wait for their own time', () => {
    const fixture = withPolicy({}, { policy: { type: 'always', enabled: false, number: 1 } })
    const { filter } = fixture.filter(2)
    fixture.changeFilter(2, {
      configuration: enabled,
      actions: { ...filter.actions, diagnosticInterrupt: true },
    })
    fixture.set(PefParameter.control, { ...control, startupDelay: true, alertStartupDelay: true })
    fixture.set(PefParameter.startupDelaySeconds, 20)
    fixture.set(PefParameter.alertStartupDelaySeconds, 40)
    fixture.pass(60)
    fixture.setCpu(95)
    assert.deepEqual([fixture.actions, addressesOf(fixture)], [['nmi'], ['7', '9']])
    fixture.run(ChassisControl, { action: 'hardReset' })
    fixture.setCpu(40)
    fixture.pass(19)
    assert.deepEqual(
      [fixture.actions, addressesOf(fixture)],
      [
        ['nmi', 'hardReset'],
        ['7', '9'],
      ],
    )
    fixture.pass(2)
    assert.deepEqual(
      [fixture.actions, addressesOf(fixture)],
      [
        ['nmi', 'hardReset', 'nmi'],
        ['7', '9'],
      ],
    )
    fixture.pass(20)
    assert.deepEqual(addressesOf(fixture), ['7', '9', '7', '9'])
  })
})

describe('what filtering does', () => {
  it('is an event too where that is asked for, and no such event is filtered', () => {
    const fixture = withPolicy({}, { policy: { type: 'always', enabled: false, number: 1 } })
    const { filter } = fixture.filter(2)
    fixture.changeFilter(2, { configuration: enabled, actions: { ...filter.actions, reset: true } })
    fixture.set(PefParameter.control, { ...control, eventMessages: true })
    fixture.setCpu(95)
    const [, report] = fixture.events
    assert.deepEqual(
      [report?.sensorType, report?.event.type, [...report!.data]],
      [0x12, 0x6f, [0xc4, 0x05, 0xff]],
    )
    assert.equal(fixture.events.length, 2)
    assert.deepEqual(addressesOf(fixture), ['7', '9'])
  })

  it('is only what parameter 2 allows', () => {
    const fixture = withPolicy({})
    const { filter } = fixture.filter(2)
    const actions = { ...filter.actions, powerCycle: true, reset: true }
    fixture.changeFilter(2, { configuration: enabled, actions })
    const none = { alert: false, powerDown: false, reset: false, powerCycle: false, oem: false }
    fixture.set(PefParameter.actions, { ...none, reset: true, diagnosticInterrupt: false })
    fixture.setCpu(95)
    assert.deepEqual([fixture.actions, addressesOf(fixture)], [['hardReset'], []])
  })
})
