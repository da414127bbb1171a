import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { REDO_LIMIT, STANDSTILL_MS, StandstillWatch, undisturbed } from './standstill.ts'

/** A clock of ours, and cuts during which it goes on by so much; the last one repeats. */
function rig(...cutsMs: readonly number[]) {
  let nowMs = 0
  let made = 0
  let slowestMs = 0
  let redone = 0
  const how = {
    watch: new StandstillWatch(
      () => false,
      () => nowMs,
    ),
    takeSlowestAnswerMs: () => {
      const taken = slowestMs
      slowestMs = 0
      return taken
    },
    beforeRedo: async () => void redone++,
  }
  return {
    how,
    pass: async () => {
      nowMs += cutsMs[Math.min(made++, cutsMs.length - 1)]!
      return made
    },
    answerTook: (ms: number) => {
      slowestMs = ms
    },
    count: () => ({ made, redone }),
  }
}

describe('a cut', () => {
  it('in whose middle nothing stood still is told as it is', async () => {
    const { how, pass, count } = rig(STANDSTILL_MS)
    assert.equal(await undisturbed(how, pass), 1)
    assert.deepEqual(count(), { made: 1, redone: 0 })
  })

  it('in whose middle this process stood still is made again, whatever it gave', async () => {
    const { how, pass, count } = rig(12_000, 5000, 10)
    const failing = async () => {
      if ((await pass()) === 2) throw new Error('a wrong verdict')
      return count().made
    }
    assert.equal(await undisturbed(how, failing), 3)
    assert.deepEqual(count(), { made: 3, redone: 2 })
  })

  it('in whose middle QEMU did not answer is made again', async () => {
    const { how, pass, answerTook, count } = rig(10)
    const slow = async () => {
      const made = await pass()
      if (made === 1) answerTook(3000)
      return made
    }
    assert.equal(await undisturbed(how, slow), 2)
    assert.deepEqual(count(), { made: 2, redone: 1 })
  })

  it('is not made again because something stood still before it', async () => {
    const { how, pass, answerTook, count } = rig(10)
    answerTook(60_000)
    await undisturbed(how, pass)
    assert.deepEqual(count(), { made: 1, redone: 0 })
  })

  it('that fails undisturbed fails', async () => {
    const { how, pass } = rig(10)
    const failing = async () => assert.fail(`cut ${await pass()}`)
    await assert.rejects(undisturbed(how, failing), /cut 1/)
  })

  it('that is disturbed each time ends in an error that says so', async () => {
    const { how, pass, count } = rig(2500)
    await assert.rejects(undisturbed(how, pass), {
      code: 'STOOD_STILL',
      message: /the last time for 2\.5 s$/,
    })
    assert.deepEqual(count(), { made: REDO_LIMIT + 1, redone: REDO_LIMIT })
  })

  it('that was interrupted is not made again', async () => {
    const { how, pass, count } = rig(2500)
    assert.equal(await undisturbed({ ...how, signal: AbortSignal.abort() }, pass), 1)
    assert.deepEqual(count(), { made: 1, redone: 0 })
  })

  it('during which the event loop was held back is noticed by the real clock', async () => {
    const watch = new StandstillWatch(() => false)
    watch.begin()
    await new Promise(resolve => setTimeout(resolve, 120))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400)
    await new Promise(resolve => setTimeout(resolve, 120))
    assert.ok(watch.end() >= 300)
    assert.equal(watch.end(), 0)
  })

  it('during which QEMU was stopped is noticed while nobody asks it anything', async () => {
    let isStopped = false
    const watch = new StandstillWatch(() => isStopped)
    watch.begin()
    await new Promise(resolve => setTimeout(resolve, 60))
    isStopped = true
    await new Promise(resolve => setTimeout(resolve, 400))
    isStopped = false
    await new Promise(resolve => setTimeout(resolve, 60))
    assert.ok(watch.end() >= 250)
  })
})
