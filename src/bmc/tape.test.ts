import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Tape } from '../machine/tape.ts'
import { Bmc } from './bmc.ts'

const record = (type: number) => Uint8Array.from({ length: 16 }, (_, at) => (at === 2 ? type : at))

describe('a BMC that is put back by its tape', () => {
  it('has the records, the clock and the times of that moment', () => {
    let nowMs = 1_000_000
    const bmc = new Bmc({ nowMs: () => nowMs })
    bmc.sel.time = 5000
    bmc.sel.utcOffset = 60
    bmc.sel.add(record(0x02))
    bmc.sel.setAuxiliaryLog(1, 7, Uint8Array.of(1))
    const look = () => ({
      records: bmc.sel.records.map(one => Buffer.from(one).toString('hex')),
      added: bmc.sel.lastAdded,
      erased: bmc.sel.lastErased,
      utcOffset: bmc.sel.utcOffset,
      aheadS: bmc.sel.time - Math.floor(nowMs / 1000),
      auxiliary: bmc.sel.auxiliaryLog(1),
    })
    const then = look()
    const tape = new Tape().rewind()
    bmc.save(tape)

    nowMs += 60_000
    bmc.sel.clear()
    bmc.sel.add(record(0xe0))
    bmc.sel.time = 9
    bmc.sel.utcOffset = undefined
    bmc.sel.setAuxiliaryLog(1, 8, Uint8Array.of(2))
    assert.notDeepEqual(look(), then)

    bmc.load(tape.rewind())
    assert.deepEqual(look(), then)
  })
})
