/** A process stays awake for who asks again at once, and hardly ever in vain. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { AwakeWait } from './awake-wait.ts'

const ANSWER_MS = 0.02

/** Lets requests come in, each so long after the answer before; whether it was awake when each came. */
function requestsAfter(gapsMs: readonly number[], wait = new AwakeWait()): boolean[] {
  let nowMs = 0
  return gapsMs.map(gapMs => {
    nowMs += gapMs
    const wasAwake = wait.isAwake(nowMs)
    wait.answered(nowMs, nowMs + ANSWER_MS)
    nowMs += ANSWER_MS
    return wasAwake
  })
}

describe('waiting awake', () => {
  it('begins with the second request that comes at once', () => {
    assert.deepEqual(requestsAfter([50, 0.05, 0.05, 0.05]), [false, false, true, true])
  })

  it('is not for who pauses between requests', () => {
    const wait = new AwakeWait()
    for (const wasAwake of requestsAfter(new Array<number>(100).fill(0.2), wait))
      assert.equal(wasAwake, false)
    assert.equal(wait.isAwake(100 * (0.2 + ANSWER_MS) + 0.001), false)
  })

  it('ends after a tenth of a millisecond', () => {
    const wait = new AwakeWait()
    requestsAfter([50, 0.05], wait)
    const answeredMs = 50.05 + 2 * ANSWER_MS
    assert.equal(wait.isAwake(answeredMs + 0.099), true)
    assert.equal(wait.isAwake(answeredMs + 0.101), false)
  })

  /** How many requests have to come at once, after a pause, until there is a wait. */
  function proofOf(wait: AwakeWait, clock: { nowMs: number }): number {
    clock.nowMs += 1
    wait.answered(clock.nowMs, clock.nowMs)
    for (let proof = 1; ; proof++) {
      clock.nowMs += 0.05
      wait.answered(clock.nowMs, clock.nowMs)
      if (wait.isAwake(clock.nowMs + 0.01)) return proof
    }
  }

  it('wants twice the proof after each wait in vain, up to 1024 requests', () => {
    const wait = new AwakeWait()
    const clock = { nowMs: 0 }
    const proofs = Array.from({ length: 13 }, () => proofOf(wait, clock))
    assert.deepEqual(proofs, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1024, 1024])
  })

  it('wants half the proof after each that was not in vain', () => {
    const wait = new AwakeWait()
    const clock = { nowMs: 0 }
    assert.deepEqual(
      [1, 2, 4, 8].map(() => proofOf(wait, clock)),
      [1, 2, 4, 8],
    )
    for (const hitMs of [0.05, 0.1]) wait.answered(clock.nowMs + hitMs, clock.nowMs + hitMs)
    // Eight, halved twice, and doubled by the pause before.
    assert.equal(proofOf(wait, clock), 4)
  })

  it('is in vain for at most one request in 100 of whoever comes, and eleven', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 2000, maxLength: 2000 }), coins => {
        const wait = new AwakeWait()
        let nowMs = 0
        let inVain = 0
        for (const isQuick of coins) {
          // The worst that can be: whoever is waited for pauses, whoever is not comes at once, or not.
          const isAwake = wait.isAwake(nowMs + 0.05)
          if (isAwake) inVain++
          nowMs += isAwake ? 1 : isQuick ? 0.05 : 1
          wait.answered(nowMs, nowMs)
        }
        assert.ok(inVain <= coins.length / 100 + 11, `${inVain} of ${coins.length}`)
      }),
      { numRuns: 50 },
    )
  })
})
