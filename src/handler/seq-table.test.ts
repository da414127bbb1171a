import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HandlerMsg } from './handler-msg.ts'
import { SEQ_TABLE_SIZE, SeqTable } from './seq-table.ts'

function added(table: SeqTable): HandlerMsg {
  const msg = new HandlerMsg(0, 8)
  msg.rqSeq = table.add(msg)
  return msg
}

describe('the sequence table', () => {
  it('gives a number again only after all others, so that a late answer finds nobody', () => {
    const table = new SeqTable()
    const given: number[] = []
    for (let count = 0; count < 2 * SEQ_TABLE_SIZE; count++) {
      const msg = added(table)
      given.push(msg.rqSeq)
      table.remove(msg)
      assert.equal(table.at(msg.rqSeq), null)
    }
    const circle = Array.from({ length: SEQ_TABLE_SIZE }, (_, number) => number)
    assert.deepEqual(given, [...circle, ...circle])
    assert.equal(table.used, 0)
  })

  it('passes over numbers in use, and has none left when all are', () => {
    const table = new SeqTable()
    const all = Array.from({ length: SEQ_TABLE_SIZE }, () => added(table))
    assert.equal(new Set(all.map(msg => msg.rqSeq)).size, SEQ_TABLE_SIZE)
    assert.equal(added(table).rqSeq, -1)
    table.remove(all[5]!)
    assert.equal(added(table).rqSeq, 5)
  })

  it('forgets a number once, whoever asks again', () => {
    const table = new SeqTable()
    const first = added(table)
    table.remove(first)
    table.remove(first)
    assert.equal(table.used, 0)
  })
})
