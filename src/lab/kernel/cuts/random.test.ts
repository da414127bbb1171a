import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CutBench, CutEnd, Moment } from './cut-bench.ts'
import { periodMs, randomCuts } from './random.ts'

const REQUEST_MS = 25

/** A machine whose traffic sends a request in so many milliseconds of a clock of ours, as long as it runs. */
function rig(traffic: 'full' | 'slow') {
  let nowMs = 0
  let ranMs = 0
  let isRunning = false
  const struckMs: number[] = []
  const account = {
    get highestSerial() {
      return 6 + Math.floor(ranMs / REQUEST_MS)
    },
  }
  const machine = {
    serial: 7,
    entry: { name: 'entry' } as Moment,
    bench: { account },
    symbols: { nameAt: () => 'sender+0x4' },
    options: { kernel: { version: '6.1.192' }, interface: 'kcs', panicOp: 'string', traffic },
    gdb: {
      resume: () => {
        isRunning = true
      },
      interrupt: async () => {
        isRunning = false
      },
    },
    restore: async () => {
      assert.equal(isRunning, false)
      ranMs = 0
    },
    undisturbed: <T>(cut: () => Promise<T>) => cut(),
    rip: async () => 0n,
    panicHere: async (): Promise<CutEnd> => {
      assert.equal(isRunning, false)
      struckMs.push(ranMs)
      const end = { came: 'through', sat: '', turns: 0, spins: 0, requests: 0 } as const
      return { ...end, outcome: 'recorded', executed: 1, silent: false }
    },
  }
  const clock = {
    nowMs: () => nowMs,
    sleep: async (ms: number) => {
      nowMs += ms
      if (isRunning) ranMs += ms
    },
  }
  // Only what NMIs at random moments use of a bench.
  const bench: unknown = machine
  return { bench: bench as CutBench, clock, struckMs }
}

describe('NMIs at random moments', () => {
  it('know the time from one request to the next, measured on a machine that runs free', async () => {
    const { bench, clock } = rig('full')
    assert.equal(await periodMs(bench, clock), REQUEST_MS)
  })

  for (const [traffic, periods] of [
    ['full', 10],
    ['slow', 1],
  ] as const) {
    it(`strike evenly over ${periods} whole periods of ${traffic} traffic, none twice`, async () => {
      const { bench, clock, struckMs } = rig(traffic)
      const cuts = 1000
      let drawn = 0
      const evenly = () => drawn++ / cuts
      const numbers: number[] = []
      for await (const { row } of randomCuts([bench], cuts, { random: evenly, clock })) {
        assert.deepEqual([row.after, row.symbol, row.step], ['random', 'sender+0x4', null])
        numbers.push(row.instruction)
      }
      assert.deepEqual(
        numbers,
        Array.from({ length: cuts }, (_, index) => index + 1),
      )
      const span = periods * REQUEST_MS
      for (const [index, ms] of struckMs.entries())
        assert.ok(Math.abs(ms - (index * span) / cuts) < 1e-6, `${index}: ${ms}`)
    })
  }
})
