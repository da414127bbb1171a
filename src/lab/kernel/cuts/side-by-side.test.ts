import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sideBySide } from './side-by-side.ts'

async function all<Result>(results: AsyncIterable<Result>): Promise<Result[]> {
  const taken: Result[] = []
  for await (const result of results) taken.push(result)
  return taken
}

const pieces = Array.from({ length: 20 }, (_, index) => index)

describe('work side by side', () => {
  it('does each piece once, by all workers, however slow one of them is', async () => {
    const done = await all(
      sideBySide(['slow', 'quick'], pieces, async function* (worker, piece) {
        await sleep(worker === 'slow' ? 5 : 1)
        yield { worker, piece }
        yield { worker, piece: piece + 100 }
      }),
    )
    const numbers = done.map(({ piece }) => piece).sort((a, b) => a - b)
    assert.deepEqual(numbers, [...pieces, ...pieces.map(piece => piece + 100)])
    assert.deepEqual([...new Set(done.map(({ worker }) => worker))].sort(), ['quick', 'slow'])
  })

  it('ends all with the first failure, what was done before it given', async () => {
    let begun = 0
    const results = sideBySide([1, 2], pieces, async function* (_, piece) {
      begun++
      await sleep(1)
      if (piece === 4) throw new Error('the fourth')
      yield piece
    })
    await assert.rejects(all(results), /the fourth/)
    assert.ok(begun < pieces.length, `${begun} were begun`)
  })

  it('begins no more when nobody takes the results any longer', async () => {
    let begun = 0
    for await (const _ of sideBySide([1, 2], pieces, async function* (_, piece) {
      begun++
      await sleep(1)
      yield piece
    }))
      break
    assert.ok(begun <= 6, `${begun} were begun`)
  })

  it('without pieces gives nothing', async () => {
    assert.deepEqual(
      await all(
        sideBySide([1], [], async function* () {
          yield 1
        }),
      ),
      [],
    )
  })
})
