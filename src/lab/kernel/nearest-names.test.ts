import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nearestNames } from './nearest-names.ts'

describe('the nearest names', () => {
  it('are those that are one slip of the fingers away', () => {
    assert.deepEqual(nearestNames('kcs_evnet', ['bt_event', 'kcs_event', 'smi_send']), ['kcs_event'])
  })

  it('prefer a name that contains what was typed', () => {
    const names = ['start_kcs_transaction', 'restart', 'start_next']
    assert.equal(nearestNames('kcs_transaction', names)[0], 'start_kcs_transaction')
  })

  it('are none when nothing is near', () => {
    assert.deepEqual(nearestNames('emergency_restart', ['x', 'smi_send']), [])
  })

  it('are no more than asked for', () => {
    assert.equal(nearestNames('ab', ['aba', 'abb', 'abc', 'abd'], 2).length, 2)
  })
})
