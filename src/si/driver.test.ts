import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MsgHandler } from '../handler/handler.ts'
import { Trace } from '../machine/trace.ts'
import { SiDriver } from './driver.ts'
import type { SiMachine } from './machine.ts'
import { Fault, SiResult } from './smi-msg.ts'

/** A machine whose BMC always has one more thing for it to do at once. */
function restlessMachine(): SiMachine & { turns: number } {
  return {
    name: 'kcs',
    turns: 0,
    start: () => Fault.None,
    event() {
      if (++this.turns > 1_000_000) throw new Error('nobody stopped it')
      return SiResult.CallWithoutDelay
    },
    takeResponse: () => 0,
    fault: Fault.None,
    attention: false,
    settle: () => {},
    abandon: () => {},
    isIdle: false,
    detect: () => true,
    describe: () => '',
    save: () => {},
    load: () => {},
  }
}

describe('the driver', () => {
  it('gives the processor back in bounded time though its machine never rests', () => {
    const machine = restlessMachine()
    const trace = new Trace()
    const driver = new SiDriver(machine, trace)
    new MsgHandler(driver, trace).createUser()
    assert.equal(driver.poll(0), SiResult.CallWithTickDelay)
    assert.ok(machine.turns <= 20_000, `${machine.turns} turns`)
    driver.poll(1000)
    assert.ok(machine.turns <= 40_000, `${machine.turns} turns`)
  })
})
