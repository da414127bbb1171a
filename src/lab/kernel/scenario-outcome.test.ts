import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isFailure, outcomeOf } from './scenario.ts'

const said = 'Fatal exception'

describe('the outcome of a run', () => {
  it('is recorded when the SEL says what the console said, all of it', () => {
    assert.equal(outcomeOf('reset', said, { text: said, hasGap: false }), 'recorded')
    // The SEL's text is read without the blanks at its end.
    assert.equal(outcomeOf('reset', `${said} `, { text: said, hasGap: false }), 'recorded')
  })

  it('is incomplete when a part is missing, is another, or when nothing was said or recorded', () => {
    assert.equal(outcomeOf('reset', said, { text: said, hasGap: true }), 'incomplete')
    assert.equal(outcomeOf('reset', said, { text: 'Fatal', hasGap: false }), 'incomplete')
    assert.equal(outcomeOf('reset', said, undefined), 'incomplete')
    assert.equal(outcomeOf('reset', '', { text: '', hasGap: false }), 'incomplete')
  })

  it('is a hang though the record is whole', () => {
    assert.equal(outcomeOf('hang', said, { text: said, hasGap: false }), 'hang')
  })
})

describe('a run', () => {
  it('fails when the last words are not whole though the BMC answers, and when it hangs', () => {
    assert.equal(isFailure({ bmcAnswers: true, outcome: 'incomplete' }), true)
    assert.equal(isFailure({ bmcAnswers: true, outcome: 'hang' }), true)
  })

  it('does not fail when all is recorded, or when a dead BMC recorded nothing', () => {
    assert.equal(isFailure({ bmcAnswers: true, outcome: 'recorded' }), false)
    assert.equal(isFailure({ bmcAnswers: false, outcome: 'incomplete' }), false)
    assert.equal(isFailure({ bmcAnswers: false, outcome: 'hang' }), false)
  })
})
