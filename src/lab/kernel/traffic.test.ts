import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { trafficExecFile, trafficRecord, trafficRecordType, trafficSerial } from './traffic.ts'

describe('the traffic', () => {
  it('numbers each record, so that a BMC can count how often it was executed', () => {
    for (const serial of [0, 1, 0x1234, 0xffffffff])
      assert.equal(trafficSerial(trafficRecord(serial)), serial)
  })

  it('is told from other records by its type', () => {
    const record = trafficRecord(7)
    assert.equal(record.length, 16)
    record[2] = trafficRecordType + 1
    assert.equal(trafficSerial(record), undefined)
    assert.equal(trafficSerial(new Uint8Array(3)), undefined)
  })

  it('is a line of ipmitool for each request, starting where it is told', () => {
    const lines = trafficExecFile(3, 0x100).trimEnd().split('\n')
    assert.equal(lines.length, 3)
    assert.match(lines[1]!, /^raw 0x0a 0x44 0x00 0x00 0xe1 0x01 0x01 0x00 0x00 /)
    assert.ok(lines.every(line => line.split(' ').length === 1 + 2 + 16))
  })
})
