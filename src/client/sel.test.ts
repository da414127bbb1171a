/** What changes a SEL holds out against a BMC that cancels reservations and takes its time to erase. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { ClearSel, DeleteSelEntry, ReserveSel } from '../protocol/commands/sel.ts'
import { CompletionCode } from '../protocol/completion-code.ts'
import { FakeBmc } from './fake-bmc.test.fixture.ts'

/** Reservations of a BMC on which somebody else cancels the first few before they are used. */
class ContestedSel {
  readonly fake = new FakeBmc()
  readonly actions: (string | number)[] = []
  reservation = 0
  /** For each Clear SEL that arrives, in turn; the last of them for all that follow. */
  progress: ('inProgress' | 'completed')[] = ['completed']
  readonly #cancelled: (reservation: number) => boolean

  constructor(cancelled: (reservation: number) => boolean) {
    this.#cancelled = cancelled
    this.fake
      .on(ReserveSel, () => ({ reservationId: ++this.reservation }))
      .on(DeleteSelEntry, ({ reservationId, recordId }) => {
        if (!this.#isHeld(reservationId)) return CompletionCode.ReservationCancelled
        this.actions.push(`delete ${recordId}`)
        return { recordId }
      })
      .on(ClearSel, ({ reservationId, action }) => {
        if (!this.#isHeld(reservationId)) return CompletionCode.ReservationCancelled
        this.actions.push(action)
        const [progress] = this.progress
        if (this.progress.length > 1) this.progress.shift()
        return { erasure: { progress: progress! } }
      })
  }

  #isHeld(reservationId: number): boolean {
    return reservationId === this.reservation && !this.#cancelled(reservationId)
  }
}

describe('a reservation that somebody else cancels', () => {
  it('is made anew, and the record is deleted under the next one', async () => {
    const contested = new ContestedSel(reservation => reservation < 3)
    await contested.fake.connect().sel.delete(7)
    assert.deepEqual([contested.actions, contested.reservation], [['delete 7'], 3])
  })

  it('is made anew, and the SEL is erased under the next one', async () => {
    const contested = new ContestedSel(reservation => reservation < 3)
    await contested.fake.connect().sel.clear()
    assert.deepEqual([contested.actions, contested.reservation], [['initiate'], 3])
  })

  it('each time ends with the completion code of the BMC', async () => {
    const contested = new ContestedSel(() => true)
    const { sel } = contested.fake.connect()
    const cancelled = { code: 'COMPLETION_CODE', completionCode: CompletionCode.ReservationCancelled }
    await assert.rejects(sel.delete(7), cancelled)
    await assert.rejects(sel.clear(), cancelled)
    assert.deepEqual([contested.actions, contested.reservation], [[], 20])
  })
})

/** Lets the clock run, which nobody waits for, until the work has ended. */
async function runClock({ mock }: TestContext, work: Promise<unknown>): Promise<void> {
  let isOver = false
  const over = work.finally(() => {
    isOver = true
  })
  over.catch(() => {})
  while (!isOver) {
    mock.timers.tick(1000)
    await new Promise(resolve => setImmediate(resolve))
  }
  await over
}

describe('an erasure that takes its time', () => {
  it('is waited for, under a reservation that may be cancelled meanwhile', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const contested = new ContestedSel(reservation => reservation === 3)
    contested.progress = ['inProgress', 'inProgress', 'inProgress', 'completed']
    await runClock(t, contested.fake.connect().sel.clear())
    assert.deepEqual(contested.actions, ['initiate', 'getStatus', 'getStatus', 'getStatus'])
    assert.equal(contested.reservation, 5)
  })

  it('without an end is given up with a clear error', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const contested = new ContestedSel(() => false)
    contested.progress = ['inProgress']
    await assert.rejects(runClock(t, contested.fake.connect().sel.clear()), {
      code: 'SEL_ERASING',
      message: 'fake://bmc: the SEL is still being erased',
    })
  })

  it('is asked for no more than the clock says, and can be given up meanwhile', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const contested = new ContestedSel(() => false)
    contested.progress = ['inProgress']
    const controller = new AbortController()
    const clearing = contested.fake.connect().sel.clear({ signal: controller.signal })
    for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
    assert.deepEqual(contested.actions, ['initiate'])
    controller.abort()
    await assert.rejects(clearing, { code: 'ABORTED' })
  })
})
