import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { CutBench, CutEnd, Moment } from './cut-bench.ts'
import { wilson } from './random.ts'
import { Sweep } from './sweep.ts'
import type { Instruction } from './way.ts'
import { type SweptCut, windowTexts } from './windows.ts'

const stores = {
  handlerCurrMsg: 'message',
  driverWaitingMsg: 'none',
  driverCurrMsg: 'none',
  siState: 0,
} as const

/** A way whose instructions from `from` to `to` hang, on a machine that goes where it is stepped, but never comes by one. */
function rig(length: number, from: number, to: number, never = -1) {
  const way: Instruction[] = Array.from({ length }, (_, count) => ({
    address: BigInt(count),
    after: 'smi_send',
    count,
    stores,
    step: 'before-2',
    symbol: `sender+${count}`,
    effect: count % 5 === 4,
  }))
  let at = 0
  let steps = 0
  let kept = 0
  let mostKept = 0
  const machine = {
    entry: { name: 'entry' } as Moment,
    symbols: { locate: (address: bigint) => ({ text: `sender+${address}`, symbol: { name: 'sender' } }) },
    options: { kernel: { version: '6.1.192' }, interface: 'kcs', panicOp: 'string' },
    restore: async ({ name }: Moment) => {
      at = name === 'entry' ? 0 : Number(name.slice('at-'.length))
    },
    save: async (name: string) => {
      mostKept = Math.max(mostKept, ++kept)
      return { name } as Moment
    },
    forget: async () => {
      kept--
    },
    step: async () => {
      at++
      steps++
    },
    undisturbed: <T>(cut: () => Promise<T>) => cut(),
    rip: async () => BigInt(at === never ? length : at),
    panicHere: async (): Promise<CutEnd> => ({
      came: 'through',
      sat: '',
      turns: 0,
      spins: 0,
      requests: 0,
      outcome: at >= from && at <= to ? 'hang' : 'recorded',
      executed: 1,
      silent: false,
    }),
  }
  // Only what a sweep uses of a bench.
  const bench: unknown = machine
  return { way, sweep: new Sweep([bench as CutBench], way), count: () => ({ steps, mostKept }) }
}

describe('a sweep along a way', () => {
  it('cuts each instruction once, at little more than one step for each, with few snapshots kept', async () => {
    const { sweep, way, count } = rig(1000, 40, 60)
    const cuts: number[] = []
    for await (const [at, { row }] of sweep.everyInstruction()) {
      cuts.push(at)
      assert.equal(row.outcome, at >= 40 && at <= 60 ? 'hang' : 'recorded')
    }
    assert.deepEqual(
      cuts,
      way.map((_, at) => at),
    )
    assert.ok(count().steps < 1000 * 40, `${count().steps}`)
    assert.ok(count().mostKept <= 7, `${count().mostKept}`)
  })

  it('cut where a store may have been made, tells the same windows as every instruction', async () => {
    const { sweep, way } = rig(1000, 40, 64)
    const cuts: SweptCut[] = []
    for await (const cut of sweep.everyStore()) cuts.push(cut)
    assert.equal(cuts.length, 200)
    const [window, ...others] = windowTexts(way, cuts)
    assert.deepEqual(others, [])
    assert.deepEqual([window?.from, window?.to, window?.instructions], [40, 64, 25])
    assert.deepEqual([window?.first, window?.last], ['sender+40', 'sender+64'])
    for (const [at, stands] of sweep.leftOut(0, 1000, 50)) {
      assert.ok(at % 5 !== 0)
      assert.equal(stands, at - (at % 5))
    }
  })

  it('leaves out an instruction that is not come by again, and those that it would lead to, and says which', async () => {
    const { sweep } = rig(200, 40, 60, 50)
    const cuts: number[] = []
    for await (const [at] of sweep.everyInstruction()) cuts.push(at)
    assert.deepEqual(sweep.strayed, [50, 51, 52, 53, 54, 55, 56, 57])
    assert.deepEqual(
      cuts,
      Array.from({ length: 200 }, (_, at) => at).filter(at => at < 50 || at > 57),
    )
  })

  it('finds both edges of any window that a sample falls into, to the instruction', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 800 }),
        fc.integer({ min: 60, max: 150 }),
        async (from, length) => {
          const { sweep, way } = rig(1000, from, from + length - 1)
          const cuts = []
          for await (const cut of sweep.sampled(20)) cuts.push(cut)
          const windows = windowTexts(way, cuts)
          assert.equal(windows.length, 1)
          assert.deepEqual([windows[0]!.from, windows[0]!.to], [from, from + length - 1])
          assert.equal(windows[0]!.instructions, length)
          assert.equal(windows[0]!.stores, 'handler.currMsg')
        },
      ),
      { numRuns: 20 },
    )
  })
})

describe("Wilson's interval", () => {
  it('is what tables give', () => {
    const close = (value: number, expected: number) =>
      assert.ok(Math.abs(value - expected) < 0.0005, `${value}`)
    close(wilson(10, 100).low, 0.0552)
    close(wilson(10, 100).high, 0.1744)
    close(wilson(0, 2000).high, 0.0019)
    assert.equal(wilson(0, 2000).low, 0)
  })

  it('holds the share and stays within 0 and 1', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (of, share) => {
          const hits = Math.round(of * share)
          const { low, high } = wilson(hits, of)
          assert.ok(low >= 0 && high <= 1 && low <= hits / of + 1e-12 && high >= hits / of - 1e-12)
        },
      ),
    )
  })
})
