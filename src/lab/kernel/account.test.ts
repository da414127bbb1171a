import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Account } from './account.ts'
import { trafficRecord } from './traffic.ts'

function accountOf(serials: readonly number[]): Account {
  const account = new Account(() => 0)
  for (const serial of serials) account.note(Uint8Array.of(0x28, 0x44, ...trafficRecord(serial)))
  return account
}

describe('the account of a kernel’s requests', () => {
  it('finds nothing lost and nothing doubled where each came once, in whatever order', () => {
    const { lost, doubled, highestSerial } = accountOf([2, 1, 4, 3])
    assert.deepEqual([lost, doubled, highestSerial], [0, 0, 4])
  })

  it('counts each serial number below the highest that never came', () => {
    assert.equal(accountOf([1, 2, 5, 8]).lost, 4)
    assert.equal(accountOf([3]).lost, 2)
    assert.equal(accountOf([]).lost, 0)
  })

  it('counts each serial number that came more than once, once', () => {
    const account = accountOf([1, 2, 2, 3, 3, 3])
    assert.equal(account.doubled, 2)
    assert.equal(account.timesExecuted(3), 3)
    assert.equal(account.lost, 0)
  })

  it('counts requests that are none of the traffic’s as requests only', () => {
    const account = accountOf([1])
    account.note(Uint8Array.of(0x18, 0x01))
    assert.deepEqual([account.requests, account.lost, account.doubled], [2, 0, 0])
  })

  it('forgets what came after the moment to which a machine is put back', () => {
    const account = accountOf([1, 2])
    const moment = account.snapshot()
    account.note(Uint8Array.of(0x28, 0x44, ...trafficRecord(2)))
    account.note(Uint8Array.of(0x28, 0x44, ...trafficRecord(7)))
    assert.deepEqual([account.lost, account.doubled], [4, 1])
    account.restore(moment)
    assert.deepEqual([account.lost, account.doubled, account.highestSerial], [0, 0, 2])
  })
})
