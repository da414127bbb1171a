import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RqSeqs } from './rq-seqs.ts'

/** All 64 numbers given out and released, each of which may be answered so often again until 2,000 ms. */
function released(lateAnswers: number): RqSeqs {
  const rqSeqs = new RqSeqs(60)
  for (let count = 0; count < 64; count++) rqSeqs.release(rqSeqs.take(0)!, 2000, lateAnswers)
  return rqSeqs
}

describe('a rqSeq', () => {
  it('is given out again after 40 others, at once where each sending was answered', () => {
    assert.equal(released(0).take(0), 60)
    const few = new RqSeqs(0)
    for (let count = 0; count < 64; count++) few.take(0)
    few.release(30, 0, 0)
    assert.equal(few.take(0), null)
    few.release(24, 0, 0)
    assert.equal(few.take(0), 24)
  })

  it('rests until its time is over where an answer may still come', () => {
    const rqSeqs = released(1)
    assert.equal(rqSeqs.take(1999), null)
    assert.equal(rqSeqs.nextQuietEndMs(1999), 2000)
    assert.equal(rqSeqs.take(2000), 60)
    assert.equal(rqSeqs.nextQuietEndMs(2000), null)
  })

  it('rests no longer when all answers that were to come have come', () => {
    const rqSeqs = released(2)
    rqSeqs.noteLateAnswer(5)
    assert.equal(rqSeqs.take(0), null)
    rqSeqs.noteLateAnswer(5)
    assert.equal(rqSeqs.take(0), 5)
    assert.equal(rqSeqs.take(0), null)
  })
})
